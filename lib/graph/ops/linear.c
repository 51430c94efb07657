#include "graph/op.h"
#include <math.h>
#include <string.h>
#include "graph/gemm.h"

/* ---- concat ---- */

static int concat_shape(struct node *n, struct error *e)
{
    n->shape = n->input[0]->shape;
    n->shape.extent[2] = 0;
    for (int i = 0; i < n->inputs; i++) {
        const struct shape *s = &n->input[i]->shape;
        if (!s->batched || s->extent[0] != n->shape.extent[0] || s->extent[1] != n->shape.extent[1])
            return error_set(e, "input %d is not %d x %d", i, n->shape.extent[0],
                             n->shape.extent[1]);
        n->shape.extent[2] += s->extent[2];
    }
    return 0;
}

static void concat_forward(const struct node *n, const struct context *c, int s)
{
    size_t all = (size_t)n->shape.extent[2], pixels = node_count(n) / all;
    real *y = n->value;
    for (int k = 0; k < n->inputs; k++) {
        size_t own = (size_t)n->input[k]->shape.extent[2];
        const real *x = n->input[k]->value;
        for (size_t p = pixels * slice_begin(c, s); p < pixels * slice_begin(c, s + 1); p++)
            memcpy(y + p * all, x + p * own, own * sizeof *y);
        y += own;
    }
}

static void concat_backward(const struct node *n, const struct context *c, int s)
{
    size_t all = (size_t)n->shape.extent[2], pixels = node_count(n) / all;
    const real *g = n->gradient;
    for (int k = 0; k < n->inputs; k++) {
        size_t own = (size_t)n->input[k]->shape.extent[2];
        real *to = n->input[k]->gradient;
        bool add = n->accumulate[k];
        size_t last = wants(n, c, k) ? pixels * slice_begin(c, s + 1) : 0;
        for (size_t p = pixels * slice_begin(c, s); p < last; p++)
            for (size_t i = 0; i < own; i++)
                to[p * own + i] = g[p * all + i] + (add ? to[p * own + i] : 0);
        g += own;
    }
}

static struct node *concat_tangent(struct node *n, struct node *const *t)
{
    struct node *in[64];
    if (n->inputs > 64)
        return NULL;
    for (int i = 0; i < n->inputs; i++)
        in[i] = t[i] ? t[i] : scale_by(n->input[i], 0);
    return concat(n->inputs, in);
}

const struct op OP(concat) = {.name = "concat",
                              .shape = concat_shape,
                              .forward = {.slice = concat_forward},
                              .backward = {.slice = concat_backward},
                              .tangent = concat_tangent};

/* ---- concat, shuffled ---- */

static int concat_shuffled_shape(struct node *n, struct error *e)
{
    if (concat_shape(n, e))
        return -1;
    for (int k = 0; k < n->inputs; k++)
        if (n->integer < 1 || n->shape.extent[2] % n->integer ||
            n->input[k]->shape.extent[2] % (n->shape.extent[2] / n->integer))
            return error_set(e, "%d channels, %d of them input %d's, are no whole groups of %d",
                             n->shape.extent[2], n->input[k]->shape.extent[2], k, n->integer);
    return 0;
}

/* Side by side, the channels are `groups` groups of `each`; the output has the first of every
 * group, then the second of every group, ... */
static void concat_shuffled_forward(const struct node *n, const struct context *c, int s)
{
    size_t all = (size_t)n->shape.extent[2], groups = (size_t)n->integer, each = all / groups;
    size_t pixels = node_count(n) / all;
    real *y = n->value;
    for (int k = 0; k < n->inputs; k++) {
        size_t own = (size_t)n->input[k]->shape.extent[2];
        const real *x = n->input[k]->value;
        size_t last = pixels * slice_begin(c, s + 1);
        for (size_t p = pixels * slice_begin(c, s); p < last; p++)
            for (size_t g = 0; g < own / each; g++)
                for (size_t i = 0; i < each; i++)
                    y[p * all + i * groups + g] = x[p * own + g * each + i];
        y += own / each;
    }
}

static void concat_shuffled_backward(const struct node *n, const struct context *c, int s)
{
    size_t all = (size_t)n->shape.extent[2], groups = (size_t)n->integer, each = all / groups;
    size_t pixels = node_count(n) / all;
    const real *from = n->gradient;
    for (int k = 0; k < n->inputs; k++) {
        size_t own = (size_t)n->input[k]->shape.extent[2];
        real *to = n->input[k]->gradient;
        bool add = n->accumulate[k];
        size_t last = wants(n, c, k) ? pixels * slice_begin(c, s + 1) : 0;
        for (size_t p = pixels * slice_begin(c, s); p < last; p++)
            for (size_t g = 0; g < own / each; g++)
                for (size_t i = 0; i < each; i++) {
                    real *at = to + p * own + g * each + i;
                    *at = from[p * all + i * groups + g] + (add ? *at : 0);
                }
        from += own / each;
    }
}

