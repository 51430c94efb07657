/* NumPy's array file: an accepted one has the bytes that its shape tells of. */
#include "fuzz/fuzz.h"
#include "stream/npy.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct npy_source n;
    if (npy_source_open(&n, fuzz_file(bytes, size), &e))
        return 0;
    must(n.rank >= 0 && n.rank <= STREAM_MAX_RANK + 1 && element_size(n.element));
    size_t left = element_size(n.element);
    for (int i = 0; i < n.rank; i++)
        if (__builtin_mul_overflow(left, n.extent[i], &left) || left > size) {
            npy_source_close(&n);
            return 0;
        }
    uint8_t *data = malloc(left + 1);
    int failed = npy_source_read(&n, data, left, &e);
    must(failed || left < size);
    free(data);
    failed |= npy_source_end(&n, &e);
    return !failed;
}
