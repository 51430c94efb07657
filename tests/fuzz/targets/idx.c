/* IDX, plain or gzip: an accepted file has the items that its header tells of. */
#include "fuzz/fuzz.h"
#include "image/idx.h"

enum { MOST_ITEM = 1 << 16 };

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static uint8_t item[MOST_ITEM];
    struct error e;
    struct idx x;
    uint32_t items = 0;
    if (idx_open(&x, fuzz_file(bytes, size), 1, IDX_MAX_RANK, MOST_ITEM, &e))
        return 0;
    must(x.item >= 1 && x.item <= MOST_ITEM);
    int got;
    while ((got = idx_read(&x, item, &e)) == 1)
        items++;
    must(got < 0 || items == x.extent[0]);
    idx_close(&x);
    return got == 0;
}
