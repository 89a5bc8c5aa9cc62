#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum clinux_reaped {
    CLINUX_RUNNING,
    CLINUX_EXITED,
    /// It has exited, but how is not to be had.
    CLINUX_EXITED_UNKNOWN,
};

struct clinux_exit {
    /// In the form of wait(2).
    int status;
    int64_t cpu_microseconds;
    int64_t memory_max_kib;
};

/// Looks whether a process has exited, without waiting. A child is waited for; of another's child the kernel tells the
/// code once its parent has waited for it (PIDFD_GET_INFO, since 6.15): until then CLINUX_RUNNING.
enum clinux_reaped clinux_reap(int pid_descriptor, bool is_adopted, struct clinux_exit *result);

int clinux_open_process(pid_t pid);
int clinux_signal_process(int pid_descriptor, int signal);
int clinux_copy_descriptor(int pid_descriptor, int number);
int clinux_get_limit(int resource, struct rlimit *limit);
/// Orphans below this process become its children.
int clinux_become_subreaper(void);
/// Waits for one child that has exited; false when that is no exited child of this process.
bool clinux_reap_child(pid_t pid);
/// Creates an inotify descriptor that does not block.
int clinux_inotify(void);
int clinux_inotify_watch(int descriptor, const char *path);
void clinux_inotify_cancel(int descriptor, int watch);
/// An extended attribute's first bytes; how many, -1 when it is not there or longer.
ssize_t clinux_get_attribute(const char *path, const char *name, void *value, size_t size);
/// Names the calling thread by the first 15 bytes.
void clinux_name_thread(const char *name);

#endif
