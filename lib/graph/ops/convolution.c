/* Dense and grouped convolutions and their adjoints, as matrix products over gathered pixels.
 *
 * A convolution ties a wide side (h x w x c, what windows slide over) to a narrow side (oh x ow x
 * co, one pixel a window). conv2d maps wide to narrow, conv_transpose2d narrow to wide, with the
 * same weights [k, k, c / groups, co]; each one's backward pass is the other's forward. Rows of
 * narrow pixels are counted over the whole batch, so that a product spans as many images as fit. */
#include "graph/gemm.h"
#include "graph/slices.h"
#include "graph/window.h"

enum { X, W };
enum {
    GATHERED = 1 << 18,       /* reals of gathered pixels at a time: 1 MiB of float */
    SLICED_WEIGHTS = 1 << 14, /* up to this many, each slice has its own gradient */
    CHANNEL_BLOCK = 128,
};

struct convolution {
    int h, w, c, oh, ow, co;
    int k, stride, pad, dilation, groups;
    int group_c, group_co;
    bool relu, direct; /* direct: gathered pixels would be the pixels themselves */
};

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
    return v;
}

struct piece { /* of a gathered pixel: taps x channels of one group */
    int tap, taps, channel, channels;
};

static struct piece whole_group(const struct convolution *v, int group)
{
    return (struct piece){0, v->k * v->k, group * v->group_c, v->group_c};
}

/* Where tap `tap` of the window at column x of row `row` reads, or -1 outside of the image. */
static inline ptrdiff_t place(const struct convolution *v, long row, int x, int tap)
{
    int y = (int)(row % v->oh) * v->stride - v->pad + tap / v->k * v->dilation;
    int at = x * v->stride - v->pad + tap % v->k * v->dilation;
    if (y < 0 || y >= v->h || at < 0 || at >= v->w)
        return -1;
    return ((row / v->oh * v->h + y) * v->w + at) * v->c;
}

static void gather(const struct convolution *v, const real *wide, struct piece p, long row,
                   long rows, real *out)
{
    for (long r = row; r < row + rows; r++)
        for (int x = 0; x < v->ow; x++)
            for (int t = p.tap; t < p.tap + p.taps; t++, out += p.channels) {
                ptrdiff_t at = place(v, r, x, t);
                for (int b = 0; b < p.channels; b += LANES) {
                    int left = p.channels - b;
                    vec pixel = at < 0 ? (vec){0} : vec_load_part(wide + at + p.channel + b, left);
                    vec_store_part(out + b, v->relu ? vec_relu(pixel) : pixel, left);
                }
            }
}

/* The adjoint: adds gathered pixels back to where they came from. */
static void scatter(const struct convolution *v, const real *in, struct piece p, long row,
                    long rows, real *wide)
{
    for (long r = row; r < row + rows; r++)
        for (int x = 0; x < v->ow; x++)
            for (int t = p.tap; t < p.tap + p.taps; t++, in += p.channels) {
                ptrdiff_t at = place(v, r, x, t);
                if (at < 0)
                    continue;
                for (int b = 0; b < p.channels; b += LANES) {
                    real *o = wide + at + p.channel + b;
                    int left = p.channels - b;
                    vec_store_part(o, vec_load_part(o, left) + vec_load_part(in + b, left), left);
                }
            }
}

/* Rows of narrow pixels to gather at once, each pixel `width` reals. */
static long rows_at_once(const struct convolution *v, int width, long rows)
{
    long fit = GATHERED / ((long)width * v->ow);
    return fit < 1 ? 1 : fit > rows ? rows : fit;
}

/* narrow = convolution of wide by w, over the images [first, last). */
static void wide_to_narrow(const struct convolution *v, const real *wide, const real *w,
                           real *narrow, int first, int last, bool add, real *scratch)
{
    int width = v->k * v->k * v->group_c;
    long end = (long)last * v->oh, step = rows_at_once(v, width, end - (long)first * v->oh);
    for (int g = 0; g < v->groups; g++)
        for (long row = (long)first * v->oh; row < end; row += step) {
            long rows = row + step < end ? step : end - row;
            const real *left = scratch;
            if (v->direct && !v->relu)
                left = wide + row * v->ow * v->c + g * v->group_c;
            else
                gather(v, wide, whole_group(v, g), row, rows, scratch);
            gemm(false, false, (int)rows * v->ow, v->group_co, width, left,
                 left == scratch ? width : v->c, w + g * v->group_co, v->co,
                 narrow + row * v->ow * v->co + g * v->group_co, v->co, add);
        }
}

