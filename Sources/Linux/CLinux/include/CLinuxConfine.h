#ifndef CLINUX_CONFINE_H
#define CLINUX_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// How a process may use the network, as far as system calls decide on it.
enum clinux_network {
    /// Internet sockets of its own: everything but raw ones and rare families.
    CLINUX_NETWORK_OPEN,
    /// Only the sockets it was given: it makes no internet socket, binds none and connects none.
    CLINUX_NETWORK_INHERITED,
};

/// A classic BPF program for seccomp(2), built once and never freed.
struct clinux_filter {
    const void *instructions;
    uint16_t count;
};

/// The filter that every process of ours is started with: a list of system calls that no program of ours needs, and
/// that reach other processes, the kernel's insides, mounts, namespaces or old interfaces. They fail with EPERM;
/// clone3(2), whose flags a filter cannot read, with ENOSYS, so that the C library takes clone(2).
/// Not to be called by two threads at once. Null when the machine's system calls are not known here.
const struct clinux_filter *clinux_filter(enum clinux_network network);

/// The version of landlock(7) that the kernel has; 0 for none.
int clinux_landlock_version(void);

/// One place that a confined process may reach.
struct clinux_landlock_place {
    /// Absolute. One that is not there is passed over.
    const char *path;
    bool may_write;
    bool may_execute;
};

/// Makes a set of rules: nothing of the file system but the places; with `closes_network` no TCP port is bound or
/// connected to (version 4); no signal leaves and no abstract socket outside is reached (version 6).
/// A close-on-exec descriptor; -1 and errno on failure, with the place at fault in `*failed` (`count`: none of them).
int clinux_landlock_rules(const struct clinux_landlock_place *places, size_t count, bool closes_network,
                          size_t *failed);

/// Holds the calling thread, and all it starts from now on, to a set of rules. Needs no_new_privs.
int clinux_landlock_enter(int rules);

/// Makes the whole process another user's, of one group only, and gives up every capability for good. The process must
/// have one thread.
int clinux_become_user(uid_t user, gid_t group);

/// The capabilities that count now, a bit for each; 0 when they cannot be read. See capabilities(7).
uint64_t clinux_capabilities(void);

/// Lowers the bound of what this process, and all it executes, can ever have to the mask.
int clinux_bound_capabilities(uint64_t mask);

/// Gives up all capabilities but those of the mask, and keeps these over execve(2), whoever the user is.
int clinux_keep_capabilities(uint64_t mask);

#endif
