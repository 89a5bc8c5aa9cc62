#include "CFuzz.h"

#include <stdlib.h>

// libFuzzer as a library (llvm.org/docs/LibFuzzer.html); there only in builds with its runtime.
__attribute__((weak)) int LLVMFuzzerRunDriver(int *count, char ***arguments,
                                              int (*check)(const uint8_t *bytes, size_t count));
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

bool cfuzz_run(int count, char **arguments, int (*check)(const uint8_t *bytes, size_t count)) {
    if (!LLVMFuzzerRunDriver) return false;
    LLVMFuzzerRunDriver(&count, &arguments, check);
    return true;
}

/// The runtime's own `main`, for which ours stands, asks for it.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    (void)bytes;
    (void)count;
    abort();
}
