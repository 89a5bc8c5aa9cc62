#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener {
    struct handler handler;
    int descriptor;
    /// Of what it accepts.
    int epoll;
};

/// A connection from the proxy.
struct served {
    struct handler handler;
    int descriptor;
    int epoll;
    /// Of the body that is being taken.
    size_t left;
    /// How the body is answered when it is there.
    char kind;
    /// An answer that did not leave at once.
    const char *out;
    size_t out_left;
    /// A head whose end is not there yet.
    char *partial;
    size_t partial_count;
    struct served *next, **link;
};

static char small_answer[256];
static size_t small_length;
static size_t big_length;

static void end(struct cload *load, struct served *served) {
    (void)load;
    *served->link = served->next;
    if (served->next) served->next->link = served->link;
    close(served->descriptor);
    free(served->partial);
    free(served);
}

static void want(struct served *served, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = served};
    epoll_ctl(served->epoll, EPOLL_CTL_MOD, served->descriptor, &event);
}

/// Sends what is left of an answer. False when the connection is gone.
static bool flush(struct served *served) {
    bool waited = served->out != NULL;
    while (served->out_left > 0) {
        ssize_t sent = send(served->descriptor, served->out, served->out_left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno != EAGAIN) return false;
            want(served, EPOLLIN | EPOLLOUT);
            return true;
        }
        served->out += sent;
        served->out_left -= (size_t)sent;
    }
    served->out = NULL;
    if (waited) want(served, EPOLLIN);
    return true;
}

static bool answer(struct cload *load, struct served *served, char kind) {
    if (kind == 'm') return true;
    const char *bytes = kind == 'b' ? load->big : small_answer;
    size_t length = kind == 'b' ? big_length : small_length;
    ssize_t sent = send(served->descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno != EAGAIN) return false;
        sent = 0;
    }
    if ((size_t)sent == length) return true;
    served->out = bytes + sent;
    served->out_left = length - (size_t)sent;
    want(served, EPOLLIN | EPOLLOUT);
    return true;
}

/// The last letter of the path.
static char kind_of(const char *head, size_t count) {
    const char *target = memchr(head, ' ', count);
    if (!target) return 's';
    const char *end = memchr(target + 1, ' ', count - (size_t)(target + 1 - head));
    return end ? end[-1] : 's';
}

/// Looks at bytes that came; false when the connection is to be closed.
static bool take(struct cload *load, struct served *served, const char *bytes, size_t count) {
    while (count > 0) {
        if (served->left > 0) {
            size_t taken = count < served->left ? count : served->left;
            served->left -= taken;
            bytes += taken;
            count -= taken;
            if (served->left == 0 && !answer(load, served, served->kind)) return false;
            continue;
        }
        size_t body, head = head_length(bytes, count, &body);
        if (head == 0) {
            if (served->partial_count + count > HEAD_MAX) return false;
            if (!served->partial) served->partial = malloc(HEAD_MAX);
            memcpy(served->partial, bytes, count);
            served->partial_count = count;
            return true;
        }
        char kind = kind_of(bytes, head);
        bytes += head;
        count -= head;
        if (body == 0) {
            if (!answer(load, served, kind)) return false;
        } else {
            served->left = body;
            served->kind = kind;
        }
    }
    return true;
}

static void served_ready(struct cload *load, struct handler *handler, uint32_t events) {
    struct served *served = (struct served *)handler;
    if (events & EPOLLOUT && !flush(served)) return end(load, served);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    size_t kept = served->partial_count;
    if (kept > 0) memcpy(load->scratch, served->partial, kept);
    ssize_t count = recv(served->descriptor, load->scratch + kept, SCRATCH - kept, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end(load, served);
    served->partial_count = 0;
    if (!take(load, served, load->scratch, kept + (size_t)count)) end(load, served);
}

static void listener_ready(struct cload *load, struct handler *handler, uint32_t events) {
    (void)events;
    struct listener *listener = (struct listener *)handler;
    int socket;
    while ((socket = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int one = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct served *served = calloc(1, sizeof *served);
        served->handler.ready = served_ready;
        served->descriptor = socket;
        served->epoll = listener->epoll;
        served->next = load->served;
        served->link = &load->served;
        if (served->next) served->next->link = &served->next;
        load->served = served;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = served};
        if (epoll_ctl(served->epoll, EPOLL_CTL_ADD, socket, &event) != 0) end(load, served);
    }
}

bool cload_listen(struct cload *load, int descriptor, bool urgent) {
    if (load->listener_count == (int)(sizeof load->listeners / sizeof *load->listeners)) return false;
    struct listener *listener = calloc(1, sizeof *listener);
    listener->handler.ready = listener_ready;
    listener->descriptor = descriptor;
    listener->epoll = urgent ? load->urgent : load->epoll;
    load->listeners[load->listener_count++] = &listener->handler;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener};
    return epoll_ctl(listener->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static size_t compose(char *bytes, size_t body) {
    int head = sprintf(
        bytes, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body);
    memset(bytes + head, 'x', body);
    memcpy(bytes + head, "{\"text\":\"", 9);
    memcpy(bytes + (size_t)head + body - 2, "\"}", 2);
    return (size_t)head + body;
}

void backend_prepare(struct cload *load) {
    load->big = malloc(BIG + 256);
    big_length = compose(load->big, BIG);
    small_length = compose(small_answer, SMALL);
}

void backend_end(struct cload *load) {
    while (load->served) end(load, load->served);
}
