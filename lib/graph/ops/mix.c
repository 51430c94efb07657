/* One term of a DARTS cell's mixed node: out = into + weight * (x - mean) * reciprocal. The sum
 * grows in place, a term as soon as its x is there, so that x is still in the cache; and backward's
 * gradient, which is the same for all terms, stays in the cache, too. */
#include "graph/affine.h"
#include "graph/slices.h"

enum { W, X, S, INTO };

static int mix_shape(struct node *n, struct error *e)
{
    const struct shape *w = &n->input[W]->shape, *x = &n->input[X]->shape;
    const struct node *s = n->input[S], *into = n->input[INTO];
    n->shape = *x;
    if (w->batched || w->rank != 2)
        return error_set(e, "the weights are not of rank 2");
    if (n->integer < 0 || n->integer >= w->extent[0] * w->extent[1])
        return error_set(e, "no weight is number %d", n->integer);
    if (!x->batched || (into && !same_shape(x, &into->shape)))
        return error_set(e, "a term has another shape than the first");
    if (s && (s->shape.batched || node_count(s) != 2 * (size_t)n->shape.extent[2]))
        return error_set(e, "the statistics are not [2, %d]", n->shape.extent[2]);
    return 0;
}

static size_t padded(const struct node *n)
{
    return ((size_t)n->shape.extent[2] + LANES - 1) / LANES * LANES;
}

/* Scratch of a slice, each one padded row of channels. */
struct rows {
    real *g, *scaled;    /* sums of g, and of g (x - mean) */
    real *factor, *mean; /* slice 0's */
};
static struct rows rows_of(const struct node *n, const struct context *c, int slice)
{
    real *own = slice_scratch(c, slice), *shared = slice_scratch(c, 0) + 2 * padded(n);
    return (struct rows){own, own + padded(n), shared, shared + padded(n)};
}

static size_t mix_scratch(const struct node *n, int batch)
{
    (void)batch;
    return 4 * padded(n);
}

static void mix_begin(const struct node *n, const struct context *c)
{
    struct rows r = rows_of(n, c, 0);
    const real *s = n->input[S] ? n->input[S]->value : NULL, w = n->input[W]->value[n->integer];
    size_t channels = (size_t)n->shape.extent[2];
    memset(r.factor, 0, 2 * padded(n) * sizeof(real));
    for (size_t k = 0; k < channels; k++) {
        r.factor[k] = s ? w * s[channels + k] : w;
        r.mean[k] = s ? s[k] : 0;
    }
}

/* One vector of channels of `count` values: out = or += (x - mean) factor. */
INLINE void mix_vector(size_t count, size_t channels, const int lanes, const real *x, real *out,
                       const bool add, vec factor, vec mean)
{
    for (size_t i = 0; i < count; i += channels) {
        vec v = (vec_load_part(x + i, lanes) - mean) * factor;
        vec_store_part(out + i, add ? vec_load_part(out + i, lanes) + v : v, lanes);
    }
}

static void mix_forward(const struct node *n, const struct context *c, int slice)
{
    size_t channels = (size_t)n->shape.extent[2], first = slice_begin(c, slice) * node_count(n);
    size_t count = slice_begin(c, slice + 1) * node_count(n) - first;
    const struct rows r = rows_of(n, c, slice);
    for (size_t k = 0; k < channels; k += LANES) {
        vec factor = vec_load(r.factor + k), mean = vec_load(r.mean + k);
        const real *x = n->input[X]->value + first + k;
        real *out = n->value + first + k;
        if (channels - k < LANES)
            mix_vector(count, channels, (int)(channels - k), x, out, n->input[INTO], factor, mean);
        else if (n->input[INTO])
            mix_vector(count, channels, LANES, x, out, true, factor, mean);
        else
            mix_vector(count, channels, LANES, x, out, false, factor, mean);
    }
}

