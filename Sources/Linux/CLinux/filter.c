#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

// A decision tree over the numbers of the calls that are treated specially; everything else is allowed, whatever its
// arguments: the kernel finds that out when the filter is attached, and runs it for those calls no more.

#if defined(__x86_64__)
enum { OWN_ARCHITECTURE = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { OWN_ARCHITECTURE = AUDIT_ARCH_AARCH64 };
#endif

/// What becomes of a call.
enum treatment { DENY, LACK, CHECK_SOCKET, CHECK_CLONE, CHECK_TERMINAL, CHECK_FAST_OPEN_2, CHECK_FAST_OPEN_3 };

struct special {
    uint32_t number;
    enum treatment treatment;
};

static const struct special common[] = {
    // Into other processes.
    {SYS_ptrace, DENY}, {SYS_process_vm_readv, DENY}, {SYS_process_vm_writev, DENY}, {SYS_kcmp, DENY},
    {438 /* pidfd_getfd */, DENY}, {440 /* process_madvise */, DENY}, {448 /* process_mrelease */, DENY},
    {SYS_perf_event_open, DENY},
    // Mounts and roots.
    {SYS_mount, DENY}, {SYS_umount2, DENY}, {SYS_pivot_root, DENY}, {SYS_chroot, DENY},
    {428 /* open_tree */, DENY}, {429 /* move_mount */, DENY}, {430 /* fsopen */, DENY}, {431 /* fsconfig */, DENY},
    {432 /* fsmount */, DENY}, {433 /* fspick */, DENY}, {442 /* mount_setattr */, DENY},
    {457 /* statmount */, DENY}, {458 /* listmount */, DENY}, {467 /* open_tree_attr */, DENY},
    {SYS_open_by_handle_at, DENY}, {SYS_name_to_handle_at, DENY},
    // Namespaces.
    {SYS_unshare, DENY}, {SYS_setns, DENY}, {SYS_clone, CHECK_CLONE}, {435 /* clone3 */, LACK},
    // The kernel's insides, and interfaces that were the way in before.
    {SYS_bpf, DENY}, {SYS_userfaultfd, DENY}, {SYS_keyctl, DENY}, {SYS_add_key, DENY}, {SYS_request_key, DENY},
    {425 /* io_uring_setup */, DENY}, {426 /* io_uring_enter */, DENY}, {427 /* io_uring_register */, DENY},
    {SYS_kexec_load, DENY}, {SYS_kexec_file_load, DENY}, {SYS_init_module, DENY}, {SYS_finit_module, DENY},
    {SYS_delete_module, DENY}, {SYS_reboot, DENY}, {SYS_swapon, DENY}, {SYS_swapoff, DENY}, {SYS_acct, DENY},
    {SYS_syslog, DENY}, {SYS_quotactl, DENY}, {443 /* quotactl_fd */, DENY}, {SYS_fanotify_init, DENY},
    {SYS_lookup_dcookie, DENY}, {SYS_personality, DENY}, {447 /* memfd_secret */, DENY}, {SYS_vhangup, DENY},
    {SYS_move_pages, DENY}, {SYS_migrate_pages, DENY}, {SYS_mbind, DENY}, {SYS_set_mempolicy, DENY},
    {450 /* set_mempolicy_home_node */, DENY},
    // The machine's clock and names.
    {SYS_settimeofday, DENY}, {SYS_clock_settime, DENY}, {SYS_clock_adjtime, DENY}, {SYS_adjtimex, DENY},
    {SYS_sethostname, DENY}, {SYS_setdomainname, DENY},
    // Memory and queues that outlive a process and are found by a number.
    {SYS_shmget, DENY}, {SYS_shmat, DENY}, {SYS_shmctl, DENY}, {SYS_semget, DENY}, {SYS_semctl, DENY},
    {SYS_semop, DENY}, {SYS_semtimedop, DENY}, {SYS_msgget, DENY}, {SYS_msgsnd, DENY}, {SYS_msgrcv, DENY},
    {SYS_msgctl, DENY}, {SYS_mq_open, DENY}, {SYS_mq_unlink, DENY},
    {SYS_ioctl, CHECK_TERMINAL}, {SYS_socket, CHECK_SOCKET},
#if defined(__x86_64__)
    {SYS_ioperm, DENY}, {SYS_iopl, DENY}, {SYS_modify_ldt, DENY}, {SYS_uselib, DENY}, {SYS_ustat, DENY},
    {SYS_sysfs, DENY}, {SYS__sysctl, DENY}, {SYS_create_module, DENY}, {SYS_get_kernel_syms, DENY},
    {SYS_query_module, DENY}, {SYS_nfsservctl, DENY},
#endif
};

/// A socket that is given away becomes another one by these, or sends its first bytes while it connects.
static const struct special inherited_only[] = {
    {SYS_connect, DENY}, {SYS_bind, DENY}, {SYS_listen, DENY}, {SYS_sendto, CHECK_FAST_OPEN_3},
    {SYS_sendmsg, CHECK_FAST_OPEN_2}, {SYS_sendmmsg, CHECK_FAST_OPEN_3},
};

enum {
    COMMON_COUNT = sizeof common / sizeof common[0],
    INHERITED_COUNT = sizeof inherited_only / sizeof inherited_only[0],
    CODE_MAX = 1024,
    LEAF_MAX = 3,
};

static const uint32_t ALLOWED = SECCOMP_RET_ALLOW;
static const uint32_t DENIED = SECCOMP_RET_ERRNO | EPERM;

struct assembler {
    struct sock_filter code[CODE_MAX];
    size_t count;
    enum clinux_network network;
};

static void emit(struct assembler *into, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (into->count == CODE_MAX) abort();
    into->code[into->count++] = (struct sock_filter){code, if_true, if_false, value};
}

static void answer(struct assembler *into, uint32_t action) { emit(into, BPF_RET | BPF_K, action, 0, 0); }

/// Skips the next instruction unless the word equals the value.
static void if_equal(struct assembler *into, uint32_t value) { emit(into, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1); }

/// The lower half of an argument: the kernel itself looks at no more of an `int`.
static void load_argument(struct assembler *into, int number) {
    emit(into, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[number]), 0, 0);
}

