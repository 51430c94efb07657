#include "rows/gallery.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

/* ---- gathering ---- */

struct fields {
    int image, id, label;
};

static int find_fields(const struct header *h, const char *image, bool id, bool label,
                       struct fields *f, struct error *e)
{
    int at = header_find(h, image);
    bool map = at >= 0 && h->field[at].element == ELEMENT_F32;
    f->image = header_require(h, image, map ? ELEMENT_F32 : ELEMENT_U8, map ? 2 : 3, e);
    f->id = id ? header_require(h, "id", ELEMENT_I64, 0, e) : -1;
    f->label = label ? header_require(h, "label", ELEMENT_I32, 0, e) : -1;
    return f->image < 0 || (id && f->id < 0) || (label && f->label < 0) ? -1 : 0;
}

static void draw_map(const float *map, size_t count, uint8_t *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = map[i] >= 1 ? 255 : map[i] > 0 ? (uint8_t)(255 * map[i] + 0.5f) : 0; /* or NaN */
}

static int copy_tile(struct gallery *g, struct tile *t, const struct cell *image, struct error *e)
{
    const uint32_t channels = image->rank == 3 ? image->extent[2] : 1;
    if (!image->count || channels > 4)
        return error_set(e, "expected an image of 1 to 4 channels, found %u x %u x %u",
                         image->extent[0], image->extent[1], channels);
    if (image->count > g->most_bytes - g->bytes)
        return error_set(e, "images of more than %zu bytes together: show fewer", g->most_bytes);
    uint8_t *pixels = array_new(image->count, 1, "image", e);
    if (!pixels)
        return -1;
    if (image->element == ELEMENT_F32)
        draw_map(image->data, image->count, pixels);
    else
        memcpy(pixels, image->data, image->count);
    g->bytes += image->count;
    *t = (struct tile){image->extent[0], image->extent[1], channels, pixels};
    return 0;
}

/* Whether the sheet still has room: in all, and in the row of this class. */
static bool has_room(const struct gallery *g, int32_t label)
{
    size_t same = 0;
    for (size_t i = 0; g->by_class && i < g->count && same < g->columns; i++)
        same += g->shown[i].label == label;
    return same < g->columns && g->count < g->most;
}

int gallery_gather(struct gallery *g, struct stream_reader *r, struct error *e)
{
    struct fields f;
    const struct cell *row;
    int got;
    if (find_fields(stream_header(r), g->field, g->paired, g->by_class, &f, e))
        return error_wrap(e, "%s", stream_path(r));
    while ((got = stream_read(r, &row, e)) == 1) {
        int32_t label = f.label < 0 ? -1 : (int32_t)row[f.label].integer;
        if (!has_room(g, label))
            continue;
        if (array_grow((void **)&g->shown, &g->capacity, g->count + 1, sizeof *g->shown, "images",
                       e))
            return -1;
        struct shown *s = &g->shown[g->count];
        *s = (struct shown){
            .id = f.id < 0 ? 0 : row[f.id].integer, .label = label, .order = g->count};
        if (copy_tile(g, &s->tile, &row[f.image], e))
            return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r));
        g->count++;
    }
    return got;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(struct shown *const *)a)->id, y = (*(struct shown *const *)b)->id;
    return (x > y) - (x < y);
}

int gallery_pair(struct gallery *g, struct stream_reader *r, struct error *e)
{
    struct fields f;
    const struct cell *row;
    int got;
    autofree struct shown **sorted = array_new(g->count, sizeof *sorted, "images", e);
    if (!sorted)
        return -1;
    if (find_fields(stream_header(r), g->pair_field, true, false, &f, e))
        return error_wrap(e, "%s", stream_path(r));
    for (size_t i = 0; i < g->count; i++)
        sorted[i] = &g->shown[i];
    qsort(sorted, g->count, sizeof *sorted, by_id);
    while ((got = stream_read(r, &row, e)) == 1) {
        struct shown key = {.id = row[f.id].integer}, *wanted = &key;
        struct shown **found = bsearch(&wanted, sorted, g->count, sizeof *sorted, by_id);
        if (!found)
            continue;
        while (found > sorted && found[-1]->id == key.id)
            found--;
        for (; found < sorted + g->count && (*found)->id == key.id; found++)
            if (!(*found)->pair.pixels && copy_tile(g, &(*found)->pair, &row[f.image], e))
                return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r));
    }
    for (size_t i = 0; got == 0 && i < g->count; i++)
        if (!g->shown[i].pair.pixels)
            return error_set(e, "%s: no image of id %lld, which the first stream shows",
                             stream_path(r), (long long)g->shown[i].id);
    return got;
}

/* ---- places ---- */

static int by_label(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Steps to the place of image i: row and column are those of the one before it. */
static void next_place(const struct gallery *g, size_t i, size_t *row, size_t *column)
{
    const struct shown *one = &g->shown[i];
    if (i == 0)
        return;
    if (++*column == g->columns || (g->by_class && one->label != one[-1].label)) {
        *row += g->paired ? 2 : 1;
        *column = 0;
    }
}

int gallery_lay_out(struct gallery *g, struct sheet *s, struct error *e)
{
    size_t row = 0, column = 0;
    s->together = g->paired ? 2 : 1;
    if (g->by_class)
        qsort(g->shown, g->count, sizeof *g->shown, by_label);
    s->columns = 0;
    for (size_t i = 0; i < g->count; i++) {
        next_place(g, i, &row, &column);
        s->columns = column + 1 > s->columns ? column + 1 : s->columns;
    }
    s->rows = row + s->together;
    free(g->tile);
    if (!(g->tile = array_new(s->rows * s->columns, sizeof *g->tile, "sheet", e)))
        return -1;
    row = column = 0;
    for (size_t i = 0; i < g->count; i++) {
        next_place(g, i, &row, &column);
        g->tile[row * s->columns + column] = g->shown[i].tile;
        if (g->paired)
            g->tile[(row + 1) * s->columns + column] = g->shown[i].pair;
    }
    s->tile = g->tile;
    return 0;
}

void gallery_free(struct gallery *g)
{
    for (size_t i = 0; i < g->count; i++) {
        free((void *)g->shown[i].tile.pixels);
        free((void *)g->shown[i].pair.pixels);
    }
    free(g->shown);
    free(g->tile);
}
