/* A DARTS cell's mixed node: out = sum over terms of weight * (x - mean) * reciprocal. All terms of
 * one tile of an image are summed before the next tile is touched, so the output is written once
 * and each term is read once. */
#include "graph/affine.h"
#include "graph/slices.h"

static int terms_of(const struct node *n)
{
    return n->inputs / 2;
}

static int mix_shape(struct node *n, struct error *e)
{
    const struct shape *w = &n->input[0]->shape;
    n->shape = n->input[1]->shape;
    if (w->batched || w->rank != 2)
        return error_set(e, "the weights are not of rank 2");
    for (int t = 0; t < terms_of(n); t++) {
        const struct node *x = n->input[1 + 2 * t], *s = n->input[2 + 2 * t];
        const struct term *term = &n->term[t];
        if (!x->shape.batched || !same_shape(&x->shape, &n->shape))
            return error_set(e, "term %d has another shape than the first", t);
        if (s && (s->shape.batched || node_count(s) != 2 * (size_t)n->shape.extent[2]))
            return error_set(e, "term %d: the statistics are not [2, %d]", t, n->shape.extent[2]);
        if (term->row < 0 || term->row >= w->extent[0] || term->column < 0 ||
            term->column >= w->extent[1])
            return error_set(e, "term %d: no weight at row %d, column %d", t, term->row,
                             term->column);
    }
    return 0;
}

static size_t padded(const struct node *n)
{
    return ((size_t)n->shape.extent[2] + LANES - 1) / LANES * LANES;
}

/* Scratch of a slice, each row one padded row of channels: sums of g, sums of g (x - mean) for each
 * term; then factor and mean of each term. */
static size_t mix_scratch(const struct node *n, int batch)
{
    (void)batch;
    return (1 + 3 * (size_t)terms_of(n)) * padded(n);
}

static real weight(const struct node *n, int t)
{
    return n->input[0]->value[n->term[t].row * n->input[0]->shape.extent[1] + n->term[t].column];
}

struct slice {
    real *sum_g, *sum, *factor, *mean;
};
static struct slice slice_of(const struct node *n, const struct context *c, int s)
{
    size_t terms = (size_t)terms_of(n), row = padded(n);
    real *at = slice_scratch(c, s);
    return (struct slice){at, at + row, at + (1 + terms) * row, at + (1 + 2 * terms) * row};
}

static struct slice prepared(const struct node *n, const struct context *c, int s)
{
    struct slice at = slice_of(n, c, s);
    size_t channels = (size_t)n->shape.extent[2], row = padded(n);
    memset(at.sum_g, 0, mix_scratch(n, 0) * sizeof(real));
    for (int t = 0; t < terms_of(n); t++) {
        const struct node *st = n->input[2 + 2 * t];
        for (size_t k = 0; k < channels; k++) {
            at.mean[(size_t)t * row + k] = st ? st->value[k] : 0;
            at.factor[(size_t)t * row + k] = weight(n, t) * (st ? st->value[channels + k] : 1);
        }
    }
    return at;
}

/* Pixels of a tile: its sum stays in the first-level cache. */
static size_t tile_pixels(size_t channels)
{
    size_t pixels = 2048 / channels;
    return pixels ? pixels : 1;
}

static void mix_forward(const struct node *n, const struct context *c)
{
    size_t channels = (size_t)n->shape.extent[2], row = padded(n), tile = tile_pixels(channels);
    size_t pixels = node_count(n) / channels;
    FOR_SLICES(c, s)
    {
        struct slice at = prepared(n, c, s);
        size_t last = slice_begin(c, s + 1) * pixels;
        for (size_t p = slice_begin(c, s) * pixels; p < last; p += tile) {
            size_t stop = p + tile < last ? p + tile : last;
            for (int t = 0; t < terms_of(n); t++) {
                const real *x = n->input[1 + 2 * t]->value;
                for (size_t q = p; q < stop; q++)
                    for (size_t k = 0; k < channels; k += LANES) {
                        int lanes = (int)(channels - k);
                        vec sum = t ? vec_load_part(n->value + q * channels + k, lanes) : (vec){0};
                        vec v = vec_load_part(x + q * channels + k, lanes);
                        sum += (v - vec_load(at.mean + (size_t)t * row + k)) *
                               vec_load(at.factor + (size_t)t * row + k);
                        vec_store_part(n->value + q * channels + k, sum, lanes);
                    }
            }
        }
    }
}

