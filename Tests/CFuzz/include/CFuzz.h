#ifndef CFUZZ_H
#define CFUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Lets libFuzzer call `check` with ever new bytes, by its own options. False when this program was built without it.
bool cfuzz_run(int count, char **arguments, int (*check)(const uint8_t *bytes, size_t count));

#endif
