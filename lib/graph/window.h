/* Sliding windows over one image, channel by channel: what depthwise convolutions, separable ones
 * and pools share. The image is first copied with its padding (and, on the way, normalised and
 * rectified), so that no inner loop tests for an edge; channels are rounded up to whole vectors. */
#ifndef GRAPH_WINDOW_H
#define GRAPH_WINDOW_H
#include "graph/op.h"
#include "graph/simd.h"

struct frame {
    int h, w, c; /* the image */
    int oh, ow;  /* windows: the output image */
    int k, stride, pad, dilation;
    int channels; /* c rounded up to LANES */
    int ph, pw;   /* the padded copy: as far as windows reach; its origin is pixel (-pad, -pad) */
    int before;   /* the output's gradient is padded, too, for the way back: zeros before, */
    int gh, gw;   /* and its extents in all */
};

INLINE int round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}
static inline int floor_divide(int a, int b)
{
    return a / b - (a % b < 0);
}

static inline int window_extent(int size, const struct window *w)
{
    if (w->extent)
        return (size + w->stride - 1) / w->stride;
    int reach = size + 2 * w->pad - w->dilation * (w->kernel - 1) - 1;
    return reach < 0 ? 0 : reach / w->stride + 1;
}

static inline struct frame window_frame(const struct node *n)
{
    const struct window *w = &n->window;
    const int *x = n->input[0]->shape.extent;
    int reach = w->dilation * (w->kernel - 1);
    struct frame f = {.h = x[0],
                      .w = x[1],
                      .c = x[2],
                      .k = w->kernel,
                      .stride = w->stride,
                      .pad = w->pad,
                      .dilation = w->dilation};
    f.oh = window_extent(f.h, w);
    f.ow = window_extent(f.w, w);
    f.channels = round_up(f.c, LANES);
    f.ph = (f.oh - 1) * f.stride + reach + 1;
    f.pw = (f.ow - 1) * f.stride + reach + 1;
    int first = w->pad > 0 ? w->pad : 0;
    f.before = -floor_divide(first - reach, f.stride);
    if (f.before < 0)
        f.before = 0;
    f.gh = f.before + (f.ph - 1) / f.stride + 1;
    f.gw = f.before + (f.pw - 1) / f.stride + 1;
    return f;
}

/* Of windows over a padded copy of the image: a pad that no window leaves has no place in it. */
static inline int window_check_pad(const struct window *w, struct error *e)
{
    const int reach = w->dilation * (w->kernel - 1);
    return w->pad <= reach ? 0
                           : error_set(e, "a window that reaches over %d pixels has a pad of %d",
                                       reach + 1, w->pad);
}

/* Every windowed op's shape: h x w x c to oh x ow x channels. */
static inline int window_shape(struct node *n, int channels, struct error *e)
{
    const struct shape *x = &n->input[0]->shape;
    const struct window *w = &n->window;
    if (!x->batched || x->rank != 3)
        return error_set(e, "a window slides over images, not over a value of rank %d", x->rank);
    if (w->kernel < 1 || w->stride < 1 || w->dilation < 1 || w->pad < -1 || w->kernel > 1024 ||
        w->dilation > 1024 || w->pad > 1024)
        return error_set(e, "window of kernel %d, stride %d, pad %d, dilation %d", w->kernel,
                         w->stride, w->pad, w->dilation);
    n->shape = (struct shape){
        true, 3, {window_extent(x->extent[0], w), window_extent(x->extent[1], w), channels}};
    if (n->shape.extent[0] < 1 || n->shape.extent[1] < 1)
        return error_set(e, "an image of %d x %d is smaller than its window (kernel %d, pad %d)",
                         x->extent[0], x->extent[1], w->kernel, w->pad);
    return 0;
}

INLINE size_t frame_padded(const struct frame *f)
{
    return (size_t)f->ph * (size_t)f->pw * (size_t)f->channels;
}
INLINE size_t frame_gradient(const struct frame *f) /* the output's gradient, padded */
{
    return (size_t)f->gh * (size_t)f->gw * (size_t)f->channels;
}
INLINE real *frame_gradient_at(const struct frame *f, real *g, int y, int x)
{
    return g + ((size_t)(y + f->before) * (size_t)f->gw + (size_t)(x + f->before)) *
                   (size_t)f->channels;
}

