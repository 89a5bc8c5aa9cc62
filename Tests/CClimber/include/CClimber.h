/// System calls by their names and numbers, as somebody would make them who wants out.
#ifndef CCLIMBER_H
#define CCLIMBER_H

#include <stddef.h>
#include <sys/types.h>

/// The names of all calls that `climber_call` knows, and how many there are: each succeeds, or fails with another code than EPERM and ENOSYS,
/// for any process that no filter holds.
const char *climber_name(size_t index);
size_t climber_count(void);

/// Makes one of them; the code of its failure, 0 for success, -1 when the name is not known.
int climber_call(const char *name);

/// The codes of what one process does to another: 0 for success.
int climber_trace(pid_t pid);
int climber_read_memory(pid_t pid);
/// Connects a TCP socket, made new or (with `listener` not -1) a listening one turned into another.
int climber_connect(int port, int listener);
int climber_connect_unix(const char *path);
int climber_send_unix(const char *path);
/// Sends the first bytes with the connection (TCP Fast Open) from a socket that was a listener.
int climber_fast_open(int port, int listener);
/// A raw or otherwise special socket.
int climber_socket(int family, int type);

#endif
