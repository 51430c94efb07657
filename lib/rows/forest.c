#include "rows/forest.h"
#include "rows/follow.h"

int forest_plant(struct forest *f, const struct table *latents, bool single, struct error *e)
{
    const struct column *id, *label, *z;
    if (header_require_kind(&latents->header, "latents", e) ||
        !(id = table_column(latents, "id", ELEMENT_I64, 0, e)) ||
        !(label = table_column(latents, "label", ELEMENT_I32, 0, e)) ||
        !(z = table_column(latents, "z", ELEMENT_F32, 1, e)))
        return -1;
    if (latents->rows == 0)
        return error_set(e, "no rows, expected latents");
    return forest_build(f, latents->rows, (int)z->extent[0], z->data, id->data, label->data, single,
                        e);
}

/* ---- reading ---- */

/* The elements of a row's tensor, which must be `count`. */
static const void *require_tensor(const struct header *h, const struct cell *row, const char *name,
                                  enum element element, size_t count, struct error *e)
{
    int i = header_require(h, name, element, 1, e);
    if (i < 0)
        return NULL;
    if (row[i].count != count) {
        error_set(e, "%s: %zu elements, expected %zu", name, row[i].count, count);
        return NULL;
    }
    return row[i].data;
}

static int add_tree(struct forest *f, const struct header *h, const struct cell *row,
                    struct error *e)
{
    int label = header_require(h, "label", ELEMENT_I32, 0, e);
    int points = label < 0 ? -1 : header_require(h, "points", ELEMENT_F32, 2, e);
    if (points < 0)
        return -1;
    size_t n = row[points].extent[0], dimension = row[points].extent[1];
    if (dimension > INT32_MAX / 2)
        return error_set(e, "%zu dimensions", dimension);
    const int64_t *ids = require_tensor(h, row, "ids", ELEMENT_I64, n, e);
    if (!ids)
        return -1;
    const int32_t *labels = NULL;
    if (row[label].integer == -1 && !(labels = require_tensor(h, row, "labels", ELEMENT_I32, n, e)))
        return -1;
    return forest_add(f, (int32_t)row[label].integer, n, (int)dimension, row[points].data, ids,
                      labels, e);
}

static int read_trees(struct forest *f, struct stream_reader *r, struct error *e)
{
    const struct cell *row;
    int got;
    if (header_require_kind(stream_header(r), "forest", e))
        return -1;
    while ((got = stream_read(r, &row, e)) == 1)
        if (add_tree(f, stream_header(r), row, e))
            return error_wrap(e, "row %lld", (long long)stream_rows(r));
    return got < 0 ? -1 : forest_index(f, e);
}

int forest_read(struct forest *f, const struct call *c, const char *path, struct value **inputs,
                struct error *e)
{
    *f = (struct forest){0};
    struct stream_reader *r = stage_open(c, path, e);
    if (!r)
        return -1;
    int failed = read_trees(f, r, e) ? error_wrap(e, "%s", path)
                                     : stage_note_input(inputs, "forest", stream_digest(r), e);
    stream_close(r);
    return failed;
}

/* ---- writing ---- */

static int make_header(struct header *h, const struct forest *f, const struct header *latents,
                       struct error *e)
{
    const int64_t points[] = {-1, f->dimension}, ids[] = {-1};
    if (follow_header(h, "forest", latents, e))
        return -1;
    if (!value_set_int(h->meta, "dimension", f->dimension) ||
        !value_set_int(h->meta, "trees", (int64_t)f->trees) ||
        !value_set_int(h->meta, "images", (int64_t)f->images))
        return error_set(e, "out of memory");
    if (header_add_field(h, "label", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "points", ELEMENT_F32, 2, points, e) < 0 ||
        header_add_field(h, "ids", ELEMENT_I64, 1, ids, e) < 0 ||
        (f->trees && f->tree[0].labels &&
         header_add_field(h, "labels", ELEMENT_I32, 1, ids, e) < 0))
        return -1;
    return 0;
}

static int write_tree(struct stream_writer *w, const struct forest_tree *t, struct error *e)
{
    const uint32_t extent[] = {(uint32_t)t->kd.points, (uint32_t)t->kd.dimension};
    const struct cell row[] = {
        cell_int(ELEMENT_I32, t->label),
        cell_tensor(ELEMENT_F32, 2, extent, t->kd.point),
        cell_tensor(ELEMENT_I64, 1, extent, t->kd.id),
        cell_tensor(ELEMENT_I32, 1, extent, t->labels),
    };
    return stream_write(w, row, e);
}

int forest_write(const struct forest *f, const struct call *c, const struct header *latents,
                 struct error *e)
{
    struct header h = {0};
    struct stream_writer *w = make_header(&h, f, latents, e) ? NULL : stage_create(c, &h, NULL, e);
    header_free(&h);
    for (size_t i = 0; w && i < f->trees; i++)
        if (write_tree(w, &f->tree[i], e)) {
            stream_abandon(w);
            return -1;
        }
    return w ? stream_commit(w, e) : -1;
}
