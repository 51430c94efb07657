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

/* One vector of channels of P output pixels: out = sum over taps of in * weight. */
INLINE void correlate_pixels(const int P, real *out, ptrdiff_t out_step, const real *in,
                             ptrdiff_t in_step, const real *weight, const struct taps *t)
{
    vec sum[16];
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
        sum[p] = (vec){0};
    for (int i = 0; i < t->rows; i++, in += t->row, weight += t->weight_row) {
        const real *from = in, *w = weight;
        for (int j = 0; j < t->columns; j++, from += t->column, w += t->weight_column) {
            vec tap = vec_load(w);
#pragma GCC unroll 16
            for (int p = 0; p < P; p++)
                sum[p] += vec_load(from + p * in_step) * tap;
        }
    }
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
        vec_store(out + p * out_step, sum[p]);
}

/* The same where a row of taps is K pixels, D apart: each pixel is loaded once for all the outputs
 * that see it. Pixels come from both halves in turn, so that sums do not wait for themselves. */
INLINE void slide_pixels(const int P, const int K, const int D, real *out, ptrdiff_t out_step,
                         const real *in, ptrdiff_t in_step, const real *weight,
                         const struct taps *t)
{
    const int pixels = P + (K - 1) * D, half = (pixels + 1) / 2;
    vec sum[16];
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
        sum[p] = (vec){0};
    for (int y = 0; y < t->rows; y++, in += t->row, weight += t->weight_row) {
        vec tap[5];
#pragma GCC unroll 5
        for (int j = 0; j < K; j++)
            tap[j] = vec_load(weight + j * t->weight_column);
        const real *from[2] = {in, in + half * in_step};
#pragma GCC unroll 24
        for (int i = 0; i < pixels; i++) {
            int at = i / 2 + i % 2 * half;
            vec v = vec_load(from[i % 2]);
            from[i % 2] = vec_step(from[i % 2], in_step);
#pragma GCC unroll 5
            for (int j = 0; j < K; j++)
                if (at >= j * D && at - j * D < P)
                    sum[at - j * D] += v * tap[j];
        }
    }
#pragma GCC unroll 16
    for (int p = 0; p < P; p++)
        vec_store(out + p * out_step, sum[p]);
}

/* A row of n output pixels, one vector of channels, in blocks that registers hold; K, D: see
 * slide_pixels, or 0. */
INLINE void correlate_vector(const int K, const int D, real *out, ptrdiff_t out_step,
                             const real *in, ptrdiff_t in_step, int n, const real *weight,
                             const struct taps *t)
{
    const bool many = VECTOR_BYTES == 64; /* registers: 32, not 16 */
    int pixels;
    for (; n > 0; n -= pixels, out += pixels * out_step, in += pixels * in_step)
#define PIXELS(P)                                                                 \
    (pixels = P, K ? slide_pixels(P, K, D, out, out_step, in, in_step, weight, t) \
                   : correlate_pixels(P, out, out_step, in, in_step, weight, t))
        if (many && n % 14 == 0)
            PIXELS(14);
        else if (n % 7 == 0)
            PIXELS(7);
        else if (many && n >= 16)
            PIXELS(16);
        else if (n >= 8)
            PIXELS(8);
        else if (n >= 4)
            PIXELS(4);
        else
            PIXELS(1);
#undef PIXELS
}

/* A row of n output pixels, all channels. Steps are from pixel to pixel. */
static inline void correlate(real *out, ptrdiff_t out_step, const real *in, ptrdiff_t in_step,
                             int n, int channels, const real *weight, struct taps t)
{
    if (t.column < 0) { /* from the other end */
        in += (t.columns - 1) * t.column;
        weight += (t.columns - 1) * t.weight_column;
        t.column = -t.column;
        t.weight_column = -t.weight_column;
    }
    int apart = t.column == in_step ? 1 : t.column == 2 * in_step ? 2 : 0;
    for (int b = 0; b < channels; b += LANES)
#define TAPS(K, D) correlate_vector(K, D, out + b, out_step, in + b, in_step, n, weight + b, &t)
        if (t.columns == 3 && apart == 1)
            TAPS(3, 1);
        else if (t.columns == 3 && apart == 2)
            TAPS(3, 2);
        else if (t.columns == 5 && apart == 1)
            TAPS(5, 1);
        else if (t.columns == 5 && apart == 2)
            TAPS(5, 2);
        else
            TAPS(0, 0);
#undef TAPS
}

/* Output row y from the padded image: oh x ow x channels, weights [k, k, channels]. */
static inline void window_forward_row(const struct frame *f, int y, const real *padded,
                                      const real *weight, real *out)
{
    ptrdiff_t c = f->channels, row = f->pw * c;
    struct taps t = {f->k, f->k, f->dilation * row, f->dilation * c, f->k * c, c};
    correlate(out, c, padded + y * f->stride * row, f->stride * c, f->ow, f->channels, weight, t);
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
            correlate(out + r.x * c, f->stride * c, gradient + r.gradient, c, r.pixels, f->channels,
                      weight + r.first * c, r.taps);
}

/* Taps of one vector of channels, kept in registers over `lines` rows of windows. */
INLINE void tap_gradients(const int rows, const int columns, const struct frame *f, int lines,
                          const real *padded, const real *gradient, real *out, bool add)
{
    ptrdiff_t c = f->channels, row = f->pw * c;
    vec sum[25];
#pragma GCC unroll 25
    for (int t = 0; t < rows * columns; t++)
        sum[t] = (vec){0};
    for (int y = 0; y < lines; y++) {
        const real *in = padded + y * f->stride * row;
        const real *g = gradient + y * f->gw * c;
        for (int x = 0; x < f->ow; x++, in += f->stride * c, g += c) {
            vec v = vec_load(g);
#pragma GCC unroll 5
            for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
                for (int j = 0; j < columns; j++)
                    sum[i * columns + j] +=
                        vec_load(in + i * f->dilation * row + j * f->dilation * c) * v;
        }
    }
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < columns; j++) {
            real *o = out + (i * f->k + j) * c;
            vec s = sum[i * columns + j];
            vec_store(o, add ? vec_load(o) + s : s);
        }
}

/* Writes, or adds, what `lines` rows of windows from row y on give to the gradient of the weights
 * [k, k, channels]. */
static inline void window_weight_gradient(const struct frame *f, int y, int lines,
                                          const real *padded, const real *gradient, real *out,
                                          bool add)
{
    ptrdiff_t c = f->channels, row = f->pw * c;
    const real *g = gradient + ((f->before + y) * f->gw + f->before) * c;
    padded += y * f->stride * row;
    for (int b = 0; b < f->channels; b += LANES)
        if (f->k == 3)
            tap_gradients(3, 3, f, lines, padded + b, g + b, out + b, add);
        else if (f->k == 5 && VECTOR_BYTES == 64)
            tap_gradients(5, 5, f, lines, padded + b, g + b, out + b, add);
        else
            for (int i = 0; i < f->k; i++)
                for (int j = 0, n; j < f->k; j += n) {
                    const real *in = padded + f->dilation * (i * row + j * c) + b;
                    real *o = out + (i * f->k + j) * c + b;
                    n = f->k - j >= 5 ? 5 : f->k - j >= 3 ? 3 : 1;
                    if (n == 5)
                        tap_gradients(1, 5, f, lines, in, g + b, o, add);
                    else if (n == 3)
                        tap_gradients(1, 3, f, lines, in, g + b, o, add);
                    else
                        tap_gradients(1, 1, f, lines, in, g + b, o, add);
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