const struct op OP(concat_shuffled) = {.name = "concat, shuffled",
                                       .shape = concat_shuffled_shape,
                                       .forward = {.slice = concat_shuffled_forward},
                                       .backward = {.slice = concat_shuffled_backward}};

/* ---- linear ---- */

static int linear_shape(struct node *n, struct error *e)
{
    const struct shape *w = &n->input[1]->shape;
    const struct node *b = n->input[2];
    size_t features = node_count(n->input[0]);
    if (!n->input[0]->shape.batched)
        return error_set(e, "the input is not batched");
    if (w->batched || w->rank != 2 || (size_t)w->extent[0] != features)
        return error_set(e, "the weight is not [%zu, out]", features);
    if (b && (b->shape.batched || node_count(b) != (size_t)w->extent[1]))
        return error_set(e, "the bias is not [%d]", w->extent[1]);
    n->shape = (struct shape){true, 3, {1, 1, w->extent[1]}};
    return 0;
}

static void linear_forward(const struct node *n, const struct context *c)
{
    int in = (int)node_count(n->input[0]), out = n->shape.extent[2];
    FOR_SLICES(c, s)
    {
        size_t first = slice_begin(c, s), last = slice_begin(c, s + 1);
        real *y = n->value + first * (size_t)out;
        for (size_t i = first; n->input[2] && i < last; i++)
            memcpy(n->value + i * (size_t)out, n->input[2]->value, (size_t)out * sizeof *y);
        if (last > first)
            gemm(false, false, (int)(last - first), out, in,
                 n->input[0]->value + first * (size_t)in, in, false, n->input[1]->value, out, y,
                 out, n->input[2]);
    }
}

/* The weight's gradient is cut by its rows, so each slice sums over all images. */
static void linear_backward(const struct node *n, const struct context *c)
{
    int in = (int)node_count(n->input[0]), out = n->shape.extent[2];
    const real *x = n->input[0]->value, *w = n->input[1]->value, *g = n->gradient;
    FOR_SLICES(c, s)
    {
        size_t first = slice_begin(c, s), last = slice_begin(c, s + 1);
        if (wants(n, c, 0) && last > first)
            gemm(false, true, (int)(last - first), in, out, g + first * (size_t)out, out, false, w,
                 out, n->input[0]->gradient + first * (size_t)in, in, n->accumulate[0]);
        int row = slice_first(in, s), rows = slice_first(in, s + 1) - row;
        if (wants(n, c, 1) && rows)
            gemm(true, false, rows, out, c->n, x + row, in, false, g, out,
                 n->input[1]->gradient + (size_t)row * (size_t)out, out, n->accumulate[1]);
    }
    for (int k = 0; wants(n, c, 2) && k < out; k++) {
        real sum = n->accumulate[2] ? n->input[2]->gradient[k] : 0;
        for (int i = 0; i < c->n; i++)
            sum += g[(size_t)i * (size_t)out + (size_t)k];
        n->input[2]->gradient[k] = sum;
    }
}

/* A tangent of the bias alone would have to be spread over the batch: not offered. */
static struct node *linear_tangent(struct node *n, struct node *const *t)
{
    struct node *a = t[0] ? linear(t[0], n->input[1], NULL) : NULL;
    struct node *b = t[1] ? linear(n->input[0], t[1], t[2]) : NULL;
    return t[2] && !t[1] ? NULL : !a ? b : !b ? a : add(a, b);
}

static double linear_macs(const struct node *n)
{
    return (double)node_count(n->input[1]);
}

const struct op OP(linear) = {.name = "linear",
                              .shape = linear_shape,
                              .forward = {linear_forward},
                              .backward = {linear_backward},
                              .tangent = linear_tangent,
                              .macs = linear_macs,
                              .reads = 1 << 0 | 1 << 1};

/* ---- rows: softmax over the last extent, each image's direction ---- */

static int rows_shape(struct node *n, struct error *e)
{
    n->shape = n->input[0]->shape;
    return n->shape.rank ? 0 : error_set(e, "the input is a scalar");
}

/* Runs f on each row of `length` values: in x, y; or, backward, x, y, g and the gradient to give.
 */
