#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CLinuxConfine.h"

/// What the child was doing when it failed; in the order in which it happens.
enum clinux_step {
    CLINUX_STEP_NONE,
    CLINUX_STEP_CLONE,
    CLINUX_STEP_SIGNALS,
    CLINUX_STEP_CGROUP,
    CLINUX_STEP_OOM_SCORE,
    CLINUX_STEP_SESSION,
    CLINUX_STEP_MOUNTS,
    CLINUX_STEP_PRIVILEGES,
    CLINUX_STEP_LANDLOCK,
    CLINUX_STEP_DESCRIPTORS,
    CLINUX_STEP_LIMITS,
    CLINUX_STEP_CAPABILITIES,
    CLINUX_STEP_GROUPS,
    CLINUX_STEP_USER,
    CLINUX_STEP_DIRECTORY,
    CLINUX_STEP_FILTER,
    CLINUX_STEP_EXECUTE,
};

struct clinux_limit {
    int resource;
    uint64_t soft;
    uint64_t hard;
};

struct clinux_spawn {
    const char *program;
    char *const *arguments;
    char *const *environment;
    /// Inside the environment: 11 bytes into which the child writes its own process id as digits. May be null.
    char *pid_text;
    const char *directory;
    /// Descriptor `sources[n]` becomes `targets[n]` in the child. Targets differ from each other; the two sets may
    /// overlap. Everything else is closed.
    const int *sources;
    const int *targets;
    size_t descriptor_count;
    /// A directory of the unified hierarchy to be born in; -1 for none.
    int cgroup;
    /// Open `cgroup.procs` files of other hierarchies.
    const int *cgroup_procs;
    size_t cgroup_procs_count;
    const struct clinux_limit *limits;
    size_t limit_count;
    bool sets_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    /// Whether it loses all capabilities but those of `capabilities`, which it keeps over the execution.
    bool sets_capabilities;
    uint64_t capabilities;
    /// A network namespace of its own, with nothing in it.
    bool own_network;
    /// A mount namespace of its own, in which each of these directories is an empty file system in memory.
    const char *const *temporary;
    size_t temporary_count;
    /// The options of these file systems: `mode=1777,size=64m`.
    const char *temporary_options;
    /// Rules of `clinux_landlock_rules`; -1 for none.
    int landlock;
    /// Null for none.
    const struct clinux_filter *filter;
    bool sets_oom_score;
    int oom_score;
    bool no_new_privileges;
    mode_t mask;
};

struct clinux_spawned {
    pid_t pid;
    /// Close-on-exec.
    int pid_descriptor;
    enum clinux_step step;
    int code;
};

/// Starts a process: `clone3(2)` with CLONE_VM and CLONE_VFORK on a stack of its own, so that neither the caller's
/// memory nor its page tables are copied. The child leads a new session, has no signal blocked or ignored, and never
/// asks for a signal at its parent's death.
///
/// 0 when the program runs. -1 when not: `step` and `code` say why, and nothing is left behind.
int clinux_spawn(const struct clinux_spawn *plan, struct clinux_spawned *result);

#endif
