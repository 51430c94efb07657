/* A convolution of each channel by itself. Scratch of a slice: its gradient of w; w widened (slice
 * 0's). Work: one image with padding, its output gradient with padding, one row. */
#include "graph/slices.h"
#include "graph/window.h"

enum { X, W };

struct layout {                         /* offsets into scratch, and into work, in reals */
    size_t w, weight, scratch;          /* end */
    size_t padded, gradient, row, work; /* end */
};

static struct layout layout_of(const struct frame *f)
{
    size_t taps = scratch_round((size_t)(f->k * f->k * f->channels));
    size_t width = (size_t)(f->w > f->ow ? f->w : f->ow);
    struct layout l = {.weight = taps, .scratch = 2 * taps};
    l.gradient = l.padded + scratch_round(frame_padded(f));
    l.row = l.gradient + scratch_round(frame_gradient(f));
    l.work = l.row + scratch_round(width * (size_t)f->channels);
    return l;
}

static int shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[X]->shape, *w = &n->input[W]->shape;
    int c = x->rank == 3 ? x->extent[2] : 0, k = n->window.kernel;
    if (w->batched || w->rank != 3 || w->extent[0] != k || w->extent[1] != k || w->extent[2] != c)
        return error_set(e, "depthwise: expected weights %d x %d x %d", k, k, c);
    return window_check_pad(&n->window, e) || window_shape(n, c, e) ? -1 : 0;
}

static void enter(const struct node *n, const struct frame *f, int image, real *padded)
{
    const real *x = n->input[X]->value + (size_t)image * node_count(n->input[X]);
    if (n->window.relu)
        window_copy(f, x, padded, ENTRY_RELU, NULL, NULL, 0);
    else
        window_copy(f, x, padded, ENTRY_PLAIN, NULL, NULL, 0);
}

static void begin(const struct node *n, const struct context *c)
{
    const struct frame f = window_frame(n);
    pixels_widen(n->input[W]->value, f.k * f.k, f.c, f.channels,
                 slice_scratch(c, 0) + layout_of(&f).weight);
}

static void forward(const struct node *n, const struct context *c, int slice)
{
    const struct frame f = window_frame(n);
    const struct layout l = layout_of(&f);
    const real *weight = slice_scratch(c, 0) + l.weight;
    real *padded = thread_work(c) + l.padded, *row = thread_work(c) + l.row;
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++) {
        enter(n, &f, i, padded);
        real *y = n->value + (size_t)i * node_count(n);
        for (int r = 0; r < f.oh; r++, y += f.ow * f.c) {
            window_forward_rows(&f, r, 1, padded, weight, row);
            pixels_narrow(row, f.ow, f.channels, f.c, y, false);
        }
    }
}

static void backward_image(const struct node *n, const struct context *c, const struct frame *f,
                           const struct layout *l, const real *weight, int image, real *sums,
                           real *work)
{
    real *padded = work + l->padded, *gradient = work + l->gradient, *row = work + l->row;
    const real *gy = n->gradient + (size_t)image * node_count(n);
    for (int y = 0; y < f->oh; y++, gy += f->ow * f->c)
        pixels_widen(gy, f->ow, f->c, f->channels, frame_gradient_at(f, gradient, y, 0));
    if (wants(n, c, W) || n->window.relu)
        enter(n, f, image, padded);
    if (wants(n, c, W))
        window_weight_gradient(f, 0, f->oh, padded, gradient, sums + l->w, true);
    if (!wants(n, c, X))
        return;
    real *gx = n->input[X]->gradient + (size_t)image * node_count(n->input[X]);
    const real *x = n->input[X]->value + (size_t)image * node_count(n->input[X]);
    for (int y = 0; y < f->h; y++, gx += f->w * f->c, x += f->w * f->c) {
        window_backward_row(f, y, gradient, weight, row);
        if (n->window.relu)
            for (int p = 0; p < f->w; p++)
                for (int b = 0; b < f->c; b += LANES) {
                    real *g = row + p * f->channels + b;
                    vec_store(g,
                              vec_keep(vec_load_part(x + p * f->c + b, f->c - b) > 0, vec_load(g)));
                }
        pixels_narrow(row, f->w, f->channels, f->c, gx, n->accumulate[X]);
    }
}

static void backward(const struct node *n, const struct context *c, int slice)
{
    const struct frame f = window_frame(n);
    const struct layout l = layout_of(&f);
    const real *weight = slice_scratch(c, 0) + l.weight;
    real *sums = slice_scratch(c, slice), *work = thread_work(c);
    memset(sums, 0, l.weight * sizeof *sums);
    frame_clear_border(&f, work + l.gradient);
    for (int i = slice_first(c->n, slice); i < slice_first(c->n, slice + 1); i++)
        backward_image(n, c, &f, &l, weight, i, sums, work);
}

static void backward_end(const struct node *n, const struct context *c)
{
    const struct frame f = window_frame(n);
    const struct layout l = layout_of(&f);
    if (wants(n, c, W))
        slices_reduce_narrow(c, n->input[W]->gradient, l.w, f.k * f.k, f.channels, f.c,
                             n->accumulate[W]);
}

static struct node *tangent(struct node *n, struct node *const *t)
{
    if (t[W])
        return NULL;
    struct node *x = t[X];
    struct window window = n->window;
    if (window.relu)
        x = activate_tangent(n->input[X], x, ACT_RELU);
    window.relu = false;
    return depthwise(x, n->input[W], window);
}

static double macs(const struct node *n)
{
    const int *out = n->shape.extent, k = n->window.kernel;
    return (double)out[0] * out[1] * out[2] * (k * k);
}

static size_t scratch(const struct node *n, int batch)
{
    (void)batch;
    struct frame f = window_frame(n);
    return layout_of(&f).scratch;
}

static size_t work(const struct node *n)
{
    struct frame f = window_frame(n);
    return layout_of(&f).work;
}

const struct op OP(depthwise) = {
    .name = "depthwise",
    .by_channels = true,
    .shape = shape,
    .forward = {begin, forward},
    .backward = {begin, backward, backward_end},
    .tangent = tangent,
    .macs = macs,
    .scratch = scratch,
    .work = work,
    .reads = 1 << X | 1 << W,
};
