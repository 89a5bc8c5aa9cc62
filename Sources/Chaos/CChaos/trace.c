#define _GNU_SOURCE
#include "CChaos.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 256
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)

struct tracing {
    pid_t pid;
    /// Stops at system calls until the process is killed; 0: it is not to be killed.
    int stops_left;
    /// What a sync fails with; 0: none is to fail.
    int error;
    int patience_ms;
    pid_t threads[THREADS_MAX];
    int count;
    /// The thread whose call was taken away and which waits for its answer.
    pid_t failing;
    int is_done;
    int result;
};

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// Takes hold of all threads that there are; those that come later come with PTRACE_O_TRACECLONE.
static int seize(struct tracing *tracing) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)tracing->pid);
    DIR *directory = opendir(path);
    if (!directory) return errno == ENOENT ? ESRCH : errno;
    struct dirent *entry;
    int failure = 0;
    while ((entry = readdir(directory)) && tracing->count < THREADS_MAX) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0) continue;
        if (ptrace(PTRACE_SEIZE, thread, 0, OPTIONS) != 0) {
            if (errno != ESRCH) failure = errno;
            continue;
        }
        ptrace(PTRACE_INTERRUPT, thread, 0, 0);
        tracing->threads[tracing->count++] = thread;
    }
    closedir(directory);
    return tracing->count > 0 ? 0 : failure ? failure : ESRCH;
}

/// Has the kernel pass over the call that the thread is about to make.
static int take_call_away(pid_t thread) {
#if defined(__x86_64__)
    return (int)ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, orig_rax), -1L);
#elif defined(__aarch64__)
    int none = -1;
    struct iovec vector = {&none, sizeof none};
    return (int)ptrace(PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, &vector);
#else
    (void)thread;
    errno = ENOSYS;
    return -1;
#endif
}

static int answer_call(pid_t thread, long answer) {
#if defined(__x86_64__)
    return (int)ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, rax), answer);
#elif defined(__aarch64__)
    struct user_regs_struct registers;
    struct iovec vector = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &vector) != 0) return -1;
    registers.regs[0] = (unsigned long)answer;
    return (int)ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &vector);
#else
    (void)thread, (void)answer;
    errno = ENOSYS;
    return -1;
#endif
}

/// A thread stands at the beginning or the end of a system call.
static void at_call(struct tracing *tracing, pid_t thread) {
    if (tracing->stops_left > 0) {
        if (--tracing->stops_left == 0) {
            kill(tracing->pid, SIGKILL);
            tracing->is_done = 1;
        }
        return;
    }
    if (tracing->failing == thread) {
        if (answer_call(thread, -tracing->error) != 0) tracing->result = errno;
        tracing->is_done = 1;
        return;
    }
    struct __ptrace_syscall_info info;
    if (tracing->failing || ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    if (info.entry.nr != SYS_fdatasync && info.entry.nr != SYS_fsync) return;
    if (take_call_away(thread) == 0) {
        tracing->failing = thread;
    } else {
        tracing->result = errno;
        tracing->is_done = 1;
    }
}

static void stopped(struct tracing *tracing, pid_t thread, int status) {
    int signal = WSTOPSIG(status), event = status >> 16, deliver = 0;
    if (signal == (SIGTRAP | 0x80)) {
        at_call(tracing, thread);
        if (tracing->is_done) return;
    } else if (event == PTRACE_EVENT_CLONE) {
        unsigned long started = 0;
        ptrace(PTRACE_GETEVENTMSG, thread, 0, &started);
        if (tracing->count < THREADS_MAX) tracing->threads[tracing->count++] = (pid_t)started;
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        // Stopped by a signal: it goes on when that ends.
        ptrace(PTRACE_LISTEN, thread, 0, 0);
        return;
    } else if (event == 0) {
        deliver = signal;
    }
    ptrace(PTRACE_SYSCALL, thread, 0, deliver);
}

/// The end of this thread lets go of all that it held.
static void *run(void *argument) {
    struct tracing *tracing = argument;
    tracing->result = seize(tracing);
    if (tracing->result) return NULL;
    long end = milliseconds() + tracing->patience_ms;
    while (!tracing->is_done) {
        int found = 0;
        for (int index = 0; index < tracing->count && !tracing->is_done; index++) {
            int status;
            pid_t thread = tracing->threads[index];
            pid_t changed = waitpid(thread, &status, __WALL | WNOHANG);
            if (changed == 0) continue;
            found = 1;
            if (changed == thread && WIFSTOPPED(status)) {
                stopped(tracing, thread, status);
            } else {
                tracing->threads[index--] = tracing->threads[--tracing->count];
            }
        }
        if (tracing->count == 0) {
            tracing->result = ESRCH;
            return NULL;
        }
        if (tracing->is_done || found) continue;
        if (milliseconds() > end) {
            // Not between a call that was taken away and its answer.
            if (!tracing->failing) {
                tracing->result = ETIMEDOUT;
                return NULL;
            }
        }
        struct timespec pause = {0, 200000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/// ptrace(2) belongs to a thread: so each tracing has one of its own.
static int trace_process(struct tracing *tracing) {
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, run, tracing);
    if (failure) return failure;
    pthread_join(thread, NULL);
    return tracing->result;
}

int cchaos_kill_at_call(pid_t pid, int count, int patience_ms) {
    struct tracing tracing = {.pid = pid, .stops_left = count < 1 ? 1 : count, .patience_ms = patience_ms};
    return trace_process(&tracing);
}

int cchaos_fail_sync(pid_t pid, int error, int patience_ms) {
    struct tracing tracing = {.pid = pid, .error = error, .patience_ms = patience_ms};
    return trace_process(&tracing);
}
