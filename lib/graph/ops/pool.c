/* Pooling. */
#include <math.h>
#include "graph/affine.h"
#include "graph/moments.h"
#include "graph/slices.h"
#include "graph/window.h"

enum { POOL_MOST = 11 }; /* kernel: choices are bytes */

/* Forward, windows are gathered along each row of the padded image, then across rows: `values` and
 * `columns` are rings of as many such rows as a window spans, `row` is a padded one. So 2 k steps
 * make a pixel, not k * k, and all of it stays in the L1 cache. */
struct layout { /* offsets, in reals */
    size_t row, values, columns;
    size_t choices, gradient, back; /* backward: choices, padded, a byte each; output gradient, */
                                    /* padded; a row */
    size_t end;
};

static int ring_rows(const struct frame *f)
{
    return f->dilation * (f->k - 1) + 1;
}
static real *ring_row(const struct frame *f, real *ring, int u)
{
    return ring + u % ring_rows(f) * f->ow * f->channels;
}

static struct layout layout_of(const struct frame *f)
{
    size_t width = (size_t)(f->w > f->ow ? f->w : f->ow), channels = (size_t)f->channels;
    size_t ring = scratch_round((size_t)(ring_rows(f) * f->ow) * channels);
    struct layout l = {.values = scratch_round((size_t)f->pw * channels)};
    l.columns = l.values + ring;
    l.gradient = scratch_round(frame_gradient(f) / sizeof(real) + 1);
    l.back = l.gradient + scratch_round(frame_gradient(f));
    l.end = l.back + scratch_round(width * channels);
    l.end = l.end > l.columns + ring ? l.end : l.columns + ring;
    return l;
}

static size_t work(const struct node *n)
{
    struct frame f = window_frame(n);
    return layout_of(&f).end;
}

static int shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape;
    const struct window *w = &n->window;
    if (window_shape(n, x->rank == 3 ? x->extent[2] : 0, e))
        return -1;
    if (2 * w->pad > w->dilation * (w->kernel - 1) + 1 || w->relu || w->kernel > POOL_MOST)
        return error_set(
            e, "a pool takes a kernel of at most %d (not %d), a pad of at most half of it",
            POOL_MOST, w->kernel);
    return 0;
}

/* The gradient of one row of an image's output. */
static const real *gradient_row(const struct node *n, const struct frame *f, int image, int y,
                                real *work)
{
    return gradient_pixels(n, ((size_t)image * (size_t)f->oh + (size_t)y) * (size_t)f->ow,
                           (size_t)f->ow, work);
}

static const real *image_of(const struct node *n, int image)
{
    return n->value + (size_t)image * node_count(n);
}

/* ---- maximum: the first of equals in row-major order, as in PyTorch; a NaN wins ---- */

typedef signed char choices __attribute__((vector_size(LANES)));

struct most { /* the largest so far, and which it was */
    vec value;
    ivec which;
};
INLINE void most_of(struct most *m, vec value, ivec which)
{
#if VECTOR_BYTES == 64 && !defined GRAPH_F64
    const __m512 v = (__m512)value, most = (__m512)m->value;
    __mmask16 keep = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
    keep = _mm512_mask_cmp_ps_mask(keep, v, most, _CMP_NGT_UQ);
    m->value = (vec)_mm512_mask_mov_ps(v, keep, most);
    m->which = (ivec)_mm512_mask_mov_epi32((__m512i)which, keep, (__m512i)m->which);
#else
    ivec better = (value > m->value) | (value != value);
    m->value = vec_select(better, value, m->value);
    m->which = (better & which) | (~better & m->which);
#endif
}

/* Each window's largest along a padded row, and its column. */
INLINE void max_along(const struct frame *f, const int k, const real *row, real *values,
                      ivec *columns)
{
    ptrdiff_t step = f->stride * f->channels, tap = f->dilation * f->channels;
    int count = f->ow, channels = f->channels;
    for (int b = 0; b < channels; b += LANES)
        for (int x = 0; x < count; x++) {
            const real *in = row + x * step + b;
            struct most most = {vec_load(in), {0}};
            for (int j = 1; j < k; j++)
                most_of(&most, vec_load(in + j * tap), (ivec){0} + j);
            vec_store(values + x * channels + b, most.value);
            columns[(x * channels + b) / LANES] = most.which;
        }
}

/* Of one vector of channels, of which `lanes` count, across the rows that `values` and `columns`
 * point to. */
