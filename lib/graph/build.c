/* The builder functions of ops.h: each fills a node's template; the op's shape rule does the rest.
 */
#include "graph/internal.h"
#include "base/memory.h"

#define INPUTS(...)                                                           \
    .inputs = sizeof((struct node *[]){__VA_ARGS__}) / sizeof(struct node *), \
    .input = (struct node *[])                                                \
    {                                                                         \
        __VA_ARGS__                                                           \
    }

static struct window filled(struct window w)
{
    w.kernel += !w.kernel;
    w.stride += !w.stride;
    w.dilation += !w.dilation;
    w.groups += !w.groups;
    return w;
}

static struct node *windowed(enum op_code code, struct node *x, struct node *w,
                             struct window window)
{
    struct node t = {.code = code, .window = filled(window), INPUTS(x, w)};
    t.inputs = code == OP_MAX_POOL || code == OP_AVG_POOL ? 1 : 2;
    return graph_build(&t, 0);
}

/* Does pointwise.c serve it? */
static bool is_pointwise(const struct node *w, struct window window)
{
    enum { FEW_WEIGHTS = 1 << 14 }; /* so that each slice may gather a gradient of its own */
    return w && node_count(w) <= FEW_WEIGHTS && window.kernel <= 1 && window.groups <= 1 &&
           window.pad <= 0;
}

struct node *conv2d(struct node *x, struct node *w, struct window window)
{
    return windowed(is_pointwise(w, window) ? OP_POINTWISE : OP_CONV2D, x, w, window);
}

struct node *conv_transpose2d(struct node *x, struct node *w, struct window window)
{
    return windowed(OP_CONV_TRANSPOSE2D, x, w, window);
}

struct node *depthwise(struct node *x, struct node *w, struct window window)
{
    return windowed(OP_DEPTHWISE, x, w, window);
}

struct node *separable(struct node *x, struct node *s, struct node *w, struct node *p,
                       struct window window)
{
    return graph_build(
        &(struct node){.code = OP_SEPARABLE, .window = filled(window), INPUTS(x, s, w, p)}, 1 << 1);
}

struct node *max_pool(struct node *x, struct window window)
{
    return windowed(OP_MAX_POOL, x, NULL, window);
}

struct node *max_unpool(struct node *x, struct node *pool)
{
    return graph_build(&(struct node){.code = OP_MAX_UNPOOL, INPUTS(x, pool)}, 0);
}

struct node *avg_pool(struct node *x, struct window window)
{
    return windowed(OP_AVG_POOL, x, NULL, window);
}

struct node *global_avg_pool(struct node *x)
{
    return graph_build(&(struct node){.code = OP_GLOBAL_AVG_POOL, INPUTS(x)}, 0);
}

struct node *statistics(struct node *x, struct node *running)
{
    return graph_build(&(struct node){.code = OP_STATISTICS, INPUTS(x, running)}, 1 << 1);
}

