#ifndef CLINUX_SOCKETS_H
#define CLINUX_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// Descriptors in one packet, both ways.
enum { CLINUX_DESCRIPTORS_MAX = 64 };

/// What came with a packet besides its bytes.
struct clinux_received {
    int descriptors[CLINUX_DESCRIPTORS_MAX];
    int32_t descriptor_count;
    /// Of the sender, where the socket asks for them (SO_PASSCRED); else has_sender is false.
    bool has_sender;
    pid_t pid;
    uid_t uid;
    gid_t gid;
    /// The packet was longer than the buffer, or had more descriptors than fit.
    bool is_truncated;
};

/// One packet with descriptors, to `address` (null: to the peer). Never blocks, never raises SIGPIPE.
/// -1 and errno on failure.
ssize_t clinux_send_packet(int socket, const void *bytes, size_t count, const int *descriptors,
                           size_t descriptor_count, const struct sockaddr *address, socklen_t address_length);

/// One packet; the descriptors in it are close-on-exec. Never blocks. 0 is the end of the stream, -1 a failure.
ssize_t clinux_receive_packet(int socket, void *bytes, size_t count, struct clinux_received *received);

/// Blocks the signals of the bit set (bit n - 1: signal n) in this thread, and gives a descriptor to read them from.
int clinux_signal_descriptor(uint64_t signals);
/// The next signal of the descriptor; 0: none for now; -1: failure.
int clinux_next_signal(int descriptor);
void clinux_ignore_broken_pipe(void);

/// The process at the other end of a connected unix socket, as it was when it connected. -1 on failure.
int clinux_peer(int socket, pid_t *pid, uid_t *uid, gid_t *gid);
int clinux_accept(int listener);
/// recv(2) and send(2) without waiting or SIGPIPE, as plain system calls: the C library's own are points at which a
/// thread can be cancelled, and pay for that in a program of several threads.
static inline ssize_t clinux_receive(int socket, void *bytes, size_t count) {
    return syscall(SYS_recvfrom, socket, bytes, count, MSG_DONTWAIT, NULL, NULL);
}
static inline ssize_t clinux_send(int socket, const void *bytes, size_t count) {
    return syscall(SYS_sendto, socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}
int clinux_random(void *bytes, size_t count);
int clinux_eventfd(void);

#endif
