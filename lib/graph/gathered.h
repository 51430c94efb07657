/* Convolutions of any kind as matrix products over gathered pixels: the wide pixels under a narrow
 * one's window, side by side. Rows of narrow pixels are counted over the whole batch, so that a
 * product spans as many images as fit. */
#ifndef GRAPH_GATHERED_H
#define GRAPH_GATHERED_H
#include "graph/convolution.h"
#include "graph/gemm.h"

enum {
    GATHERED = 1 << 18,       /* reals of gathered pixels at a time: 1 MiB of float */
    SLICED_WEIGHTS = 1 << 14, /* up to this many, each slice has its own gradient */
    CHANNEL_BLOCK = 128,
};

struct piece { /* of a gathered pixel: taps x channels of one group */
    int row, rows, column, columns, channel, channels;
};

static struct piece whole_group(const struct convolution *v, int group)
{
    return (struct piece){0, v->k, 0, v->k, group * v->group_c, v->group_c};
}

/* A run of `count` reals at wide + at, or outside of the image where at < 0: out takes it; or,
 * back, gives it, where mask (NULL: anywhere) is positive. */
INLINE void move_run(const bool back, bool relu, const real *mask, real *wide, ptrdiff_t at,
                     int count, real *out)
{
    for (int b = 0; b < count; b += LANES) {
        int left = count - b;
        if (!back) {
            vec in = at < 0 ? (vec){0} : vec_load_part(wide + at + b, left);
            vec_store_part(out + b, relu ? vec_relu(in) : in, left);
        } else if (at >= 0) {
            vec in = vec_load_part(out + b, left), sum = vec_load_part(wide + at + b, left);
            if (mask)
                in = vec_keep(vec_load_part(mask + at + b, left) > 0, in);
            vec_store_part(wide + at + b, sum + in, left);
        }
    }
}

/* Moves a piece of `rows` rows of narrow pixels. Adjacent taps of all channels are one run. */
INLINE void move_pixels(const struct convolution *v, const bool back, const real *mask, real *wide,
                        struct piece p, long row, long rows, real *out)
{
    bool runs = p.channels == v->c && v->dilation == 1;
    for (long r = row; r < row + rows; r++) {
        int top = (int)(r % v->oh) * v->stride - v->pad + p.row * v->dilation;
        ptrdiff_t image = r / v->oh * v->h;
        for (int x = 0; x < v->ow; x++) {
            int first = x * v->stride - v->pad + p.column * v->dilation;
            bool within = runs && first >= 0 && first + p.columns <= v->w;
            int step = within ? p.columns : 1, count = step * p.channels;
            for (int i = 0, y = top; i < p.rows; i++, y += v->dilation)
                for (int j = 0, at = first; j < p.columns; j += step, at += v->dilation) {
                    bool inside = y >= 0 && y < v->h && at >= 0 && at < v->w;
                    move_run(back, v->relu, mask, wide,
                             inside ? ((image + y) * v->w + at) * v->c + p.channel : -1, count,
                             out);
                    out += count;
                }
        }
    }
}

static void gather(const struct convolution *v, const real *wide, struct piece p, long row,
                   long rows, real *out)
{
    move_pixels(v, false, NULL, (real *)wide, p, row, rows, out);
}

/* The adjoint: adds gathered pixels back to where they came from; with relu, where x is positive.
 */
static void scatter(const struct convolution *v, const real *in, struct piece p, long row,
                    long rows, const real *x, real *wide)
{
    move_pixels(v, true, v->relu ? x : NULL, wide, p, row, rows, (real *)in);
}

/* Rows of narrow pixels to gather at once, each pixel `width` reals. */
static long rows_at_once(const struct convolution *v, int width, long rows)
{
    long fit = GATHERED / ((long)width * v->ow);
    return fit < 1 ? 1 : fit > rows ? rows : fit;
}

static int gathered_width(const struct convolution *v)
{
    return v->k * v->k * v->group_c;
}

/* Each group's weights, packed for products with gathered pixels (width x group_co), or for the way
 * back. They come first in scratch, then each thread's own. */
