#define _GNU_SOURCE
#include "CLinux.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// The interface of landlock(7) by its own numbers: Debian 12's headers know its third version, kernels the seventh.

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEVICE = 1 << 15,
    /// What can be done to a file that is no directory.
    FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEVICE,
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset_form {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

int clinux_landlock_version(void) {
    long version = syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

/// All that a version can forbid in the file system.
static uint64_t known_file_rights(int version) {
    uint64_t rights = (FS_MAKE_SYM << 1) - 1;
    if (version >= 2) rights |= FS_REFER;
    if (version >= 3) rights |= FS_TRUNCATE;
    if (version >= 5) rights |= FS_IOCTL_DEVICE;
    return rights;
}

static int add_place(int rules, const struct clinux_landlock_place *place, uint64_t known) {
    int parent = open(place->path, O_PATH | O_CLOEXEC);
    if (parent < 0) return errno == ENOENT ? 0 : -1;
    uint64_t rights = FS_READ_FILE | FS_READ_DIR;
    if (place->may_write) rights = known & ~(uint64_t)(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEVICE);
    if (place->may_execute) rights |= FS_EXECUTE;
    struct stat status;
    int result = fstat(parent, &status);
    if (result == 0) {
        if (!S_ISDIR(status.st_mode)) rights &= FS_OF_FILES;
        struct path_rule rule = {.allowed = rights, .parent = parent};
        result = (int)syscall(ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0);
    }
    int code = errno;
    close(parent);
    errno = code;
    return result;
}

int clinux_landlock_rules(const struct clinux_landlock_place *places, size_t count, bool closes_network,
                          size_t *failed) {
    int version = clinux_landlock_version();
    uint64_t known = known_file_rights(version);
    struct ruleset_form form = {.files = known};
    // The kernel refuses rights that it does not know, and a longer form unless what is new in it is zero.
    if (version >= 4 && closes_network) form.network = NET_BIND_TCP | NET_CONNECT_TCP;
    if (version >= 6) form.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    *failed = count;
    int rules = (int)syscall(CREATE_RULESET, &form, sizeof form, 0);
    if (rules < 0) return -1;
    for (size_t index = 0; index < count; index++) {
        if (add_place(rules, &places[index], known) == 0) continue;
        int code = errno;
        close(rules);
        *failed = index;
        errno = code;
        return -1;
    }
    return rules;
}

int clinux_landlock_enter(int rules) { return (int)syscall(RESTRICT_SELF, rules, 0); }

static int set_capabilities(uint64_t mask) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        uint32_t bits = (uint32_t)(mask >> (32 * half));
        data[half] = (struct __user_cap_data_struct){.effective = bits, .permitted = bits, .inheritable = bits};
    }
    return (int)syscall(SYS_capset, &header, data);
}

uint64_t clinux_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return 0;
    return data[0].effective | (uint64_t)data[1].effective << 32;
}

int clinux_bound_capabilities(uint64_t mask) {
    for (int number = 0; number < 64; number++) {
        if (mask >> number & 1) continue;
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
        if (errno == EINVAL) break;
        // Without the right to lower the bound, only root could ever get above what it has now.
        if (errno != EPERM || geteuid() == 0) return -1;
    }
    return 0;
}

int clinux_keep_capabilities(uint64_t mask) {
    if (set_capabilities(mask) < 0) return -1;
    for (int number = 0; number < 64; number++) {
        if (mask >> number & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) return -1;
    }
    return 0;
}

int clinux_become_user(uid_t user, gid_t group) {
    if (setgroups(0, NULL) < 0) return -1;
    if (setresgid(group, group, group) < 0) return -1;
    if (setresuid(user, user, user) < 0) return -1;
    // Leaving root empties the sets; a supervisor that is another user with capabilities leaves them full.
    if (set_capabilities(0) < 0) return -1;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
