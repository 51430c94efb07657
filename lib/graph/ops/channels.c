/* Values brought to other extents: cut or padded, and channels by interpolation. */
#include <string.h>
#include "graph/op.h"

/* ---- fit ---- */

/* Rows of columns, the last two extents, lie in blocks: those of an image, or of a parameter. */
struct extents {
    size_t rows, columns;
};
static struct extents extents_of(const struct node *n)
{
    const int *last = n->shape.extent + n->shape.rank - 2;
    return (struct extents){(size_t)last[0], (size_t)last[1]};
}

static int fit_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape, wanted = n->shape;
    const int fixed = x->batched ? 1 : 2;
    if (wanted.batched != x->batched || x->rank < fixed)
        return error_set(e, "the input is no %s", wanted.batched ? "image" : "matrix");
    n->shape = *x;
    for (int i = 1; i <= fixed; i++) {
        if (wanted.extent[fixed - i] < 1)
            return error_set(e, "no extent is %d", wanted.extent[fixed - i]);
        n->shape.extent[x->rank - i] = wanted.extent[fixed - i];
    }
    return 0;
}

/* One block: what both extents have, else 0; or adds what both have. */
static void fit_block(struct extents from, const real *x, struct extents to, real *y, bool add)
{
    const size_t common = from.columns < to.columns ? from.columns : to.columns;
    for (size_t r = 0; r < to.rows; r++, x += from.columns, y += to.columns) {
        const size_t count = r < from.rows ? common : 0;
        if (add) {
            for (size_t i = 0; i < count; i++)
                y[i] += x[i];
        } else {
            memcpy(y, x, count * sizeof *y);
            memset(y + count, 0, (to.columns - count) * sizeof *y);
        }
    }
}

/* The blocks of a slice: of its images, or its share of a parameter's. */
static void fit(const struct node *n, const struct context *c, int slice, struct extents from,
                const real *x, struct extents to, real *y, bool add)
{
    const struct extents own = extents_of(n);
    const size_t blocks = node_count(n) / (own.rows * own.columns);
    const bool batched = n->shape.batched;
    size_t first = blocks * (batched ? slice_begin(c, slice) : (size_t)slice);
    size_t last = blocks * (batched ? slice_begin(c, slice + 1) : (size_t)slice + 1);
    if (!batched) {
        first /= GRAPH_SLICES;
        last /= GRAPH_SLICES;
    }
    for (size_t b = first; b < last; b++)
        fit_block(from, x + b * from.rows * from.columns, to, y + b * to.rows * to.columns, add);
}

static void fit_forward(const struct node *n, const struct context *c, int slice)
{
    fit(n, c, slice, extents_of(n->input[0]), n->input[0]->value, extents_of(n), n->value, false);
}

static void fit_backward(const struct node *n, const struct context *c, int slice)
{
    if (wants(n, c, 0))
        fit(n, c, slice, extents_of(n), n->gradient, extents_of(n->input[0]), n->input[0]->gradient,
            n->accumulate[0]);
}

const struct op OP(fit) = {.name = "fit",
                           .shape = fit_shape,
                           .forward = {.slice = fit_forward},
                           .backward = {.slice = fit_backward}};

/* ---- interpolation ---- */

static int interpolate_shape(struct node *n, struct error *e)
{
    n->shape = n->input[0]->shape;
    if (!n->shape.batched)
        return error_set(e, "the input is not batched");
    if (n->integer < 1)
        return error_set(e, "no extent is %d", n->integer);
    n->shape.extent[2] = n->integer;
    return 0;
}

/* The mean of channels first .. last - 1 goes to a channel. Kept in slice 0's scratch, as reals. */
struct spans {
    real *first, *last;
};
static struct spans spans_of(const struct node *n, const struct context *c)
{
    real *at = slice_scratch(c, 0);
    return (struct spans){at, at + node_channels(n)};
}

static size_t interpolate_scratch(const struct node *n, int batch)
{
    (void)batch;
    return 2 * (size_t)node_channels(n);
}

static void interpolate_begin(const struct node *n, const struct context *c)
{
    const int in = node_channels(n->input[0]), out = node_channels(n);
    const struct spans span = spans_of(n, c);
    for (long t = 0; t < out; t++) {
        span.first[t] = (real)(t * in / out);
        span.last[t] = (real)(((t + 1) * in + out - 1) / out);
    }
}

static void interpolate_forward(const struct node *n, const struct context *c, int slice)
{
    const size_t in = (size_t)node_channels(n->input[0]), out = (size_t)node_channels(n);
    const size_t pixels = node_count(n) / out, first = pixels * slice_begin(c, slice);
    const struct spans span = spans_of(n, c);
    for (size_t p = first; p < pixels * slice_begin(c, slice + 1); p++) {
        const real *x = n->input[0]->value + p * in;
        for (size_t t = 0; t < out; t++) {
            const size_t from = (size_t)span.first[t], to = (size_t)span.last[t];
            real sum = x[from];
            for (size_t i = from + 1; i < to; i++)
                sum += x[i];
            n->value[p * out + t] = sum / (real)(to - from);
        }
    }
}

static void interpolate_backward(const struct node *n, const struct context *c, int slice)
{
    const size_t in = (size_t)node_channels(n->input[0]), out = (size_t)node_channels(n);
    const size_t pixels = node_count(n) / out, first = pixels * slice_begin(c, slice);
    const struct spans span = spans_of(n, c);
    if (!wants(n, c, 0))
        return;
    for (size_t p = first; p < pixels * slice_begin(c, slice + 1); p++) {
        real *to = n->input[0]->gradient + p * in;
        if (!n->accumulate[0])
            memset(to, 0, in * sizeof *to);
        for (size_t t = 0; t < out; t++) {
            const size_t from = (size_t)span.first[t], end = (size_t)span.last[t];
            const real share = n->gradient[p * out + t] / (real)(end - from);
            for (size_t i = from; i < end; i++)
                to[i] += share;
        }
    }
}

const struct op OP(interpolate) = {.name = "interpolate",
                                   .shape = interpolate_shape,
                                   .forward = {interpolate_begin, interpolate_forward},
                                   .backward = {interpolate_begin, interpolate_backward},
                                   .scratch = interpolate_scratch};
