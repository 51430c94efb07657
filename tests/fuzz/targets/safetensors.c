/* A safetensors file: what is accepted becomes a stream of the rows that its header tells of. */
#include "fuzz/fuzz.h"
#include "rows/import.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static const struct stream_limits limits = {1 << 16};
    struct error e;
    struct import m;
    if (import_open(&m, &IMPORT_SAFETENSORS, fuzz_file(bytes, size), &limits, &e))
        return 0;
    struct stream_writer *w = stream_create("/dev/null", &m.header, &e);
    must(w);
    int got;
    while ((got = import_next(&m, w, &e)) == 1)
        ;
    import_close(&m);
    must(got < 0 || stream_commit(w, &e) == 0);
    if (got < 0)
        stream_abandon(w);
    return got == 0;
}