struct sums {
    vec g, scaled; /* of g, and of g (x - mean) */
};
INLINE void pixel_back(struct sums *s, const int lanes, const real *g, const real *x, real *to,
                       bool add, vec factor, vec mean)
{
    vec gradient = vec_load_part(g, lanes);
    s->g += gradient;
    s->scaled += gradient * (vec_load_part(x, lanes) - mean);
    if (to)
        vec_store_part(to, (add ? vec_load_part(to, lanes) : (vec){0}) + gradient * factor, lanes);
}

/* One image of one vector of channels. to: the gradient of x, or NULL. Of two pixels each has sums
 * of its own, which else would wait for themselves. */
INLINE void image_back(struct sums s[2], size_t count, size_t channels, const int lanes,
                       const real *g, const real *x, real *to, bool add, vec factor, vec mean)
{
    size_t i = 0;
    for (; i + channels < count; i += 2 * channels) {
        size_t next = i + channels;
        pixel_back(&s[0], lanes, g + i, x + i, to ? to + i : NULL, add, factor, mean);
        pixel_back(&s[1], lanes, g + next, x + next, to ? to + next : NULL, add, factor, mean);
    }
    if (i < count)
        pixel_back(&s[0], lanes, g + i, x + i, to ? to + i : NULL, add, factor, mean);
}

static void mix_backward(const struct node *n, const struct context *c, int slice)
{
    size_t channels = (size_t)n->shape.extent[2], count = node_count(n);
    const struct node *x = n->input[X];
    const struct rows r = rows_of(n, c, slice);
    bool writes = wants(n, c, X) && x->source != n, add = n->accumulate[X];
    for (size_t k = 0; k < channels; k += LANES) {
        int lanes = channels - k < LANES ? (int)(channels - k) : LANES;
        vec factor = vec_load(r.factor + k), mean = vec_load(r.mean + k);
        struct sums s[2] = {{{0}, {0}}, {{0}, {0}}};
        for (size_t i = slice_begin(c, slice); i < slice_begin(c, slice + 1); i++) {
            size_t at = i * count + k;
            const real *g = n->gradient + at, *value = x->value + at;
            if (!writes && lanes == LANES)
                image_back(s, count, channels, LANES, g, value, NULL, false, factor, mean);
            else
                image_back(s, count, channels, lanes, g, value, writes ? x->gradient + at : NULL,
                           add, factor, mean);
        }
        vec_store(r.g + k, s[0].g + s[1].g);
        vec_store(r.scaled + k, s[0].scaled + s[1].scaled);
    }
}

static void mix_end(const struct node *n, const struct context *c)
{
    const struct node *s = n->input[S], *x = n->input[X];
    int channels = n->shape.extent[2];
    const struct rows r = rows_of(n, c, 0);
    slices_sum(c, 0, 2 * padded(n)); /* r.g and r.scaled */
    if (x->source == n)
        memcpy(affine_row(x, AFFINE_FACTOR), r.factor, (size_t)channels * sizeof(real));
    if (wants(n, c, W)) {
        real *to = n->input[W]->gradient;
        if (!n->accumulate[W])
            memset(to, 0, node_count(n->input[W]) * sizeof(real));
        for (int k = 0; k < channels; k++)
            to[n->integer] += r.scaled[k] * (s ? s->value[channels + k] : 1);
    }
    if (!s || !wants(n, c, S))
        return;
    real w = n->input[W]->value[n->integer], *to = s->gradient;
    for (int k = 0; k < channels; k++) {
        real mean = -r.factor[k] * r.g[k], reciprocal = w * r.scaled[k];
        to[k] = n->accumulate[S] ? to[k] + mean : mean;
        to[channels + k] = n->accumulate[S] ? to[channels + k] + reciprocal : reciprocal;
    }
}

const struct op OP(mix) = {.name = "mix",
                           .by_channels = true,
                           .shape = mix_shape,
                           .forward = {mix_begin, mix_forward},
                           .backward = {mix_begin, mix_backward, mix_end},
                           .scratch = mix_scratch,
                           .reads = 1 << W | 1 << X | 1 << S,
                           .extends = INTO};
