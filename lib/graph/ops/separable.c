/* pointwise(depthwise(relu(normalise(x, s)))), one image at a time, all of it in the cache. Forward
 * keeps nothing but the output; backward makes the rectified image and the depthwise result anew.
 */
#include "graph/affine.h"
#include "graph/moments.h"
#include "graph/product.h"
#include "graph/slices.h"
#include "graph/window.h"

enum { X, S, W, P };

struct layout {                       /* offsets, in reals, into a slice's scratch: */
    size_t w, p, s;                   /* gradients: [k, k, channels], [c, out], [2, channels] */
    size_t weight, transposed, entry; /* w and p^T widened, statistics widened; slice 0's */
    size_t scratch;                   /* end; and into a thread's work: */
    size_t padded, gradient;          /* one image */
    size_t depthwise, arriving;       /* a band of its rows: the depthwise result, the output's */
                                      /* gradient */
    size_t left;                      /* as many rows of its gradient */
    size_t work;                      /* end */
};

/* Rows from `row` on that are multiplied at once: enough pixels for the product, few enough for the
 * L1 cache. */
static int band_rows(const struct frame *f, int row)
{
    int rows = 64 / f->ow < 1 ? 1 : 64 / f->ow;
    return rows < f->oh - row ? rows : f->oh - row;
}

static struct layout layout_of(const struct frame *f, int out)
{
    size_t taps = (size_t)(f->k * f->k * f->channels), c = (size_t)f->channels;
    struct layout l = {0};
    size_t at = 0;
#define PLACE(member, count) (l.member = at, at += scratch_round(count))
    PLACE(w, taps);
    PLACE(p, (size_t)f->c * (size_t)out);
    PLACE(s, 2 * c);
    PLACE(weight, taps);
    PLACE(transposed, (size_t)out * c);
    PLACE(entry, 2 * c);
    l.scratch = at;
    at = 0;
    PLACE(padded, frame_padded(f));
    PLACE(gradient, frame_gradient(f));
    PLACE(depthwise, (size_t)(band_rows(f, 0) * f->ow) * c);
    PLACE(arriving, (size_t)(band_rows(f, 0) * f->ow * out));
    PLACE(left, (size_t)(band_rows(f, 0) * f->w) * c);
#undef PLACE
    l.work = at;
    return l;
}

static int shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[X]->shape, *w = &n->input[W]->shape, *p = &n->input[P]->shape;
    int c = x->rank == 3 ? x->extent[2] : 0, k = n->window.kernel;
    if (w->batched || w->rank != 3 || w->extent[0] != k || w->extent[1] != k || w->extent[2] != c)
        return error_set(e, "separable: expected depthwise weights %d x %d x %d", k, k, c);
    if (p->batched || p->rank != 4 || p->extent[0] != 1 || p->extent[1] != 1 || p->extent[2] != c)
        return error_set(e, "separable: expected pointwise weights 1 x 1 x %d x out", c);
    if (n->input[S]) {
        const struct shape *s = &n->input[S]->shape;
        if (s->batched || s->rank != 2 || s->extent[0] != 2 || s->extent[1] != c)
            return error_set(e, "separable: expected statistics 2 x %d", c);
    }
    return window_check_pad(&n->window, e) || window_shape(n, p->extent[3], e) ? -1 : 0;
}

/* What every image needs; the arrays are made once, in slice 0's scratch. */
struct prepared {
    struct frame f;
    struct layout l;
    int out;
    const real *weight, *transposed, *mean, *reciprocal;
};

static struct prepared prepared(const struct node *n, const struct context *c)
{
    struct prepared p = {.f = window_frame(n), .out = n->shape.extent[2]};
    const real *scratch = slice_scratch(c, 0);
    p.l = layout_of(&p.f, p.out);
    p.weight = scratch + p.l.weight;
    p.transposed = scratch + p.l.transposed;
    p.mean = scratch + p.l.entry;
    p.reciprocal = p.mean + p.f.channels;
    return p;
}

static void forward_begin(const struct node *n, const struct context *c)
{
    const struct prepared p = prepared(n, c);
    const struct frame *f = &p.f;
    real *scratch = slice_scratch(c, 0);
    pixels_widen(n->input[W]->value, f->k * f->k, f->c, f->channels, scratch + p.l.weight);
    if (n->input[S])
        pixels_widen(n->input[S]->value, 2, f->c, f->channels, scratch + p.l.entry);
}

