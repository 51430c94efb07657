/* conv2d of a kernel of 1 and few weights: a matrix product over pixels, band by band, so that what
 * one step makes the next finds in the L1 cache. Scratch of a slice: its gradient of w; w
 * transposed (slice 0's). Work: a band of pixels, the output's gradient there, and what goes back.
 */
#include "graph/affine.h"
#include "graph/conv2d.h"
#include "graph/moments.h"
#include "graph/product.h"
#include "graph/slices.h"

enum { X, W };

struct layout {                        /* offsets, in reals, into a slice's scratch: */
    size_t w, transposed, scratch;     /* end; and into a thread's work: */
    size_t band, arriving, back, work; /* end */
};

struct pointwise {
    int h, w, c, ow, out;
    int pixels;       /* of an output image */
    int stride, skip; /* the first pixel is row and column `skip` */
    int band;         /* pixels that are multiplied at once */
    ptrdiff_t row;    /* reals from one of them to the next: an odd number of cache lines */
    bool relu, same;  /* same: output pixels are the image's */
    struct layout l;
};

static struct pointwise pointwise_of(const struct node *n)
{
    enum { BAND = 1 << 12, LEAST = 14, MOST = 28 }; /* reals, pixels */
    const int *x = n->input[X]->shape.extent, *y = n->shape.extent;
    const struct window *v = &n->window;
    struct pointwise p = {.h = x[0],
                          .w = x[1],
                          .c = x[2],
                          .ow = y[1],
                          .out = y[2],
                          .pixels = y[0] * y[1],
                          .stride = v->stride,
                          .skip = -v->pad,
                          .relu = v->relu,
                          .same = v->stride == 1 && v->pad == 0};
    int fit = BAND / p.c > MOST ? MOST : BAND / p.c < LEAST ? LEAST : BAND / p.c;
    int bands = (p.pixels - 1) / fit + 1;
    p.band = (p.pixels - 1) / bands + 1;
    p.row = (ptrdiff_t)((scratch_round((size_t)p.c) / 16 | 1) * 16);
    size_t weights = scratch_round((size_t)p.c * (size_t)p.out), band = (size_t)p.band;
    p.l.transposed = weights;
    p.l.scratch = 2 * weights;
    p.l.arriving = band * (size_t)p.row;
    p.l.back = p.l.arriving + scratch_round(band * (size_t)p.out);
    p.l.work = p.l.back + band * (size_t)p.row;
    return p;
}

/* Where in an image an output pixel comes from; negative: from outside. */
INLINE ptrdiff_t place(const struct pointwise *p, int pixel)
{
    if (p->same)
        return (ptrdiff_t)pixel * p->c;
    int y = pixel / p->ow * p->stride + p->skip, x = pixel % p->ow * p->stride + p->skip;
    return y < p->h && x < p->w ? ((ptrdiff_t)y * p->w + x) * p->c : -1;
}

/* The `count` pixels from `first` on, rectified; what the next band reads is asked for. */
static void enter(const struct pointwise *p, const real *x, int first, int count, real *band)
{
    for (int i = 0; i < count; i++, band += p->row) {
        ptrdiff_t at = place(p, first + i);
        for (int b = 0; b < p->c; b += LANES) {
            vec v = {0};
            if (at >= 0)
                v = vec_load_part(x + at + b, p->c - b);
            if (p->same)
                vec_prefetch(x + at + p->band * p->c + b);
            vec_store(band + b, p->relu ? vec_relu(v) : v);
        }
    }
}

static struct matrix entered(const struct pointwise *p, const real *x, int first, int count,
                             real *band)
{
    if (p->same && !p->relu)
        return (struct matrix){x + first * p->c, p->c, 1};
    enter(p, x, first, count, band);
    return (struct matrix){band, p->row, 1};
}

static int band_of(const struct pointwise *p, int first)
{
    return p->pixels - first < p->band ? p->pixels - first : p->band;
}

static void forward(const struct node *n, const struct context *c, int slice)
{
    const struct pointwise p = pointwise_of(n);
    real *band = thread_work(c) + p.l.band;
    struct moments moments = moments_begin(n, c, slice);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        const real *x = n->input[X]->value + (size_t)i * node_count(n->input[X]);
        real *y = n->value + (size_t)i * node_count(n);
        for (int first = 0, count; first < p.pixels; first += count) {
            count = band_of(&p, first);
            product(count, p.out, p.c, entered(&p, x, first, count, band), n->input[W]->value,
                    p.out, y + first * p.out, p.out, false);
        }
        moments_add(n, &moments, (size_t)i);
    }
}

