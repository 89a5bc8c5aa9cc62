#define _GNU_SOURCE
#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { CLOSED, CONNECTING, SHAKING, RESTING, BUSY };

struct client {
    struct handler handler;
    struct group *group;
    int descriptor;
    enum state state;
    uint32_t events;
    SSL *tls;
    double began;
    const char *out;
    size_t out_left;
    /// Of the answer's body.
    size_t left;
    int status;
    char *partial;
    size_t partial_count;
};

static void reconnect(struct cload *load, struct client *client);
static void begin(struct cload *load, struct client *client, double due);
static void client_ready(struct cload *load, struct handler *handler, uint32_t events);

static int epoll_of(const struct cload *load, const struct client *client) {
    return client->group->plan.urgent ? load->urgent : load->epoll;
}

static void want(struct cload *load, struct client *client, uint32_t events) {
    if (client->events == events) return;
    client->events = events;
    struct epoll_event event = {.events = events, .data.ptr = client};
    epoll_ctl(epoll_of(load, client), EPOLL_CTL_MOD, client->descriptor, &event);
}

static void shut(struct client *client) {
    if (client->state == CLOSED) return;
    struct group *group = client->group;
    if (client->state == RESTING || client->state == BUSY) group->open--;
    for (uint32_t index = 0; client->state == RESTING && index < group->resting_count; index++)
        if (group->resting[index] == client) group->resting[index] = group->resting[--group->resting_count];
    if (client->tls) SSL_free(client->tls);
    close(client->descriptor);
    client->tls = NULL;
    client->state = CLOSED;
    client->partial_count = client->left = client->out_left = 0;
}

/// One that was open is made again at once, others with the next second.
static void fail(struct cload *load, struct client *client) {
    bool was_open = client->state == RESTING || client->state == BUSY;
    if (client->state != RESTING) COUNT(client->group->broken, 1);
    shut(client);
    if (was_open && client->group->plan.behaviour != CLOAD_LORIS) reconnect(load, client);
}

