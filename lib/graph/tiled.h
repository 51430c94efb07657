/* Convolutions by Winograd's points: the tiles of a block of images, counted over the whole batch,
 * become points; points are multiplied, a product for each of them; the sums become tiles.
 *
 * wide [points, tile, phase, c] and narrow [points, tile, co] hold the points of a block of tiles,
 * weight [points, phase, c x co], packed or plain, those of the weights. */
#ifndef GRAPH_TILED_H
#define GRAPH_TILED_H
#include "graph/convolution.h"
#include "graph/gemm.h"

enum {
    CHANGED = 1 << 20, /* reals of points at a time, for all threads: their L2 caches */
    CACHE_LINE = 16,
};

struct points {
    const struct context *c;
    long first, tiles; /* the block */
    real *wide, *narrow, *weight;
    size_t wide_step, narrow_step; /* from point to point */
    size_t weights;                /* of one point and phase */
};

static long tiles_of(const struct convolution *v)
{
    return (long)v->tiles_down * v->tiles_across;
}

/* Room for one point: an odd number of cache lines, so that the same place of all points is in
 * different sets of a cache. */
static size_t room(size_t reals)
{
    return (scratch_round(reals) / CACHE_LINE | 1) * CACHE_LINE;
}
static size_t wide_room(const struct convolution *v, long tiles)
{
    return room((size_t)tiles * (size_t)(phases_of(v) * v->c));
}
static size_t narrow_room(const struct convolution *v, long tiles)
{
    return room((size_t)tiles * (size_t)v->co);
}

/* Tiles that are changed at once: as many as fit, of `tiles` in all. */
static long most_tiles(const struct convolution *v, long tiles)
{
    long fit = CHANGED / (points_of(v) * ((long)phases_of(v) * v->c + v->co));
    return fit < 1 ? 1 : fit < tiles ? fit : tiles;
}

static size_t packed_phase(const struct convolution *v)
{
    size_t there = gemm_packed(v->c, v->co), back = gemm_packed(v->co, v->c);
    return room(there > back ? there : back);
}

/* In scratch: the points of the weights, then those of a block of tiles. */
static struct points points_in(const struct convolution *v, const struct context *c)
{
    long tiles = c->n * tiles_of(v), blocks = (tiles - 1) / most_tiles(v, tiles) + 1;
    struct points p = {.c = c, .tiles = (tiles - 1) / blocks + 1, .weights = packed_phase(v)};
    size_t points = (size_t)points_of(v), phases = (size_t)phases_of(v);
    p.weight = c->scratch;
    p.wide = p.weight + points * phases * p.weights;
    p.wide_step = wide_room(v, p.tiles);
    p.narrow_step = narrow_room(v, p.tiles);
    p.narrow = p.wide + points * p.wide_step;
    return p;
}

