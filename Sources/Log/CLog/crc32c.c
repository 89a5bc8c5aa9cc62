#include "CLog.h"

#include <string.h>

/// The polynomial, bits reversed.
static const uint32_t polynomial = 0x82f63b78;

uint32_t clog_crc32c_portable(uint32_t crc, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    crc = ~crc;
    while (length-- > 0) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (polynomial & -(crc & 1));
    }
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    uint64_t state = ~crc;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        state = _mm_crc32_u64(state, word);
        at += 8;
        length -= 8;
    }
    uint32_t rest = (uint32_t)state;
    while (length-- > 0) rest = _mm_crc32_u8(rest, *at++);
    return ~rest;
}

uint32_t clog_crc32c(uint32_t crc, const void *bytes, size_t length) {
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, bytes, length);
    return clog_crc32c_portable(crc, bytes, length);
}

#else

uint32_t clog_crc32c(uint32_t crc, const void *bytes, size_t length) {
    return clog_crc32c_portable(crc, bytes, length);
}

#endif
