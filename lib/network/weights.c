#include "network/weights.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

/* Look-ups by name are linear; this bounds what a hostile stream can make of that. */
enum { MOST_TENSORS = 1 << 15 };

int weights_header(struct header *h, const struct value *network, struct error *e)
{
    if (header_init(h, "weights", e))
        return -1;
    if (header_add_field(h, "name", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(h, "value", ELEMENT_ANY, -1, NULL, e) < 0)
        goto failed;
    if (!value_set(h->meta, "network", value_copy(network))) {
        error_set(e, "out of memory");
        goto failed;
    }
    return 0;
failed:
    header_free(h);
    return -1;
}

int weights_write_tensor(struct stream_writer *w, const char *name, enum element element, int rank,
                         const uint32_t *extent, const void *data, struct error *e)
{
    const struct cell row[] = {cell_text(name), cell_tensor(element, rank, extent, data)};
    return stream_write(w, row, e);
}

int weights_write_group(struct stream_writer *w, const struct graph *g, enum graph_group group,
                        struct error *e)
{
    for (int i = 0; i < graph_weights(g, group); i++) {
        const struct node *n = graph_weight_at(g, group, i);
        const struct shape *shape = node_shape(n);
        uint32_t extent[STREAM_MAX_RANK];
        for (int k = 0; k < shape->rank; k++)
            extent[k] = (uint32_t)shape->extent[k];
        if (weights_write_tensor(w, node_name(n), ELEMENT_REAL, shape->rank, extent, node_value(n),
                                 e))
            return -1;
    }
    return 0;
}

/* ---- reading ---- */

int weights_add(struct weights *w, const struct cell *name, const struct cell *value,
                struct error *e)
{
    size_t bytes;
    struct weight *to;
    void *data;

    if (weights_find(w, name->data))
        return error_set(e, "tensor %s: there twice", (const char *)name->data);
    if (w->count == MOST_TENSORS)
        return error_set(e, "more than %d tensors", MOST_TENSORS);
    if (array_grow((void **)&w->weight, &w->capacity, w->count + 1, sizeof *w->weight, "tensors",
                   e))
        return -1;
    if (size_multiply(value->count, element_size(value->element), &bytes))
        return error_set(e, "tensor %s: too large", (const char *)name->data);
    to = &w->weight[w->count];
    to->name = text_copy(name->data, e);
    data = array_new(bytes, 1, "tensor", e);
    if (!to->name || !data) {
        free(to->name);
        free(data);
        return -1;
    }
    memcpy(data, value->data, bytes);
    to->cell = *value;
    to->cell.data = data;
    w->count++;
    return 0;
}

static int read_rows(struct weights *w, struct stream_reader *r, struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    int name, value, more;

    if (header_require_kind(h, "weights", e) ||
        (name = header_require(h, "name", ELEMENT_STR, 0, e)) < 0 ||
        (value = header_require(h, "value", ELEMENT_ANY, -1, e)) < 0)
        return error_wrap(e, "%s", stream_path(r));
    while ((more = stream_read(r, &row, e)) == 1)
        if (weights_add(w, &row[name], &row[value], e))
            return error_wrap(e, "%s", stream_path(r));
    if (more < 0 || header_copy(&w->header, h, e))
        return -1;
    snprintf(w->digest, sizeof w->digest, "%s", stream_digest(r));
    return 0;
}

int weights_read(struct weights *w, const char *path, const struct stream_limits *limits,
                 struct error *e)
{
    struct stream_reader *r = stream_open(path, limits, e);
    int failed;

    memset(w, 0, sizeof *w);
    if (!r)
        return -1;
    failed = read_rows(w, r, e);
    stream_close(r);
    if (failed)
        weights_free(w);
    return failed;
}

void weights_free(struct weights *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->weight[i].name);
        free((void *)w->weight[i].cell.data);
    }
    free(w->weight);
    header_free(&w->header);
    memset(w, 0, sizeof *w);
}

const struct cell *weights_find(const struct weights *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->weight[i].name, name) == 0)
            return &w->weight[i].cell;
    return NULL;
}

/* A diverged training must not go on unseen through all that is built on it. */
static int check_finite(const char *name, const real *x, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return error_set(e, "tensor %s: element %zu is %g, expected a finite number", name,
                             i + 1, (double)x[i]);
    return 0;
}

const void *weights_require(const struct weights *w, const char *name, enum element element,
                            size_t count, struct error *e)
{
    const struct cell *c = weights_find(w, name);
    if (!c) {
        error_set(e, "tensor %s: missing", name);
        return NULL;
    }
    if (c->element != element || c->count != count) {
        error_set(e, "tensor %s: %zu elements of %s, expected %zu of %s", name, c->count,
                  element_name(c->element), count, element_name(element));
        return NULL;
    }
    if (element == ELEMENT_REAL && check_finite(name, c->data, count, e))
        return NULL;
    return c->data;
}

static bool same_shape(const struct cell *c, const struct shape *s)
{
    bool same = c->rank == s->rank;
    for (int i = 0; same && i < s->rank; i++)
        same = c->extent[i] == (uint32_t)s->extent[i];
    return same;
}

int weights_load_group(const struct weights *w, struct graph *g, enum graph_group group,
                       struct error *e)
{
    for (int i = 0; i < graph_weights(g, group); i++) {
        struct node *n = graph_weight_at(g, group, i);
        const void *data = weights_require(w, node_name(n), ELEMENT_REAL, node_count(n), e);
        if (!data)
            return -1;
        if (!same_shape(weights_find(w, node_name(n)), node_shape(n)))
            return error_set(e, "tensor %s: its shape is not the network's", node_name(n));
        memcpy(node_value(n), data, node_count(n) * sizeof(real));
    }
    return 0;
}