INLINE void max_across_vector(const struct frame *f, const int k, const int lanes,
                              const real *const *values, const real *const *columns, int b,
                              real *out, signed char *choice)
{
    for (int x = 0, at = b; x < f->ow; x++, at += f->channels, out += f->c, choice += f->c) {
        struct most most = {vec_load(values[0] + at), ((const ivec *)columns[0])[at / LANES]};
        for (int i = 1; i < k; i++)
            most_of(&most, vec_load(values[i] + at),
                    ((const ivec *)columns[i])[at / LANES] + i * k);
        vec_store_part(out, most.value, lanes);
        choices taken = __builtin_convertvector(most.which, choices);
        memcpy(choice, &taken, (size_t)lanes);
    }
}

/* Then across the rows under row y of windows. */
INLINE void max_across(const struct frame *f, const int k, int y, real *values, real *columns,
                       real *out, signed char *choice)
{
    const real *value[POOL_MOST], *column[POOL_MOST];
    for (int i = 0; i < k; i++) {
        value[i] = ring_row(f, values, y * f->stride + i * f->dilation);
        column[i] = ring_row(f, columns, y * f->stride + i * f->dilation);
    }
    for (int b = 0; b < f->c; b += LANES)
        if (f->c - b >= LANES)
            max_across_vector(f, k, LANES, value, column, b, out + b, choice + b);
        else
            max_across_vector(f, k, f->c - b, value, column, b, out + b, choice + b);
}

INLINE void max_image(const struct frame *f, const int k, const real *x, real *work, real *out,
                      signed char *choice)
{
    const struct layout l = layout_of(f);
    real *row = work + l.row, *values = work + l.values, *columns = work + l.columns;
    for (int y = 0, u = 0; y < f->oh; y++, out += f->ow * f->c, choice += f->ow * f->c) {
        for (; u < y * f->stride + ring_rows(f); u++) {
            window_copy_row(f, u, x, row, ENTRY_PLAIN, NULL, NULL, -(real)INFINITY);
            max_along(f, k, row, ring_row(f, values, u), (ivec *)ring_row(f, columns, u));
        }
        max_across(f, k, y, values, columns, out, choice);
    }
}

static void max_forward(const struct node *n, const struct context *c, int slice)
{
    const struct frame f = window_frame(n);
    struct moments moments = moments_begin(n, c, slice);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const real *x = image_of(n->input[0], i);
        real *out = n->value + (size_t)i * node_count(n);
        signed char *choice = (signed char *)n->saved + (size_t)i * node_count(n);
        if (f.k == 3)
            max_image(&f, 3, x, thread_work(c), out, choice);
        else
            max_image(&f, f.k, x, thread_work(c), out, choice);
        moments_add(n, &moments, (size_t)i);
    }
}

/* The sum, and in the lanes that chose this tap what they bring. */
INLINE vec add_chosen(vec sum, const signed char *choice, signed char tap, const real *gradient)
{
#if VECTOR_BYTES == 64 && !defined GRAPH_F64
    __mmask16 mine =
        _mm_cmpeq_epi8_mask(_mm_loadu_si128((const __m128i *)choice), _mm_set1_epi8(tap));
    return (vec)_mm512_mask_add_ps((__m512)sum, mine, (__m512)sum, _mm512_loadu_ps(gradient));
#else
    choices taken;
    memcpy(&taken, choice, sizeof taken);
    ivec mine = __builtin_convertvector(taken == tap, ivec);
    return sum + vec_keep(mine, vec_load(gradient));
#endif
}

/* Pixels of one residue gather from the windows, rows x columns of them, that see and chose them.
 */
INLINE void max_gather(const struct frame *f, const struct residue *r, const int rows,
                       const int columns, const real *gradient, const signed char *choice,
                       real *out, const bool add)
{
    const ptrdiff_t c = f->channels;
    const int step = (int)(r->taps.weight_column / c);
    out += r->x * c;
    gradient += r->gradient;
    choice += r->gradient;
    for (int p = 0; p < r->pixels; p++, out += f->stride * c, gradient += c, choice += c)
        for (int b = 0; b < c; b += LANES) {
            vec sum = {0};
#pragma GCC unroll 3
            for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
                for (int j = 0; j < columns; j++) {
                    ptrdiff_t at = b + i * r->taps.row + j * r->taps.column;
                    int tap = r->first + (i * f->k + j) * step;
                    sum = add_chosen(sum, choice + at, (signed char)tap, gradient + at);
                }
            vec_store(out + b, add ? vec_load(out + b) + sum : sum);
        }
}