static size_t fast_scratch(const struct convolution *v, int batch)
{
    size_t points = (size_t)points_of(v), phases = (size_t)phases_of(v);
    size_t taps = (size_t)(v->k * v->k) * packed_phase(v);
    long most = most_tiles(v, batch * tiles_of(v));
    size_t changed = points * (wide_room(v, most) + narrow_room(v, most));
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
static void wide_places(const struct convolution *v, struct tile t, int phase, ptrdiff_t *at)
{
    int top = t.y * v->stride + phase / v->stride - v->pad;
    int left = t.x * v->stride + phase % v->stride - v->pad;
    for (int k = 0; k < points_of(v); k++) {
        int y = top + k / v->fast->points * v->stride, x = left + k % v->fast->points * v->stride;
        bool inside = y >= 0 && y < v->h && x >= 0 && x < v->w;
        at[k] = inside ? ((t.image * v->h + y) * v->w + x) * v->c : -1;
    }
}
static void narrow_places(const struct convolution *v, struct tile t, ptrdiff_t *at)
{
    for (int k = 0; k < v->fast->tile * v->fast->tile; k++) {
        int y = t.y + k / v->fast->tile, x = t.x + k % v->fast->tile;
        bool inside = y < v->oh && x < v->ow;
        at[k] = inside ? ((t.image * v->oh + y) * v->ow + x) * v->co : -1;
    }
}

/* Are all wide pixels under some tile? */
static bool tiles_cover(const struct convolution *v)
{
    int more = v->fast->taps - 1;
    return v->pad >= 0 && (v->tiles_down * v->fast->tile + more) * v->stride - v->pad >= v->h &&
           (v->tiles_across * v->fast->tile + more) * v->stride - v->pad >= v->w;
}
/* The pixels under this tile that also are under one before it, a bit each. */
static unsigned seen_before(const struct convolution *v, struct tile t)
{
    unsigned seen = 0;
    int more = v->fast->taps - 1;
    for (int k = 0; k < points_of(v); k++) {
        bool above = t.y > 0 && k / v->fast->points < more;
        bool left = t.x > 0 && k % v->fast->points < more;
        seen |= (unsigned)(above || left) << k;
    }
    return seen;
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
    point_places(v, (size_t)tile * row + (size_t)(phase * v->c), p->wide_step, at);
}
static void narrow_points(const struct convolution *v, const struct points *p, long tile,
                          ptrdiff_t *at)
{
    point_places(v, (size_t)(tile * v->co), p->narrow_step, at);
}

enum { PLACES = WINOGRAD_MOST * WINOGRAD_MOST };

static void change_wide(const struct convolution *v, const struct points *p, const real *wide)
{
    FOR_SLICES(p->c, slice)
    for (long t = p->tiles * slice / GRAPH_SLICES; t < p->tiles * (slice + 1) / GRAPH_SLICES; t++)
        for (int phase = 0; phase < phases_of(v); phase++) {
            ptrdiff_t from[PLACES], to[PLACES];
            wide_places(v, tile_at(v, p->first + t), phase, from);
            wide_points(v, p, t, phase, to);
            v->fast->input(&(struct change){.in = wide,
                                            .from = from,
                                            .out = p->wide,
                                            .to = to,
                                            .count = v->c,
                                            .ahead = v->fast->tile * v->stride * v->c,
                                            .relu = v->relu});
        }
}

/* And back. Tiles overlap, but not where their images or phases differ: what one before has
 * written, or all, is added to. */
static void change_wide_back(const struct convolution *v, const struct points *p, const real *mask,
                             real *wide, bool add)
{
    long first = p->first / tiles_of(v), last = (p->first + p->tiles - 1) / tiles_of(v) + 1;
    FOR_SLICES(p->c, slice)
    for (long i = slice; i < (last - first) * phases_of(v); i += GRAPH_SLICES) {
        long tile = (first + i / phases_of(v)) * tiles_of(v), end = tile + tiles_of(v);
        int phase = (int)(i % phases_of(v));
        tile = tile < p->first ? p->first : tile;
        for (; tile < end && tile < p->first + p->tiles; tile++) {
            struct tile at = tile_at(v, tile);
            ptrdiff_t from[PLACES], to[PLACES];
            wide_points(v, p, tile - p->first, phase, from);
            wide_places(v, at, phase, to);
            v->fast->input_back(&(struct change){.in = p->wide,
                                                 .from = from,
                                                 .out = wide,
                                                 .to = to,
                                                 .count = v->c,
                                                 .add = add ? ~0u : seen_before(v, at),
                                                 .mask = mask});
        }
    }
}

static void change_narrow(const struct convolution *v, const struct points *p, const real *narrow)
{
    FOR_SLICES(p->c, slice)
    for (long t = p->tiles * slice / GRAPH_SLICES; t < p->tiles * (slice + 1) / GRAPH_SLICES; t++) {
        ptrdiff_t from[PLACES], to[PLACES];
        narrow_places(v, tile_at(v, p->first + t), from);
        narrow_points(v, p, t, to);
        v->fast->output_back(&(struct change){.in = narrow,
                                              .from = from,
                                              .out = p->narrow,
                                              .to = to,
                                              .count = v->co,
                                              .ahead = v->fast->tile * v->co});
    }
}

static void change_narrow_back(const struct convolution *v, const struct points *p, real *narrow,
                               bool add)
{
    FOR_SLICES(p->c, slice)
    for (long t = p->tiles * slice / GRAPH_SLICES; t < p->tiles * (slice + 1) / GRAPH_SLICES; t++) {
        ptrdiff_t from[PLACES], to[PLACES];
        narrow_points(v, p, t, from);
        narrow_places(v, tile_at(v, p->first + t), to);
        v->fast->output(&(struct change){.in = p->narrow,
                                         .from = from,
                                         .out = narrow,
                                         .to = to,
                                         .count = v->co,
                                         .add = add ? ~0u : 0});
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

/* The change of all taps, of `apart` reals each, to points; or back. */
static void change_taps(const struct convolution *v, const struct points *p,
                        void (*step)(const struct change *), const real *in, size_t apart,
                        real *out, bool back, bool add)
{
    size_t vectors = apart / LANES, phases = (size_t)phases_of(v);
    FOR_SLICES(p->c, slice)
    for (int phase = 0; phase < phases_of(v); phase++) {
        size_t first = vectors * (size_t)slice / GRAPH_SLICES * LANES;
        size_t last = vectors * (size_t)(slice + 1) / GRAPH_SLICES * LANES;
        ptrdiff_t tap[PLACES], point[PLACES];
        tap_places(v, phase, apart, tap);
        point_places(v, (size_t)phase * p->weights, phases * p->weights, point);
        step(&(struct change){.in = in + first,
                              .from = back ? point : tap,
                              .out = out + first,
                              .to = back ? tap : point,
                              .count = (int)(last - first),
                              .add = add ? ~0u : 0});
    }
}

/* The points of the weights, packed for products with wide points (c x co), or for the way back.
 * Packing comes first: it only moves numbers. */
static void change_weights(const struct convolution *v, struct points *p, const real *w, bool back)
{
    int k = back ? v->co : v->c, n = back ? v->c : v->co, panels = gemm_panels(k, n);
    size_t tap = gemm_packed(k, n);
    real *packed = p->wide;
    FOR_SLICES(p->c, slice)
    for (int i = slice; i < v->k * v->k * panels; i += GRAPH_SLICES)
        gemm_pack(back, w + (size_t)(i / panels) * (size_t)v->c * (size_t)v->co, v->co, k, n,
                  i % panels, packed + (size_t)(i / panels) * tap);
    change_taps(v, p, v->fast->weight, packed, tap, p->weight, false, false);
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
            for (int phase = 0; phase < phases; phase++)
                gemm_by_packed(false, (int)(to - from), v->co, v->c,
                               p.wide + (size_t)(i / halves) * p.wide_step +
                                   (from * phases + phase) * v->c,
                               (ptrdiff_t)phases * v->c, false,
                               p.weight + (size_t)(i / halves * phases + phase) * p.weights,
                               p.narrow + (size_t)(i / halves) * p.narrow_step + from * v->co,
                               v->co, phase > 0);
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
    bool clear = !add && !tiles_cover(v);
    if (clear)
        FOR_SLICES(c, slice)
        {
            size_t first = slice_begin(c, slice), images = slice_begin(c, slice + 1) - first;
            memset(wide + first * image, 0, images * image * sizeof *wide);
        }
    change_weights(v, &p, w, true);
    FOR_BLOCKS(v, c, &p)
    {
        change_narrow(v, &p, narrow);
        FOR_SLICES(c, slice)
        for (int i = slice; i < points_of(v) * phases; i += GRAPH_SLICES)
            gemm_by_packed(false, (int)p.tiles, v->c, v->co,
                           p.narrow + (size_t)(i / phases) * p.narrow_step, v->co, false,
                           p.weight + (size_t)i * p.weights,
                           p.wide + (size_t)(i / phases) * p.wide_step + i % phases * v->c,
                           (ptrdiff_t)phases * v->c, false);
        change_wide_back(v, &p, v->relu ? x : NULL, wide, add || clear);
    }
}

static void fast_weights(const struct convolution *v, const struct context *c, const real *wide,
                         const real *narrow, real *gradient, bool accumulate)
{
    struct points p = points_in(v, c);
    int phases = phases_of(v), products = points_of(v) * phases;
    FOR_BLOCKS(v, c, &p)
    {
        change_wide(v, &p, wide);
        change_narrow(v, &p, narrow);
        FOR_SLICES(c, slice)
        for (int i = slice_first(products, slice); i < slice_first(products, slice + 1); i++)
            gemm(true, false, v->c, v->co, (int)p.tiles,
                 p.wide + (size_t)(i / phases) * p.wide_step + i % phases * v->c,
                 (ptrdiff_t)phases * v->c, false, p.narrow + (size_t)(i / phases) * p.narrow_step,
                 v->co, p.weight + (size_t)i * p.weights, v->co, p.first > 0);
    }
    change_taps(v, &p, v->fast->weight_back, p.weight, (size_t)v->c * (size_t)v->co, gradient, true,
                accumulate);
}
#endif
