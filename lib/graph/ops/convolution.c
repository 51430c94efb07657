/* Dense and grouped convolutions and their adjoints, as matrix products.
 *
 * A convolution ties a wide side (h x w x c, what windows slide over) to a narrow side (oh x ow x
 * co, one pixel a window). conv2d maps wide to narrow, conv_transpose2d narrow to wide, with the
 * same weights [k, k, c / groups, co]; each one's backward pass is the other's forward. The
 * products are over gathered pixels, or, where that takes fewer multiplications, over Winograd's
 * points. */
#include "graph/gemm.h"
#include "graph/slices.h"
#include "graph/window.h"
#include "graph/winograd.h"

enum { X, W };
enum {
    GATHERED = 1 << 18,       /* reals of gathered pixels at a time: 1 MiB of float */
    CHANGED = 1 << 20,        /* reals of points at a time, for all threads */
    SLICED_WEIGHTS = 1 << 14, /* up to this many, each slice has its own gradient */
    CHANNEL_BLOCK = 128,
};

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

static struct convolution convolution_of(const struct node *n)
{
    const struct node *wide = n->code == OP_CONV2D ? n->input[X] : n;
    const struct node *narrow = n->code == OP_CONV2D ? n : n->input[X];
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

/* ---- by gathered pixels: rows of narrow pixels are counted over the whole batch ---- */

struct piece { /* of a gathered pixel: taps x channels of one group */
    int tap, taps, channel, channels;
};

static struct piece whole_group(const struct convolution *v, int group)
{
    return (struct piece){0, v->k * v->k, group * v->group_c, v->group_c};
}

/* Calls VISIT(at, count) for the runs of a piece of the window at column x of row `row`: `count`
 * reals from `at` in the wide side, or outside of it where at < 0. Adjacent taps of all channels
 * are one run. */
struct run {
    ptrdiff_t at;
    int count, taps;
};
static inline struct run next_run(const struct convolution *v, struct piece p, long row, int x,
                                  int tap)
{
    int y = (int)(row % v->oh) * v->stride - v->pad + tap / v->k * v->dilation;
    int left = x * v->stride - v->pad + tap % v->k * v->dilation, taps = 1;
    bool inside = y >= 0 && y < v->h && left >= 0 && left < v->w;
    if (p.channels == v->c && v->dilation == 1 && tap % v->k == 0 && p.taps >= v->k &&
        left + v->k <= v->w)
        taps = v->k;
    return (struct run){inside ? ((row / v->oh * v->h + y) * v->w + left) * v->c + p.channel : -1,
                        inside ? taps * p.channels : p.channels, inside ? taps : 1};
}

static void gather(const struct convolution *v, const real *wide, struct piece p, long row,
                   long rows, real *out)
{
    struct run run;
    for (long r = row; r < row + rows; r++)
        for (int x = 0; x < v->ow; x++)
            for (int t = p.tap; t < p.tap + p.taps; t += run.taps, out += run.count) {
                run = next_run(v, p, r, x, t);
                for (int b = 0; b < run.count; b += LANES) {
                    int left = run.count - b;
                    vec in = run.at < 0 ? (vec){0} : vec_load_part(wide + run.at + b, left);
                    vec_store_part(out + b, v->relu ? vec_relu(in) : in, left);
                }
            }
}

/* The adjoint: adds gathered pixels back to where they came from; with relu, where x is positive.
 */
static void scatter(const struct convolution *v, const real *in, struct piece p, long row,
                    long rows, const real *x, real *wide)
{
    struct run run;
    for (long r = row; r < row + rows; r++)
        for (int i = 0; i < v->ow; i++)
            for (int t = p.tap; t < p.tap + p.taps; t += run.taps, in += run.count) {
                run = next_run(v, p, r, i, t);
                for (int b = 0; run.at >= 0 && b < run.count; b += LANES) {
                    int left = run.count - b;
                    real *o = wide + run.at + b;
                    vec g = vec_load_part(in + b, left);
                    if (v->relu)
                        g = vec_keep(vec_load_part(x + run.at + b, left) > 0, g);
                    vec_store_part(o, vec_load_part(o, left) + g, left);
                }
            }
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

/* wide = or += the adjoint, where x is positive if there is a relu. */
static void narrow_to_gathered(const struct convolution *v, const struct context *c,
                               const real *narrow, const real *w, const real *x, real *wide,
                               bool add)
{
    int width = gathered_width(v);
    long image = (long)v->h * v->w * v->c;
    bool direct = v->direct && !v->relu;
    pack_weights(v, c, w, true);
    FOR_SLICES(c, slice)
    {
        real *scratch = beside_packed(v, c, true);
        long first = slice_first(c->n, slice), last = slice_first(c->n, slice + 1);
        long end = last * v->oh, step = rows_at_once(v, width, end - first * v->oh);
        if (!direct && !add)
            memset(wide + first * image, 0, (size_t)((last - first) * image) * sizeof *wide);
        for (int g = 0; g < v->groups; g++)
            for (long row = first * v->oh; row < end; row += step) {
                long rows = row + step < end ? step : end - row;
                gemm_by_packed(false, (int)rows * v->ow, width, v->group_co,
                               narrow + row * v->ow * v->co + g * v->group_co, v->co, false,
                               c->scratch + (size_t)g * packed_group(v, true),
                               direct ? wide + row * v->ow * v->c + g * v->group_c : scratch,
                               direct ? v->c : width, direct && add);
                if (!direct)
                    scatter(v, scratch, whole_group(v, g), row, rows, x, wide);
            }
    }
}

/* Adds to rows of w's gradient (the piece's, of group g) what the rows [row, end) of narrow pixels
 * give. */
static void weight_rows(const struct convolution *v, const real *wide, const real *narrow, int g,
                        struct piece p, long row, long end, real *gradient, real *scratch)
{
    int width = p.taps * p.channels;
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
        weight_rows(v, wide, narrow, g, (struct piece){tap, 1, g * v->group_c + from, channels}, 0,
                    (long)c->n * v->oh, gradient + ((long)tap * v->group_c + from) * v->co,
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

/* ---- by Winograd's points: tiles of the narrow side are counted over the whole batch ----
 *
 * wide [points, tile, phase, c] and narrow [points, tile, co] hold the points of a block of tiles,
 * weights [points, phase, c x co], packed or plain, those of the weights. */

struct points {
    const struct context *c;
    long first, tiles; /* the block */
    real *wide, *narrow, *weight;
    size_t weights; /* of one point and phase */
};

static long tiles_of(const struct convolution *v)
{
    return (long)v->tiles_down * v->tiles_across;
}

/* Tiles that are changed at once: as many as fit, in blocks of about equal size. */
static long block_of(const struct convolution *v, long tiles)
{
    long most = CHANGED / (points_of(v) * ((long)phases_of(v) * v->c + v->co));
    most = most < 1 ? 1 : most;
    long blocks = (tiles + most - 1) / most;
    return (tiles + blocks - 1) / blocks;
}

static size_t packed_phase(const struct convolution *v)
{
    size_t there = gemm_packed(v->c, v->co), back = gemm_packed(v->co, v->c);
    return there > back ? there : back;
}

/* In scratch: the points of the weights, then those of a block of tiles. */
static struct points points_in(const struct convolution *v, const struct context *c)
{
    struct points p = {
        .c = c, .tiles = block_of(v, c->n * tiles_of(v)), .weights = packed_phase(v)};
    size_t points = (size_t)points_of(v), phases = (size_t)phases_of(v);
    p.weight = c->scratch;
    p.wide = p.weight + points * phases * p.weights;
    p.narrow = p.wide + points * (size_t)p.tiles * phases * (size_t)v->c;
    return p;
}

static size_t fast_scratch(const struct convolution *v, int batch)
{
    size_t points = (size_t)points_of(v), phases = (size_t)phases_of(v);
    size_t most = 0, taps = (size_t)(v->k * v->k) * packed_phase(v);
    for (long n = 1; n <= batch; n++) {
        size_t tiles = (size_t)block_of(v, n * tiles_of(v));
        most = tiles > most ? tiles : most;
    }
    size_t changed = points * most * (phases * (size_t)v->c + (size_t)v->co);
    size_t all = points * phases * packed_phase(v) + (changed > taps ? changed : taps);
    return scratch_round(all / GRAPH_SLICES + 1);
}

/* Where the pixels of a tile are: of one phase of the wide side, of the narrow side. */
struct tile {
    long image;
    int y, x; /* its first output */
};
static struct tile tile_at(const struct convolution *v, long i)
{
    int in = (int)(i % tiles_of(v));
    return (struct tile){i / tiles_of(v), in / v->tiles_across * v->fast->tile,
                         in % v->tiles_across * v->fast->tile};
}
static void wide_places(const struct convolution *v, long i, int phase, ptrdiff_t *at)
{
    struct tile t = tile_at(v, i);
    int top = t.y * v->stride + phase / v->stride - v->pad;
    int left = t.x * v->stride + phase % v->stride - v->pad;
    for (int k = 0; k < points_of(v); k++) {
        int y = top + k / v->fast->points * v->stride, x = left + k % v->fast->points * v->stride;
        bool inside = y >= 0 && y < v->h && x >= 0 && x < v->w;
        at[k] = inside ? ((t.image * v->h + y) * v->w + x) * v->c : -1;
    }
}
static void narrow_places(const struct convolution *v, long i, ptrdiff_t *at)
{
    struct tile t = tile_at(v, i);
    for (int k = 0; k < v->fast->tile * v->fast->tile; k++) {
        int y = t.y + k / v->fast->tile, x = t.x + k % v->fast->tile;
        at[k] = y < v->oh && x < v->ow ? ((t.image * v->oh + y) * v->ow + x) * v->co : -1;
    }
}
/* Where the points of one tile, or of some weights, are: `step` apart. */
static void point_places(const struct convolution *v, size_t first, size_t step, ptrdiff_t *at)
{
    for (int k = 0; k < points_of(v); k++)
        at[k] = (ptrdiff_t)(first + (size_t)k * step);
}
static void wide_points(const struct convolution *v, const struct points *p, long tile, int phase,
                        ptrdiff_t *at)
{
    size_t row = (size_t)(phases_of(v) * v->c);
    point_places(v, (size_t)tile * row + (size_t)(phase * v->c), (size_t)p->tiles * row, at);
}
static void narrow_points(const struct convolution *v, const struct points *p, long tile,
                          ptrdiff_t *at)
{
    point_places(v, (size_t)(tile * v->co), (size_t)(p->tiles * v->co), at);
}

enum { PLACES = WINOGRAD_MOST * WINOGRAD_MOST };

static void change_wide(const struct convolution *v, const struct points *p, const real *wide)
{
    FOR_SLICES(p->c, slice)
    for (long t = p->tiles * slice / GRAPH_SLICES; t < p->tiles * (slice + 1) / GRAPH_SLICES; t++)
        for (int phase = 0; phase < phases_of(v); phase++) {
            ptrdiff_t from[PLACES], to[PLACES];
            wide_places(v, p->first + t, phase, from);
            wide_points(v, p, t, phase, to);
            v->fast->input(&(struct change){.in = wide,
                                            .from = from,
                                            .out = p->wide,
                                            .to = to,
                                            .count = v->c,
                                            .relu = v->relu});
        }
}

/* Adds to the wide side; tiles overlap, but not where their images or phases differ. */
static void change_wide_back(const struct convolution *v, const struct points *p, const real *mask,
                             real *wide)
{
    long first = p->first / tiles_of(v), last = (p->first + p->tiles - 1) / tiles_of(v) + 1;
    FOR_SLICES(p->c, slice)
    for (long i = slice; i < (last - first) * phases_of(v); i += GRAPH_SLICES) {
        long tile = (first + i / phases_of(v)) * tiles_of(v), end = tile + tiles_of(v);
        int phase = (int)(i % phases_of(v));
        tile = tile < p->first ? p->first : tile;
        for (; tile < end && tile < p->first + p->tiles; tile++) {
            ptrdiff_t from[PLACES], to[PLACES];
            wide_points(v, p, tile - p->first, phase, from);
            wide_places(v, tile, phase, to);
            v->fast->input_back(&(struct change){.in = p->wide,
                                                 .from = from,
                                                 .out = wide,
                                                 .to = to,
                                                 .count = v->c,
                                                 .add = true,
                                                 .mask = mask});
        }
    }
}

static void change_narrow(const struct convolution *v, const struct points *p, const real *narrow)
{
    FOR_SLICES(p->c, slice)
    for (long t = p->tiles * slice / GRAPH_SLICES; t < p->tiles * (slice + 1) / GRAPH_SLICES; t++) {
        ptrdiff_t from[PLACES], to[PLACES];
        narrow_places(v, p->first + t, from);
        narrow_points(v, p, t, to);
        v->fast->output_back(&(struct change){
            .in = narrow, .from = from, .out = p->narrow, .to = to, .count = v->co});
    }
}

static void change_narrow_back(const struct convolution *v, const struct points *p, real *narrow,
                               bool add)
{
    FOR_SLICES(p->c, slice)
    for (long t = p->tiles * slice / GRAPH_SLICES; t < p->tiles * (slice + 1) / GRAPH_SLICES; t++) {
        ptrdiff_t from[PLACES], to[PLACES];
        narrow_points(v, p, t, from);
        narrow_places(v, p->first + t, to);
        v->fast->output(&(struct change){
            .in = p->narrow, .from = from, .out = narrow, .to = to, .count = v->co, .add = add});
    }
}

/* Where the taps that one phase meets are, `step` apart. */
static void tap_places(const struct convolution *v, int phase, size_t step, ptrdiff_t *at)
{
    int taps = v->fast->taps;
    for (int k = 0; k < taps * taps; k++) {
        int y = k / taps * v->stride + phase / v->stride,
            x = k % taps * v->stride + phase % v->stride;
        at[k] = (ptrdiff_t)((size_t)(y * v->k + x) * step);
    }
}

/* The change of all taps, p->weights reals each, to points; or back. */
static void change_taps(const struct convolution *v, const struct points *p,
                        void (*step)(const struct change *), const real *in, real *out, bool back,
                        bool add)
{
    size_t vectors = p->weights / LANES, phases = (size_t)phases_of(v);
    FOR_SLICES(p->c, slice)
    for (int phase = 0; phase < phases_of(v); phase++) {
        size_t first = vectors * (size_t)slice / GRAPH_SLICES * LANES;
        size_t last = vectors * (size_t)(slice + 1) / GRAPH_SLICES * LANES;
        ptrdiff_t tap[PLACES], point[PLACES];
        tap_places(v, phase, p->weights, tap);
        point_places(v, (size_t)phase * p->weights, phases * p->weights, point);
        step(&(struct change){.in = in + first,
                              .from = back ? point : tap,
                              .out = out + first,
                              .to = back ? tap : point,
                              .count = (int)(last - first),
                              .add = add});
    }
}

/* The points of the weights, packed for products with wide points (c x co), or for the way back.
 * Packing comes first: it only moves numbers. */
static void change_weights(const struct convolution *v, struct points *p, const real *w, bool back)
{
    int k = back ? v->co : v->c, n = back ? v->c : v->co, panels = gemm_panels(k, n);
    real *packed = p->wide;
    p->weights = gemm_packed(k, n);
    FOR_SLICES(p->c, slice)
    for (int i = slice; i < v->k * v->k * panels; i += GRAPH_SLICES)
        gemm_pack(back, w + (size_t)(i / panels) * (size_t)v->c * (size_t)v->co, v->co, k, n,
                  i % panels, packed + (size_t)(i / panels) * p->weights);
    change_taps(v, p, v->fast->weight, packed, p->weight, false, false);
}

/* Every block of tiles of the batch. */
#define FOR_BLOCKS(v, c, p)                                                        \
    for (long tiles_ = c->n * tiles_of(v), block_ = (p)->tiles;                    \
         (p)->tiles = tiles_ - (p)->first < block_ ? tiles_ - (p)->first : block_, \
              (p)->first < tiles_;                                                 \
         (p)->first += block_)

static void fast_to_narrow(const struct convolution *v, const struct context *c, const real *wide,
                           const real *w, real *narrow, bool add)
{
    struct points p = points_in(v, c);
    int phases = phases_of(v), halves = 2;
    change_weights(v, &p, w, false);
    FOR_BLOCKS(v, c, &p)
    {
        change_wide(v, &p, wide);
        FOR_SLICES(c, slice)
        for (int i = slice; i < points_of(v) * halves; i += GRAPH_SLICES) {
            long from = p.tiles * (i % halves) / halves, to = p.tiles * (i % halves + 1) / halves;
            long row = i / halves * p.tiles + from;
            for (int phase = 0; phase < phases; phase++)
                gemm_by_packed(false, (int)(to - from), v->co, v->c,
                               p.wide + (row * phases + phase) * v->c, (ptrdiff_t)phases * v->c,
                               false, p.weight + (size_t)(i / halves * phases + phase) * p.weights,
                               p.narrow + row * v->co, v->co, phase > 0);
        }
        change_narrow_back(v, &p, narrow, add);
    }
}

static void narrow_to_fast(const struct convolution *v, const struct context *c, const real *narrow,
                           const real *w, const real *x, real *wide, bool add)
{
    struct points p = points_in(v, c);
    int phases = phases_of(v);
    size_t image = (size_t)(v->h * v->w) * (size_t)v->c;
    if (!add)
        FOR_SLICES(c, slice)
    memset(wide + slice_begin(c, slice) * image, 0,
           (slice_begin(c, slice + 1) - slice_begin(c, slice)) * image * sizeof *wide);
    change_weights(v, &p, w, true);
    FOR_BLOCKS(v, c, &p)
    {
        change_narrow(v, &p, narrow);
        FOR_SLICES(c, slice)
        for (int i = slice; i < points_of(v) * phases; i += GRAPH_SLICES)
            gemm_by_packed(false, (int)p.tiles, v->c, v->co,
                           p.narrow + i / phases * p.tiles * v->co, v->co, false,
                           p.weight + (size_t)i * p.weights,
                           p.wide + (i / phases * p.tiles * phases + i % phases) * v->c,
                           (ptrdiff_t)phases * v->c, false);
        change_wide_back(v, &p, v->relu ? x : NULL, wide);
    }
}

static void fast_weights(const struct convolution *v, const struct context *c, const real *wide,
                         const real *narrow, real *gradient, bool accumulate)
{
    struct points p = points_in(v, c);
    int rows = phases_of(v) * v->c, halves = 2;
    p.weights = (size_t)v->c * (size_t)v->co;
    FOR_BLOCKS(v, c, &p)
    {
        change_wide(v, &p, wide);
        change_narrow(v, &p, narrow);
        FOR_SLICES(c, slice)
        for (int i = slice; i < points_of(v) * halves; i += GRAPH_SLICES) {
            int from = rows * (i % halves) / halves, to = rows * (i % halves + 1) / halves;
            long row = (long)(i / halves) * rows + from;
            gemm(true, false, to - from, v->co, (int)p.tiles,
                 p.wide + i / halves * p.tiles * rows + from, rows, false,
                 p.narrow + i / halves * p.tiles * v->co, v->co, p.weight + row * v->co, v->co,
                 p.first > 0);
        }
    }
    change_taps(v, &p, v->fast->weight_back, p.weight, gradient, true, accumulate);
}

/* ---- either way ---- */

static void wide_to_narrow(const struct convolution *v, const struct context *c, const real *wide,
                           const real *w, real *narrow, bool add)
{
    (v->fast ? fast_to_narrow : gathered_to_narrow)(v, c, wide, w, narrow, add);
}
static void narrow_to_wide(const struct convolution *v, const struct context *c, const real *narrow,
                           const real *w, const real *x, real *wide, bool add)
{
    (v->fast ? narrow_to_fast : narrow_to_gathered)(v, c, narrow, w, x, wide, add);
}
static void weight_gradient(const struct convolution *v, const struct context *c, const real *wide,
                            const real *narrow, real *gradient, bool add)
{
    (v->fast ? fast_weights : gathered_weights)(v, c, wide, narrow, gradient, add);
}

static size_t scratch(const struct node *n, int batch)
{
    const struct convolution v = convolution_of(n);
    return v.fast ? fast_scratch(&v, batch) : gathered_scratch(&v, batch);
}

static int check_weights(const struct node *n, const int *x, int wide_c, int narrow_c,
                         struct error *e)
{
    const struct shape *w = &n->input[W]->shape;
    int k = n->window.kernel, groups = n->window.groups;
    if (groups < 1 || wide_c % groups || narrow_c % groups)
        return error_set(e, "convolution: %d groups do not divide %d and %d channels", groups,
                         wide_c, narrow_c);
    if (w->batched || w->rank != 4 || w->extent[0] != k || w->extent[1] != k ||
        w->extent[2] != wide_c / groups)
        return error_set(e, "convolution of %d x %d x %d: expected weights %d x %d x %d x out",
                         x[0], x[1], x[2], k, k, wide_c / groups);
    return 0;
}

static double macs(const struct node *n)
{
    struct convolution v = convolution_of(n);
    return (double)v.oh * v.ow * v.co * (v.k * v.k * v.group_c);
}

/* ---- conv2d ---- */

static int conv2d_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[X]->shape, *w = &n->input[W]->shape;
    if (x->rank != 3 || w->rank != 4)
        return error_set(e, "conv2d: expected images and weights of rank 4");
    if (check_weights(n, x->extent, x->extent[2], w->extent[3], e))
        return -1;
    return window_shape(n, w->extent[3], e);
}

static void conv2d_forward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution_of(n);
    wide_to_narrow(&v, c, n->input[X]->value, n->input[W]->value, n->value, false);
}

static void conv2d_backward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution_of(n);
    const struct node *x = n->input[X], *w = n->input[W];
    if (wants(n, c, W))
        weight_gradient(&v, c, x->value, n->gradient, w->gradient, n->accumulate[W]);
    if (wants(n, c, X))
        narrow_to_wide(&v, c, n->gradient, w->value, x->value, x->gradient, n->accumulate[X]);
}

static struct node *conv2d_tangent(struct node *n, struct node *const *t)
{
    struct node *x = n->input[X], *y = NULL;
    struct window window = n->window;
    window.relu = false;
    if (t[X])
        y = conv2d(n->window.relu ? activate_tangent(x, t[X], ACT_RELU) : t[X], n->input[W],
                   window);
    if (!t[W])
        return y;
    struct node *by_w = conv2d(x, t[W], n->window);
    return y ? add(y, by_w) : by_w;
}

const struct op OP(conv2d) = {
    .name = "conv2d",
    .shape = conv2d_shape,
    .forward = conv2d_forward,
    .backward = conv2d_backward,
    .tangent = conv2d_tangent,
    .macs = macs,
    .scratch = scratch,
    .reads = 1 << X | 1 << W,
};

/* ---- conv_transpose2d ---- */

static int transpose_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[X]->shape, *w = &n->input[W]->shape;
    const struct window *k = &n->window;
    if (!x->batched || x->rank != 3 || w->rank != 4 || w->extent[3] != x->extent[2])
        return error_set(e, "conv_transpose2d: expected images and weights k x k x out x their "
                            "channels");
    if (k->relu || k->extent || k->pad < 0 || k->pad > 1024 || k->dilation > 1024)
        return error_set(e, "conv_transpose2d: takes no relu, extent or negative pad");
    int c = w->extent[2] * k->groups;
    if (check_weights(n, x->extent, c, x->extent[2], e))
        return -1;
    int reach = k->dilation * (k->kernel - 1) + 1 - 2 * k->pad;
    n->shape = (struct shape){
        true,
        3,
        {(x->extent[0] - 1) * k->stride + reach, (x->extent[1] - 1) * k->stride + reach, c}};
    if (n->shape.extent[0] < 1 || n->shape.extent[1] < 1)
        return error_set(e, "conv_transpose2d: pad %d leaves nothing", k->pad);
    return 0;
}

static void transpose_forward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution_of(n);
    narrow_to_wide(&v, c, n->input[X]->value, n->input[W]->value, NULL, n->value, false);
}

static void transpose_backward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution_of(n);
    const struct node *x = n->input[X], *w = n->input[W];
    if (wants(n, c, W))
        weight_gradient(&v, c, n->gradient, x->value, w->gradient, n->accumulate[W]);
    if (wants(n, c, X))
        wide_to_narrow(&v, c, n->gradient, w->value, x->gradient, n->accumulate[X]);
}

static struct node *transpose_tangent(struct node *n, struct node *const *t)
{
    struct node *y = t[X] ? conv_transpose2d(t[X], n->input[W], n->window) : NULL;
    struct node *by_w = t[W] ? conv_transpose2d(n->input[X], t[W], n->window) : NULL;
    return y && by_w ? add(y, by_w) : y ? y : by_w;
}

const struct op OP(conv_transpose2d) = {
    .name = "conv_transpose2d",
    .shape = transpose_shape,
    .forward = transpose_forward,
    .backward = transpose_backward,
    .tangent = transpose_tangent,
    .macs = macs,
    .scratch = scratch,
    .reads = 1 << X | 1 << W,
};
