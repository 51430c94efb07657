#include "image/codec.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "image/picture.h"

int coded_append(struct coded *c, const void *bytes, size_t size, struct error *e)
{
    if (array_grow((void **)&c->bytes, &c->capacity, c->size + size, 1, "coded bytes", e))
        return -1;
    if (bytes) {
        memcpy(c->bytes + c->size, bytes, size);
        c->size += size;
    }
    return 0;
}

int coded_decode(const uint8_t *bytes, size_t size, int rank, const uint32_t *extent, uint8_t *left,
                 struct error *e)
{
    struct picture p;
    if (rank != 3)
        return error_set(e, "coded clips cannot be decoded here");
    if (picture_decode(&p, bytes, size, 0, e))
        return -1;
    if (p.height != extent[0] || p.width != extent[1] || p.channels != extent[2])
        return error_set(e, "a picture of %u x %u x %u, expected %u x %u x %u", p.height, p.width,
                         p.channels, extent[0], extent[1], extent[2]);
    size_t count = (size_t)p.height * p.width * p.channels;
    if (picture_decode(&p, bytes, size, count, e))
        return -1;
    memcpy(left, p.pixels, count);
    free(p.pixels);
    return 0;
}

const char *coded_ending(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *ending, *magic;
        size_t size;
    } KNOWN[] = {{"png", "\x89PNG\r\n\x1a\n", 8}, {"jpg", "\xff\xd8\xff", 3}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (size >= KNOWN[i].size && !memcmp(bytes, KNOWN[i].magic, KNOWN[i].size))
            return KNOWN[i].ending;
    return NULL;
}

/* ---- levels ---- */

int levels_parse(struct levels *l, const char *text, struct error *e)
{
    l->count = 0;
    for (const char *at = text;; at++) {
        char *end;
        errno = 0;
        long level = strtol(at, &end, 10);
        if (end == at || errno || level < 0 || level > INT32_MAX || (*end && *end != ','))
            return error_set(e, "expected whole numbers parted by commas, found '%s'", text);
        if (l->count == LEVELS_MOST)
            return error_set(e, "expected at most %d levels", LEVELS_MOST);
        l->level[l->count++] = (int)level;
        at = end;
        if (!*end)
            return 0;
    }
}

int levels_fit(const struct levels *l, const struct codec *c, struct error *e)
{
    for (int i = 0; i < l->count; i++)
        if (l->level[i] < c->least || l->level[i] > c->most)
            return error_set(e, "%s has levels from %d to %d, found %d", c->name, c->least, c->most,
                             l->level[i]);
    return 0;
}

int levels_draw(const struct levels *l, uint64_t seed, uint64_t epoch, int64_t id)
{
    struct random r = random_stream(seed, "level", epoch);
    return l->level[(int)(random_uniform_at(&r, (uint64_t)id) * l->count)];
}