/* wide = or += the adjoint. */
static void narrow_to_wide(const struct convolution *v, const real *narrow, const real *w,
                           real *wide, int first, int last, bool add, real *scratch)
{
    int width = v->k * v->k * v->group_c;
    long image = (long)v->h * v->w * v->c;
    long end = (long)last * v->oh, step = rows_at_once(v, width, end - (long)first * v->oh);
    if (!v->direct && !add)
        memset(wide + first * image, 0, (size_t)((last - first) * image) * sizeof *wide);
    for (int g = 0; g < v->groups; g++)
        for (long row = (long)first * v->oh; row < end; row += step) {
            long rows = row + step < end ? step : end - row;
            real *out = v->direct ? wide + row * v->ow * v->c + g * v->group_c : scratch;
            gemm(false, true, (int)rows * v->ow, width, v->group_co,
                 narrow + row * v->ow * v->co + g * v->group_co, v->co, w + g * v->group_co, v->co,
                 out, v->direct ? v->c : width, v->direct && add);
            if (!v->direct)
                scatter(v, scratch, whole_group(v, g), row, rows, wide);
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
        if (v->direct && !v->relu)
            left = wide + row * v->ow * v->c + p.channel;
        else
            gather(v, wide, p, row, rows, scratch);
        gemm(true, false, width, v->group_co, (int)rows * v->ow, left,
             left == scratch ? width : v->c, narrow + row * v->ow * v->co + g * v->group_co, v->co,
             gradient + g * v->group_co, v->co, true);
    }
}

static size_t weights_of(const struct convolution *v)
{
    return (size_t)(v->k * v->k) * (size_t)v->group_c * (size_t)v->co;
}

/* Few weights: every slice sums its images, then slices are added in order. Many: every slice owns
 * some rows of the gradient and goes through all images. */
static void weight_gradient(const struct convolution *v, const struct context *c, const real *wide,
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

static size_t scratch(const struct node *n, int batch)
{
    struct convolution v = convolution_of(n);
    size_t weights = weights_of(&v);
    long images = (batch + GRAPH_SLICES - 1) / GRAPH_SLICES;
    int width = v.k * v.k * v.group_c;
    long own = rows_at_once(&v, width, images * v.oh) * v.ow * width, all = 0;
    if (weights <= SLICED_WEIGHTS) {
        own += (long)scratch_round(weights);
    } else {
        width = v.group_c < CHANNEL_BLOCK ? v.group_c : CHANNEL_BLOCK;
        all = rows_at_once(&v, width, (long)batch * v.oh) * v.ow * width;
    }
    if (v.relu) /* its images' gradient before the mask */
        own += (long)scratch_round((size_t)(v.h * v.w * v.c)) * images;
    return scratch_round((size_t)(own > all ? own : all));
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
    FOR_SLICES(c, slice)
    if (!slice_empty(c, slice))
        wide_to_narrow(&v, n->input[X]->value, n->input[W]->value, n->value,
                       slice_first(c->n, slice), slice_first(c->n, slice + 1), false,
                       thread_scratch(c));
}

/* gx = or += g where x > 0. */
static void mask(const real *x, const real *g, real *gx, long count, bool add)
{
    for (long i = 0; i < count; i += LANES) {
        int left = count - i < LANES ? (int)(count - i) : LANES;
        vec v = vec_keep(vec_load_part(x + i, left) > 0, vec_load_part(g + i, left));
        vec_store_part(gx + i, add ? vec_load_part(gx + i, left) + v : v, left);
    }
}

static void conv2d_backward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution_of(n);
    const struct node *x = n->input[X];
    long image = (long)node_count(x);
    if (wants(n, c, W))
        weight_gradient(&v, c, x->value, n->gradient, n->input[W]->gradient, n->accumulate[W]);
    if (!wants(n, c, X))
        return;
    FOR_SLICES(c, slice)
    {
        int first = slice_first(c->n, slice), last = slice_first(c->n, slice + 1);
        real *work = thread_scratch(c);
        if (first < last && !v.relu) {
            narrow_to_wide(&v, n->gradient, n->input[W]->value, x->gradient, first, last,
                           n->accumulate[X], work);
        } else if (first < last) {
            long images = last - first;
            real *g = work;
            work += scratch_round((size_t)image) * (size_t)images;
            narrow_to_wide(&v, n->gradient + (size_t)first * node_count(n), n->input[W]->value, g,
                           0, (int)images, false, work);
            mask(x->value + first * image, g, x->gradient + first * image, images * image,
                 n->accumulate[X]);
        }
    }
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
    FOR_SLICES(c, slice)
    if (!slice_empty(c, slice))
        narrow_to_wide(&v, n->input[X]->value, n->input[W]->value, n->value,
                       slice_first(c->n, slice), slice_first(c->n, slice + 1), false,
                       thread_scratch(c));
}

static void transpose_backward(const struct node *n, const struct context *c)
{
    const struct convolution v = convolution_of(n);
    if (wants(n, c, W))
        weight_gradient(&v, c, n->gradient, n->input[X]->value, n->input[W]->gradient,
                        n->accumulate[W]);
    if (!wants(n, c, X))
        return;
    FOR_SLICES(c, slice)
    if (!slice_empty(c, slice))
        wide_to_narrow(&v, n->gradient, n->input[W]->value, n->input[X]->gradient,
                       slice_first(c->n, slice), slice_first(c->n, slice + 1), n->accumulate[X],
                       thread_scratch(c));
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
