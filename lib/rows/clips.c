#include "rows/clips.h"
#include <stdlib.h>
#include "base/memory.h"
#include "rows/batch.h"
#include "rows/follow.h"

enum { MOST_SIDE = 65535 }; /* as of images */

static const char *const own[] = {"clip", "image", NULL};

struct run {
    const struct clips *clips;
    const struct header *header; /* of what is read */
    int clip;                    /* the field */
    struct cell *cell;           /* of the row being written */
    struct stream_writer *to;
};

/* What becomes of a row: clips->pictures of these extents, back to back. */
struct result {
    uint8_t *pictures;
    size_t capacity;
    uint32_t extent[3];
};

static void free_result(void *result)
{
    free(((struct result *)result)->pictures);
}

static size_t size_of_picture(const struct clips *c, const struct cell *clip)
{
    const uint32_t channels = c->channels ? (uint32_t)c->channels : clip->extent[3];
    return (size_t)clip->extent[1] * clip->extent[2] * channels;
}

static size_t room_for(void *context, const struct cell *row)
{
    const struct run *r = context;
    return (size_t)r->clips->pictures * size_of_picture(r->clips, &row[r->clip]);
}

static int cut(void *context, int thread, struct cell *row, void *result, struct error *e)
{
    const struct run *r = context;
    const struct clips *c = r->clips;
    const struct cell *clip = &row[r->clip];
    struct result *to = result;
    const uint32_t *extent = clip->extent;
    const size_t size = size_of_picture(c, clip);
    size_t frame = (size_t)extent[1] * extent[2] * extent[3], all;
    (void)thread;
    if (!clip->count || extent[0] < (uint32_t)c->window)
        return error_set(e, "a clip of %u frames of %ux%ux%u, expected at least %d", extent[0],
                         extent[1], extent[2], extent[3], c->window);
    if (extent[1] > MOST_SIDE || extent[2] > MOST_SIDE)
        return error_set(e, "frames of %u x %u, expected at most %d a side", extent[1], extent[2],
                         MOST_SIDE);
    if (size_multiply(size, (size_t)c->pictures, &all) ||
        array_grow((void **)&to->pictures, &to->capacity, all, 1, "pictures", e))
        return -1;
    to->extent[0] = extent[1];
    to->extent[1] = extent[2];
    to->extent[2] = (uint32_t)(size / extent[1] / extent[2]);
    const uint64_t places = extent[0] - (uint32_t)c->window + 1, n = (uint64_t)c->pictures;
    for (uint64_t i = 0; i < n; i++) { /* in the middle of each of n parts */
        const uint64_t first = places * (2 * i + 1) / (2 * n);
        if (c->make(c, (const uint8_t *)clip->data + first * frame, (int)extent[1], (int)extent[2],
                    (int)extent[3], to->pictures + i * size, e))
            return -1;
    }
    return 0;
}

static int write_pictures(void *context, const struct cell *row, void *result, struct error *e)
{
    struct run *r = context;
    const struct result *of = result;
    const size_t size = (size_t)of->extent[0] * of->extent[1] * of->extent[2];
    int n = 0;
    for (int i = 0; i < r->header->fields; i++)
        if (follow_passes(r->header->field[i].name, own))
            r->cell[n++] = row[i];
    for (int64_t i = 0; i < r->clips->pictures; i++) {
        r->cell[n] = cell_tensor(ELEMENT_U8, 3, of->extent, of->pictures + (size_t)i * size);
        if (stream_write(r->to, r->cell, e))
            return -1;
    }
    return 0;
}

static int create(struct run *r, const struct call *call, struct error *e)
{
    struct header h = {0};
    const struct clips *c = r->clips;
    const int64_t *clip = r->header->field[r->clip].extent;
    const int64_t extent[] = {clip[1], clip[2], c->channels ? c->channels : clip[3]};
    if (!follow_fields(&h, "samples", r->header, own, e) &&
        header_add_field(&h, "image", ELEMENT_U8, 3, extent, e) >= 0) {
        if ((c->flow && !value_set(h.meta, "flow", value_copy(c->flow))) ||
            (c->normalisation && !value_set(h.meta, "normalisation", value_copy(c->normalisation))))
            error_set(e, "out of memory");
        else
            r->to = stage_create(call, &h, NULL, e);
    }
    header_free(&h);
    return r->to ? 0 : -1;
}

static int run_all(struct run *r, const struct call *call, struct stream_reader *from,
                   struct error *e)
{
    const struct batch_job job = {.context = r,
                                  .result_size = sizeof(struct result),
                                  .room = room_for,
                                  .work = cut,
                                  .write = write_pictures,
                                  .free = free_result};
    r->header = stream_header(from);
    if (header_require_kind(r->header, "samples", e) ||
        (r->clip = header_require(r->header, "clip", ELEMENT_U8, 4, e)) < 0)
        return error_wrap(e, "%s", stream_path(from));
    autofree struct cell *cell = r->cell =
        array_new((size_t)r->header->fields + 1, sizeof *cell, "cells", e);
    if (!cell || create(r, call, e))
        return -1;
    stream_follow(r->to, from);
    if (!batch_run(&job, from, e))
        return stream_commit(r->to, e);
    stream_abandon(r->to);
    return -1;
}

int clips_run(const struct clips *c, const struct call *call, struct error *e)
{
    struct run r = {.clips = c};
    struct stream_reader *from = stage_open(call, call->argc ? call->argv[0] : NULL, e);
    int failed = from ? run_all(&r, call, from, e) : -1;
    stream_close(from);
    return failed;
}