/* Zeros around the output's gradient. */
static inline void frame_clear_border(const struct frame *f, real *g)
{
    size_t row = (size_t)(f->gw * f->channels), before = (size_t)(f->before * f->channels);
    size_t inside = (size_t)(f->ow * f->channels), rows = (size_t)(f->before + f->oh);
    memset(g, 0, (size_t)f->before * row * sizeof *g);
    for (size_t y = (size_t)f->before; y < rows; y++) {
        memset(g + y * row, 0, before * sizeof *g);
        memset(g + y * row + before + inside, 0, (row - before - inside) * sizeof *g);
    }
    memset(g + rows * row, 0, ((size_t)f->gh - rows) * row * sizeof *g);
}

/* How a pixel is changed as it is copied. Statistics are padded to whole vectors with zeros. */
enum entry { ENTRY_PLAIN, ENTRY_RELU, ENTRY_NORMALISED_RELU };

/* Rows are short: a loop of stores is faster than the memset that the compiler would call. */
INLINE void window_fill(real *p, vec value, int count)
{
    for (int i = 0; i < count; i += LANES) {
        vec_store(p + i, value);
        __asm__("" : "+r"(p));
    }
}

/* n pixels of one vector of channels, of which `lanes` count; what is read next lies `ahead`. */
INLINE void window_copy_pixels(int n, const int lanes, const real *in, ptrdiff_t in_step,
                               ptrdiff_t ahead, real *out, ptrdiff_t out_step,
                               const enum entry entry, vec mean, vec reciprocal)
{
    for (int i = 0; i < n; i++, in += in_step, out += out_step) {
        vec_prefetch(in + ahead);
        vec v = vec_load_part(in, lanes);
        if (entry == ENTRY_NORMALISED_RELU)
            v = (v - mean) * reciprocal;
        vec_store(out, entry == ENTRY_PLAIN ? v : vec_relu(v));
    }
}

/* Row u of the padded copy, to `row`. */
INLINE void window_copy_row(const struct frame *f, int u, const real *x, real *row,
                            const enum entry entry, const real *mean, const real *reciprocal,
                            real outside)
{
    int left = f->pad > 0 ? f->pad : 0;  /* columns of padding */
    int skip = f->pad < 0 ? -f->pad : 0; /* columns of the image not reached */
    int inside = f->w - skip < f->pw - left ? f->w - skip : f->pw - left;
    int from = u - f->pad, c = f->c, channels = f->channels;
    if (from < 0 || from >= f->h) {
        window_fill(row, vec_all(outside), f->pw * channels);
        return;
    }
    window_fill(row, vec_all(outside), left * channels);
    const real *in = x + ((size_t)from * (size_t)f->w + (size_t)skip) * (size_t)c;
    real *out = row + left * channels;
    for (int b = 0; b < c; b += LANES) {
        vec m = {0}, r = {0};
        if (entry == ENTRY_NORMALISED_RELU) {
            m = vec_load(mean + b);
            r = vec_load(reciprocal + b);
        }
        if (c - b >= LANES)
            window_copy_pixels(inside, LANES, in + b, c, f->w * c, out + b, channels, entry, m, r);
        else
            window_copy_pixels(inside, c - b, in + b, c, f->w * c, out + b, channels, entry, m, r);
    }
    window_fill(row + (left + inside) * channels, vec_all(outside),
                (f->pw - left - inside) * channels);
}

INLINE void window_copy(const struct frame *f, const real *x, real *padded, const enum entry entry,
                        const real *mean, const real *reciprocal, real outside)
{
    for (int u = 0; u < f->ph; u++)
        window_copy_row(f, u, x, padded + (size_t)u * (size_t)(f->pw * f->channels), entry, mean,
                        reciprocal, outside);
}

/* Taps under a window: rows x columns of them, their steps in the image and among the weights. */
struct taps {
    int rows, columns;
    ptrdiff_t row, column, weight_row, weight_column;
};

/* Steps from pixel to pixel, and from line to line. */
struct steps {
    ptrdiff_t out, in, out_line, in_line;
};

/* What all blocks of a correlation share: see struct product for why it is passed so. */
struct correlation {
    struct steps step;
    struct taps taps;
};

