#ifndef CLOAD_INTERNAL_H
#define CLOAD_INTERNAL_H

#include "CLoad.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

enum { SCRATCH = 262144, BIG = 1000000, SMALL = 100, HEAD_MAX = 16384, HOLD_AT_ONCE = 64 };

/// Whoever is called when its descriptor is ready.
struct handler {
    void (*ready)(struct cload *, struct handler *, uint32_t events);
};

/// Latencies in microseconds: 64 steps for each doubling, so within 1.6 %.
enum { STEPS = 64, CELLS = 64 * 30 };

struct client;
struct served;

struct group {
    struct cload_plan plan;
    char **requests;
    size_t *lengths;
    struct client *clients;
    /// At rest, for `CLOAD_RATE`.
    struct client **resting;
    uint32_t resting_count;
    /// Clients that have connected at least once.
    uint32_t begun_count;
    /// Requests that were due, and when the next one is.
    uint64_t due_count;
    double started;
    _Atomic uint32_t open;
    _Atomic uint64_t good, refused, other, broken, connects, bytes_in, bytes_out;
    _Atomic uint64_t cells[CELLS];
    void *tls;
};

struct cload {
    /// `urgent` is also watched by `epoll`.
    int epoll, urgent, core;
    pthread_t thread;
    bool is_started;
    atomic_bool is_over, is_paused;
    struct group *groups[16];
    int group_count;
    char *scratch;
    char *big;
    struct handler *listeners[1100];
    int listener_count;
    struct served *served;
    uint64_t random;
    double now, next_second;
};

double cload_clock(void);
uint64_t cload_random(struct cload *load);
void cload_record(struct group *group, double microseconds);

void backend_prepare(struct cload *load);
void backend_end(struct cload *load);
void clients_start(struct cload *load, struct group *group);
/// Sends what is due; returns milliseconds until it should be called again, -1 for never.
int clients_tick(struct cload *load, struct group *group);
void clients_second(struct cload *load, struct group *group);
void clients_end(struct group *group);

/// The length of a message's head, 0 when its end is not there; its body's length by Content-Length, else 0.
size_t head_length(const char *bytes, size_t count, size_t *body);

#define COUNT(field, n) atomic_fetch_add_explicit(&(field), (n), memory_order_relaxed)

#endif
