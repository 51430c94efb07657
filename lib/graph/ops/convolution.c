/* Dense and grouped convolutions and their adjoints, as matrix products: over gathered pixels, or,
 * where that takes fewer multiplications, over Winograd's points. */
#include "graph/conv2d.h"
#include "graph/gathered.h"
#include "graph/tiled.h"

enum { X, W };

static struct convolution convolution(const struct node *n)
{
    return n->code == OP_CONV2D ? convolution_of(n, n->input[X], n)
                                : convolution_of(n, n, n->input[X]);
}

static void wide_to_narrow(const struct convolution *v, const struct context *c, const real *wide,
                           const real *w, real *narrow, bool add)
{
    (v->fast ? fast_to_narrow : gathered_to_narrow)(v, c, wide, w, narrow, add);
}
static void narrow_to_wide(const struct convolution *v, const struct context *c, const real *narrow,
                           const real *w, const real *x, real *wide, bool add)
{
    (v->fast ? narrow_to_fast : narrow_to_gathered)(v, c, narrow, w, x, wide, add);
}
static void weight_gradient(const struct convolution *v, const struct context *c, const real *wide,
                            const real *narrow, real *gradient, bool add)
{
    (v->fast ? fast_weights : gathered_weights)(v, c, wide, narrow, gradient, add);
}

static size_t scratch(const struct node *n, int batch)
{
    const struct convolution v = convolution(n);
    return v.fast ? fast_scratch(&v, batch) : gathered_scratch(&v, batch);
}

static double macs(const struct node *n)
{
    struct convolution v = convolution(n);
    return (double)v.oh * v.ow * v.co * (v.k * v.k * v.group_c);
}

/* ---- conv2d ---- */

static void conv2d_forward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution(n);
    wide_to_narrow(&v, c, n->input[X]->value, n->input[W]->value, n->value, false);
}

static void conv2d_backward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution(n);
    const struct node *x = n->input[X], *w = n->input[W];
    if (wants(n, c, W))
        weight_gradient(&v, c, x->value, n->gradient, w->gradient, n->accumulate[W]);
    if (wants(n, c, X))
        narrow_to_wide(&v, c, n->gradient, w->value, x->value, x->gradient, n->accumulate[X]);
}

const struct op OP(conv2d) = {
    .name = "conv2d",
    .shape = conv2d_shape,
    .forward = {conv2d_forward},
    .backward = {conv2d_backward},
    .tangent = conv2d_tangent,
    .macs = macs,
    .scratch = scratch,
    .reads = 1 << X | 1 << W,
};

/* ---- conv_transpose2d ---- */

static int transpose_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[X]->shape, *w = &n->input[W]->shape;
    const struct window *k = &n->window;
    if (!x->batched || x->rank != 3 || w->rank != 4 || w->extent[3] != x->extent[2])
        return error_set(e, "conv_transpose2d: expected images and weights k x k x out x their "
                            "channels");
    if (k->relu || k->extent || k->pad < 0 || k->pad > 1024 || k->dilation > 1024)
        return error_set(e, "conv_transpose2d: takes no relu, extent or negative pad");
    int c = w->extent[2] * k->groups;
    if (conv2d_weights(n, x->extent, c, x->extent[2], e))
        return -1;
    int reach = k->dilation * (k->kernel - 1) + 1 - 2 * k->pad;
    n->shape = (struct shape){
        true,
        3,
        {(x->extent[0] - 1) * k->stride + reach, (x->extent[1] - 1) * k->stride + reach, c}};
    if (n->shape.extent[0] < 1 || n->shape.extent[1] < 1)
        return error_set(e, "conv_transpose2d: pad %d leaves nothing", k->pad);
    return 0;
}

static void transpose_forward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution(n);
    narrow_to_wide(&v, c, n->input[X]->value, n->input[W]->value, NULL, n->value, false);
}

static void transpose_backward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution(n);
    const struct node *x = n->input[X], *w = n->input[W];
    if (wants(n, c, W))
        weight_gradient(&v, c, n->gradient, x->value, w->gradient, n->accumulate[W]);
    if (wants(n, c, X))
        wide_to_narrow(&v, c, n->gradient, w->value, x->gradient, n->accumulate[X]);
}

static struct node *transpose_tangent(struct node *n, struct node *const *t)
{
    struct node *y = t[X] ? conv_transpose2d(t[X], n->input[W], n->window) : NULL;
    struct node *by_w = t[W] ? conv_transpose2d(n->input[X], t[W], n->window) : NULL;
    return y && by_w ? add(y, by_w) : y ? y : by_w;
}

const struct op OP(conv_transpose2d) = {
    .name = "conv_transpose2d",
    .shape = transpose_shape,
    .forward = {transpose_forward},
    .backward = {transpose_backward},
    .tangent = transpose_tangent,
    .macs = macs,
    .scratch = scratch,
    .reads = 1 << X | 1 << W,
};
