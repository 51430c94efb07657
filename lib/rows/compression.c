#include "rows/compression.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "rows/batch.h"
#include "rows/follow.h"

/* What comes of a row. */
struct result {
    struct coded coded; /* kept only where it is passed on */
    size_t bytes, scan; /* of it */
    uint8_t *left;      /* pixels; those of compression lie where the row's were */
    size_t left_capacity;
    int level;
};

/* What a thread works with. */
struct worker {
    void *coder;        /* opened by the first row */
    struct coded coded; /* where it is not passed on: one that stays in the cache */
};

/* A run, of either direction. */
struct run {
    const struct compression *c; /* NULL: decompression */
    const struct call *call;
    const struct header *header; /* of the stream that is read */
    const char *const *own;      /* fields that do not pass on */
    int rank;                    /* of the pixels */
    int id, from, extent;        /* fields that are read: pixels or files; -1: not needed */
    struct worker *worker;       /* [threads] */
    struct cell *cell;           /* of the row being written */
    struct stream_writer *to;
};

const char *compression_field(int rank)
{
    return rank == 3 ? "image" : "clip";
}

static void free_result(void *result)
{
    struct result *r = result;
    free(r->coded.bytes);
    free(r->left);
}

static int make_room(struct result *r, size_t count, struct error *e)
{
    return array_grow((void **)&r->left, &r->left_capacity, count, 1, "pixels", e);
}

/* Writes what passes on of a row, and what is put in behind it. */
static int write_row(struct run *r, const struct cell *row, const struct cell *put_in, int count,
                     struct error *e)
{
    int n = 0;
    for (int i = 0; i < r->header->fields; i++)
        if (follow_passes(r->header->field[i].name, r->own))
            r->cell[n++] = row[i];
    memcpy(r->cell + n, put_in, (size_t)count * sizeof *put_in);
    return stream_write(r->to, r->cell, e);
}

static int run_all(struct run *r, const struct batch_job *job, struct stream_reader *from,
                   struct error *e)
{
    enum { MOST_PUT_IN = 5 };
    stream_follow(r->to, from);
    r->cell = array_new((size_t)r->header->fields + MOST_PUT_IN, sizeof *r->cell, "cells", e);
    int failed = r->cell ? batch_run(job, from, e) : -1;
    free(r->cell);
    if (!failed)
        return stream_commit(r->to, e);
    stream_abandon(r->to);
    return -1;
}

/* ---- compression ---- */

static size_t pixels_of(void *context, const struct cell *row)
{
    const struct run *r = context;
    return row[r->from].count;
}

static int compress_row(void *context, int thread, struct cell *row, void *result, struct error *e)
{
    struct run *r = context;
    struct result *to = result;
    const struct compression *c = r->c;
    const struct cell *pixels = &row[r->from];
    struct worker *w = &r->worker[thread];
    struct coded *coded = c->coded ? &to->coded : &w->coded;
    if (!pixels->count)
        return error_set(e, "%s: no pixels", compression_field(r->rank));
    if (!w->coder && !(w->coder = c->codec->open(&c->settings, e)))
        return -1;
    to->level = !c->codec->most ? -1
                : c->levels.count > 1
                    ? levels_draw(&c->levels, r->call->seed, c->epoch, row[r->id].integer)
                    : c->levels.level[0];
    if (c->codec->code(w->coder, to->level, pixels->extent, pixels->data, coded,
                       c->coded ? NULL : (uint8_t *)pixels->data, e))
        return -1;
    to->bytes = coded->size;
    to->scan = coded->scan;
    return 0;
}

