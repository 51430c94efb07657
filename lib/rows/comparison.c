#include "rows/comparison.h"
#include <string.h>
#include "rows/compression.h"

/* The fields of one of the two; -1: it has none. */
struct side {
    struct stream_reader *from;
    int pixels, rank, id, bytes, scan;
};

static int open_side(struct side *s, const struct call *call, const char *path, struct error *e)
{
    s->from = stage_open(call, path, e);
    if (!s->from)
        return -1;
    const struct header *h = stream_header(s->from);
    s->rank = header_find(h, compression_field(4)) >= 0 ? 4 : 3;
    if (header_require_kind(h, "samples", e) ||
        (s->pixels = header_require(h, compression_field(s->rank), ELEMENT_U8, s->rank, e)) < 0 ||
        (s->id = header_require(h, "id", ELEMENT_I64, 0, e)) < 0)
        return error_wrap(e, "%s", stream_path(s->from));
    s->bytes = header_require(h, "bytes", ELEMENT_I64, 0, e);
    s->scan = header_require(h, "scan", ELEMENT_I64, 0, e);
    return 0;
}

static int compare_rows(struct quality *q, const struct side *side, const struct cell *const row[2],
                        struct error *e)
{
    const struct cell *a = &row[0][side[0].pixels], *b = &row[1][side[1].pixels];
    const int64_t id[] = {row[0][side[0].id].integer, row[1][side[1].id].integer};
    if (id[0] != id[1])
        return error_set(e, "id %lld, expected %lld like the reference", (long long)id[1],
                         (long long)id[0]);
    if (a->rank != b->rank || memcmp(a->extent, b->extent, (size_t)a->rank * sizeof *a->extent))
        return error_set(e, "pixels of other extents than the reference's");
    if (!a->count)
        return error_set(e, "no pixels");
    const uint32_t *extent = a->extent + (a->rank == 4), frames = a->rank == 4 ? a->extent[0] : 1;
    const size_t size = a->count / frames;
    for (uint32_t f = 0; f < frames; f++)
        if (quality_add(q, (const uint8_t *)a->data + f * size, (const uint8_t *)b->data + f * size,
                        extent[0], extent[1], extent[2], e))
            return -1;
    q->rows++;
    q->coded = side[1].bytes >= 0 && side[1].scan >= 0;
    if (q->coded) {
        q->bytes += (double)row[1][side[1].bytes].integer;
        q->scan += (double)row[1][side[1].scan].integer;
    }
    return 0;
}

static int compare(struct quality *q, const struct side *side, const struct call *call,
                   struct error *e)
{
    const struct cell *row[2];
    struct progress bar;
    int got[2] = {0};
    progress_begin(&bar, call, "row", 0);
    do {
        for (int i = 0; i < 2; i++)
            if ((got[i] = stream_read(side[i].from, &row[i], e)) < 0)
                return -1;
        if (got[0] != got[1])
            return error_set(e, "%s: %lld rows, the other has more", stream_path(side[got[0]].from),
                             (long long)stream_rows(side[got[0]].from));
        if (got[0] && compare_rows(q, side, row, e))
            return error_wrap(e, "%s: row %lld", stream_path(side[1].from),
                              (long long)stream_rows(side[1].from));
        progress_at(&bar, (double)q->rows, NULL);
    } while (got[0]);
    progress_end(&bar);
    return q->rows ? 0 : error_set(e, "%s: no rows", stream_path(side[0].from));
}

int comparison_read(struct comparison *c, const struct call *call, const char *reference,
                    const char *path, struct error *e)
{
    struct side side[2] = {0};
    *c = (struct comparison){0};
    int failed = open_side(&side[0], call, reference, e) || open_side(&side[1], call, path, e) ||
                         compare(&c->quality, side, call, e) ||
                         header_copy(&c->header, stream_header(side[1].from), e)
                     ? -1
                     : 0;
    for (int i = 0; i < 2; i++)
        stream_close(side[i].from);
    return failed;
}

void comparison_free(struct comparison *c)
{
    header_free(&c->header);
    quality_free(&c->quality);
}
