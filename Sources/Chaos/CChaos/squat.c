#define _GNU_SOURCE
#include "CChaos.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int cchaos_squat(pid_t pid, int patience_ms) {
    long end = milliseconds() + patience_ms;
    pid_t wanted[1] = {pid};
    while (1) {
        struct clone_args arguments;
        memset(&arguments, 0, sizeof arguments);
        arguments.exit_signal = SIGCHLD;
        arguments.set_tid = (uint64_t)(uintptr_t)wanted;
        arguments.set_tid_size = 1;
        long child = syscall(SYS_clone3, &arguments, sizeof arguments);
        if (child == 0) {
            // Nothing but system calls: the other threads, and what they hold, are not here.
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            syscall(SYS_close_range, 0, ~0U, 0);
            while (1) pause();
        }
        if (child > 0) return 0;
        if (errno != EEXIST) return errno;
        if (milliseconds() > end) return EEXIST;
        struct timespec moment = {0, 50000};
        nanosleep(&moment, NULL);
    }
}
