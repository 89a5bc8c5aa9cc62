#define _GNU_SOURCE
#include "CLinux.h"

#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/// The first form of `struct pidfd_info` in linux/pidfd.h, which Debian 12's headers lack.
struct pidfd_info_first {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};

static const unsigned long GET_INFO = _IOWR(0xFF, 11, struct pidfd_info_first);
static const uint64_t INFO_EXIT = 1 << 3;

static bool has_exited(int pid_descriptor) {
    struct pollfd item = {.fd = pid_descriptor, .events = POLLIN};
    return poll(&item, 1, 0) == 1;
}

static enum clinux_reaped look_at_stranger(int pid_descriptor, struct clinux_exit *result) {
    if (!has_exited(pid_descriptor)) return CLINUX_RUNNING;
    struct pidfd_info_first info = {.mask = INFO_EXIT};
    // ESRCH: gone, and nothing was kept; ENOTTY, EINVAL: a kernel before 6.13.
    if (ioctl(pid_descriptor, GET_INFO, &info) < 0) return CLINUX_EXITED_UNKNOWN;
    if (!(info.mask & INFO_EXIT)) return CLINUX_RUNNING;
    result->status = info.exit_code;
    return CLINUX_EXITED;
}

enum clinux_reaped clinux_reap(int pid_descriptor, bool is_adopted, struct clinux_exit *result) {
    memset(result, 0, sizeof *result);
    if (is_adopted) return look_at_stranger(pid_descriptor, result);
    siginfo_t information = {0};
    struct rusage usage;
    // The C library's waitid lacks the fifth argument.
    long status;
    do {
        status = syscall(SYS_waitid, P_PIDFD, pid_descriptor, &information, WEXITED | WNOHANG, &usage);
    } while (status < 0 && errno == EINTR);
    if (status < 0) return CLINUX_EXITED_UNKNOWN;
    if (information.si_pid == 0) return CLINUX_RUNNING;
    switch (information.si_code) {
    case CLD_EXITED: result->status = information.si_status << 8; break;
    case CLD_DUMPED: result->status = information.si_status | 0x80; break;
    default: result->status = information.si_status; break;
    }
    result->cpu_microseconds = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    result->memory_max_kib = usage.ru_maxrss;
    return CLINUX_EXITED;
}

int clinux_open_process(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_signal_process(int pid_descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pid_descriptor, signal, NULL, 0);
}

int clinux_copy_descriptor(int pid_descriptor, int number) {
    return (int)syscall(SYS_pidfd_getfd, pid_descriptor, number, 0);
}

int clinux_get_limit(int resource, struct rlimit *limit) { return getrlimit(resource, limit); }

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

bool clinux_reap_child(pid_t pid) {
    siginfo_t information = {0};
    return waitid(P_PID, (id_t)pid, &information, WEXITED | WNOHANG) == 0 && information.si_pid == pid;
}

int clinux_inotify(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

int clinux_inotify_watch(int descriptor, const char *path) { return inotify_add_watch(descriptor, path, IN_MODIFY); }

void clinux_inotify_cancel(int descriptor, int watch) { inotify_rm_watch(descriptor, watch); }

ssize_t clinux_get_attribute(const char *path, const char *name, void *value, size_t size) {
    return getxattr(path, name, value, size);
}

void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