static size_t packed_group(const struct convolution *v, bool back)
{
    int width = gathered_width(v);
    return back ? gemm_packed(v->group_co, width) : gemm_packed(width, v->group_co);
}

static void pack_weights(const struct convolution *v, const struct context *c, const real *w,
                         bool back)
{
    int k = gathered_width(v), n = v->group_co;
    int panels = back ? gemm_panels(n, k) : gemm_panels(k, n);
    FOR_SLICES(c, slice)
    for (int i = slice; i < v->groups * panels; i += GRAPH_SLICES)
        gemm_pack(back, w + i / panels * n, v->co, back ? n : k, back ? k : n, i % panels,
                  c->scratch + (size_t)(i / panels) * packed_group(v, back));
}

static real *beside_packed(const struct convolution *v, const struct context *c, bool back)
{
    size_t packed = (size_t)v->groups * packed_group(v, back);
    size_t own = c->scratch_stride - scratch_round(packed / GRAPH_SLICES + 1);
    return c->scratch + scratch_round(packed) + (size_t)omp_get_thread_num() * own;
}

/* narrow = or += convolution of wide by w. */
static void gathered_to_narrow(const struct convolution *v, const struct context *c,
                               const real *wide, const real *w, real *narrow, bool add)
{
    int width = gathered_width(v);
    pack_weights(v, c, w, false);
    FOR_SLICES(c, slice)
    {
        real *scratch = beside_packed(v, c, false);
        long first = (long)slice_first(c->n, slice) * v->oh;
        long end = (long)slice_first(c->n, slice + 1) * v->oh;
        long step = rows_at_once(v, width, end - first);
        for (int g = 0; g < v->groups; g++)
            for (long row = first; row < end; row += step) {
                long rows = row + step < end ? step : end - row;
                const real *left = scratch;
                if (v->direct)
                    left = wide + row * v->ow * v->c + g * v->group_c;
                else
                    gather(v, wide, whole_group(v, g), row, rows, scratch);
                gemm_by_packed(false, (int)rows * v->ow, v->group_co, width, left,
                               v->direct ? v->c : width, v->direct && v->relu,
                               c->scratch + (size_t)g * packed_group(v, false),
                               narrow + row * v->ow * v->co + g * v->group_co, v->co, add);
            }
    }
}

/* wide = 0 where x is not positive. */
static void rectify_back(const real *x, real *wide, long count)
{
    for (long b = 0; b < count; b += LANES) {
        int left = count - b < LANES ? (int)(count - b) : LANES;
        vec given = vec_load_part(wide + b, left);
        vec_store_part(wide + b, vec_keep(vec_load_part(x + b, left) > 0, given), left);
    }
}

/* wide = or += the adjoint, where x is positive if there is a relu. Where pixels are themselves,
 * products go to wide at once, so much at a time that a relu finds it in the cache. */
static void narrow_to_gathered(const struct convolution *v, const struct context *c,
                               const real *narrow, const real *w, const real *x, real *wide,
                               bool add)
{
    int width = gathered_width(v), beside = 4;
    long image = (long)v->h * v->w * v->c;
    bool direct = v->direct && !(v->relu && add);
    pack_weights(v, c, w, true);
    FOR_SLICES(c, slice)
    {
        real *scratch = beside_packed(v, c, true);
        long first = slice_first(c->n, slice), last = slice_first(c->n, slice + 1);
        long end = last * v->oh;
        long step = rows_at_once(v, direct ? beside * v->c : width, end - first * v->oh);
        if (!direct && !add)
            memset(wide + first * image, 0, (size_t)((last - first) * image) * sizeof *wide);
        for (long row = first * v->oh; row < end; row += step) {
            long rows = row + step < end ? step : end - row, at = row * v->ow * v->c;
            for (int g = 0; g < v->groups; g++) {
                gemm_by_packed(false, (int)rows * v->ow, width, v->group_co,
                               narrow + row * v->ow * v->co + g * v->group_co, v->co, false,
                               c->scratch + (size_t)g * packed_group(v, true),
                               direct ? wide + at + g * v->group_c : scratch, direct ? v->c : width,
                               direct && add);
                if (!direct)
                    scatter(v, scratch, whole_group(v, g), row, rows, x, wide);
            }
            if (direct && v->relu)
                rectify_back(x + at, wide + at, rows * v->ow * v->c);
        }
    }
}

