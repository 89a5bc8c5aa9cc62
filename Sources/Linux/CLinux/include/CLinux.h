/// What Swift cannot reach in the kernel's interface by itself: macros, variadic calls, and system calls without a
/// wrapper in the C library.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CLinuxConfine.h"
#include "CLinuxFiles.h"
#include "CLinuxProcess.h"
#include "CLinuxSockets.h"
#include "CLinuxSpawn.h"

/// The boot clock in nanoseconds.
static inline int64_t clinux_boottime(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// The variables of this process, ended by a null pointer.
static inline char *const *clinux_environment(void) {
    extern char **environ;
    return environ;
}

#endif
