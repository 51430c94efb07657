/* A whole stream as it comes, trailer and further parts too, into a table. */
#include "fuzz/fuzz.h"
#include "stream/table.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static const struct stream_limits limits = {1 << 16};
    struct error e;
    struct table t;
    if (table_read(&t, fuzz_file(bytes, size), &limits, &e))
        return 0;
    for (int i = 0; i < t.header.fields; i++)
        must(t.rows == 0 || t.column[i].data);
    table_free(&t);
    return 1;
}
