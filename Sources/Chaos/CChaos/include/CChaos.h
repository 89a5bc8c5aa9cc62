/// What chaos does to processes and learns of them by the kernel's means: no hook in the programs, no other library.
#ifndef CCHAOS_H
#define CCHAOS_H

#include <stdint.h>
#include <sys/types.h>

/// Lets a process run until any of its threads begins its `count`-th system call from now, and kills it there with
/// SIGKILL: before the call, or, where `count` ends on one's return, behind it.
///
/// Returns 0, or an errno: ETIMEDOUT when it made fewer calls in `patience_ms`, ESRCH when it ended by itself, EPERM.
int cchaos_kill_at_call(pid_t pid, int count, int patience_ms);

/// Lets the next fdatasync(2) or fsync(2) of a process fail with `error` without reaching the kernel's file.
///
/// Returns as above.
int cchaos_fail_sync(pid_t pid, int error, int patience_ms);

/// Starts a process with a given number as soon as that number is free; it does nothing until it is killed. Needs
/// CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
///
/// Returns 0, EEXIST when the number was not free within `patience_ms`, or another errno.
int cchaos_squat(pid_t pid, int patience_ms);

/// Lists which processes have files open below a directory (`root`, ending in a slash): lines of a process number, a
/// space, and the first two parts of the path below it. A directory may come twice. The caller's own process is left out.
///
/// Returns the bytes written; what has no room is left out. A scan of hundreds of processes takes some milliseconds.
size_t cchaos_list_holders(const char *root, char *into, size_t room);

/// Lists the TCP ports between two that somebody on this machine listens on, over IPv4. Returns how many; a port may
/// come several times.
size_t cchaos_list_listening(uint16_t first, uint16_t last, uint16_t *into, size_t room);

#endif
