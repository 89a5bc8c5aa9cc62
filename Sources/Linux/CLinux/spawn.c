#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// The child runs in the parent's memory while the parent's thread sleeps. So it may call nothing of the C library that
// takes a lock, allocates or tells other threads (setuid does): only system calls, most of them raw.

enum { STACK_SIZE = 64 * 1024, LAST_SIGNAL = 64, HIGH_START = 64 };

struct start {
    const struct clinux_spawn *plan;
    struct clinux_spawned *result;
};

/// What the kernel takes for `sigaction`: the C library's own refuses the two signals it uses itself.
struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

_Noreturn static void leave(struct start *start, enum clinux_step step) {
    start->result->code = errno;
    start->result->step = step;
    for (;;) syscall(SYS_exit_group, 127);
}

static bool write_all(int descriptor, const char *text, size_t count) {
    return write(descriptor, text, count) == (ssize_t)count;
}

/// Digits of a number, without a sign, ended by NUL: at most 11 bytes.
static size_t put_digits(char *text, unsigned number) {
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t index = 0; index < count; index++) text[index] = digits[count - 1 - index];
    text[count] = 0;
    return count;
}

static void join_cgroups(struct start *start) {
    const struct clinux_spawn *plan = start->plan;
    for (size_t index = 0; index < plan->cgroup_procs_count; index++) {
        // 0 is the writer itself.
        if (!write_all(plan->cgroup_procs[index], "0", 1)) leave(start, CLINUX_STEP_CGROUP);
    }
}

static void set_oom_score(struct start *start) {
    if (!start->plan->sets_oom_score) return;
    char text[12];
    int score = start->plan->oom_score;
    size_t sign = score < 0;
    if (sign) text[0] = '-';
    size_t count = sign + put_digits(text + sign, (unsigned)(score < 0 ? -score : score));
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0 || !write_all(file, text, count)) leave(start, CLINUX_STEP_OOM_SCORE);
    close(file);
}

static void set_limits(struct start *start) {
    for (size_t index = 0; index < start->plan->limit_count; index++) {
        struct clinux_limit limit = start->plan->limits[index];
        struct rlimit64 value = {.rlim_cur = limit.soft, .rlim_max = limit.hard};
        if (syscall(SYS_prlimit64, 0, limit.resource, &value, NULL) < 0) leave(start, CLINUX_STEP_LIMITS);
    }
}

static void reset_dispositions(struct start *start) {
    struct kernel_action standard = {0};
    for (int number = 1; number <= LAST_SIGNAL; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        if (syscall(SYS_rt_sigaction, number, &standard, NULL, sizeof standard.mask) < 0) {
            leave(start, CLINUX_STEP_SIGNALS);
        }
    }
}

static void unblock_signals(struct start *start) {
    uint64_t none = 0;
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none) < 0) leave(start, CLINUX_STEP_SIGNALS);
}

/// The smallest target that is at least `floor`; -1 when there is none.
static int next_target(const struct clinux_spawn *plan, int floor) {
    int next = -1;
    for (size_t index = 0; index < plan->descriptor_count; index++) {
        int target = plan->targets[index];
        if (target >= floor && (next < 0 || target < next)) next = target;
    }
    return next;
}

static void place_descriptors(struct start *start) {
    const struct clinux_spawn *plan = start->plan;
    int above = HIGH_START;
    for (size_t index = 0; index < plan->descriptor_count; index++) {
        if (plan->targets[index] >= above) above = plan->targets[index] + 1;
    }
    // First out of the way of all targets, then into place: no source is overwritten before it was copied.
    int copies[plan->descriptor_count + 1];
    for (size_t index = 0; index < plan->descriptor_count; index++) {
        copies[index] = fcntl(plan->sources[index], F_DUPFD_CLOEXEC, above);
        if (copies[index] < 0) leave(start, CLINUX_STEP_DESCRIPTORS);
    }
    for (size_t index = 0; index < plan->descriptor_count; index++) {
        if (dup3(copies[index], plan->targets[index], 0) < 0) leave(start, CLINUX_STEP_DESCRIPTORS);
    }
    int floor = 0;
    for (int target = next_target(plan, 0); target >= 0; target = next_target(plan, floor)) {
        if (target > floor && syscall(SYS_close_range, floor, target - 1, 0) < 0) leave(start, CLINUX_STEP_DESCRIPTORS);
        floor = target + 1;
    }
    if (syscall(SYS_close_range, floor, ~0U, 0) < 0) leave(start, CLINUX_STEP_DESCRIPTORS);
}

/// In a mount namespace of its own: what is mounted elsewhere later is still seen, nothing of ours is seen elsewhere.
static void mount_temporary(struct start *start) {
    const struct clinux_spawn *plan = start->plan;
    if (plan->temporary_count == 0) return;
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) leave(start, CLINUX_STEP_MOUNTS);
    for (size_t index = 0; index < plan->temporary_count; index++) {
        const char *directory = plan->temporary[index];
        if (mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, plan->temporary_options) < 0) {
            leave(start, CLINUX_STEP_MOUNTS);
        }
    }
}

/// While it may still: what is out of this bound no program that it executes can have again.
static void bound_capabilities(struct start *start) {
    // A service's ambient capabilities are not for its children.
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (!start->plan->sets_capabilities) return;
    if (clinux_bound_capabilities(start->plan->capabilities) < 0) leave(start, CLINUX_STEP_CAPABILITIES);
}

