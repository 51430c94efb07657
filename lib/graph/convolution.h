/* What ops/convolution.c computes, and by which way: a convolution ties a wide side (h x w x c,
 * what windows slide over) to a narrow side (oh x ow x co, one pixel a window). conv2d maps wide to
 * narrow, conv_transpose2d narrow to wide, with the same weights [k, k, c / groups, co]; each one's
 * backward pass is the other's forward. */
#ifndef GRAPH_CONVOLUTION_H
#define GRAPH_CONVOLUTION_H
#include "graph/slices.h"
#include "graph/winograd.h"

struct convolution {
    int h, w, c, oh, ow, co;
    int k, stride, pad, dilation, groups;
    int group_c, group_co;
    bool relu, direct;            /* direct: gathered pixels would be the pixels themselves */
    const struct winograd *fast;  /* NULL: gathered pixels */
    int tiles_down, tiles_across; /* of a narrow image */
};

/* Every stride-th row and column of the wide side, one of stride^2 phases, meets every stride-th
 * tap alone: k x k taps at a stride are stride^2 plain convolutions of k / stride taps. */
static int phases_of(const struct convolution *v)
{
    return v->stride * v->stride;
}
static int points_of(const struct convolution *v)
{
    return v->fast->points * v->fast->points;
}

/* The way with the fewest multiplications, where a change of the weights costs about as much as
 * those of one tile an image. Channels are whole vectors. */
static void choose(struct convolution *v)
{
    static const struct winograd *const all[] = {&winograd_2_2, &winograd_2_3, &winograd_4_2};
    long least = (long)v->oh * v->ow * v->k * v->k;
    if (v->groups > 1 || v->dilation > 1 || v->c % LANES || v->co % LANES)
        return;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct winograd *f = all[i];
        int down = (v->oh + f->tile - 1) / f->tile, across = (v->ow + f->tile - 1) / f->tile;
        long cost = (long)f->points * f->points * phases_of(v) * (1 + down * across);
        if (v->k != v->stride * f->taps || cost >= least)
            continue;
        least = cost;
        v->fast = f;
        v->tiles_down = down;
        v->tiles_across = across;
    }
}

static struct convolution convolution_of(const struct node *n, const struct node *wide,
                                         const struct node *narrow)
{
    const struct window *w = &n->window;
    struct convolution v = {
        wide->shape.extent[0],
        wide->shape.extent[1],
        wide->shape.extent[2],
        narrow->shape.extent[0],
        narrow->shape.extent[1],
        narrow->shape.extent[2],
        w->kernel,
        w->stride,
        w->pad,
        w->dilation,
        w->groups,
        .relu = w->relu,
    };
    v.group_c = v.c / v.groups;
    v.group_co = v.co / v.groups;
    v.direct = v.k == 1 && v.stride == 1 && v.pad == 0 && v.h == v.oh && v.w == v.ow;
    choose(&v);
    return v;
}
#endif
