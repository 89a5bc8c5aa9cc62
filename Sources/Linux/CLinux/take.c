#define _GNU_SOURCE
#include "CLinux.h"

#include <sys/syscall.h>

int clinux_take_descriptor(pid_t pid, int number) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0) return -1;
    // The copy is close-on-exec by the kernel's own rule.
    int taken = (int)syscall(SYS_pidfd_getfd, process, number, 0);
    int code = errno;
    close(process);
    errno = code;
    return taken;
}
