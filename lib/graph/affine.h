/* Gradients that are not written. Where the statistics of a batch are taken of a value y, its
 * gradient is, channel by channel,
 *
 *     factor * (the source's gradient) + flat + slope * (y - mean)
 *
 * with the last two terms the statistics' part (ops/norm.c). The source is the one other user of y
 * where that is a mix or a normalise (whose activation then masks its gradient), else y itself,
 * whose array holds what the other users wrote. So mix, normalise and statistics leave five numbers
 * a channel, and the op that made y makes the gradient from them as it reads it: its gradient is
 * `deferred`, and three passes over memory are saved for each batch normalisation. An op whose
 * backward does so says `takes_affine`; for others, statistics' backward writes the gradient. */
#ifndef GRAPH_AFFINE_H
#define GRAPH_AFFINE_H
#include "graph/op.h"
#include "graph/simd.h"

/* Rows of node.affine, each of affine_stride reals. */
enum {
    AFFINE_FACTOR,
    AFFINE_SHIFT, /* normalise's: with an activation, z = (y - mean) * factor + shift */
    AFFINE_FLAT,
    AFFINE_SLOPE,
    AFFINE_MEAN,
    AFFINE_ROWS
};

static inline size_t affine_stride(const struct node *n)
{
    return scratch_round((size_t)node_channels(n));
}
static inline real *affine_row(const struct node *n, int row)
{
    return n->affine + (size_t)row * affine_stride(n);
}

/* x where z, before a normalise's activation, lets it pass; leaky relu's slope is 0.2. */
INLINE vec affine_activated(vec z, vec x, int activation)
{
    if (activation == ACT_RELU)
        return vec_keep(~(z <= 0), x);
    if (activation == ACT_LEAKY)
        return vec_select(z <= 0, x * (real)0.2, x);
    return x;
}

INLINE void affine_pixels(const struct node *n, const real *source, size_t pixel, size_t count,
                          const int activation, real *to)
{
    size_t c = (size_t)node_channels(n);
    const real *g = source ? source + pixel * c : NULL, *y = n->value + pixel * c;
    for (size_t b = 0; b < c; b += LANES) {
        int lanes = c - b < LANES ? (int)(c - b) : LANES;
        vec factor = vec_load(affine_row(n, AFFINE_FACTOR) + b);
        vec shift = vec_load(affine_row(n, AFFINE_SHIFT) + b);
        vec flat = vec_load(affine_row(n, AFFINE_FLAT) + b);
        vec slope = vec_load(affine_row(n, AFFINE_SLOPE) + b);
        vec mean = vec_load(affine_row(n, AFFINE_MEAN) + b);
        for (size_t at = b; at < count * c; at += c) {
            vec_prefetch(y + at + count * c);
            vec centred = vec_load_part(y + at, lanes) - mean;
            vec own = centred * slope + flat;
            if (g)
                own += affine_activated(centred * factor + shift, vec_load_part(g + at, lanes),
                                        activation) *
                       factor;
            vec_store_part(to + at, own, lanes);
        }
    }
}

/* Writes the gradient of `count` pixels of n, from `pixel` on, counted over the batch. source: the
 * source's gradient; NULL counts as zero. */
static inline void affine_write(const struct node *n, const real *source, size_t pixel,
                                size_t count, real *to)
{
    int activation = n->source->code == OP_NORMALISE ? n->source->integer : ACT_IDENTITY;
    if (activation == ACT_RELU)
        affine_pixels(n, source, pixel, count, ACT_RELU, to);
    else if (activation == ACT_LEAKY)
        affine_pixels(n, source, pixel, count, ACT_LEAKY, to);
    else
        affine_pixels(n, source, pixel, count, ACT_IDENTITY, to);
}

/* The gradient of those pixels, dense: where it stands, or made in `work`. */
INLINE const real *gradient_pixels(const struct node *n, size_t pixel, size_t count, real *work)
{
    if (!n->deferred)
        return n->gradient + pixel * (size_t)node_channels(n);
    affine_write(n, n->source->gradient, pixel, count, work);
    return work;
}
#endif