static void backward_begin(const struct node *n, const struct context *c)
{
    const struct prepared p = prepared(n, c);
    const struct frame *f = &p.f;
    const real *in = n->input[P]->value;
    real *t = slice_scratch(c, 0) + p.l.transposed;
    forward_begin(n, c);
    memset(t, 0, (size_t)p.out * (size_t)f->channels * sizeof *t);
    for (int i = 0; i < f->c; i++)
        for (int o = 0; o < p.out; o++)
            t[o * f->channels + i] = in[i * p.out + o];
}

/* Makes the rows of the padded, normalised and rectified image that the windows above output row
 * `row` need and that are not there yet; *entered counts those that are. */
static void enter(const struct node *n, const struct prepared *p, const real *x, int row,
                  int *entered, real *padded)
{
    const struct frame *f = &p->f;
    int need = (row - 1) * f->stride + f->dilation * (f->k - 1) + 1;
    for (; *entered < need; ++*entered) {
        real *to = padded + (size_t)*entered * (size_t)(f->pw * f->channels);
        if (n->input[S])
            window_copy_row(f, *entered, x, to, ENTRY_NORMALISED_RELU, p->mean, p->reciprocal, 0);
        else
            window_copy_row(f, *entered, x, to, ENTRY_RELU, NULL, NULL, 0);
    }
}

static void forward(const struct node *n, const struct context *c, int slice)
{
    const struct prepared p = prepared(n, c);
    const struct frame *f = &p.f;
    size_t in = node_count(n->input[X]), out = node_count(n);
    real *padded = thread_work(c) + p.l.padded, *band = thread_work(c) + p.l.depthwise;
    struct moments moments = moments_begin(n, c, slice);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const real *x = n->input[X]->value + (size_t)i * in;
        real *y = n->value + (size_t)i * out;
        int entered = 0;
        for (int row = 0, rows; row < f->oh; row += rows, y += rows * f->ow * p.out) {
            rows = band_rows(f, row);
            vec_prefetch_written(y, rows * f->ow * p.out);
            enter(n, &p, x, row + rows, &entered, padded);
            window_forward_rows(f, row, rows, padded, p.weight, band);
            product(rows * f->ow, p.out, f->c, (struct matrix){band, f->channels, 1},
                    n->input[P]->value, p.out, y, p.out, false);
        }
        moments_add(n, &moments, (size_t)i);
    }
}

/* Sums of what passes of a gradient, as it is and times the rectified value. */
struct passed {
    vec all, times;
};
/* One pixel: what passes goes into gx, where it is wanted. */
INLINE void leave_pixel(struct passed *p, const int lanes, const bool add, const bool summed,
                        const real *value, const real *g, real *gx, vec reciprocal)
{
    vec v = vec_load(value), gradient = vec_keep(v > 0, vec_load(g));
    if (summed) {
        p->all += gradient;
        p->times += gradient * v;
        gradient *= reciprocal;
    }
    if (gx)
        vec_store_part(gx, add ? vec_load_part(gx, lanes) + gradient : gradient, lanes);
}

/* n pixels of one vector of channels, of which `lanes` count: see leave_row. Of two pixels each has
 * sums of its own, which else would wait for themselves. */
INLINE void leave_pixels(int n, const int lanes, const bool add, const bool summed,
                         const real *value, const real *g, ptrdiff_t channels, real *gx,
                         ptrdiff_t c, vec reciprocal, real *sum, real *scaled)
{
    struct passed even = {{0}, {0}}, odd = even;
    for (; n >= 2; n -= 2, value += 2 * channels, g += 2 * channels, gx += gx ? 2 * c : 0) {
        leave_pixel(&even, lanes, add, summed, value, g, gx, reciprocal);
        leave_pixel(&odd, lanes, add, summed, value + channels, g + channels, gx ? gx + c : NULL,
                    reciprocal);
    }
    if (n)
        leave_pixel(&even, lanes, add, summed, value, g, gx, reciprocal);
    if (summed) {
        vec_store(sum, vec_load(sum) + (even.all + odd.all));
        vec_store(scaled, vec_load(scaled) + (even.times + odd.times));
    }
}

