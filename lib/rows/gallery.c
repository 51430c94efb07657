#include "rows/gallery.h"
#include <math.h>
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
    if (find_fields(stream_header(r), g->field, g->paired || g->mapped, g->by_class, &f, e))
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

/* What is shown, in the order of the ids; the caller's to free. */
static struct shown **sort_by_id(const struct gallery *g, struct error *e)
{
    struct shown **sorted = array_new(g->count, sizeof *sorted, "images", e);
    for (size_t i = 0; sorted && i < g->count; i++)
        sorted[i] = &g->shown[i];
    if (sorted)
        qsort(sorted, g->count, sizeof *sorted, by_id);
    return sorted;
}

/* The first of this id, or NULL; `end` is behind the last. */
static struct shown **find_shown(const struct gallery *g, struct shown **sorted, int64_t id,
                                 struct shown ***end)
{
    struct shown key = {.id = id}, *wanted = &key;
    struct shown **found = bsearch(&wanted, sorted, g->count, sizeof *sorted, by_id);
    if (!found)
        return NULL;
    for (*end = found + 1; *end < sorted + g->count && (**end)->id == id; ++*end)
        ;
    while (found > sorted && found[-1]->id == id)
        found--;
    return found;
}

int gallery_pair(struct gallery *g, struct stream_reader *r, struct error *e)
{
    struct fields f;
    const struct cell *row;
    int got;
    autofree struct shown **sorted = sort_by_id(g, e);
    if (!sorted)
        return -1;
    if (find_fields(stream_header(r), g->pair_field, true, false, &f, e))
        return error_wrap(e, "%s", stream_path(r));
    while ((got = stream_read(r, &row, e)) == 1) {
        struct shown **end, **found = find_shown(g, sorted, row[f.id].integer, &end);
        for (; found && found < end; found++)
            if (!(*found)->pair.pixels && copy_tile(g, &(*found)->pair, &row[f.image], e))
                return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r));
    }
    for (size_t i = 0; got == 0 && i < g->count; i++)
        if (!g->shown[i].pair.pixels)
            return error_set(e, "%s: no image of id %lld, which the first stream shows",
                             stream_path(r), (long long)g->shown[i].id);
    return got;
}

/* ---- maps ---- */

static int read_places(struct gallery *g, struct stream_reader *r, struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    int got, id, z;
    autofree struct shown **sorted = sort_by_id(g, e);
    if (!sorted || header_require_kind(h, "latents", e) ||
        (id = header_require(h, "id", ELEMENT_I64, 0, e)) < 0 ||
        (z = header_require(h, "z", ELEMENT_F32, 1, e)) < 0)
        return -1;
    while ((got = stream_read(r, &row, e)) == 1) {
        const float *at = row[z].data;
        struct shown **end, **found = find_shown(g, sorted, row[id].integer, &end);
        if (row[z].count != 2 || !isfinite(at[0]) || !isfinite(at[1]))
            return error_set(e, "row %lld: z: expected two numbers, as embed-2d writes them",
                             (long long)stream_rows(r));
        for (; found && found < end; found++) {
            memcpy((*found)->at, at, sizeof(*found)->at);
            (*found)->placed = true;
        }
    }
    return got;
}

int gallery_map(struct gallery *g, struct stream_reader *r, struct sheet_map *m, struct error *e)
{
    if (read_places(g, r, e))
        return error_wrap(e, "%s", stream_path(r));
    if (!(g->tile = array_new(g->count, sizeof *g->tile, "map", e)) ||
        !(g->at = array_new(2 * g->count, sizeof *g->at, "map", e)))
        return -1;
    m->tile = g->tile;
    m->at = g->at;
    m->tiles = 0;
    for (size_t i = 0; i < g->count; i++)
        if (g->shown[i].placed) {
            g->tile[m->tiles] = g->shown[i].tile;
            memcpy(g->at + 2 * m->tiles++, g->shown[i].at, 2 * sizeof *g->at);
        }
    return m->tiles ? 0 : error_set(e, "%s: no place for any of the images", stream_path(r));
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
    free(g->at);
}
