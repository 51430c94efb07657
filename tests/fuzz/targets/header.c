/* A stream's header: what is accepted is packed and read back the same. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "stream/codec.h"

static bool is_same(const struct header *a, const struct header *b)
{
    bool same = strcmp(a->kind, b->kind) == 0 && a->fields == b->fields &&
                value_equal(a->meta, b->meta) && value_equal(a->history, b->history);
    for (int i = 0; same && i < a->fields; i++) {
        char x[1024], y[1024];
        field_text(&a->field[i], x, sizeof x);
        field_text(&b->field[i], y, sizeof y);
        same = strcmp(x, y) == 0;
    }
    return same;
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct walk walk = {0};
    struct header h, again;
    if (walk_object(&walk, bytes, size, &e) != 1)
        return 0;
    must(walk.at <= size);
    if (header_unpack(&h, bytes, walk.at, &e))
        return 0;
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    must(header_pack(&h, &packed, &e) == 0);
    must(header_unpack(&again, (const uint8_t *)packed.data, packed.size, &e) == 0);
    must(is_same(&h, &again));
    msgpack_sbuffer_destroy(&packed);
    header_free(&again);
    header_free(&h);
    return 1;
}
