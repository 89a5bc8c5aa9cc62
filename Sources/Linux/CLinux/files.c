#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_clone_file(int from, int to) { return ioctl(to, FICLONE, from); }

ssize_t clinux_copy_bytes(int from, int to, int64_t offset, size_t count) {
    off64_t in = offset, out = offset;
    ssize_t copied = copy_file_range(from, &in, to, &out, count, 0);
    if (copied > 0) return copied;
    if (copied < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return -1;
    // Between file systems that do not know each other, by hand. Some say 0 instead of that they cannot.
    static char buffer[256 << 10];
    ssize_t length = pread(from, buffer, count < sizeof buffer ? count : sizeof buffer, offset);
    for (ssize_t written = 0; written < length;) {
        ssize_t more = pwrite(to, buffer + written, (size_t)(length - written), offset + written);
        if (more < 0) return -1;
        written += more;
    }
    return length;
}

int64_t clinux_next_data(int file, int64_t offset) { return lseek(file, offset, SEEK_DATA); }

int64_t clinux_next_hole(int file, int64_t offset) { return lseek(file, offset, SEEK_HOLE); }

int clinux_exchange(const char *one, const char *other) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}
