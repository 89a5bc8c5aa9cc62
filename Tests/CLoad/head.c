#define _GNU_SOURCE
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t head_length(const char *bytes, size_t count, size_t *body) {
    static const char name[] = "content-length:";
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    *body = 0;
    if (!end) return 0;
    for (const char *line = bytes; line && line < end; line = memchr(line, '\n', (size_t)(end - line))) {
        if (*line == '\n') line++;
        if ((*line | 0x20) == 'c' && strncasecmp(line, name, sizeof name - 1) == 0) {
            *body = strtoul(line + sizeof name - 1, NULL, 10);
            break;
        }
    }
    return (size_t)(end - bytes) + 4;
}
