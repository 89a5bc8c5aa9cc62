#define _GNU_SOURCE
#include "CChaos.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// The length of the first two parts of a path; 0: it has fewer.
static size_t two_parts(const char *path) {
    const char *slash = strchr(path, '/');
    if (!slash || slash == path) return 0;
    size_t second = strcspn(slash + 1, "/");
    return second ? (size_t)(slash - path) + 1 + second : 0;
}

/// Adds a line for each directory of one process, each once as long as its descriptors lie together.
static size_t list_process(pid_t pid, const char *root, size_t root_length, char *into, size_t room) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    if (!directory) return 0;
    size_t used = 0;
    char target[4096], last[4096] = "";
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] == '.') continue;
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        if (length <= (ssize_t)root_length || memcmp(target, root, root_length) != 0) continue;
        target[length] = 0;
        size_t parts = two_parts(target + root_length);
        if (!parts) continue;
        target[root_length + parts] = 0;
        if (strcmp(target, last) == 0) continue;
        strcpy(last, target);
        int added = snprintf(into + used, room - used, "%d %s\n", (int)pid, target + root_length);
        if (added < 0 || (size_t)added >= room - used) break;
        used += (size_t)added;
    }
    closedir(directory);
    return used;
}

size_t cchaos_list_holders(const char *root, char *into, size_t room) {
    DIR *processes = opendir("/proc");
    if (!processes) return 0;
    size_t used = 0, root_length = strlen(root);
    pid_t own = getpid();
    struct dirent *entry;
    while ((entry = readdir(processes))) {
        pid_t pid = (pid_t)atoi(entry->d_name);
        if (pid <= 0 || pid == own) continue;
        used += list_process(pid, root, root_length, into + used, room - used);
    }
    closedir(processes);
    return used;
}