/* Row y of the image's gradient, w x channels: written, or added. */
static void max_backward_row(const struct frame *f, int y, const real *gradient,
                             const signed char *choice, real *out, bool add)
{
    struct residue r;
    if (!add && !window_covers(f, y))
        window_fill(out, (vec){0}, f->w * f->channels);
    for (int start = 0; start < f->stride; start++)
        if (!window_residue(f, y, start, &r))
            continue;
        else if (r.taps.rows != 3 || r.taps.columns != 3)
            max_gather(f, &r, r.taps.rows, r.taps.columns, gradient, choice, out, add);
        else if (add)
            max_gather(f, &r, 3, 3, gradient, choice, out, true);
        else
            max_gather(f, &r, 3, 3, gradient, choice, out, false);
}

/* Row y of the output's gradient, and what its windows chose, into the padded ones; `whole`:
 * channels are whole vectors. */
static void max_arrive(const struct node *n, const struct frame *f, int image, int y, bool whole,
                       real *gradient, signed char *choice, real *row)
{
    const signed char *from = (signed char *)n->saved + (size_t)image * node_count(n) +
                              (size_t)y * (size_t)(f->ow * f->c);
    real *to = frame_gradient_at(f, gradient, y, 0);
    const real *given = gradient_row(n, f, image, y, whole ? to : row);
    choice += to - gradient;
    if (given != to)
        pixels_widen(given, f->ow, f->c, f->channels, to);
    if (whole)
        memcpy(choice, from, (size_t)(f->ow * f->c));
    else
        for (int x = 0; x < f->ow; x++)
            memcpy(choice + x * f->channels, from + x * f->c, (size_t)f->c);
}

static void max_backward(const struct node *n, const struct context *c, int slice)
{
    if (!wants(n, c, 0))
        return;
    const struct frame f = window_frame(n);
    const struct layout l = layout_of(&f);
    const bool whole = f.c == f.channels, add = n->accumulate[0];
    real *gradient = thread_work(c) + l.gradient, *row = thread_work(c) + l.back;
    signed char *choice = (signed char *)(thread_work(c) + l.choices);
    frame_clear_border(&f, gradient);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        real *gx = n->input[0]->gradient + (size_t)i * node_count(n->input[0]);
        for (int y = 0, left = 0; y < f.oh; y++) {
            max_arrive(n, &f, i, y, whole, gradient, choice, row);
            for (; left < f.h && window_passed(&f, left, y + 1); left++, gx += f.w * f.c) {
                max_backward_row(&f, left, gradient, choice, whole ? gx : row, whole && add);
                if (!whole)
                    pixels_narrow(row, f.w, f.channels, f.c, gx, add);
            }
        }
    }
}

static size_t max_saved(const struct node *n, int batch)
{
    return node_count(n) * (size_t)batch;
}

const struct op OP(max_pool) = {
    .name = "max_pool",
    .by_channels = true,
    .shape = shape,
    .forward = {.slice = max_forward},
    .backward = {.slice = max_backward},
    .takes_affine = true,
    .leaves_moments = true,
    .saved = max_saved,
    .work = work,
};

/* ---- back to where the maxima were ---- */

static int unpool_shape(struct node *n, struct error *e)
{
    const struct node *pool = n->input[1];
    const struct window *w = &pool->window;
    if (pool->code != OP_MAX_POOL || w->kernel != w->stride || w->pad || w->dilation > 1 ||
        w->extent)
        return error_set(e, "expected a max_pool of windows that lie side by side");
    if (!same_shape(&n->input[0]->shape, &pool->shape))
        return error_set(e, "what is unpooled has not the extents of the pool");
    n->shape = pool->input[0]->shape;
    return 0;
}

/* Pixels of a window lie side by side: k rows of k. */
struct unpooling {
    int k, h, w, oh, ow, c; /* window; extents of the large image and of the small; channels */
    const signed char *choice;
};

static struct unpooling unpooling_of(const struct node *n, int image)
{
    const struct node *pool = n->input[1];
    const int *large = n->shape.extent, *small = pool->shape.extent;
    return (struct unpooling){pool->window.kernel,
                              large[0],
                              large[1],
                              small[0],
                              small[1],
                              large[2],
                              (signed char *)pool->saved + (size_t)image * node_count(pool)};
}

/* The large image's pixel that window (y, x) has at its place `tap`. */
INLINE size_t unpooled_at(const struct unpooling *u, int y, int x, int tap)
{
    return ((size_t)(y * u->k + tap / u->k) * (size_t)u->w + (size_t)(x * u->k + tap % u->k)) *
           (size_t)u->c;
}

