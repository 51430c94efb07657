/* Batch normalisation in two ops: what the batch looks like, and what is done about it. */
#include <math.h>
#include "graph/affine.h"
#include "graph/moments.h"
#include "graph/slices.h"

static const double epsilon = 1e-5, momentum = 0.1;

static size_t pixels_of(const struct node *n) /* an image */
{
    return node_count(n) / (size_t)node_channels(n);
}

static int check_parameter(const struct node *n, int rows, int c, const char *what, struct error *e)
{
    if (!n)
        return 0;
    const struct shape *s = &n->shape;
    bool fits = !s->batched && s->extent[s->rank - 1] == c &&
                (rows == 1 ? s->rank == 1 : s->rank == 2 && s->extent[0] == rows);
    return fits ? 0 : error_set(e, "normalisation: expected %s [%d, %d]", what, rows, c);
}

/* ---- statistics ---- */

enum { RUNNING = 1 }; /* input 0 is x */

static int statistics_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape;
    if (!x->batched)
        return error_set(e, "statistics: expected a value that has one entry an image");
    n->shape = (struct shape){false, 2, {2, x->extent[x->rank - 1]}};
    return check_parameter(n->input[RUNNING], 2, n->shape.extent[1], "running statistics", e);
}

static bool from_running(const struct node *n, const struct context *c)
{
    return c->run->inference && n->input[RUNNING];
}

static void statistics_forward(const struct node *n, const struct context *c)
{
    const struct node *x = n->input[0];
    int channels = node_channels(x);
    size_t pixels = pixels_of(x);
    real *running = n->input[RUNNING] ? n->input[RUNNING]->value : NULL;
    if (from_running(n, c)) {
        for (int i = 0; i < channels; i++) {
            n->value[i] = running[i];
            n->value[channels + i] = (real)(1 / sqrt((double)running[channels + i] + epsilon));
        }
        return;
    }
    if (!x->leaves_moments)
        FOR_SLICES(c, slice)
        {
            struct moments m = moments_begin(x, c, slice);
            for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++)
                moments_add(x, &m, (size_t)i);
        }
    struct moments all = slice_moments(x, 0);
    all.count = (double)slice_first(c->n, 1) * (double)pixels;
    for (int s = 1; s < GRAPH_SLICES; s++) {
        struct moments m = slice_moments(x, s);
        double count = (double)(slice_first(c->n, s + 1) - slice_first(c->n, s)) * (double)pixels;
        if (count > 0)
            moments_merge(&all, channels, count, m.mean, m.squares);
    }
    bool track = running && c->run->track && !c->run->inference;
    for (int i = 0; i < channels; i++) {
        n->value[i] = (real)all.mean[i];
        n->value[channels + i] = (real)(1 / sqrt(all.squares[i] / all.count + epsilon));
        if (track) {
            double unbiased = all.squares[i] / (all.count > 1 ? all.count - 1 : 1);
            running[i] += (real)(momentum * (all.mean[i] - (double)running[i]));
            running[channels + i] += (real)(momentum * (unbiased - (double)running[channels + i]));
        }
    }
}

/* d mean / dx = 1/N; d r / dx = -r^3 (x - mean) / N: what statistics add to the gradient of x. */
static void statistics_affine(const struct node *n, const struct context *c)
{
    const struct node *x = n->input[0];
    bool constant = from_running(n, c);
    int channels = node_channels(x);
    real count = (real)((double)c->n * (double)pixels_of(x));
    const real *mean = n->value, *r = n->value + channels;
    const real *g_mean = n->gradient, *g_r = n->gradient + channels;
    for (int i = 0; i < channels; i++) {
        affine_row(x, AFFINE_MEAN)[i] = mean[i];
        affine_row(x, AFFINE_FLAT)[i] = constant ? 0 : g_mean[i] / count;
        affine_row(x, AFFINE_SLOPE)[i] = constant ? 0 : -g_r[i] * r[i] * r[i] * r[i] / count;
        if (x->source == x)
            affine_row(x, AFFINE_FACTOR)[i] = 1;
    }
}