static void reconnect(struct cload *load, struct client *client) {
    struct group *group = client->group;
    int one = 1;
    client->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0) return;
    setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (group->plan.behaviour == CLOAD_ONCE) {
        // Reset behind the answer: no port waits for stray packets, of which there are none here.
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(client->descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (group->plan.source != 0) {
        uint32_t index = (uint32_t)(client - group->clients) % group->plan.source_count;
        address.sin_addr.s_addr = htonl(group->plan.source + index);
        setsockopt(client->descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        bind(client->descriptor, (struct sockaddr *)&address, sizeof address);
    }
    address.sin_port = htons(group->plan.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->state = CONNECTING;
    client->began = load->now;
    client->status = 0;
    COUNT(group->connects, 1);
    if (connect(client->descriptor, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        return fail(load, client);
    client->events = EPOLLOUT;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
    epoll_ctl(epoll_of(load, client), EPOLL_CTL_ADD, client->descriptor, &event);
}

/// -1: nothing now; 0: the end.
static ssize_t get(struct client *client, char *bytes, size_t count) {
    if (!client->tls) {
        ssize_t got = recv(client->descriptor, bytes, count, MSG_DONTWAIT);
        return got >= 0 ? got : errno == EAGAIN ? -1 : 0;
    }
    int got = SSL_read(client->tls, bytes, (int)count);
    if (got > 0) return got;
    int why = SSL_get_error(client->tls, got);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

static ssize_t put(struct client *client, const char *bytes, size_t count) {
    if (!client->tls) {
        ssize_t sent = send(client->descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        return sent >= 0 ? sent : errno == EAGAIN ? -1 : 0;
    }
    int sent = SSL_write(client->tls, bytes, (int)count);
    if (sent > 0) return sent;
    int why = SSL_get_error(client->tls, sent);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

/// False when the connection is gone.
static bool flush(struct cload *load, struct client *client) {
    while (client->out_left > 0) {
        ssize_t sent = put(client, client->out, client->out_left);
        if (sent == 0) return false;
        if (sent < 0) {
            want(load, client, EPOLLIN | EPOLLOUT);
            return true;
        }
        client->out += sent;
        client->out_left -= (size_t)sent;
        COUNT(client->group->bytes_out, (uint64_t)sent);
    }
    want(load, client, EPOLLIN);
    return true;
}

static void begin(struct cload *load, struct client *client, double due) {
    struct group *group = client->group;
    size_t chosen = group->plan.request_count == 1 ? 0 : cload_random(load) % group->plan.request_count;
    client->state = BUSY;
    client->began = due;
    client->out = group->requests[chosen];
    client->out_left = group->lengths[chosen];
    client->status = 0;
    if (!flush(load, client)) fail(load, client);
}

static void rest(struct cload *load, struct client *client) {
    struct group *group = client->group;
    client->state = RESTING;
    group->resting[group->resting_count++] = client;
    if (group->plan.behaviour == CLOAD_HOLD && group->begun_count < group->plan.connections)
        reconnect(load, &group->clients[group->begun_count++]);
}

static void answered(struct cload *load, struct client *client) {
    struct group *group = client->group;
    int class = client->status / 100;
    if (class == 2) {
        COUNT(group->good, 1);
        cload_record(group, (cload_clock() - client->began) * 1e6);
    } else if (client->status == 429 || client->status == 503) {
        COUNT(group->refused, 1);
    } else {
        COUNT(group->other, 1);
    }
    // What is left of the request will not be wanted.
    if (client->out_left > 0 || group->plan.behaviour == CLOAD_ONCE) {
        shut(client);
        return reconnect(load, client);
    }
    if (group->plan.behaviour == CLOAD_CLOSED) {
        begin(load, client, load->now);
    } else {
        rest(load, client);
    }
}

/// Looks at bytes that came.
static bool take(struct cload *load, struct client *client, const char *bytes, size_t count) {
    while (count > 0) {
        if (client->status != 0) {
            size_t taken = count < client->left ? count : client->left;
            client->left -= taken;
            bytes += taken;
            count -= taken;
            COUNT(client->group->bytes_in, taken);
        } else {
            size_t head = head_length(bytes, count, &client->left);
            if (head == 0) {
                if (count > HEAD_MAX) return false;
                if (!client->partial) client->partial = malloc(HEAD_MAX);
                memcpy(client->partial, bytes, count);
                client->partial_count = count;
                return true;
            }
            client->status = (bytes[9] - '0') * 100;
            client->status += (bytes[10] - '0') * 10 + bytes[11] - '0';
            bytes += head;
            count -= head;
        }
        if (client->left == 0) {
            answered(load, client);
            return true;
        }
    }
    return true;
}

static void receive(struct cload *load, struct client *client) {
    do {
        size_t kept = client->partial_count;
        if (kept > 0) memcpy(load->scratch, client->partial, kept);
        ssize_t count = get(client, load->scratch + kept, SCRATCH - kept);
        if (count < 0) return;
        if (count == 0) return fail(load, client);
        client->partial_count = 0;
        if (client->state != BUSY) return fail(load, client);
        if (!take(load, client, load->scratch, kept + (size_t)count)) return fail(load, client);
    } while (client->tls && client->state == BUSY && SSL_pending(client->tls) > 0);
}

static void opened(struct cload *load, struct client *client) {
    client->group->open++;
    want(load, client, EPOLLIN);
    switch (client->group->plan.behaviour) {
        case CLOAD_RATE:
        case CLOAD_LORIS: rest(load, client); break;
        default: begin(load, client, client->began);
    }
}

static void shake(struct cload *load, struct client *client) {
    int result = SSL_connect(client->tls);
    if (result == 1) {
        client->state = RESTING;
        return opened(load, client);
    }
    switch (SSL_get_error(client->tls, result)) {
        case SSL_ERROR_WANT_READ: return want(load, client, EPOLLIN);
        case SSL_ERROR_WANT_WRITE: return want(load, client, EPOLLOUT);
        default: fail(load, client);
    }
}

static void connected(struct cload *load, struct client *client) {
    int code = 0;
    socklen_t length = sizeof code;
    if (getsockopt(client->descriptor, SOL_SOCKET, SO_ERROR, &code, &length) != 0 || code != 0) return fail(load, client);
    if (!client->group->plan.tls) {
        client->state = RESTING;
        return opened(load, client);
    }
    client->tls = SSL_new(client->group->tls);
    SSL_set_fd(client->tls, client->descriptor);
    client->state = SHAKING;
    shake(load, client);
}

static void client_ready(struct cload *load, struct handler *handler, uint32_t events) {
    struct client *client = (struct client *)handler;
    switch (client->state) {
        case CLOSED: return;
        case CONNECTING: return connected(load, client);
        case SHAKING: return shake(load, client);
        case RESTING:
        case BUSY:
            if (events & EPOLLOUT && client->out_left > 0 && !flush(load, client)) return fail(load, client);
            if (client->state != CLOSED && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(load, client);
    }
}

void clients_start(struct cload *load, struct group *group) {
    if (group->plan.tls) {
        SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
        group->tls = tls;
    }
    group->clients = calloc(group->plan.connections, sizeof(struct client));
    group->resting = calloc(group->plan.connections, sizeof(struct client *));
    group->started = load->now;
    for (uint32_t index = 0; index < group->plan.connections; index++) {
        struct client *client = &group->clients[index];
        client->group = group;
        client->handler.ready = client_ready;
    }
    // A crowd that only rests comes in gradually: each that rests brings the next.
    uint32_t first = group->plan.behaviour == CLOAD_HOLD ? HOLD_AT_ONCE : group->plan.connections;
    while (group->begun_count < group->plan.connections && group->begun_count < first)
        reconnect(load, &group->clients[group->begun_count++]);
}

int clients_tick(struct cload *load, struct group *group) {
    if (group->plan.behaviour != CLOAD_RATE) return -1;
    double passed = cload_clock() - group->started;
    while (group->resting_count > 0 && (double)group->due_count / group->plan.rate <= passed) {
        struct client *client = group->resting[--group->resting_count];
        begin(load, client, group->started + (double)group->due_count / group->plan.rate);
        group->due_count++;
    }
    // Sleeping would be late by up to a millisecond.
    double rest = (double)group->due_count / group->plan.rate - passed;
    return rest < 0.002 ? 0 : 1;
}

/// Connects again where a connection failed, and adds a byte to heads that never end.
void clients_second(struct cload *load, struct group *group) {
    static const char slow[] = "GET /v1/slow HTTP/1.1\r\nHost: slow\r\nX-Slow: ";
    for (uint32_t index = 0; index < group->begun_count; index++) {
        struct client *client = &group->clients[index];
        if (client->state == CLOSED) reconnect(load, client);
        if (group->plan.behaviour != CLOAD_LORIS || client->state != RESTING) continue;
        size_t at = client->status++;
        char byte = at < sizeof slow - 1 ? slow[at] : 'a';
        if (put(client, &byte, 1) == 0) shut(client);
    }
}

void clients_end(struct group *group) {
    for (uint32_t index = 0; group->clients && index < group->plan.connections; index++) {
        shut(&group->clients[index]);
        free(group->clients[index].partial);
    }
    if (group->tls) SSL_CTX_free(group->tls);
    free(group->clients);
    free(group->resting);
}