/* One vector of channels of P output pixels: out = sum over taps of in * weight. */
INLINE void correlate_pixels(const int P, real *out, const real *in, const real *weight,
                             const struct correlation *shared)
{
    const struct correlation c = *shared;
    vec sum[16];
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
        sum[p] = (vec){0};
    for (int i = 0; i < c.taps.rows; i++, in += c.taps.row, weight += c.taps.weight_row) {
        const real *from = in, *w = weight;
        for (int j = 0; j < c.taps.columns; j++, from += c.taps.column, w += c.taps.weight_column) {
            vec tap = vec_load(w);
#pragma GCC unroll 16
            for (int p = 0; p < P; p++)
                sum[p] += vec_load(from + p * c.step.in) * tap;
        }
    }
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
        vec_store(out + p * c.step.out, sum[p]);
}

/* The same of L lines, one or two, of P pixels, where a row of taps is K pixels, D apart: each
 * pixel is loaded once for all the outputs that see it. Pixels come in turn from both lines, or
 * from both halves of the one, so that sums do not wait for themselves. */
INLINE void slide_pixels(const int P, const int L, const int K, const int D, real *out,
                         const real *in, const real *weight, const struct correlation *shared)
{
    const struct correlation c = *shared;
    const int pixels = P + (K - 1) * D, half = (pixels + 1) / 2;
    vec sum[16];
#pragma GCC unroll 16
    for (int p = 0; p < P * L; p++)
        sum[p] = (vec){0};
    for (int y = 0; y < c.taps.rows; y++, in += c.taps.row, weight += c.taps.weight_row) {
        vec tap[5];
#pragma GCC unroll 5
        for (int j = 0; j < K; j++)
            tap[j] = vec_load(weight + j * c.taps.weight_column);
        const real *from[2] = {in, in + (L == 2 ? c.step.in_line : half * c.step.in)};
#pragma GCC unroll 32
        for (int i = 0; i < pixels * L; i++) {
            int at = L == 2 ? i / 2 : i / 2 + i % 2 * half, line = L == 2 ? i % 2 * P : 0;
            vec v = vec_load(from[i % 2]);
            from[i % 2] = vec_step(from[i % 2], c.step.in);
#pragma GCC unroll 5
            for (int j = 0; j < K; j++)
                if (at >= j * D && at - j * D < P)
                    sum[line + at - j * D] += v * tap[j];
        }
    }
#pragma GCC unroll 16
    for (int p = 0; p < P * L; p++)
        vec_store(out + p / P * c.step.out_line + p % P * c.step.out, sum[p]);
}

/* A function for each block: L lines of P pixels, one vector of channels; K, D: see slide_pixels,
 * or 0. */
typedef void correlate_function(real *out, const real *in, const real *weight,
                                const struct correlation *c);
#define BLOCK(P, L, K, D)                                                           \
    static __attribute__((noinline)) void correlate_##P##x##L##_##K##_##D(          \
        real *out, const real *in, const real *weight, const struct correlation *c) \
    {                                                                               \
        if (K)                                                                      \
            slide_pixels(P, L, K, D, out, in, weight, c);                           \
        else                                                                        \
            correlate_pixels(P, out, in, weight, c);                                \
    }
#define BLOCKS(P, L) BLOCK(P, L, 3, 1) BLOCK(P, L, 3, 2) BLOCK(P, L, 5, 1) BLOCK(P, L, 5, 2)
#define ALL_BLOCKS(P) BLOCK(P, 1, 0, 0) BLOCKS(P, 1)
ALL_BLOCKS(1)
ALL_BLOCKS(4)
ALL_BLOCKS(7)
ALL_BLOCKS(8)
#if VECTOR_BYTES == 64 /* registers: 32, not 16 */
ALL_BLOCKS(14)
ALL_BLOCKS(16)
BLOCKS(7, 2)
#endif
#undef ALL_BLOCKS
#undef BLOCKS
#undef BLOCK

enum correlate_taps { TAPS_3_1, TAPS_3_2, TAPS_5_1, TAPS_5_2, TAPS_ANY, TAPS_KINDS };

#define BLOCKS(P, L)                                                                 \
    correlate_##P##x##L##_3_1, correlate_##P##x##L##_3_2, correlate_##P##x##L##_5_1, \
        correlate_##P##x##L##_5_2
#define BLOCK(P, whole)                         \
    {                                           \
        P, whole,                               \
        {                                       \
            BLOCKS(P, 1), correlate_##P##x1_0_0 \
        }                                       \
    }
