/* A table of scores as text. */
#include "fuzz/fuzz.h"
#include "measure/tsv.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct tsv t;
    FILE *from = fopen(fuzz_file(bytes, size), "r");
    must(from);
    int got = tsv_begin(&t, from, &e) ? -1 : 1;
    int64_t rows = 0;
    while (got == 1 && (got = tsv_read(&t, &e)) == 1)
        rows++;
    must(got < 0 || t.rows == rows);
    tsv_free(&t);
    fclose(from);
    return got == 0 && rows > 0;
}