/* Where the op that made x does not see to it itself, the gradient of x is completed here. */
static void statistics_backward(const struct node *n, const struct context *c)
{
    const struct node *x = n->input[0];
    if (!x->affine)
        return;
    statistics_affine(n, c);
    if (x->deferred)
        return;
    const real *source = x->source == x && !n->accumulate[0] ? NULL : x->source->gradient;
    FOR_SLICES(c, slice)
    affine_write(x, source, slice_begin(c, slice) * pixels_of(x),
                 (slice_begin(c, slice + 1) - slice_begin(c, slice)) * pixels_of(x),
                 x->gradient + slice_begin(c, slice) * node_count(x));
}

const struct op OP(statistics) = {
    .name = "statistics",
    .shape = statistics_shape,
    .forward = {statistics_forward},
    .backward = {statistics_backward},
    .reads = 1 << 0 | READS_OUTPUT,
};

/* ---- normalise, and its tangent: the same without mean, shift and activation ---- */

enum { X, S, SCALE, SHIFT, INTO };

struct affine { /* z = (x - mean) * slope + shift, slope = r * scale; one vector of channels */
    vec mean, r, scale, slope, shift;
};

static struct affine affine_load(const struct node *n, int b, int lanes)
{
    const struct node *s = n->input[S], *scale = n->input[SCALE];
    const struct node *shift = n->code == OP_NORMALISE ? n->input[SHIFT] : NULL;
    struct affine a = {.r = vec_all(1), .scale = vec_all(1)};
    if (s && n->code == OP_NORMALISE)
        a.mean = vec_load_part(s->value + b, lanes);
    if (s)
        a.r = vec_load_part(s->value + node_channels(s) + b, lanes);
    if (scale)
        a.scale = vec_load_part(scale->value + b, lanes);
    if (shift)
        a.shift = vec_load_part(shift->value + b, lanes);
    a.slope = a.r * a.scale;
    return a;
}

static int normalise_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[X]->shape;
    int c = node_channels(n->input[X]);
    if (!x->batched)
        return error_set(e, "normalise: expected a value that has one entry an image");
    if (n->integer != ACT_IDENTITY && n->integer != ACT_RELU && n->integer != ACT_LEAKY)
        return error_set(e, "normalise: fuses identity, relu or leaky relu alone");
    n->shape = *x;
    if (n->code == OP_NORMALISE && n->input[INTO] && !same_shape(x, &n->input[INTO]->shape))
        return error_set(e, "normalise: goes on with a sum of another shape");
    if (n->code == OP_NORMALISE && check_parameter(n->input[SHIFT], 1, c, "shift", e))
        return -1;
    return check_parameter(n->input[SCALE], 1, c, "scale", e) ||
                   check_parameter(n->input[S], 2, c, "statistics", e)
               ? -1
               : 0;
}

static void normalise_forward(const struct node *n, const struct context *c, int slice)
{
    const struct node *x = n->input[X];
    int channels = node_channels(x);
    size_t pixels = pixels_of(x);
    bool onto = n->code == OP_NORMALISE && n->input[INTO];
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++)
        for (int b = 0; b < channels; b += LANES) {
            int lanes = channels - b < LANES ? channels - b : LANES;
            const struct affine a = affine_load(n, b, lanes);
            const real *in = x->value + (size_t)i * node_count(x) + b;
            real *out = n->value + (size_t)i * node_count(x) + b;
            for (size_t p = 0; p < pixels; p++, in += channels, out += channels) {
                vec z = (vec_load_part(in, lanes) - a.mean) * a.slope + a.shift;
                z = affine_activated(z, z, n->integer);
                vec_store_part(out, onto ? vec_load_part(out, lanes) + z : z, lanes);
            }
        }
}

/* Writes or adds one image's gradient of x (gx may be NULL), and adds the sums over pixels of the
 * gradient before the activation, g, and of g (x - mean), to sums [2, channels]. */