static int write_compressed(void *context, const struct cell *row, void *result, struct error *e)
{
    struct run *r = context;
    const struct result *of = result;
    const struct cell *pixels = &row[r->from];
    const uint32_t size = (uint32_t)of->bytes, rank = (uint32_t)r->rank;
    struct cell put_in[] = {
        cell_int(ELEMENT_I64, (int64_t)of->bytes),
        cell_int(ELEMENT_I64, (int64_t)of->scan),
        cell_int(ELEMENT_I32, of->level),
        *pixels,
        {0},
    };
    if (!r->c->coded)
        return write_row(r, row, put_in, 4, e);
    put_in[3] = cell_tensor(ELEMENT_I32, 1, &rank, pixels->extent);
    put_in[4] = cell_tensor(ELEMENT_U8, 1, &size, of->coded.bytes);
    return write_row(r, row, put_in, 5, e);
}

/* Meta `codec`; NULL where memory is out. */
static struct value *codec_value(const struct compression *c, const struct field *pixels)
{
    struct value *v = value_map();
    value_set_text(v, "name", c->codec->name);
    c->codec->describe(&c->settings, v);
    struct value *extent = value_set(v, "extent", value_array());
    for (int d = 0; d < pixels->rank; d++)
        value_append(extent, pixels->extent[d] < 0 ? value_nil() : value_int(pixels->extent[d]));
    if (c->codec->most) {
        struct value *levels = value_set(v, "levels", value_array());
        for (int i = 0; i < c->levels.count; i++)
            value_append(levels, value_int(c->levels.level[i]));
        if (c->levels.count > 1)
            value_set_int(v, "epoch", (int64_t)c->epoch);
    }
    if (value_is_whole(v))
        return v;
    value_free(v);
    return NULL;
}

static int add_fields(struct header *h, const struct compression *c, const struct field *pixels,
                      struct error *e)
{
    const int64_t rank = pixels->rank, free_extent = -1;
    if (header_add_field(h, "bytes", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "scan", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "level", ELEMENT_I32, 0, NULL, e) < 0)
        return -1;
    if (!c->coded)
        return header_add_field(h, pixels->name, ELEMENT_U8, pixels->rank, pixels->extent, e);
    return header_add_field(h, "extent", ELEMENT_I32, 1, &rank, e) < 0
               ? -1
               : header_add_field(h, "coded", ELEMENT_U8, 1, &free_extent, e);
}

static int create_compressed(struct run *r, struct error *e)
{
    struct header h = {0};
    const struct field *pixels = &r->header->field[r->from];
    struct value *codec = codec_value(r->c, pixels);
    if (!codec)
        error_set(e, "out of memory: the codec's settings");
    else if (!follow_fields(&h, "samples", r->header, r->own, e) &&
             add_fields(&h, r->c, pixels, e) >= 0) {
        if (value_set(h.meta, "codec", value_copy(codec)))
            r->to = stage_create(r->call, &h, NULL, e);
        else
            error_set(e, "out of memory: the codec's settings");
    }
    header_free(&h);
    if (r->to && stage_note(r->call, r->to, "codec", codec, e)) {
        stream_abandon(r->to);
        r->to = NULL;
    }
    value_free(codec);
    return r->to ? 0 : -1;
}

int compression_run(const struct compression *c, const struct call *call, struct stream_reader *r,
                    struct error *e)
{
    const char *field = compression_field(c->codec->rank);
    const char *const own[] = {field, "bytes", "scan", "level", "extent", "coded", NULL};
    const int threads = omp_get_max_threads();
    struct run run = {.c = c,
                      .call = call,
                      .header = stream_header(r),
                      .own = own,
                      .rank = c->codec->rank,
                      .id = -1};
    const struct batch_job job = {.context = &run,
                                  .result_size = sizeof(struct result),
                                  .room = pixels_of,
                                  .work = compress_row,
                                  .write = write_compressed,
                                  .free = free_result};
    if (header_require_kind(run.header, "samples", e) ||
        (run.from = header_require(run.header, field, ELEMENT_U8, run.rank, e)) < 0 ||
        (c->levels.count > 1 && (run.id = header_require(run.header, "id", ELEMENT_I64, 0, e)) < 0))
        return error_wrap(e, "%s", stream_path(r));
    run.worker = array_new((size_t)threads, sizeof *run.worker, "coders", e);
    int failed = !run.worker || create_compressed(&run, e) ? -1 : run_all(&run, &job, r, e);
    for (int i = 0; run.worker && i < threads; i++) {
        c->codec->close(run.worker[i].coder);
        free(run.worker[i].coded.bytes);
    }
    free(run.worker);
    return failed;
}

