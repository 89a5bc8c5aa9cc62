#ifndef CLOAD_H
#define CLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A load generator and the backend behind what is measured, both in one thread over one epoll, pinned to one core:
/// neither parses more than it must, so that the proxy between them is what is measured.
///
/// The backend answers by the last letter of the request's path: `s` 100 bytes of JSON, `b` 1 MB, `u` takes a body and
/// answers as `s`, `m` never answers.
struct cload;

enum cload_behaviour {
    /// Each connection sends its next request when the last one is answered.
    CLOAD_CLOSED,
    /// `rate` requests a second over all connections, whether or not earlier ones are answered; the latency counts from
    /// the moment at which a request was due.
    CLOAD_RATE,
    /// A new connection for each request, and the next when it is answered and closed by this side.
    CLOAD_ONCE,
    /// One request, then the connection rests.
    CLOAD_HOLD,
    /// One byte of a head that never ends, every second; a connection that is closed is made again.
    CLOAD_LORIS,
};

struct cload_plan {
    enum cload_behaviour behaviour;
    /// Where the proxy listens, on loopback.
    uint16_t port;
    uint32_t connections;
    double rate;
    /// Each request is drawn at random.
    const char *const *requests;
    const size_t *lengths;
    size_t request_count;
    /// The first of the addresses in 127.0.0.0/8 that the connections come from, and how many; 0: the kernel chooses.
    uint32_t source;
    uint32_t source_count;
    /// TLS 1.3 without a check of the certificate.
    bool tls;
    /// Served before others, so that what the others make this thread do is not taken for the proxy's latency.
    bool urgent;
};

struct cload_counts {
    /// Whole answers by status: 2xx, 429 and 503, others.
    uint64_t good, refused, other;
    /// Connections that ended with a request under way, or could not be made.
    uint64_t broken;
    uint64_t connects;
    /// Of answers' bodies, and of requests as far as they were sent.
    uint64_t bytes_in, bytes_out;
};

/// - Parameter core: the one it runs on; -1: any.
struct cload *cload_create(int core);
/// The backend accepts on these from now on; the descriptors stay the caller's.
///
/// - Parameter urgent: its connections are served before others.
bool cload_listen(struct cload *load, int listener, bool urgent);
/// Adds clients; returns the group's number, -1 on failure. Before `cload_start`.
int cload_add(struct cload *load, const struct cload_plan *plan);
bool cload_start(struct cload *load);
/// Lets everything stand still, or go on. What was under way counts its latency through the pause: reset afterwards.
void cload_pause(struct cload *load, bool pauses);
/// From now on latencies and counts begin at zero.
void cload_reset(struct cload *load);
/// What a group has done since.
struct cload_counts cload_counts(const struct cload *load, int group);
/// Microseconds within which a share (0…1) of the good answers came since the reset.
double cload_percentile(const struct cload *load, int group, double share);
/// Connections of a group that are open.
uint32_t cload_open(const struct cload *load, int group);
/// Ends the thread and closes everything.
void cload_destroy(struct cload *load);

/// Passes requests and answers on as they come, each with one read and one write, and does nothing else: what is left
/// for a proxy to cost when its own work is nothing. Takes a message that comes in one piece for granted, as those of
/// this load do. Never returns.
///
/// - Parameter path: the backend's unix socket; null: its port on loopback.
void cload_forward(int listener, uint16_t port, const char *path);

/// Pins the calling process's main thread, and what it starts, to a core.
int cload_pin(int core);
int cload_core_count(void);

#endif
