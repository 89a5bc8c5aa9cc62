#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Makes all of one file share its blocks with another, where the file system can (ioctl_ficlone(2)). 0 or -1.
int clinux_clone_file(int from, int to);

/// Copies up to so many bytes to the same place of another file, within the kernel where it can. The number of bytes
/// copied, 0 at the end, or -1.
ssize_t clinux_copy_bytes(int from, int to, int64_t offset, size_t count);

/// Where written bytes begin and where they end, from an offset on; lseek(2). -1 with ENXIO: only a hole is left.
int64_t clinux_next_data(int file, int64_t offset);
int64_t clinux_next_hole(int file, int64_t offset);

/// Puts each of two paths of one file system in the other's place, in one step; renameat2(2). 0 or -1.
int clinux_exchange(const char *one, const char *other);

#endif
