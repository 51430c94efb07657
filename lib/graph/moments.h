/* Means and sums of squares of a batch, channel by channel, gathered by slices of images: by the op
 * that makes the value, as each image is still in the cache, where it says `leaves_moments`, else
 * by statistics' own pass (ops/norm.c). */
#ifndef GRAPH_MOMENTS_H
#define GRAPH_MOMENTS_H
#include "graph/op.h"
#include "graph/simd.h"

struct moments { /* of what a slice has seen so far; squares are sums of squares about the mean */
    double *mean, *squares;
    double count;
};

static inline size_t moments_reals(int channels) /* of double, a slice */
{
    return 2 * scratch_round((size_t)channels);
}

static inline struct moments slice_moments(const struct node *n, int slice)
{
    size_t reals = moments_reals(node_channels(n));
    double *at = n->moments + (size_t)slice * reals;
    return (struct moments){at, at + reals / 2, 0};
}

/* Adds sets of `count` values of `channels` channels (Chan, Golub and LeVeque 1979). */
static inline void moments_merge(struct moments *m, int channels, double count, const double *mean,
                                 const double *squares)
{
    double all = m->count + count, share = count / all, weight = m->count * share;
    for (int i = 0; i < channels; i++) {
        double delta = mean[i] - m->mean[i];
        m->mean[i] += delta * share;
        m->squares[i] += squares[i] + delta * delta * weight;
    }
    m->count = all;
}

/* Adds one image, given as its pixels: sums about its first, so that a large mean costs no digits.
 */
static inline void moments_image(struct moments *m, const real *x, size_t pixels, int c)
{
    double all = m->count + (double)pixels, share = (double)pixels / all, weight = m->count * share;
    for (int b = 0; b < c; b += LANES) {
        int lanes = c - b < LANES ? c - b : LANES;
        vec origin = vec_load_part(x + b, lanes), sum[4] = {{0}}, square[4] = {{0}};
        const real *p = x + b;
        size_t i = 0;
        for (; i + 4 <= pixels; i += 4)
#pragma GCC unroll 4
            for (int u = 0; u < 4; u++, p += c) {
                vec v = vec_load_part(p, lanes) - origin;
                sum[u] += v;
                square[u] += v * v;
            }
        for (; i < pixels; i++, p += c) {
            vec v = vec_load_part(p, lanes) - origin;
            sum[0] += v;
            square[0] += v * v;
        }
        vec sums = sum[0] + sum[1] + (sum[2] + sum[3]);
        vec squares = square[0] + square[1] + (square[2] + square[3]);
        for (int l = 0; l < lanes; l++) {
            double offset = (double)sums[l] / (double)pixels;
            double about = (double)squares[l] - (double)sums[l] * offset;
            double delta = (double)origin[l] + offset - m->mean[b + l];
            m->mean[b + l] += delta * share;
            m->squares[b + l] += (about < 0 ? 0 : about) + delta * delta * weight;
        }
    }
    m->count = all;
}

/* Where n's statistics are wanted, and before its first image: nothing seen yet. */
static inline struct moments moments_begin(const struct node *n, const struct context *c, int slice)
{
    if (!n->moments || c->remaking)
        return (struct moments){0};
    struct moments m = slice_moments(n, slice);
    memset(m.mean, 0, moments_reals(node_channels(n)) * sizeof *m.mean);
    return m;
}
/* And when image i has been made. */
static inline void moments_add(const struct node *n, struct moments *m, size_t image)
{
    size_t count = node_count(n);
    int channels = node_channels(n);
    if (m->mean)
        moments_image(m, n->value + image * count, count / (size_t)channels, channels);
}
#endif