static void deny_if_any_bit(struct assembler *into, int argument, uint32_t bits) {
    load_argument(into, argument);
    emit(into, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    answer(into, DENIED);
    answer(into, ALLOWED);
}

static void check_socket(struct assembler *into) {
    load_argument(into, 0);
    if_equal(into, AF_UNIX);
    answer(into, ALLOWED);
    if (into->network == CLINUX_NETWORK_INHERITED) return answer(into, DENIED);
    // The C library asks the kernel for this machine's addresses over NETLINK_ROUTE.
    emit(into, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 4);
    load_argument(into, 2);
    if_equal(into, 0);
    answer(into, ALLOWED);
    answer(into, DENIED);
    emit(into, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
    emit(into, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
    answer(into, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    load_argument(into, 1);
    emit(into, BPF_ALU | BPF_AND | BPF_K, 0xF, 0, 0);
    if_equal(into, SOCK_RAW);
    answer(into, DENIED);
    answer(into, ALLOWED);
}

static void check_terminal(struct assembler *into) {
    load_argument(into, 1);
    if_equal(into, TIOCSTI);
    answer(into, DENIED);
    if_equal(into, TIOCLINUX);
    answer(into, DENIED);
    answer(into, ALLOWED);
}

static void treat(struct assembler *into, enum treatment treatment) {
    const uint32_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                CLONE_NEWPID | CLONE_NEWNET;
    switch (treatment) {
    case DENY: answer(into, DENIED); break;
    case LACK: answer(into, SECCOMP_RET_ERRNO | ENOSYS); break;
    case CHECK_SOCKET: check_socket(into); break;
    case CHECK_CLONE: deny_if_any_bit(into, 0, namespaces); break;
    case CHECK_TERMINAL: check_terminal(into); break;
    case CHECK_FAST_OPEN_2: deny_if_any_bit(into, 2, MSG_FASTOPEN); break;
    case CHECK_FAST_OPEN_3: deny_if_any_bit(into, 3, MSG_FASTOPEN); break;
    }
}

static void emit_leaf(struct assembler *into, const struct special *list, size_t count) {
    for (size_t index = 0; index < count; index++) {
        size_t test = into->count;
        emit(into, BPF_JMP | BPF_JEQ | BPF_K, list[index].number, 0, 0);
        treat(into, list[index].treatment);
        into->code[test].jf = (uint8_t)(into->count - test - 1);
    }
    answer(into, ALLOWED);
}

static void emit_tree(struct assembler *into, const struct special *list, size_t count) {
    if (count <= LEAF_MAX) return emit_leaf(into, list, count);
    size_t half = count / 2;
    emit(into, BPF_JMP | BPF_JGE | BPF_K, list[half].number, 0, 1);
    size_t jump = into->count;
    emit(into, BPF_JMP | BPF_JA, 0, 0, 0);
    emit_tree(into, list, half);
    into->code[jump].k = (uint32_t)(into->count - jump - 1);
    emit_tree(into, list + half, count - half);
}

static int by_number(const void *left, const void *right) {
    uint32_t a = ((const struct special *)left)->number, b = ((const struct special *)right)->number;
    return (a > b) - (a < b);
}

static void assemble(struct assembler *into) {
    struct special list[COMMON_COUNT + INHERITED_COUNT];
    size_t count = 0;
    for (size_t index = 0; index < COMMON_COUNT; index++) list[count++] = common[index];
    if (into->network == CLINUX_NETWORK_INHERITED) {
        for (size_t index = 0; index < INHERITED_COUNT; index++) list[count++] = inherited_only[index];
    }
    qsort(list, count, sizeof list[0], by_number);
    emit(into, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(into, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
    answer(into, SECCOMP_RET_KILL_PROCESS);
    emit(into, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
#if defined(__x86_64__)
    // The numbers of the x32 form, except -1, which a tracer leaves behind.
    emit(into, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    answer(into, DENIED);
#endif
    emit_tree(into, list, count);
}

const struct clinux_filter *clinux_filter(enum clinux_network network) {
    static struct clinux_filter filters[2];
    struct clinux_filter *filter = &filters[network == CLINUX_NETWORK_INHERITED];
    if (filter->count > 0) return filter;
    struct assembler *into = calloc(1, sizeof *into);
    if (!into) return NULL;
    into->network = network;
    assemble(into);
    filter->instructions = into->code;
    filter->count = (uint16_t)into->count;
    return filter;
}