static void backward_begin(const struct node *n, const struct context *c)
{
    const struct pointwise p = pointwise_of(n);
    const real *w = n->input[W]->value;
    real *t = slice_scratch(c, 0) + p.l.transposed;
    for (int i = 0; i < p.c; i++)
        for (int o = 0; o < p.out; o++)
            t[o * p.c + i] = w[i * p.out + o];
}

/* The gradient of a band goes to where its pixels came from, through the relu. */
static void leave(const struct pointwise *p, const real *band, const real *back, int first,
                  int count, real *gx, bool add)
{
    for (int i = 0; i < count; i++, band += p->row, back += p->row) {
        ptrdiff_t at = place(p, first + i);
        for (int b = 0; at >= 0 && b < p->c; b += LANES) {
            int lanes = p->c - b < LANES ? p->c - b : LANES;
            vec g = vec_load(back + b);
            if (p->relu)
                g = vec_keep(vec_load(band + b) > 0, g);
            vec_store_part(gx + at + b, add ? vec_load_part(gx + at + b, lanes) + g : g, lanes);
        }
    }
}

/* first_image: the sums have no content yet. gx NULL: not wanted. */
static void backward_image(const struct node *n, const struct context *c, const struct pointwise *p,
                           int image, bool first_image, real *sums, real *work)
{
    const real *x = n->input[X]->value + (size_t)image * node_count(n->input[X]);
    const real *transposed = slice_scratch(c, 0) + p->l.transposed;
    real *gx =
        wants(n, c, X) ? n->input[X]->gradient + (size_t)image * node_count(n->input[X]) : NULL;
    bool add = n->accumulate[X], straight = p->same && !p->relu;
    if (gx && !add && !p->same) {
        memset(gx, 0, node_count(n->input[X]) * sizeof *gx);
        add = true;
    }
    for (int first = 0, count; first < p->pixels; first += count) {
        count = band_of(p, first);
        const real *gy = gradient_pixels(n, (size_t)image * (size_t)p->pixels + (size_t)first,
                                         (size_t)count, work + p->l.arriving);
        struct matrix in = entered(p, x, first, count, work + p->l.band);
        if (wants(n, c, W))
            product(p->c, p->out, count, (struct matrix){in.at, 1, in.row}, gy, p->out, sums,
                    p->out, first || !first_image);
        if (!gx)
            continue;
        real *to = straight ? gx + first * p->c : work + p->l.back;
        product(count, p->c, p->out, (struct matrix){gy, p->out, 1}, transposed, p->c, to,
                straight ? p->c : p->row, straight && add);
        if (!straight)
            leave(p, work + p->l.band, to, first, count, gx, add);
    }
}

static void backward(const struct node *n, const struct context *c, int slice)
{
    const struct pointwise p = pointwise_of(n);
    real *sums = slice_scratch(c, slice) + p.l.w;
    for (int first = slice_first(c->n, slice), i = first; i < slice_first(c->n, slice + 1); i++)
        backward_image(n, c, &p, i, i == first, sums, thread_work(c));
}

static void backward_end(const struct node *n, const struct context *c)
{
    const struct pointwise p = pointwise_of(n);
    if (wants(n, c, W))
        slices_reduce(c, n->input[W]->gradient, p.l.w, (size_t)p.c * (size_t)p.out,
                      n->accumulate[W]);
}

static double macs(const struct node *n)
{
    return (double)node_count(n) * n->input[X]->shape.extent[2];
}

static size_t scratch(const struct node *n, int batch)
{
    (void)batch;
    return pointwise_of(n).l.scratch;
}

static size_t work(const struct node *n)
{
    return pointwise_of(n).l.work;
}

const struct op OP(pointwise) = {
    .name = "conv2d",
    .shape = conv2d_shape,
    .forward = {.slice = forward},
    .backward = {backward_begin, backward, backward_end},
    .takes_affine = true,
    .leaves_moments = true,
    .tangent = conv2d_tangent,
    .macs = macs,
    .scratch = scratch,
    .work = work,
    .reads = 1 << X | 1 << W,
};