/* ---- decompression ---- */

/* Bytes of the pixels, or 0 where there are none or more than SIZE_MAX: a row's extents are not to
 * be trusted. */
static size_t extent_bytes(const struct cell *extent)
{
    const int32_t *of = extent->data;
    size_t count = 1;
    for (size_t d = 0; d < extent->count; d++)
        if (of[d] < 1 || size_multiply(count, (size_t)of[d], &count))
            return 0;
    return count;
}

static size_t pixels_of_coded(void *context, const struct cell *row)
{
    const struct run *r = context;
    return extent_bytes(&row[r->extent]);
}

static int decompress_row(void *context, int thread, struct cell *row, void *result,
                          struct error *e)
{
    (void)thread;
    struct run *r = context;
    struct result *to = result;
    const struct cell *extent = &row[r->extent], *coded = &row[r->from];
    size_t count = extent_bytes(extent);
    if (!count || count > r->call->most_tensor_bytes)
        return error_set(e, "extent: expected from 1 to %zu pixels and channels in all",
                         r->call->most_tensor_bytes);
    return make_room(to, count, e) ||
                   coded_decode(coded->data, coded->count, r->rank, extent->data, to->left, e)
               ? -1
               : 0;
}

static int write_decompressed(void *context, const struct cell *row, void *result, struct error *e)
{
    struct run *r = context;
    const struct result *of = result;
    const struct cell pixels = cell_tensor(ELEMENT_U8, r->rank, row[r->extent].data, of->left);
    return write_row(r, row, &pixels, 1, e);
}

/* What meta says of the pixels' extents, where it does. */
static void read_extents(const struct header *h, int rank, int64_t *extent)
{
    const struct value *of = value_get(value_get(h->meta, "codec"), "extent");
    bool known = of && of->type == VALUE_ARRAY && of->count == (size_t)rank;
    for (int d = 0; d < rank; d++) {
        const struct value *x = known ? of->item[d] : NULL;
        extent[d] = x && x->type == VALUE_INT && x->integer > 0 && x->integer <= INT32_MAX
                        ? x->integer
                        : -1;
    }
}

static int create_decompressed(struct run *r, struct error *e)
{
    struct header h = {0};
    int64_t extent[STREAM_MAX_RANK];
    read_extents(r->header, r->rank, extent);
    if (!follow_fields(&h, "samples", r->header, r->own, e) &&
        header_add_field(&h, compression_field(r->rank), ELEMENT_U8, r->rank, extent, e) >= 0)
        r->to = stage_create(r->call, &h, NULL, e);
    header_free(&h);
    return r->to ? 0 : -1;
}

int decompression_run(const struct call *call, struct stream_reader *r, struct error *e)
{
    static const char *const own[] = {"image", "clip", "extent", "coded", NULL};
    struct run run = {.call = call, .header = stream_header(r), .own = own, .id = -1};
    const struct batch_job job = {.context = &run,
                                  .result_size = sizeof(struct result),
                                  .room = pixels_of_coded,
                                  .work = decompress_row,
                                  .write = write_decompressed,
                                  .free = free_result};
    if (header_require_kind(run.header, "samples", e) ||
        (run.from = header_require(run.header, "coded", ELEMENT_U8, 1, e)) < 0 ||
        (run.extent = header_require(run.header, "extent", ELEMENT_I32, 1, e)) < 0)
        return error_wrap(e, "%s", stream_path(r));
    run.rank = (int)run.header->field[run.extent].extent[0];
    if (run.rank != 3 && run.rank != 4)
        return error_set(e, "%s: extent: expected 3 of a picture or 4 of a clip", stream_path(r));
    return create_decompressed(&run, e) ? -1 : run_all(&run, &job, r, e);
}
