/// CRC32C (Castagnoli, RFC 3720 appendix B.4): by the processor's own instruction where it has one.
#ifndef CLOG_H
#define CLOG_H

#include <stddef.h>
#include <stdint.h>

/// The checksum of `length` bytes, continuing from `crc`, the checksum of what came before them (0 at the start).
uint32_t clog_crc32c(uint32_t crc, const void *bytes, size_t length);

/// The same without the instruction; for processors that lack it, and for tests that compare the two.
uint32_t clog_crc32c_portable(uint32_t crc, const void *bytes, size_t length);

#endif
