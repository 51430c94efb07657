/* What conv2d is, whichever of its ops computes it (ops/convolution.c, ops/pointwise.c). */
#ifndef GRAPH_CONV2D_H
#define GRAPH_CONV2D_H
#include "graph/window.h"

static int conv2d_weights(const struct node *n, const int *x, int wide_c, int narrow_c,
                          struct error *e)
{
    const struct shape *w = &n->input[1]->shape;
    int k = n->window.kernel, groups = n->window.groups;
    if (groups < 1 || wide_c % groups || narrow_c % groups)
        return error_set(e, "convolution: %d groups do not divide %d and %d channels", groups,
                         wide_c, narrow_c);
    if (w->batched || w->rank != 4 || w->extent[0] != k || w->extent[1] != k ||
        w->extent[2] != wide_c / groups)
        return error_set(e, "convolution of %d x %d x %d: expected weights %d x %d x %d x out",
                         x[0], x[1], x[2], k, k, wide_c / groups);
    return 0;
}

static int conv2d_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape, *w = &n->input[1]->shape;
    if (x->rank != 3 || w->rank != 4)
        return error_set(e, "conv2d: expected images and weights of rank 4");
    if (conv2d_weights(n, x->extent, x->extent[2], w->extent[3], e))
        return -1;
    return window_shape(n, w->extent[3], e);
}

static struct node *conv2d_tangent(struct node *n, struct node *const *t)
{
    struct node *x = n->input[0], *w = n->input[1], *y = NULL;
    struct window window = n->window;
    window.relu = false;
    if (t[0])
        y = conv2d(n->window.relu ? activate_tangent(x, t[0], ACT_RELU) : t[0], w, window);
    if (!t[1])
        return y;
    struct node *by_w = conv2d(x, t[1], n->window);
    return y ? add(y, by_w) : by_w;
}
#endif
