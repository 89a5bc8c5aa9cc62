#define _GNU_SOURCE
#include "internal.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double cload_clock(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

uint64_t cload_random(struct cload *load) {
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return load->random;
}

void cload_record(struct group *group, double microseconds) {
    unsigned value = microseconds < 1 ? 1 : microseconds > 5e8 ? 500000000 : (unsigned)microseconds;
    unsigned doubling = 31 - (unsigned)__builtin_clz(value);
    // The bits behind the first one, as a number of 0 to 63.
    unsigned step = doubling >= 6 ? (value >> (doubling - 6)) & 63 : (value << (6 - doubling)) & 63;
    COUNT(group->cells[doubling * STEPS + step], 1);
}

double cload_percentile(const struct cload *load, int number, double share) {
    const struct group *group = load->groups[number];
    uint64_t total = 0, seen = 0;
    for (int cell = 0; cell < CELLS; cell++) total += group->cells[cell];
    if (total == 0) return 0;
    uint64_t rank = (uint64_t)ceil(share * (double)total);
    for (int cell = 0; cell < CELLS; cell++) {
        seen += group->cells[cell];
        if (seen >= rank) return ldexp(1 + (cell % STEPS) / (double)STEPS, cell / STEPS);
    }
    return 0;
}

struct cload *cload_create(int core) {
    struct rlimit files;
    // Crowds of connections need more than the usual 1,024.
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    struct cload *load = calloc(1, sizeof *load);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->urgent = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event nested = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->urgent, &nested);
    load->core = core;
    load->scratch = malloc(SCRATCH + 1);
    load->random = 0x9e3779b97f4a7c15;
    backend_prepare(load);
    return load;
}

int cload_add(struct cload *load, const struct cload_plan *plan) {
    if (load->group_count == (int)(sizeof load->groups / sizeof *load->groups)) return -1;
    struct group *group = calloc(1, sizeof *group);
    group->plan = *plan;
    group->requests = calloc(plan->request_count, sizeof(char *));
    group->lengths = calloc(plan->request_count, sizeof(size_t));
    for (size_t index = 0; index < plan->request_count; index++) {
        group->lengths[index] = plan->lengths[index];
        group->requests[index] = malloc(plan->lengths[index]);
        memcpy(group->requests[index], plan->requests[index], plan->lengths[index]);
    }
    load->groups[load->group_count] = group;
    return load->group_count++;
}

/// Handles events of one epoll; returns how many there were.
static int handle(struct cload *load, int epoll, int most, int pause) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, most, pause);
    load->now = cload_clock();
    for (int index = 0; index < count; index++) {
        struct handler *handler = events[index].data.ptr;
        if (handler)
            handler->ready(load, handler, events[index].events);
        else
            handle(load, load->urgent, 256, 0);
    }
    return count;
}

static void *run(void *context) {
    struct cload *load = context;
    if (load->core >= 0) cload_pin(load->core);
    load->now = cload_clock();
    load->next_second = load->now + 1;
    for (int index = 0; index < load->group_count; index++) clients_start(load, load->groups[index]);
    bool has_urgent = false;
    for (int index = 0; index < load->group_count; index++) has_urgent |= load->groups[index]->plan.urgent;
    while (!load->is_over) {
        if (load->is_paused) {
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
            continue;
        }
        int pause = 100;
        for (int index = 0; index < load->group_count; index++) {
            int own = clients_tick(load, load->groups[index]);
            if (own >= 0 && own < pause) pause = own;
        }
        if (has_urgent) {
            while (handle(load, load->urgent, 256, 0) > 0) {}
            handle(load, load->epoll, 8, pause);
        } else {
            handle(load, load->epoll, 256, pause);
        }
        if (load->now >= load->next_second) {
            load->next_second = load->now + 1;
            for (int index = 0; index < load->group_count; index++) clients_second(load, load->groups[index]);
        }
    }
    return NULL;
}

bool cload_start(struct cload *load) {
    load->is_started = pthread_create(&load->thread, NULL, run, load) == 0;
    return load->is_started;
}

void cload_pause(struct cload *load, bool pauses) { load->is_paused = pauses; }

void cload_reset(struct cload *load) {
    for (int index = 0; index < load->group_count; index++) {
        struct group *group = load->groups[index];
        group->good = group->refused = group->other = group->broken = group->connects = 0;
        group->bytes_in = group->bytes_out = 0;
        for (int cell = 0; cell < CELLS; cell++) group->cells[cell] = 0;
    }
}

struct cload_counts cload_counts(const struct cload *load, int number) {
    const struct group *group = load->groups[number];
    return (struct cload_counts){
        .good = group->good, .refused = group->refused, .other = group->other, .broken = group->broken,
        .connects = group->connects, .bytes_in = group->bytes_in, .bytes_out = group->bytes_out};
}

uint32_t cload_open(const struct cload *load, int group) { return load->groups[group]->open; }

void cload_destroy(struct cload *load) {
    load->is_over = true;
    if (load->is_started) pthread_join(load->thread, NULL);
    for (int index = 0; index < load->group_count; index++) {
        struct group *group = load->groups[index];
        clients_end(group);
        for (size_t item = 0; item < group->plan.request_count; item++) free(group->requests[item]);
        free(group->requests);
        free(group->lengths);
        free(group);
    }
    backend_end(load);
    for (int index = 0; index < load->listener_count; index++) free(load->listeners[index]);
    close(load->epoll);
    close(load->urgent);
    free(load->scratch);
    free(load->big);
    free(load);
}

int cload_pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

int cload_core_count(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