struct row {
    size_t length;
    const real *x, *g;
    real *y, *to;
    bool add;
};
static void each_row(const struct node *n, const struct context *c, size_t length, bool backward,
                     void (*f)(const struct row *))
{
    size_t rows = node_count(n) / length * (n->shape.batched ? (size_t)c->n : 1);
    if (backward && !wants(n, c, 0))
        return;
    FOR_SLICES(c, s)
    for (size_t i = rows * (size_t)s / GRAPH_SLICES; i < rows * (size_t)(s + 1) / GRAPH_SLICES;
         i++) {
        size_t at = i * length;
        f(&(struct row){length, n->input[0]->value + at, backward ? n->gradient + at : NULL,
                        n->value + at, backward ? n->input[0]->gradient + at : NULL,
                        n->accumulate[0]});
    }
}

static inline void row_give(const struct row *r, size_t i, real x)
{
    r->to[i] = r->add ? r->to[i] + x : x;
}

static size_t last_extent(const struct node *n)
{
    return (size_t)n->shape.extent[n->shape.rank - 1];
}

static void log_softmax_row(const struct row *r)
{
    real most = r->x[0];
    double sum = 0;
    for (size_t i = 1; i < r->length; i++)
        most = r->x[i] > most ? r->x[i] : most;
    for (size_t i = 0; i < r->length; i++)
        sum += exp((double)(r->x[i] - most));
    for (size_t i = 0; i < r->length; i++)
        r->y[i] = (real)((double)(r->x[i] - most) - log(sum));
}

static void softmax_row(const struct row *r)
{
    log_softmax_row(r);
    for (size_t i = 0; i < r->length; i++)
        r->y[i] = (real)exp((double)r->y[i]);
}

static void softmax_row_back(const struct row *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->length; i++)
        sum += (double)r->g[i] * (double)r->y[i];
    for (size_t i = 0; i < r->length; i++)
        row_give(r, i, r->y[i] * (r->g[i] - (real)sum));
}

static void log_softmax_row_back(const struct row *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->length; i++)
        sum += (double)r->g[i];
    for (size_t i = 0; i < r->length; i++)
        row_give(r, i, r->g[i] - (real)(exp((double)r->y[i]) * sum));
}

static double row_length(const struct row *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->length; i++)
        sum += (double)r->x[i] * (double)r->x[i];
    return fmax(sqrt(sum), 1e-12);
}

static void l2_normalise_row(const struct row *r)
{
    real scale = (real)(1 / row_length(r));
    for (size_t i = 0; i < r->length; i++)
        r->y[i] = r->x[i] * scale;
}

static void l2_normalise_row_back(const struct row *r)
{
    double length = row_length(r), along = 0;
    for (size_t i = 0; length > 1e-12 && i < r->length; i++)
        along += (double)r->g[i] * (double)r->x[i] / length;
    for (size_t i = 0; i < r->length; i++)
        row_give(r, i, (real)(((double)r->g[i] - along * (double)r->x[i] / length) / length));
}

static void softmax_forward(const struct node *n, const struct context *c)
{
    each_row(n, c, last_extent(n), false, softmax_row);
}
static void softmax_backward(const struct node *n, const struct context *c)
{
    each_row(n, c, last_extent(n), true, softmax_row_back);
}
static void log_softmax_forward(const struct node *n, const struct context *c)
{
    each_row(n, c, last_extent(n), false, log_softmax_row);
}
static void log_softmax_backward(const struct node *n, const struct context *c)
{
    each_row(n, c, last_extent(n), true, log_softmax_row_back);
}
static void l2_normalise_forward(const struct node *n, const struct context *c)
{
    each_row(n, c, node_count(n), false, l2_normalise_row);
}
static void l2_normalise_backward(const struct node *n, const struct context *c)
{
    each_row(n, c, node_count(n), true, l2_normalise_row_back);
}

const struct op OP(softmax) = {.name = "softmax",
                               .shape = rows_shape,
                               .forward = {softmax_forward},
                               .backward = {softmax_backward},
                               .reads = READS_OUTPUT};
const struct op OP(log_softmax) = {.name = "log softmax",
                                   .shape = rows_shape,
                                   .forward = {log_softmax_forward},
                                   .backward = {log_softmax_backward},
                                   .reads = READS_OUTPUT};
const struct op OP(l2_normalise) = {.name = "l2 normalise",
                                    .shape = rows_shape,
                                    .forward = {l2_normalise_forward},
                                    .backward = {l2_normalise_backward},
                                    .reads = 1 << 0};