struct node *normalise_onto(struct node *into, struct node *x, struct node *s, struct node *scale,
                            struct node *shift, int activation)
{
    return graph_build(&(struct node){.code = OP_NORMALISE,
                                      .integer = activation,
                                      INPUTS(x, s, scale, shift, into)},
                       1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
}

struct node *normalise(struct node *x, struct node *s, struct node *scale, struct node *shift,
                       int activation)
{
    return normalise_onto(NULL, x, s, scale, shift, activation);
}

struct node *normalise_tangent(struct node *t, struct node *s, struct node *scale)
{
    struct node *held = s ? stop_gradient(s) : NULL;
    return graph_build(&(struct node){.code = OP_NORMALISE_TANGENT, INPUTS(t, held, scale)},
                       1 << 1 | 1 << 2);
}

struct node *activate(struct node *x, enum activation a)
{
    bool smooth = a == ACT_GELU || a == ACT_HARDSWISH || a == ACT_SWISH; /* not told from outputs */
    enum op_code code = smooth ? OP_ACTIVATE_SMOOTH : OP_ACTIVATE;
    return graph_build(&(struct node){.code = code, .integer = (int)a, INPUTS(x)}, 0);
}

struct node *activate_tangent(struct node *x, struct node *t, enum activation a)
{
    return graph_build(&(struct node){.code = OP_ACTIVATE_TANGENT, .integer = (int)a, INPUTS(x, t)},
                       0);
}

struct node *add(struct node *a, struct node *b)
{
    return graph_build(&(struct node){.code = OP_ADD, INPUTS(a, b)}, 0);
}

struct node *multiply(struct node *a, struct node *b)
{
    return graph_build(&(struct node){.code = OP_MULTIPLY, INPUTS(a, b)}, 0);
}

struct node *scale_by(struct node *x, double factor)
{
    return graph_build(&(struct node){.code = OP_SCALE_BY, .number = factor, INPUTS(x)}, 0);
}

struct node *drop_path(struct node *x)
{
    return graph_build(&(struct node){.code = OP_DROP_PATH, INPUTS(x)}, 0);
}

struct node *dropout(struct node *x, double rate)
{
    return graph_build(&(struct node){.code = OP_DROPOUT, .number = rate, INPUTS(x)}, 0);
}

struct node *stop_gradient(struct node *x)
{
    return graph_build(&(struct node){.code = OP_STOP_GRADIENT, INPUTS(x)}, 0);
}

struct node *concat(int count, struct node *const *x)
{
    return graph_build(
        &(struct node){.code = OP_CONCAT, .inputs = count, .input = (struct node **)x}, 0);
}

/* The shape rule takes the last extents from the template's. */
struct node *fit_channels(struct node *x, int channels)
{
    return graph_build(&(struct node){.code = OP_FIT, .shape = {true, 1, {channels}}, INPUTS(x)},
                       0);
}

struct node *fit_weights(struct node *w, int in, int out)
{
    return graph_build(&(struct node){.code = OP_FIT, .shape = {false, 2, {in, out}}, INPUTS(w)},
                       0);
}

struct node *interpolate(struct node *x, int channels)
{
    return graph_build(&(struct node){.code = OP_INTERPOLATE, .integer = channels, INPUTS(x)}, 0);
}

struct node *slice_channels(struct node *x, int first, int count)
{
    return graph_build(
        &(struct node){.code = OP_CHANNELS, .integer = first, .count = count, INPUTS(x)}, 0);
}

struct node *concat_shuffled(int count, struct node *const *x, int groups)
{
    return graph_build(&(struct node){.code = OP_CONCAT_SHUFFLED,
                                      .integer = groups,
                                      .inputs = count,
                                      .input = (struct node **)x},
                       0);
}

struct node *weigh_edges(struct node *p, struct node *b, int first)
{
    return graph_build(&(struct node){.code = OP_WEIGH_EDGES, .integer = first, INPUTS(p, b)}, 0);
}

struct node *linear(struct node *x, struct node *w, struct node *b)
{
    return graph_build(&(struct node){.code = OP_LINEAR, INPUTS(x, w, b)}, 1 << 2);
}

struct node *softmax(struct node *x)
{
    return graph_build(&(struct node){.code = OP_SOFTMAX, INPUTS(x)}, 0);
}

struct node *log_softmax(struct node *x)
{
    return graph_build(&(struct node){.code = OP_LOG_SOFTMAX, INPUTS(x)}, 0);
}

struct node *l2_normalise(struct node *x)
{
    return graph_build(&(struct node){.code = OP_L2_NORMALISE, INPUTS(x)}, 0);
}

struct node *mix(struct node *into, struct node *weights, int row, int column, struct node *x,
                 struct node *s)
{
    const int *extent = weights ? weights->shape.extent : (int[2]){0};
    bool there = row >= 0 && row < extent[0] && column >= 0 && column < extent[1];
    return graph_build(&(struct node){.code = OP_MIX,
                                      .integer = there ? row * extent[1] + column : -1,
                                      INPUTS(weights, x, s, into)},
                       1 << 2 | 1 << 3);
}

struct node *cross_entropy(struct node *logits, struct node *label, double smoothing)
{
    return graph_build(
        &(struct node){.code = OP_CROSS_ENTROPY, .number = smoothing, INPUTS(logits, label)}, 0);
}

struct node *distillation(struct node *logits, struct node *teacher, double temperature)
{
    return graph_build(
        &(struct node){.code = OP_DISTILLATION, .number = temperature, INPUTS(logits, teacher)}, 0);
}

struct node *pixel_cross_entropy(struct node *logits, struct node *label, struct node *weights)
{
    return graph_build(
        &(struct node){.code = OP_PIXEL_CROSS_ENTROPY, INPUTS(logits, label, weights)}, 1 << 2);
}

struct node *pixel_absolute_error(struct node *x, struct node *target)
{
    return graph_build(&(struct node){.code = OP_PIXEL_ABSOLUTE_ERROR, INPUTS(x, target)}, 0);
}

struct node *mean_squared_error(struct node *x, struct node *y)
{
    return graph_build(&(struct node){.code = OP_MEAN_SQUARED_ERROR, INPUTS(x, y)}, 0);
}

struct node *mean_absolute_error(struct node *x, struct node *y)
{
    return graph_build(&(struct node){.code = OP_MEAN_ABSOLUTE_ERROR, INPUTS(x, y)}, 0);
}

struct node *smooth_l1(struct node *x, struct node *y)
{
    return graph_build(&(struct node){.code = OP_SMOOTH_L1, INPUTS(x, y)}, 0);
}

struct node *bce_with_logits(struct node *x, struct node *target)
{
    return graph_build(&(struct node){.code = OP_BCE_WITH_LOGITS, INPUTS(x, target)}, 0);
}

struct node *triplet_margin(struct node *a, struct node *p, struct node *n, double margin)
{
    return graph_build(&(struct node){.code = OP_TRIPLET_MARGIN, .number = margin, INPUTS(a, p, n)},
                       0);
}

struct node *cosine_embedding(struct node *a, struct node *b, struct node *same, double margin)
{
    return graph_build(
        &(struct node){.code = OP_COSINE_EMBEDDING, .number = margin, INPUTS(a, b, same)}, 0);
}

struct node *contrastive(struct node *a, struct node *b, struct node *same, double margin)
{
    return graph_build(&(struct node){.code = OP_CONTRASTIVE, .number = margin, INPUTS(a, b, same)},
                       0);
}

struct node *circle(struct node *a, struct node *b, struct node *label, double margin, double gamma)
{
    return graph_build(
        &(struct node){
            .code = OP_CIRCLE, .number = margin, .steepness = gamma, INPUTS(a, b, label)},
        0);
}

struct node *normal_divergence(struct node *mean, struct node *log_variance)
{
    return graph_build(&(struct node){.code = OP_NORMAL_DIVERGENCE, INPUTS(mean, log_variance)}, 0);
}

struct node *mean_square_norm(struct node *x)
{
    return graph_build(&(struct node){.code = OP_MEAN_SQUARE_NORM, INPUTS(x)}, 0);
}

struct node *kendall(struct node *loss, struct node *s, bool classification)
{
    return graph_build(
        &(struct node){.code = OP_KENDALL, .integer = classification, INPUTS(loss, s)}, 0);
}

struct node *add_scalars(struct node *a, struct node *b, double weight_of_b)
{
    return graph_build(&(struct node){.code = OP_ADD_SCALARS, .number = weight_of_b, INPUTS(a, b)},
                       0);
}
