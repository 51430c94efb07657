/* Convolutions by fewer multiplications (Winograd 1980; Lavin and Gray 2016). Outputs come in tiles
 * of F(tile, taps): the inputs under a tile become `points` values in each direction, weights too;
 * these are multiplied point by point and summed over channels, which are matrix products, and the
 * sums become the outputs: y = A' ((G w G') . (B' x B)) A. Every step is linear, so gradients are
 * the same steps transposed. */
#ifndef GRAPH_WINOGRAD_H
#define GRAPH_WINOGRAD_H
#include "graph/simd.h"

enum { WINOGRAD_MOST = 5 }; /* points */

struct little { /* a little matrix */
    int rows, columns;
    real at[WINOGRAD_MOST][WINOGRAD_MOST];
};

/* Errors are those of the plain sum, but for F(4, 2): three times as large. */
static const struct little
    input_2_2 = {3, 3, {{1, -1, 0}, {0, 1, 0}, {0, 1, -1}}},
    weight_2_2 = {3, 2, {{1, 0}, {1, 1}, {0, 1}}}, output_2_2 = {2, 3, {{1, 1, 0}, {0, 1, -1}}},
    input_2_3 = {4, 4, {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}},
    weight_2_3 = {4, 3, {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}}},
    output_2_3 = {2, 4, {{1, 1, 1, 0}, {0, 1, -1, -1}}},
    input_4_2 = {5,
                 5,
                 {{2, -1, -2, 1, 0},
                  {0, -2, -1, 1, 0},
                  {0, 2, -3, 1, 0},
                  {0, -1, 0, 1, 0},
                  {0, 2, -1, -2, 1}}},
    weight_4_2 = {5,
                  2,
                  {{1 / (real)2, 0},
                   {-1 / (real)2, -1 / (real)2},
                   {-1 / (real)6, 1 / (real)6},
                   {1 / (real)6, 1 / (real)3},
                   {0, 1}}},
    output_4_2 = {4, 5, {{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 0}, {0, 1, -1, 8, 1}}};

/* A sum of weighed vectors, whose weights the compiler knows. */
struct sum {
    bool begun;
    vec of;
};
INLINE void sum_add(struct sum *s, real weight, vec x)
{
    if (weight == 0)
        return;
    vec term = weight == 1 ? x : weight == -1 ? -x : weight * x;
    s->of = s->begun ? s->of + term : term;
    s->begun = true;
}

/* out = m in m', or, transposed, m' in m. */
INLINE void sandwich(const struct little *m, const bool transposed, const vec *in, vec *out)
{
    const int rows = transposed ? m->columns : m->rows, columns = transposed ? m->rows : m->columns;
    vec half[WINOGRAD_MOST * WINOGRAD_MOST];
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < columns; j++) {
            struct sum s = {0};
#pragma GCC unroll 5
            for (int l = 0; l < columns; l++)
                sum_add(&s, transposed ? m->at[l][i] : m->at[i][l], in[l * columns + j]);
            half[i * columns + j] = s.of;
        }
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < rows; j++) {
            struct sum s = {0};
#pragma GCC unroll 5
            for (int l = 0; l < columns; l++)
                sum_add(&s, transposed ? m->at[l][j] : m->at[j][l], half[i * columns + l]);
            out[i * rows + j] = s.of;
        }
}

/* Arrays of `count` reals, whole vectors: the square of arrays in + from[...] becomes the square
 * out + to[...]. An array at -1 is outside of the image: it reads as zero and is not written.
 * What is read next lies `ahead` (0: nothing to tell). relu: of max(in, 0); add: a bit for each out
 * that is added to, not written; mask: out is zero where mask + to[...] is not positive. */
struct change {
    const real *in;
    const ptrdiff_t *from;
    real *out;
    const ptrdiff_t *to;
    int count, ahead;
    bool relu;
    unsigned add;
    const real *mask;
};

INLINE void winograd_change(const struct little *m, const bool transposed, const struct change *c)
{
    const int rows = transposed ? m->columns : m->rows, columns = transposed ? m->rows : m->columns;
    for (int b = 0; b < c->count; b += LANES) {
        vec in[WINOGRAD_MOST * WINOGRAD_MOST], out[WINOGRAD_MOST * WINOGRAD_MOST];
#pragma GCC unroll 25
        for (int i = 0; i < columns * columns; i++) {
            in[i] = c->from[i] < 0 ? (vec){0} : vec_load(c->in + c->from[i] + b);
            if (c->ahead)
                vec_prefetch(c->in + c->from[i] + b + c->ahead);
            if (c->relu)
                in[i] = vec_relu(in[i]);
        }
        sandwich(m, transposed, in, out);
#pragma GCC unroll 25
        for (int i = 0; i < rows * rows; i++) {
            if (c->to[i] < 0)
                continue;
            real *at = c->out + c->to[i] + b;
            if (c->mask)
                out[i] = vec_keep(vec_load(c->mask + c->to[i] + b) > 0, out[i]);
            vec_store(at, c->add >> i & 1 ? vec_load(at) + out[i] : out[i]);
        }
    }
}

struct winograd {
    int tile, taps, points;
    void (*input)(const struct change *), (*input_back)(const struct change *);
    void (*weight)(const struct change *), (*weight_back)(const struct change *);
    void (*output)(const struct change *), (*output_back)(const struct change *);
};

#define WINOGRAD_STEP(step, name)                            \
    static void step##_##name##_run(const struct change *c)  \
    {                                                        \
        winograd_change(&step##_##name, false, c);           \
    }                                                        \
    static void step##_##name##_back(const struct change *c) \
    {                                                        \
        winograd_change(&step##_##name, true, c);            \
    }
#define WINOGRAD(tile, taps, name)                                        \
    WINOGRAD_STEP(input, name)                                            \
    WINOGRAD_STEP(weight, name)                                           \
    WINOGRAD_STEP(output, name)                                           \
    static const struct winograd winograd_##name = {tile,                 \
                                                    taps,                 \
                                                    tile + taps - 1,      \
                                                    input_##name##_run,   \
                                                    input_##name##_back,  \
                                                    weight_##name##_run,  \
                                                    weight_##name##_back, \
                                                    output_##name##_run,  \
                                                    output_##name##_back};
WINOGRAD(2, 2, 2_2)
WINOGRAD(2, 3, 2_3)
WINOGRAD(4, 2, 4_2)
#endif