static void normalise_image(const struct node *n, const real *x, const real *gy, real *gx,
                            real *sums)
{
    int channels = node_channels(n), padded = (channels + LANES - 1) / LANES * LANES;
    size_t pixels = pixels_of(n);
    for (int b = 0; b < channels; b += LANES) {
        int lanes = channels - b < LANES ? channels - b : LANES;
        const struct affine a = affine_load(n, b, lanes);
        vec sum = {0}, scaled = {0};
        for (size_t p = 0, at = (size_t)b; p < pixels; p++, at += (size_t)channels) {
            vec centred = vec_load_part(x + at, lanes) - a.mean;
            vec g = vec_load_part(gy + at, lanes);
            g = affine_activated(centred * a.slope + a.shift, g, n->integer);
            sum += g;
            scaled += g * centred;
            if (gx) {
                vec old = n->accumulate[X] ? vec_load_part(gx + at, lanes) : (vec){0};
                vec_store_part(gx + at, old + g * a.slope, lanes);
            }
        }
        vec_store(sums + b, vec_load(sums + b) + sum);
        vec_store(sums + padded + b, vec_load(sums + padded + b) + scaled);
    }
}

static size_t normalise_scratch(const struct node *n, int batch)
{
    (void)batch;
    return 2 * (size_t)((node_channels(n) + LANES - 1) / LANES * LANES);
}

static void add_or_write(real *at, real value, bool add)
{
    *at = add ? *at + value : value;
}

static void normalise_backward(const struct node *n, const struct context *c, int slice)
{
    const struct node *x = n->input[X];
    real *sums = slice_scratch(c, slice);
    memset(sums, 0, normalise_scratch(n, 0) * sizeof *sums);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        size_t at = (size_t)i * node_count(n);
        normalise_image(n, x->value + at, n->gradient + at,
                        wants(n, c, X) && x->source != n ? x->gradient + at : NULL, sums);
    }
}

static void normalise_end(const struct node *n, const struct context *c)
{
    const struct node *x = n->input[X], *s = n->input[S], *scale = n->input[SCALE];
    int channels = node_channels(n), padded = (channels + LANES - 1) / LANES * LANES;
    const real *sums = slices_sum(c, 0, 2 * (size_t)padded), *of_g = sums, *of_gx = sums + padded;
    for (int i = 0; i < channels; i++) {
        real r = s ? s->value[channels + i] : 1, factor = scale ? scale->value[i] : 1;
        if (x->source == n) {
            affine_row(x, AFFINE_FACTOR)[i] = r * factor;
            affine_row(x, AFFINE_SHIFT)[i] = n->input[SHIFT] ? n->input[SHIFT]->value[i] : 0;
        }
        if (s && wants(n, c, S)) {
            bool add = n->accumulate[S];
            real mean = n->code == OP_NORMALISE ? -r * factor * of_g[i] : 0;
            add_or_write(&s->gradient[i], mean, add);
            add_or_write(&s->gradient[channels + i], factor * of_gx[i], add);
        }
        if (scale && wants(n, c, SCALE))
            add_or_write(&scale->gradient[i], r * of_gx[i], n->accumulate[SCALE]);
        if (n->code == OP_NORMALISE && n->input[SHIFT] && wants(n, c, SHIFT))
            add_or_write(&n->input[SHIFT]->gradient[i], of_g[i], n->accumulate[SHIFT]);
    }
}

/* Statistics are held constant; scale and shift carry no tangent. */
static struct node *normalise_op_tangent(struct node *n, struct node *const *t)
{
    if (!t[X] || t[SCALE] || t[SHIFT] || n->input[INTO])
        return NULL;
    struct node *x = n->input[X], *s = n->input[S], *scale = n->input[SCALE];
    struct node *y = normalise_tangent(t[X], s, scale);
    if (n->integer == ACT_IDENTITY)
        return y;
    struct node *z = normalise(x, s, scale, n->input[SHIFT], ACT_IDENTITY);
    return activate_tangent(z, y, n->integer);
}

const struct op OP(normalise) = {
    .name = "normalise",
    .by_channels = true,
    .shape = normalise_shape,
    .forward = {.slice = normalise_forward},
    .backward = {.slice = normalise_backward, .end = normalise_end},
    .tangent = normalise_op_tangent,
    .scratch = normalise_scratch,
    .reads = 1 << X | 1 << S | 1 << SCALE | 1 << SHIFT,
    .extends = INTO,
};

const struct op OP(normalise_tangent) = {
    .name = "normalise_tangent",
    .by_channels = true,
    .shape = normalise_shape,
    .forward = {.slice = normalise_forward},
    .backward = {.slice = normalise_backward, .end = normalise_end},
    .scratch = normalise_scratch,
    .reads = 1 << X | 1 << S | 1 << SCALE,
};