/* One row: the gradient passes relu and normalisation (reciprocal NULL: there is none) into gx
 * (NULL: not wanted), and its sums, as it is and times the rectified value, go into sums [2,
 * channels] where it was normalised. */
INLINE void leave_row(const struct frame *f, const real *padded, const real *g, real *gx, bool add,
                      const real *reciprocal, real *sums)
{
    int first = f->pad < 0 ? -f->pad : 0, last = f->pw - f->pad < f->w ? f->pw - f->pad : f->w;
    int c = f->c, channels = f->channels;
    if (gx && !add) { /* what no window sees */
        last = padded ? last : first;
        for (int i = 0; i < first * c; i++)
            gx[i] = 0;
        for (int i = last * c; i < f->w * c; i++)
            gx[i] = 0;
    }
    for (int b = 0; padded && b < c; b += LANES) {
        const real *value = padded + (first + f->pad) * channels + b,
                   *from = g + first * channels + b;
        real *to = gx ? gx + first * c + b : NULL, *sum = sums + b, *scaled = sums + channels + b;
        vec r = reciprocal ? vec_load(reciprocal + b) : vec_all(1);
#define PIXELS(lanes, add, summed) \
    leave_pixels(last - first, lanes, add, summed, value, from, channels, to, c, r, sum, scaled)
        if (c - b < LANES)
            PIXELS(c - b, add, reciprocal);
        else if (add && reciprocal)
            PIXELS(LANES, true, true);
        else if (add)
            PIXELS(LANES, true, false);
        else if (reciprocal)
            PIXELS(LANES, false, true);
        else
            PIXELS(LANES, false, false);
#undef PIXELS
    }
}

/* What one image's backward pass works on. */
struct passage {
    const struct prepared *p;
    real *padded, *gradient, *rows; /* thread's */
    real *gx;                       /* the image's, or NULL */
    real *sums;                     /* the slice's */
    bool normalised, add;
    int left; /* rows of gx that are done */
};

/* Rows of the image's gradient that no window from output row `row` on reaches and that are to be
 * made yet, as many as there is room for. */
static int leaving(const struct passage *b, int row)
{
    const struct frame *f = &b->p->f;
    int rows = 0, most = band_rows(f, 0);
    while (rows < most && b->left + rows < f->h && window_passed(f, b->left + rows, row))
        rows++;
    return rows;
}

/* All of them. */
static void leave(struct passage *b, int row)
{
    const struct frame *f = &b->p->f;
    for (int rows; (rows = leaving(b, row)) > 0;) {
        window_backward_rows(f, b->left, rows, b->gradient, b->p->weight, b->rows);
        for (int i = 0; i < rows; i++, b->left++) {
            int u = b->left + f->pad;
            bool seen = u >= 0 && u < f->ph;
            leave_row(f, seen ? b->padded + (size_t)u * (size_t)(f->pw * f->channels) : NULL,
                      b->rows + i * f->w * f->channels,
                      b->gx ? b->gx + (size_t)(b->left * f->w) * (size_t)f->c : NULL, b->add,
                      b->normalised ? b->p->reciprocal : NULL, b->sums + b->p->l.s);
        }
    }
}

/* Band by band, so that what one step makes the next finds in the L1 cache. first: the sums have no
 * content yet. */
static void backward_image(const struct node *n, const struct context *c, const struct prepared *p,
                           int image, bool first, real *sums, real *work)
{
    const struct frame *f = &p->f;
    const struct layout *l = &p->l;
    const struct node *in = n->input[X];
    const real *x = in->value + (size_t)image * node_count(in);
    real *band = work + l->depthwise;
    struct passage b = {.p = p,
                        .padded = work + l->padded,
                        .gradient = work + l->gradient,
                        .rows = work + l->left,
                        .gx = wants(n, c, X) ? in->gradient + (size_t)image * node_count(in) : NULL,
                        .sums = sums,
                        .normalised = n->input[S],
                        .add = n->accumulate[X]};
    bool leaves = wants(n, c, X) || wants(n, c, S);
    for (int row = 0, rows, entered = 0; row < f->oh; row += rows) {
        bool add = row || !first;
        rows = band_rows(f, row);
        if (b.gx)
            vec_prefetch_written(b.gx + b.left * f->w * f->c, rows * f->stride * f->w * f->c);
        enter(n, p, x, row + rows, &entered, b.padded);
        size_t pixel = ((size_t)image * (size_t)f->oh + (size_t)row) * (size_t)f->ow;
        const real *gy = gradient_pixels(n, pixel, (size_t)(rows * f->ow), work + l->arriving);
        if (wants(n, c, P)) {
            window_forward_rows(f, row, rows, b.padded, p->weight, band);
            product(f->c, p->out, rows * f->ow, (struct matrix){band, 1, f->channels}, gy, p->out,
                    sums + l->p, p->out, add);
        }
        for (int r = 0; r < rows; r++)
            product(f->ow, f->channels, p->out, (struct matrix){gy + r * f->ow * p->out, p->out, 1},
                    p->transposed, f->channels, frame_gradient_at(f, b.gradient, row + r, 0),
                    f->channels, false);
        if (wants(n, c, W))
            window_weight_gradient(f, row, rows, b.padded, b.gradient, sums + l->w, add);
        if (leaves)
            leave(&b, row + rows);
    }
}