static void unpool_forward(const struct node *n, const struct context *c, int slice)
{
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const struct unpooling u = unpooling_of(n, i);
        const real *from = image_of(n->input[0], i);
        const signed char *choice = u.choice;
        real *to = n->value + (size_t)i * node_count(n);
        if (u.h % u.k || u.w % u.k)
            memset(to, 0, node_count(n) * sizeof *to);
        for (int y = 0; y < u.oh; y++)
            for (int x = 0; x < u.ow; x++, from += u.c, choice += u.c)
                for (int tap = 0; tap < u.k * u.k; tap++) {
                    real *out = to + unpooled_at(&u, y, x, tap);
                    for (int b = 0; b < u.c; b++)
                        out[b] = choice[b] == tap ? from[b] : 0;
                }
    }
}

static void unpool_backward(const struct node *n, const struct context *c, int slice)
{
    if (!wants(n, c, 0))
        return;
    const bool add = n->accumulate[0];
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const struct unpooling u = unpooling_of(n, i);
        const real *from = n->gradient + (size_t)i * node_count(n);
        const signed char *choice = u.choice;
        real *to = n->input[0]->gradient + (size_t)i * node_count(n->input[0]);
        for (int y = 0; y < u.oh; y++)
            for (int x = 0; x < u.ow; x++, to += u.c, choice += u.c)
                for (int tap = 0; tap < u.k * u.k; tap++) {
                    const real *g = from + unpooled_at(&u, y, x, tap);
                    for (int b = 0; b < u.c; b++)
                        to[b] = (tap || add ? to[b] : 0) + (choice[b] == tap ? g[b] : 0);
                }
    }
}

const struct op OP(max_unpool) = {
    .name = "max_unpool",
    .by_channels = true,
    .shape = unpool_shape,
    .forward = {.slice = unpool_forward},
    .backward = {.slice = unpool_backward},
    .reads_saved = 1 << 1,
    .constant = 1 << 1,
};

/* ---- average, over the pixels inside the image; backward is a depthwise convolution by ones ----
 */

static int taps_inside(const struct frame *f, int at, int size) /* along one side */
{
    int count = 0;
    for (int i = 0; i < f->k; i++) {
        int p = at * f->stride - f->pad + i * f->dilation;
        count += p >= 0 && p < size;
    }
    return count;
}

/* Slice 0's scratch: ones; then what a window counts for, by the rows of it that are inside the
 * image and by its column (0 where it sees no pixel). */
static size_t ones_of(const struct frame *f)
{
    return scratch_round((size_t)(f->k * f->k * f->channels));
}

static size_t avg_scratch(const struct node *n, int batch)
{
    (void)batch;
    struct frame f = window_frame(n);
    return ones_of(&f) + (size_t)((f.k + 1) * f.ow);
}

static void avg_begin(const struct node *n, const struct context *c)
{
    const struct frame f = window_frame(n);
    real *ones = slice_scratch(c, 0), *shares = ones + ones_of(&f);
    window_fill(ones, vec_all(1), f.k * f.k * f.channels);
    for (int x = 0; x < f.ow; x++) {
        int columns = taps_inside(&f, x, f.w);
        for (int rows = 0; rows <= f.k; rows++)
            shares[rows * f.ow + x] = rows && columns ? 1 / (real)(rows * columns) : 0;
    }
}

static const real *shares_of(const struct frame *f, const struct context *c, int y)
{
    return slice_scratch(c, 0) + ones_of(f) + taps_inside(f, y, f->h) * f->ow;
}

INLINE void sum_along(const struct frame *f, const int k, const real *row, real *values)
{
    ptrdiff_t step = f->stride * f->channels, tap = f->dilation * f->channels;
    for (int b = 0; b < f->channels; b += LANES)
        for (int x = 0; x < f->ow; x++) {
            const real *in = row + x * step + b;
            vec sum = vec_load(in);
            for (int j = 1; j < k; j++)
                sum += vec_load(in + j * tap);
            vec_store(values + x * f->channels + b, sum);
        }
}

INLINE void average_across(const struct frame *f, const int k, int y, real *values,
                           const real *shares, real *out)
{
    const real *value[POOL_MOST];
    for (int i = 0; i < k; i++)
        value[i] = ring_row(f, values, y * f->stride + i * f->dilation);
    for (int x = 0, at = 0; x < f->ow; x++, out += f->c, at += f->channels) {
        vec share = vec_all(shares[x]);
        for (int b = 0; b < f->c; b += LANES) {
            vec sum = {0};
            for (int i = 0; i < k; i++)
                sum += vec_load(value[i] + at + b);
            vec_store_part(out + b, sum * share, f->c - b);
        }
    }
}

