#define _GNU_SOURCE
#include "CClimber.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char room[4096];

struct call {
    const char *name;
    long number;
    long arguments[6];
};

static const char *const names[] = {
    "unshare",       "setns",       "kcmp",      "keyctl",      "add_key",  "io_uring_setup",  "perf_event_open",
    "shmget",        "semget",      "msgget",    "mq_open",     "open_tree", "pidfd_getfd",    "process_madvise",
    "personality",   "mbind",       "set_mempolicy", "move_pages", "name_to_handle_at", "process_vm_readv",
    "clock_adjtime", "adjtimex",
};
size_t climber_count(void) { return sizeof names / sizeof names[0]; }

const char *climber_name(size_t index) { return names[index]; }

/// The numbers need this process's own, so the table is made anew each time.
static struct call call(const char *name) {
    const struct call calls[] = {
        {"unshare", SYS_unshare, {0}},
        {"setns", SYS_setns, {-1, 0}},
        {"kcmp", SYS_kcmp, {getpid(), getpid(), 1}},
        {"keyctl", SYS_keyctl, {0, -3, 1}},
        {"add_key", SYS_add_key, {0}},
        {"io_uring_setup", 425, {1, 0}},
        {"perf_event_open", SYS_perf_event_open, {0}},
        {"shmget", SYS_shmget, {0, 4096, 0600}},
        {"semget", SYS_semget, {0, 1, 0600}},
        {"msgget", SYS_msgget, {0, 0600}},
        {"mq_open", SYS_mq_open, {0}},
        {"open_tree", 428, {-1, (long)"", 0}},
        {"pidfd_getfd", 438, {-1, 0, 0}},
        {"process_madvise", 440, {-1, 0, 0, 0, 0}},
        {"personality", SYS_personality, {0xffffffff}},
        {"mbind", SYS_mbind, {0}},
        {"set_mempolicy", SYS_set_mempolicy, {0}},
        {"move_pages", SYS_move_pages, {0}},
        {"name_to_handle_at", SYS_name_to_handle_at, {0}},
        {"process_vm_readv", SYS_process_vm_readv, {getpid(), 0, 0, 0, 0, 0}},
        {"clock_adjtime", SYS_clock_adjtime, {0}},
        {"adjtimex", SYS_adjtimex, {0}},
    };
    for (size_t index = 0; index < sizeof calls / sizeof calls[0]; index++) {
        if (strcmp(calls[index].name, name) == 0) return calls[index];
    }
    return (struct call){0};
}

int climber_call(const char *name) {
    struct call found = call(name);
    if (!found.name) return -1;
    const long *a = found.arguments;
    return syscall(found.number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? errno : 0;
}

int climber_trace(pid_t pid) {
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0) return errno;
    // Before it could be let go it has to be stopped; the end of this thread's life lets it go as well.
    return 0;
}

int climber_read_memory(pid_t pid) {
    struct iovec here = {room, sizeof room}, there = {(void *)(uintptr_t)room, sizeof room};
    ssize_t count = process_vm_readv(pid, &here, 1, &there, 1, 0);
    // A process that may be read but has nothing at that address says EFAULT.
    return count >= 0 || errno == EFAULT ? 0 : errno;
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// The socket that is at first nobody's: a new one, or a listener that was told to forget its address.
static int fresh(int listener) {
    if (listener < 0) return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    return connect(listener, &nothing, sizeof nothing) < 0 ? -1 : dup(listener);
}

int climber_connect(int port, int listener) {
    int socket = fresh(listener);
    if (socket < 0) return errno;
    struct sockaddr_in address = loopback(port);
    int code = connect(socket, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS ? errno : 0;
    close(socket);
    return code;
}

int climber_fast_open(int port, int listener) {
    struct sockaddr_in address = loopback(port);
    if (sendto(listener, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address) >= 0) return 0;
    return errno;
}

/// A path, or an abstract name behind @.
static socklen_t put_path(struct sockaddr_un *address, const char *path) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strncpy(address->sun_path, path, sizeof address->sun_path - 1);
    if (path[0] != '@') return sizeof *address;
    address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

static int reach_unix(const char *path, int type) {
    struct sockaddr_un address;
    socklen_t length = put_path(&address, path);
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return errno;
    int code = 0;
    if (type == SOCK_DGRAM) {
        if (sendto(descriptor, "X=1", 3, 0, (struct sockaddr *)&address, length) < 0 && errno != EAGAIN) code = errno;
    } else if (connect(descriptor, (struct sockaddr *)&address, length) < 0) {
        code = errno;
    }
    close(descriptor);
    return code;
}

int climber_connect_unix(const char *path) { return reach_unix(path, SOCK_STREAM); }

int climber_send_unix(const char *path) { return reach_unix(path, SOCK_DGRAM); }

int climber_socket(int family, int type) {
    int descriptor = socket(family, type, 0);
    if (descriptor < 0) return errno;
    close(descriptor);
    return 0;
}
