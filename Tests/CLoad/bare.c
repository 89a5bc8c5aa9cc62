#define _GNU_SOURCE
#include "CLoad.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { POOLS = 128, POOLED = 256, EVENTS = 256, BUFFER = 65536 };

/// One end of what is forwarded.
struct end {
    int descriptor;
    bool is_upstream;
    unsigned pool;
    /// The client whose request an upstream connection has.
    struct end *client;
};

static struct end *pools[POOLS][POOLED];
static unsigned counts[POOLS];
static char buffer[BUFFER];
static int events;

static void watch(struct end *end) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = end};
    if (epoll_ctl(events, EPOLL_CTL_ADD, end->descriptor, &event) != 0) abort();
}

static struct end *make(int descriptor, bool is_upstream) {
    struct end *end = calloc(1, sizeof *end);
    if (!end || descriptor < 0) abort();
    end->descriptor = descriptor;
    end->is_upstream = is_upstream;
    return end;
}

static int connect_to(uint16_t port, const char *path) {
    int one = 1, socket_number = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons(port)};
    remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (path) strncpy(local.sun_path, path, sizeof local.sun_path - 1);
    const struct sockaddr *address = path ? (struct sockaddr *)&local : (struct sockaddr *)&remote;
    if (connect(socket_number, address, path ? sizeof local : sizeof remote) != 0) abort();
    if (!path) setsockopt(socket_number, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return socket_number;
}

/// Connections of different clients' keys are not shared, as projects' are not.
static unsigned pool_of(const char *head, size_t count) {
    static const char name[] = "Client-Key: ";
    unsigned hash = 0;
    const char *key = memmem(head, count, name, sizeof name - 1);
    for (size_t index = 0; key && index < 35; index++) hash = hash * 31 + (unsigned char)key[sizeof name - 1 + index];
    return hash % POOLS;
}

static void forward(struct end *end, uint16_t port, const char *path) {
    ssize_t count = recv(end->descriptor, buffer, BUFFER, MSG_DONTWAIT);
    if (count < 0) return;
    struct end *other = end->client;
    if (!end->is_upstream && count > 0) {
        unsigned pool = pool_of(buffer, (size_t)count);
        other = counts[pool] > 0 ? pools[pool][--counts[pool]] : NULL;
        if (!other) {
            other = make(connect_to(port, path), true);
            other->pool = pool;
            watch(other);
        }
        other->client = end;
    }
    // Where a request ends, and what becomes of those whose connection has ended, is nothing to this one.
    if (count == 0) _exit(0);
    if (send(other->descriptor, buffer, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL) != count) abort();
    if (end->is_upstream && counts[end->pool] < POOLED) pools[end->pool][counts[end->pool]++] = end;
}

void cload_forward(int listener, uint16_t port, const char *path) {
    events = epoll_create1(EPOLL_CLOEXEC);
    struct end *door = make(listener, false);
    watch(door);
    while (true) {
        struct epoll_event ready[EVENTS];
        int count = epoll_wait(events, ready, EVENTS, -1);
        for (int index = 0; index < count; index++) {
            struct end *end = ready[index].data.ptr;
            if (end != door) {
                forward(end, port, path);
                continue;
            }
            int client, one = 1;
            while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                watch(make(client, false));
            }
        }
    }
}