INLINE void avg_image(const struct frame *f, const int k, const real *x, const struct context *c,
                      real *out)
{
    const struct layout l = layout_of(f);
    real *work = thread_work(c);
    real *row = work + l.row, *values = work + l.values;
    for (int y = 0, u = 0; y < f->oh; y++, out += f->ow * f->c) {
        for (; u < y * f->stride + ring_rows(f); u++) {
            window_copy_row(f, u, x, row, ENTRY_PLAIN, NULL, NULL, 0);
            sum_along(f, k, row, ring_row(f, values, u));
        }
        average_across(f, k, y, values, shares_of(f, c, y), out);
    }
}

static void avg_forward(const struct node *n, const struct context *c, int slice)
{
    const struct frame f = window_frame(n);
    struct moments moments = moments_begin(n, c, slice);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const real *x = image_of(n->input[0], i);
        real *out = n->value + (size_t)i * node_count(n);
        if (f.k == 3)
            avg_image(&f, 3, x, c, out);
        else
            avg_image(&f, f.k, x, c, out);
        moments_add(n, &moments, (size_t)i);
    }
}

/* One row of the output's gradient, shared out. */
static void share_row(const struct frame *f, const real *shares, const real *gy, real *to)
{
    for (int x = 0; x < f->ow; x++, gy += f->c, to += f->channels) {
        vec share = vec_all(shares[x]);
        for (int b = 0; b < f->c; b += LANES)
            vec_store(to + b, vec_load_part(gy + b, f->c - b) * share);
    }
}

static void avg_backward(const struct node *n, const struct context *c, int slice)
{
    if (!wants(n, c, 0))
        return;
    const struct frame f = window_frame(n);
    const struct layout l = layout_of(&f);
    const real *ones = slice_scratch(c, 0);
    real *row = thread_work(c) + l.back;
    real *gradient = thread_work(c) + l.gradient;
    frame_clear_border(&f, gradient);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        real *gx = n->input[0]->gradient + (size_t)i * node_count(n->input[0]);
        for (int y = 0, left = 0; y < f.oh; y++) {
            share_row(&f, shares_of(&f, c, y), gradient_row(n, &f, i, y, row),
                      frame_gradient_at(&f, gradient, y, 0));
            for (; left < f.h && window_passed(&f, left, y + 1); left++, gx += f.w * f.c) {
                window_backward_row(&f, left, gradient, ones, row);
                pixels_narrow(row, f.w, f.channels, f.c, gx, n->accumulate[0]);
            }
        }
    }
}

static struct node *avg_tangent(struct node *n, struct node *const *t)
{
    return avg_pool(t[0], n->window);
}

const struct op OP(avg_pool) = {
    .name = "avg_pool",
    .by_channels = true,
    .shape = shape,
    .forward = {avg_begin, avg_forward},
    .backward = {avg_begin, avg_backward},
    .scratch = avg_scratch,
    .takes_affine = true,
    .leaves_moments = true,
    .tangent = avg_tangent,
    .work = work,
};

/* ---- global average ---- */

static int global_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape;
    if (!x->batched || x->rank != 3)
        return error_set(e, "global_avg_pool: expected images");
    n->shape = (struct shape){true, 3, {1, 1, x->extent[2]}};
    return 0;
}

static void global_forward(const struct node *n, const struct context *c, int slice)
{
    size_t count = node_count(n->input[0]), channels = node_count(n);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const real *x = image_of(n->input[0], i);
        real *out = n->value + (size_t)i * channels;
        memset(out, 0, channels * sizeof *out);
        for (size_t p = 0; p < count; p += channels)
            for (size_t k = 0; k < channels; k++)
                out[k] += x[p + k];
        for (size_t k = 0; k < channels; k++)
            out[k] /= (real)(count / channels);
    }
}

static void global_backward(const struct node *n, const struct context *c, int slice)
{
    if (!wants(n, c, 0))
        return;
    size_t count = node_count(n->input[0]), channels = node_count(n);
    real share = 1 / (real)(count / channels);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const real *gy = n->gradient + (size_t)i * channels;
        real *gx = n->input[0]->gradient + (size_t)i * count;
        for (size_t p = 0; p < count; p += channels)
            for (size_t k = 0; k < channels; k++)
                gx[p + k] = (n->accumulate[0] ? gx[p + k] : 0) + gy[k] * share;
    }
}

static struct node *global_tangent(struct node *n, struct node *const *t)
{
    (void)n;
    return global_avg_pool(t[0]);
}

const struct op OP(global_avg_pool) = {
    .name = "global_avg_pool",
    .shape = global_shape,
    .forward = {.slice = global_forward},
    .backward = {.slice = global_backward},
    .tangent = global_tangent,
};