static void keep_capabilities(struct start *start) {
    if (!start->plan->sets_capabilities) return;
    if (clinux_keep_capabilities(start->plan->capabilities) < 0) leave(start, CLINUX_STEP_CAPABILITIES);
}

static void become_user(struct start *start) {
    const struct clinux_spawn *plan = start->plan;
    if (!plan->sets_user) return;
    if (syscall(SYS_setgroups, plan->group_count, plan->groups) < 0) leave(start, CLINUX_STEP_GROUPS);
    if (syscall(SYS_setresgid, plan->group, plan->group, plan->group) < 0) leave(start, CLINUX_STEP_GROUPS);
    if (syscall(SYS_setresuid, plan->user, plan->user, plan->user) < 0) leave(start, CLINUX_STEP_USER);
}

static void set_filter(struct start *start) {
    const struct clinux_filter *filter = start->plan->filter;
    if (!filter) return;
    struct sock_fprog program = {.len = filter->count, .filter = (void *)filter->instructions};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) leave(start, CLINUX_STEP_FILTER);
}

_Noreturn static void run_child(void *argument) {
    struct start *start = argument;
    const struct clinux_spawn *plan = start->plan;
    reset_dispositions(start);
    join_cgroups(start);
    set_oom_score(start);
    if (setsid() < 0) leave(start, CLINUX_STEP_SESSION);
    mount_temporary(start);
    if (plan->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) leave(start, CLINUX_STEP_PRIVILEGES);
    // While the set of rules is still open; what is done from here on opens no file but the program.
    if (plan->landlock >= 0 && clinux_landlock_enter(plan->landlock) < 0) leave(start, CLINUX_STEP_LANDLOCK);
    place_descriptors(start);
    // Behind the descriptors, which need more numbers for a moment than the program may have; before the user, who may
    // not raise a hard limit.
    set_limits(start);
    bound_capabilities(start);
    become_user(start);
    keep_capabilities(start);
    umask(plan->mask);
    if (chdir(plan->directory) < 0) leave(start, CLINUX_STEP_DIRECTORY);
    if (plan->pid_text) put_digits(plan->pid_text, (unsigned)syscall(SYS_getpid));
    unblock_signals(start);
    set_filter(start);
    execve(plan->program, plan->arguments, plan->environment);
    leave(start, CLINUX_STEP_EXECUTE);
}

/// Returns in the parent only; the child calls `run` on the stack that `arguments` name.
static long clone_onto_stack(struct clone_args *arguments, void (*run)(void *), void *argument) {
#if defined(__x86_64__)
    long result;
    register void (*function)(void *) __asm__("r8") = run;
    register void *passed __asm__("r9") = argument;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r9, %%rdi\n\t"
        "call *%%r8\n\t"
        "ud2\n"
        "1:"
        : "=a"(result)
        : "0"((long)SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(function), "r"(passed)
        : "rcx", "r11", "memory", "cc");
    return result;
#elif defined(__aarch64__)
    register long result __asm__("x0") = (long)arguments;
    register long size __asm__("x1") = sizeof *arguments;
    register long number __asm__("x8") = SYS_clone3;
    register void (*function)(void *) __asm__("x9") = run;
    register void *passed __asm__("x10") = argument;
    __asm__ volatile(
        "svc 0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, xzr\n\t"
        "mov x0, x10\n\t"
        "blr x9\n\t"
        "brk 1\n"
        "1:"
        : "+r"(result)
        : "r"(size), "r"(number), "r"(function), "r"(passed)
        : "memory", "cc");
    return result;
#else
#error "spawning is written for x86_64 and aarch64"
#endif
}

static int clone_child(struct start *start, char *stack, int *pid_descriptor) {
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)pid_descriptor,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = STACK_SIZE,
    };
    if (start->plan->own_network) arguments.flags |= CLONE_NEWNET;
    if (start->plan->temporary_count > 0) arguments.flags |= CLONE_NEWNS;
    if (start->plan->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)start->plan->cgroup;
    }
    // No handler of ours may run in the child, in our memory: everything stays blocked until the child has reset it.
    uint64_t all = ~(uint64_t)0, before;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    long pid = clone_onto_stack(&arguments, run_child, start);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    if (pid < 0) {
        errno = (int)-pid;
        return -1;
    }
    return (int)pid;
}

static int failed(struct clinux_spawned *result, int code) {
    result->step = CLINUX_STEP_CLONE;
    result->code = code;
    return -1;
}

int clinux_spawn(const struct clinux_spawn *plan, struct clinux_spawned *result) {
    *result = (struct clinux_spawned){.pid = -1, .pid_descriptor = -1};
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, guard + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return failed(result, errno);
    mprotect(memory, guard, PROT_NONE);
    struct start start = {.plan = plan, .result = result};
    int pid_descriptor = -1;
    int pid = clone_child(&start, memory + guard, &pid_descriptor);
    int code = errno;
    munmap(memory, guard + STACK_SIZE);
    if (pid < 0) return failed(result, code);
    if (result->step != CLINUX_STEP_NONE) {
        siginfo_t ignored;
        while (waitid(P_PID, (id_t)pid, &ignored, WEXITED | __WALL) < 0 && errno == EINTR) continue;
        close(pid_descriptor);
        return -1;
    }
    result->pid = pid;
    result->pid_descriptor = pid_descriptor;
    return 0;
}