/* One tile of one term: gives x its gradient, adds g (x - mean) to the sums. */
INLINE void tile_back(size_t pixels, size_t channels, const real *g, const real *x, real *to,
                      bool add, const real *factor, const real *mean, real *sums)
{
    for (size_t k = 0; k < channels; k += LANES) {
        int lanes = (int)(channels - k);
        vec f = vec_load(factor + k), m = vec_load(mean + k), sum = vec_load(sums + k);
        for (size_t q = 0; q < pixels; q++) {
            size_t i = q * channels + k;
            vec gi = vec_load_part(g + i, lanes);
            sum += gi * (vec_load_part(x + i, lanes) - m);
            if (to)
                vec_store_part(to + i, add ? vec_load_part(to + i, lanes) + gi * f : gi * f, lanes);
        }
        vec_store(sums + k, sum);
    }
}

static void images_back(const struct node *n, const struct context *c, int s)
{
    size_t channels = (size_t)n->shape.extent[2], row = padded(n), tile = tile_pixels(channels);
    size_t pixels = node_count(n) / channels, last = slice_begin(c, s + 1) * pixels;
    struct slice at = prepared(n, c, s);
    for (size_t p = slice_begin(c, s) * pixels; p < last; p += tile) {
        size_t count = p + tile < last ? tile : last - p;
        const real *g = n->gradient + p * channels;
        for (size_t q = 0; q < count; q++)
            for (size_t k = 0; k < channels; k++)
                at.sum_g[k] += g[q * channels + k];
        for (int t = 0; t < terms_of(n); t++) {
            const struct node *x = n->input[1 + 2 * t];
            bool writes = wants(n, c, 1 + 2 * t) && x->source != n;
            real *to = writes ? x->gradient + p * channels : NULL;
            tile_back(count, channels, g, x->value + p * channels, to, n->accumulate[1 + 2 * t],
                      at.factor + (size_t)t * row, at.mean + (size_t)t * row,
                      at.sum + (size_t)t * row);
        }
    }
}

static void mix_backward(const struct node *n, const struct context *c)
{
    size_t channels = (size_t)n->shape.extent[2], row = padded(n);
    struct slice at = slice_of(n, c, 0);
    FOR_SLICES(c, s)
    images_back(n, c, s);
    slices_sum(c, 0, (1 + (size_t)terms_of(n)) * row); /* at.sum_g and at.sum */
    real *to_weights = wants(n, c, 0) ? n->input[0]->gradient : NULL;
    if (to_weights && !n->accumulate[0])
        memset(to_weights, 0, node_count(n->input[0]) * sizeof(real));
    for (int t = 0; t < terms_of(n); t++) {
        const struct node *s = n->input[2 + 2 * t];
        const real *sum = at.sum + (size_t)t * row, *reciprocal = s ? s->value + channels : NULL;
        real slope = 0;
        for (size_t k = 0; k < channels; k++)
            slope += sum[k] * (reciprocal ? reciprocal[k] : 1);
        if (n->input[1 + 2 * t]->source == n)
            memcpy(affine_row(n->input[1 + 2 * t], AFFINE_FACTOR), at.factor + (size_t)t * row,
                   channels * sizeof(real));
        if (to_weights)
            to_weights[n->term[t].row * n->input[0]->shape.extent[1] + n->term[t].column] += slope;
        if (!s || !wants(n, c, 2 + 2 * t))
            continue;
        bool add = n->accumulate[2 + 2 * t];
        for (size_t k = 0; k < channels; k++) {
            real mean = -at.factor[(size_t)t * row + k] * at.sum_g[k];
            real r = weight(n, t) * sum[k], *to = s->gradient;
            to[k] = add ? to[k] + mean : mean;
            to[channels + k] = add ? to[channels + k] + r : r;
        }
    }
}

const struct op OP(mix) = {.name = "mix",
                           .shape = mix_shape,
                           .forward = mix_forward,
                           .backward = mix_backward,
                           .scratch = mix_scratch,
                           .reads = (1u << 30) - 1};
