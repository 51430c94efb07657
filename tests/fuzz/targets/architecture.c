/* An architecture or a search's state, as a stream: what is accepted is a genotype in order. */
#include "fuzz/fuzz.h"
#include "network/architecture.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static const struct stream_limits limits = {1 << 16};
    struct error e;
    struct genotype g;
    struct header from;
    char digest[17];
    const char *path = fuzz_stream(bytes, size);
    if (!path || genotype_read(&g, path, &limits, &from, digest, &e))
        return 0;
    must(genotype_check(&g, &e) == 0);
    header_free(&from);
    return 1;
}
