#include "image/codec.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "image/media.h"
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

static int decode_picture(const uint8_t *bytes, size_t size, const uint32_t *extent, uint8_t *left,
                          struct error *e)
{
    struct picture p;
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

/* The part of a frame of even sides that an odd one is; of a grey one, which decoders give colours
 * that are all the same, the first. */
static int crop(const struct video *v, const uint8_t *frame, const uint32_t *extent, uint8_t *left,
                struct error *e)
{
    const uint32_t from = v->channels, to = extent[3];
    for (size_t y = 0; y < extent[1]; y++, frame += (size_t)v->width * from)
        for (size_t x = 0; x < extent[2]; x++)
            for (uint32_t c = 0; c < from; c++)
                if (c < to)
                    *left++ = frame[x * from + c];
                else if (frame[x * from + c] != frame[x * from])
                    return error_set(e, "colour, expected a grey clip");
    return 0;
}

static int decode_clip(struct video *v, const uint32_t *extent, uint8_t *left, struct error *e)
{
    const size_t size = (size_t)extent[1] * extent[2] * extent[3];
    const uint32_t height = extent[1] + extent[1] % 2, width = extent[2] + extent[2] % 2;
    uint32_t frames = 0;
    int got;
    if (v->height != height || v->width != width || v->channels < extent[3])
        return error_set(e, "a clip of %u x %u x %u, expected %u x %u x %u", v->height, v->width,
                         v->channels, height, width, extent[3]);
    autofree uint8_t *frame = array_new((size_t)height * width, v->channels, "a frame", e);
    if (!frame)
        return -1;
    for (; (got = v->read(v, frame, e)) == 1; frames++)
        if (frames == extent[0])
            return error_set(e, "more frames than the %u expected", extent[0]);
        else if (crop(v, frame, extent, left + frames * size, e))
            return -1;
    return got == 0 && frames < extent[0]
               ? error_set(e, "%u frames, expected %u", frames, extent[0])
               : got;
}

static int decode_h264(const uint8_t *bytes, size_t size, const uint32_t *extent, uint8_t *left,
                       struct error *e)
{
    struct video v;
    FILE *from = size ? fmemopen((void *)bytes, size, "rb") : NULL;
    if (!from)
        return error_set(e, size ? "out of memory: a clip" : "no bytes");
    int failed = media_open(&v, from, SIZE_MAX, e);
    if (!failed) {
        failed = decode_clip(&v, extent, left, e);
        v.close(&v);
    }
    fclose(from);
    return failed;
}

int coded_decode(const uint8_t *bytes, size_t size, int rank, const uint32_t *extent, uint8_t *left,
                 struct error *e)
{
    return rank == 3 ? decode_picture(bytes, size, extent, left, e)
                     : decode_h264(bytes, size, extent, left, e);
}

const char *coded_ending(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *ending, *magic;
        size_t size;
    } KNOWN[] = {
        {"png", "\x89PNG\r\n\x1a\n", 8}, {"jpg", "\xff\xd8\xff", 3}, {"264", "\0\0\0\1\x67", 5}};
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
