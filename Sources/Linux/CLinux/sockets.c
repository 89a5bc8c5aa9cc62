#define _GNU_SOURCE
#include "CLinux.h"

#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>

ssize_t clinux_send_packet(int socket, const void *bytes, size_t count, const int *descriptors,
                           size_t descriptor_count, const struct sockaddr *address, socklen_t address_length) {
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(sizeof(int) * CLINUX_DESCRIPTORS_MAX)];
    } control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = address ? address_length : 0, .msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > CLINUX_DESCRIPTORS_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (descriptor_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
    }
    ssize_t result;
    do {
        result = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    return result;
}

static void keep_rights(struct cmsghdr *header, struct clinux_received *received) {
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof descriptor);
        if (received->descriptor_count < CLINUX_DESCRIPTORS_MAX) {
            received->descriptors[received->descriptor_count++] = descriptor;
        } else {
            close(descriptor);
            received->is_truncated = true;
        }
    }
}

ssize_t clinux_receive_packet(int socket, void *bytes, size_t count, struct clinux_received *received) {
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(sizeof(int) * CLINUX_DESCRIPTORS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    memset(received, 0, sizeof *received);
    ssize_t result;
    do {
        result = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return result;
    received->is_truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_RIGHTS) keep_rights(header, received);
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            received->has_sender = true;
            received->pid = sender.pid;
            received->uid = sender.uid;
            received->gid = sender.gid;
        }
    }
    return result;
}

int clinux_signal_descriptor(uint64_t signals) {
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number <= 64; number++) {
        if (signals & ((uint64_t)1 << (number - 1))) sigaddset(&set, number);
    }
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) return -1;
    int code = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (code == 0) return descriptor;
    close(descriptor);
    errno = code;
    return -1;
}

int clinux_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    ssize_t count;
    do {
        count = read(descriptor, &information, sizeof information);
    } while (count < 0 && errno == EINTR);
    if (count == sizeof information) return (int)information.ssi_signo;
    return count < 0 && errno == EAGAIN ? 0 : -1;
}

void clinux_ignore_broken_pipe(void) { signal(SIGPIPE, SIG_IGN); }

int clinux_peer(int socket, pid_t *pid, uid_t *uid, gid_t *gid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -1;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int clinux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int clinux_random(void *bytes, size_t count) {
    char *next = bytes;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        next += got;
        count -= (size_t)got;
    }
    return 0;
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