/* Adds to rows of w's gradient (the piece's, of group g) what the rows [row, end) of narrow pixels
 * give. */
static void weight_rows(const struct convolution *v, const real *wide, const real *narrow, int g,
                        struct piece p, long row, long end, real *gradient, real *scratch)
{
    int width = p.rows * p.columns * p.channels;
    long step = rows_at_once(v, width, end - row);
    for (; row < end; row += step) {
        long rows = row + step < end ? step : end - row;
        const real *left = scratch;
        if (v->direct)
            left = wide + row * v->ow * v->c + p.channel;
        else
            gather(v, wide, p, row, rows, scratch);
        gemm(true, false, width, v->group_co, (int)rows * v->ow, left, v->direct ? v->c : width,
             v->direct && v->relu, narrow + row * v->ow * v->co + g * v->group_co, v->co,
             gradient + g * v->group_co, v->co, true);
    }
}

static size_t weights_of(const struct convolution *v)
{
    return (size_t)(v->k * v->k) * (size_t)v->group_c * (size_t)v->co;
}

/* Few weights: every slice sums its images, then slices are added in order. Many: every slice owns
 * some rows of the gradient and goes through all images. */
static void gathered_weights(const struct convolution *v, const struct context *c, const real *wide,
                             const real *narrow, real *gradient, bool accumulate)
{
    size_t weights = weights_of(v);
    if (weights <= SLICED_WEIGHTS) {
        FOR_SLICES(c, slice)
        {
            real *own = slice_scratch(c, slice), *work = thread_scratch(c) + scratch_round(weights);
            memset(own, 0, weights * sizeof *own);
            for (int g = 0; g < v->groups && !slice_empty(c, slice); g++)
                weight_rows(v, wide, narrow, g, whole_group(v, g),
                            (long)slice_first(c->n, slice) * v->oh,
                            (long)slice_first(c->n, slice + 1) * v->oh, own, work);
        }
        slices_reduce(c, gradient, 0, weights, accumulate);
        return;
    }
    if (!accumulate)
        memset(gradient, 0, weights * sizeof *gradient);
    int blocks = (v->group_c + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK, taps = v->k * v->k;
    FOR_SLICES(c, slice)
    for (int task = slice; task < v->groups * taps * blocks; task += GRAPH_SLICES) {
        int g = task / (taps * blocks), tap = task / blocks % taps;
        int from = task % blocks * CHANNEL_BLOCK;
        int channels = v->group_c - from < CHANNEL_BLOCK ? v->group_c - from : CHANNEL_BLOCK;
        weight_rows(v, wide, narrow, g,
                    (struct piece){tap / v->k, 1, tap % v->k, 1, g * v->group_c + from, channels},
                    0, (long)c->n * v->oh, gradient + ((long)tap * v->group_c + from) * v->co,
                    thread_scratch(c));
    }
}

static size_t gathered_scratch(const struct convolution *v, int batch)
{
    size_t weights = weights_of(v), own, all;
    long images = (batch + GRAPH_SLICES - 1) / GRAPH_SLICES;
    int width = gathered_width(v);
    int piece = v->group_c < CHANNEL_BLOCK ? v->group_c : CHANNEL_BLOCK;
    own = (size_t)(rows_at_once(v, width, images * v->oh) * v->ow * width);
    if (weights <= SLICED_WEIGHTS)
        all = scratch_round(weights) + own;
    else
        all = (size_t)(rows_at_once(v, piece, (long)batch * v->oh) * v->ow * piece);
    for (int back = 0; back < 2; back++) {
        size_t packed = (size_t)v->groups * packed_group(v, back);
        packed = scratch_round(packed / GRAPH_SLICES + 1) + scratch_round(own) + 16;
        all = packed > all ? packed : all;
    }
    return all;
}
#endif