static void backward(const struct node *n, const struct context *c, int slice)
{
    const struct prepared p = prepared(n, c);
    real *sums = slice_scratch(c, slice), *work = thread_work(c);
    memset(sums + p.l.s, 0, (p.l.weight - p.l.s) * sizeof *sums);
    frame_clear_border(&p.f, work + p.l.gradient);
    for (int first = slice_first(c->n, slice), i = first; i < slice_first(c->n, slice + 1); i++)
        backward_image(n, c, &p, i, i == first, sums, work);
}

static void backward_end(const struct node *n, const struct context *c)
{
    const struct prepared p = prepared(n, c);
    const struct frame *f = &p.f;
    if (wants(n, c, P))
        slices_reduce(c, n->input[P]->gradient, p.l.p, (size_t)(f->c * p.out), n->accumulate[P]);
    if (wants(n, c, W))
        slices_reduce_narrow(c, n->input[W]->gradient, p.l.w, f->k * f->k, f->channels, f->c,
                             n->accumulate[W]);
    if (n->input[S] && wants(n, c, S)) {
        /* The gradient g reached relu's output a = (x - mean) r. So the mean gets -r sum g, and
         * r gets sum g (x - mean) = sum g a / r. */
        real *sums = slice_scratch(c, 0) + p.l.entry, *gs = n->input[S]->gradient;
        const real *s = n->input[S]->value;
        slices_reduce(c, sums, p.l.s, (size_t)(2 * f->channels), false);
        for (int i = 0; i < f->c; i++) {
            real r = s[f->c + i];
            real of_mean = -r * sums[i], of_r = sums[f->channels + i] / r;
            gs[i] = n->accumulate[S] ? gs[i] + of_mean : of_mean;
            gs[f->c + i] = n->accumulate[S] ? gs[f->c + i] + of_r : of_r;
        }
    }
}

/* Statistics are held constant. */
static struct node *tangent(struct node *n, struct node *const *t)
{
    if (t[W] || t[P])
        return NULL;
    struct node *x = n->input[X], *s = n->input[S], *tx = t[X];
    struct window point = {.kernel = 1};
    if (s) {
        x = normalise(x, s, NULL, NULL, ACT_IDENTITY);
        tx = normalise_tangent(tx, s, NULL);
    }
    return conv2d(depthwise(activate_tangent(x, tx, ACT_RELU), n->input[W], n->window), n->input[P],
                  point);
}

static double macs(const struct node *n)
{
    const int *out = n->shape.extent, c = n->input[X]->shape.extent[2], k = n->window.kernel;
    return (double)out[0] * out[1] * c * (k * k + out[2]);
}

static size_t scratch(const struct node *n, int batch)
{
    (void)batch;
    struct frame f = window_frame(n);
    return layout_of(&f, n->shape.extent[2]).scratch;
}

static size_t work(const struct node *n)
{
    struct frame f = window_frame(n);
    return layout_of(&f, n->shape.extent[2]).work;
}

const struct op OP(separable) = {
    .name = "separable",
    .by_channels = true,
    .shape = shape,
    .forward = {forward_begin, forward},
    .backward = {backward_begin, backward, backward_end},
    .takes_affine = true,
    .leaves_moments = true,
    .tangent = tangent,
    .macs = macs,
    .scratch = scratch,
    .work = work,
    .reads = 1 << X | 1 << S | 1 << W | 1 << P,
};