static const struct correlate_block {
    int pixels;
    bool whole; /* only where what is left of a line is whole blocks */
    correlate_function *by[TAPS_KINDS];
} correlate_blocks[] = {
#if VECTOR_BYTES == 64
    BLOCK(14, true), BLOCK(7, true),  BLOCK(16, false),
#else
    BLOCK(7, true),
#endif
    BLOCK(8, false), BLOCK(4, false), BLOCK(1, false),
};
enum { PAIRED = 7 }; /* pixels of short lines, which are taken two at a time */
static correlate_function *const correlate_pair[TAPS_KINDS] = {
#if VECTOR_BYTES == 64
    BLOCKS(7, 2)
#endif
};
#undef BLOCK
#undef BLOCKS

/* One line of n output pixels, one vector of channels. */
static inline void correlate_line(real *out, const real *in, int n, const real *weight,
                                  enum correlate_taps taps, const struct correlation *c)
{
    const struct correlate_block *b;
    for (; n > 0; n -= b->pixels, out += b->pixels * c->step.out, in += b->pixels * c->step.in) {
        b = correlate_blocks;
        while (b->pixels > n || (b->whole && n % b->pixels))
            b++;
        b->by[taps](out, in, weight, c);
    }
}

/* Lines of n output pixels, all channels. */
static inline void correlate(real *out, const real *in, int lines, int n, int channels,
                             const real *weight, struct correlation c)
{
    struct taps *t = &c.taps;
    if (t->column < 0) { /* from the other end */
        in += (t->columns - 1) * t->column;
        weight += (t->columns - 1) * t->weight_column;
        t->column = -t->column;
        t->weight_column = -t->weight_column;
    }
    const bool side = t->column == c.step.in, apart = t->column == 2 * c.step.in;
    const enum correlate_taps taps = t->columns == 3 && side    ? TAPS_3_1
                                     : t->columns == 3 && apart ? TAPS_3_2
                                     : t->columns == 5 && side  ? TAPS_5_1
                                     : t->columns == 5 && apart ? TAPS_5_2
                                                                : TAPS_ANY;
    const bool pairs = n == PAIRED && correlate_pair[taps];
    for (int b = 0; b < channels; b += LANES)
        for (int line = 0; line < lines; line++) {
            real *to = out + line * c.step.out_line + b;
            const real *from = in + line * c.step.in_line + b;
            if (pairs && line + 1 < lines) {
                correlate_pair[taps](to, from, weight + b, &c);
                line++;
            } else {
                correlate_line(to, from, n, weight + b, taps, &c);
            }
        }
}

/* Output rows from y on, from the padded image: rows x ow x channels, weights [k, k, channels]. */
static inline void window_forward_rows(const struct frame *f, int y, int rows, const real *padded,
                                       const real *weight, real *out)
{
    ptrdiff_t c = f->channels, row = f->pw * c;
    const struct correlation by = {
        .step = {c, f->stride * c, f->ow * c, f->stride * row},
        .taps = {f->k, f->k, f->dilation * row, f->dilation * c, f->k * c, c},
    };
    correlate(out, padded + y * f->stride * row, rows, f->ow, f->channels, weight, by);
}

/* The way back: a pixel of the image gathers from the windows that saw it. With a stride, pixels of
 * one residue along the row see the same taps; `first` is the first of them. */
struct residue {
    int x, pixels;      /* first pixel of the row, and how many, a stride apart */
    int first;          /* tap */
    ptrdiff_t gradient; /* where the first pixel's first window is in the padded gradient */
    struct taps taps;   /* steps to the others, in the gradient and in weights [k, k, channels] */
};

/* The residue `start` of row y; false where no window sees it. */
static inline bool window_residue(const struct frame *f, int y, int start, struct residue *r)
{
    ptrdiff_t c = f->channels, row = f->gw * c;
    int s = f->stride, u = y + f->pad, x = start, i = 0, j = 0, step = 1;
    while (step * f->dilation % s) /* taps from one that applies to the next */
        step++;
    int shift = step * f->dilation / s; /* and windows */
    while (x + f->pad < 0)
        x += s;
    int v = x + f->pad, last = f->w - 1 + f->pad < f->pw - 1 ? f->w - 1 + f->pad : f->pw - 1;
    while (i < f->k && (u - i * f->dilation) % s)
        i++;
    while (j < f->k && (v - j * f->dilation) % s)
        j++;
    if (u < 0 || u >= f->ph || i == f->k || j == f->k || v > last)
        return false;
    *r = (struct residue){x,
                          (last - v) / s + 1,
                          i * f->k + j,
                          ((u - i * f->dilation) / s + f->before) * row +
                              ((v - j * f->dilation) / s + f->before) * c,
                          {(f->k - i + step - 1) / step, (f->k - j + step - 1) / step, -shift * row,
                           -shift * c, step * f->k * c, step * c}};
    return true;
}

/* Does every pixel of row y lie under a window's tap? */
static inline bool window_covers(const struct frame *f, int y)
{
    return f->stride == 1 && f->pad >= 0 && y + f->pad < f->ph && f->w + f->pad <= f->pw;
}

/* Does no window from output row `row` on see row y of the image? */
INLINE bool window_passed(const struct frame *f, int y, int row)
{
    return row >= f->oh || y + f->pad < row * f->stride;
}

/* Row y of the image's gradient (w x channels) from the padded output gradient. */
static inline void window_backward_row(const struct frame *f, int y, const real *gradient,
                                       const real *weight, real *out)
{
    ptrdiff_t c = f->channels;
    struct residue r;
    if (!window_covers(f, y))
        window_fill(out, (vec){0}, f->w * f->channels);
    for (int start = 0; start < f->stride; start++)
        if (window_residue(f, y, start, &r))
            correlate(out + r.x * c, gradient + r.gradient, 1, r.pixels, f->channels,
                      weight + r.first * c, (struct correlation){{f->stride * c, c, 0, 0}, r.taps});
}

/* The same of some rows. */
static inline void window_backward_rows(const struct frame *f, int y, int rows,
                                        const real *gradient, const real *weight, real *out)
{
    ptrdiff_t c = f->channels, line = f->w * c;
    struct residue r;
    if (window_covers(f, y) && window_covers(f, y + rows - 1) && window_residue(f, y, 0, &r))
        correlate(out, gradient + r.gradient, rows, r.pixels, f->channels, weight,
                  (struct correlation){{c, c, line, f->gw * c}, r.taps});
    else
        for (int i = 0; i < rows; i++)
            window_backward_row(f, y + i, gradient, weight, out + i * line);
}

/* What the gradient of the weights is made of: lines of pixels of the output's gradient, and of the
 * padded image below. */
struct windows {
    int lines, pixels;
    struct steps step;                                /* in: the image; out: the gradient */
    ptrdiff_t row, column, weight_row, weight_column; /* from tap to tap */
    bool add;
};

/* Adds Q pixels, which lie as far apart as taps do, so that they share what they see, and goes on
 * by `step`. */
INLINE void tap_pixels(const int rows, const int columns, const int Q, const real **in,
                       ptrdiff_t step, ptrdiff_t column, const real *gradient, ptrdiff_t apart,
                       vec *sum)
{
    const ptrdiff_t column3 = 3 * column, column5 = 5 * column;
    vec g[2];
#pragma GCC unroll 2
    for (int q = 0; q < Q; q++)
        g[q] = vec_load(gradient + q * apart);
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 6
        for (int at = 0; at < columns + Q - 1; at++) {
            vec v = vec_held(vec_load(in[i] + (at == 3   ? column3
                                               : at == 5 ? column5
                                                         : at * column)));
#pragma GCC unroll 2
            for (int q = 0; q < Q; q++)
                if (at >= q && at - q < columns)
                    sum[i * columns + at - q] += v * g[q];
        }
        in[i] = vec_step(in[i], step);
    }
}

/* Taps of one vector of channels, kept in registers over all lines. D: pixels from tap to tap; 0:
 * any number. */
INLINE void tap_gradients(const int rows, const int columns, const int D, const real *image,
                          const real *gradient, real *out, const struct windows *windows)
{
    const struct windows w = *windows;
    vec sum[25];
#pragma GCC unroll 25
    for (int t = 0; t < rows * columns; t++)
        sum[t] = (vec){0};
    for (int y = 0; y < w.lines; y++, image += w.step.in_line, gradient += w.step.out_line) {
        const real *in[5], *g = gradient;
#pragma GCC unroll 5
        for (int i = 0; i < rows; i++)
            in[i] = image + i * w.row;
        int x = w.pixels;
        for (; D && x >= 2 * D; x -= 2 * D) {
#pragma GCC unroll 2
            for (int i = 0; i < D; i++, g = vec_step(g, w.step.out))
                tap_pixels(rows, columns, 2, in, i == D - 1 ? (D + 1) * w.step.in : w.step.in,
                           w.column, g, D * w.step.out, sum);
            g += D * w.step.out;
        }
        for (; x > 0; x--, g = vec_step(g, w.step.out))
            tap_pixels(rows, columns, 1, in, w.step.in, w.column, g, 0, sum);
    }
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < columns; j++) {
            real *o = out + i * w.weight_row + j * w.weight_column;
            vec s = sum[i * columns + j];
            vec_store(o, w.add ? vec_load(o) + s : s);
        }
}

typedef void tap_function(const real *image, const real *gradient, real *out,
                          const struct windows *windows);
#define TAPS(rows, columns, D)                                                             \
    static __attribute__((noinline)) void taps_##rows##x##columns##_##D(                   \
        const real *image, const real *gradient, real *out, const struct windows *windows) \
    {                                                                                      \
        tap_gradients(rows, columns, D, image, gradient, out, windows);                    \
    }
TAPS(1, 1, 0)
TAPS(1, 3, 0)
TAPS(1, 5, 0)
TAPS(3, 3, 0)
TAPS(3, 3, 1)
TAPS(3, 3, 2)
#if VECTOR_BYTES == 64
TAPS(5, 5, 0)
TAPS(5, 5, 1)
TAPS(5, 5, 2)
#endif
#undef TAPS

/* Writes, or adds, what `lines` rows of windows from row y on give to the gradient of the weights
 * [k, k, channels]. */
static inline void window_weight_gradient(const struct frame *f, int y, int lines,
                                          const real *padded, const real *gradient, real *out,
                                          bool add)
{
    ptrdiff_t c = f->channels, row = f->pw * c;
    const struct windows w = {lines,
                              f->ow,
                              {c, f->stride * c, f->gw * c, f->stride * row},
                              f->dilation * row,
                              f->dilation * c,
                              f->k * c,
                              c,
                              add};
    const int apart = f->stride == 1 && f->dilation <= 2 ? f->dilation : 0;
    tap_function *const by3[] = {taps_3x3_0, taps_3x3_1, taps_3x3_2};
#if VECTOR_BYTES == 64
    tap_function *const by5[] = {taps_5x5_0, taps_5x5_1, taps_5x5_2};
    tap_function *const whole = f->k == 3 ? by3[apart] : f->k == 5 ? by5[apart] : NULL;
#else
    tap_function *const whole = f->k == 3 ? by3[apart] : NULL;
#endif
    const real *g = gradient + ((f->before + y) * f->gw + f->before) * c;
    padded += y * f->stride * row;
    for (int b = 0; b < f->channels; b += LANES)
        if (whole)
            whole(padded + b, g + b, out + b, &w);
        else
            for (int i = 0; i < f->k; i++)
                for (int j = 0, n; j < f->k; j += n) {
                    const real *in = padded + f->dilation * (i * row + j * c) + b;
                    real *o = out + (i * f->k + j) * c + b;
                    n = f->k - j >= 5 ? 5 : f->k - j >= 3 ? 3 : 1;
                    (n == 5 ? taps_1x5_0 : n == 3 ? taps_1x3_0 : taps_1x1_0)(in, g + b, o, &w);
                }
}

/* Rows of c channels to rows of `channels`, zeros in the new ones. */
static inline void pixels_widen(const real *in, int pixels, int c, int channels, real *out)
{
    for (int i = 0; i < pixels; i++, in += c, out += channels)
        for (int b = 0; b < channels; b += LANES)
            vec_store(out + b, vec_load_part(in + b, c - b));
}

/* And back: writes, or adds. */
static inline void pixels_narrow(const real *in, int pixels, int channels, int c, real *out,
                                 bool add)
{
    for (int i = 0; i < pixels; i++, in += channels, out += c)
        for (int b = 0; b < c; b += LANES) {
            vec v = vec_load(in + b);
            vec_store_part(out + b, add ? vec_load_part(out + b, c - b) + v : v, c - b);
        }
}
#endif
