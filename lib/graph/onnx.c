#include "graph/onnx.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"
#include "graph/internal.h"
#include "graph/onnx_writer.h"

enum { MOST_NAME = 128 };
static const double EPSILON = 1e-5; /* of ops/norm.c */

struct writer {
    struct onnx_writer to;
    bool *done; /* by node index: the parameter is there, or the value's rectified form */
    struct error *e;
};

static bool once(struct writer *w, const struct node *n)
{
    bool before = w->done[n->index];
    w->done[n->index] = true;
    return !before;
}

struct name {
    char text[MOST_NAME];
};

/* Where inference does nothing, a value goes by the name of what it was made from. */
static const struct node *made_from(const struct node *n)
{
    while (n->code == OP_DROP_PATH || n->code == OP_DROPOUT || n->code == OP_STOP_GRADIENT)
        n = n->input[0];
    return n;
}

/* "conv2d_12", or the parameter's or input's own; `what` is put behind it. */
static struct name name_of(const struct node *n, const char *what)
{
    struct name name;
    n = made_from(n);
    if (n->name)
        snprintf(name.text, sizeof name.text, "%s%s", n->name, what);
    else
        snprintf(name.text, sizeof name.text, "%s_%d%s", n->op->name, n->index, what);
    return name;
}

/* ---- parameters ---- */

/* A vector of a number a channel; `values` NULL: all `otherwise`. */
static int put_vector(struct writer *w, const char *name, int count, const real *values,
                      double otherwise)
{
    autofree float *copy = array_new((size_t)count, sizeof *copy, "a parameter", w->e);
    if (!copy)
        return -1;
    for (int i = 0; i < count; i++)
        copy[i] = (float)(values ? values[i] : otherwise);
    return onnx_put_floats(&w->to, name, 1, (int64_t[]){count}, copy);
}

/* The same of a parameter, once; p NULL: there is none. */
static int put_parameter(struct writer *w, const struct node *p, const char *name, int count,
                         double otherwise)
{
    return p && !once(w, p) ? 0 : put_vector(w, name, count, p ? p->value : NULL, otherwise);
}

/* [pixels, in, out] to [out, in, pixels], of the extents given, which are those of the result. */
static int put_weights(struct writer *w, const struct node *n, size_t pixels, size_t in, size_t out,
                       size_t rank, const int64_t *extent)
{
    if (!once(w, n))
        return 0;
    autofree float *turned = array_new(node_count(n), sizeof *turned, "a parameter", w->e);
    if (!turned)
        return -1;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < in; i++)
            for (size_t o = 0; o < out; o++)
                turned[(o * in + i) * pixels + p] = (float)n->value[(p * in + i) * out + o];
    return onnx_put_floats(&w->to, n->name, rank, extent, turned);
}

/* Weights of windows: [k, k, in, out] to [out, in, k, k]; of depthwise ones, in is 1. */
static int put_kernel(struct writer *w, const struct node *n)
{
    const int *x = n->shape.extent;
    int in = n->shape.rank == 4 ? x[2] : 1, out = node_channels(n);
    return put_weights(w, n, (size_t)(x[0] * x[1]), (size_t)in, (size_t)out, 4,
                       (int64_t[]){out, in, x[0], x[1]});
}

/* ---- a function an op ---- */

/* The name of x past its ReLU, which is made once. */
static int put_rectified(struct writer *w, const struct node *x, struct name *name)
{
    x = made_from(x);
    *name = name_of(x, ".relu");
    return !once(w, x)
               ? 0
               : onnx_put_call(&w->to, &(struct onnx_call){"Relu", name->text,
                                                           ONNX_INPUTS(name_of(x, "").text)});
}

/* No padding says that a window begins at row and column 1: what lies before is cut off. */
static int put_cut(struct writer *w, const struct node *n, struct name *x)
{
    struct name cut = name_of(n, ".cut"), from = name_of(n, ".cut.from");
    struct name to = name_of(n, ".cut.to"), axes = name_of(n, ".cut.axes");
    if (onnx_put_integers(&w->to, from.text, 2, (int64_t[]){1, 1}) ||
        onnx_put_integers(&w->to, to.text, 2, (int64_t[]){INT_MAX, INT_MAX}) ||
        onnx_put_integers(&w->to, axes.text, 2, (int64_t[]){2, 3}) ||
        onnx_put_call(&w->to,
                      &(struct onnx_call){"Slice", cut.text,
                                          ONNX_INPUTS(x->text, from.text, to.text, axes.text)}))
        return -1;
    *x = cut;
    return 0;
}

/* A window's op from x: `weights` NULL of a pool. */
static int put_window(struct writer *w, const char *op, const struct node *n, const struct node *x,
                      const struct node *weights, const char *output)
{
    const struct window *v = &n->window;
    struct name in = name_of(x, "");
    int64_t pad[4]; /* top, left, bottom, right */
    if (weights && put_kernel(w, weights))
        return -1;
    if (v->relu && put_rectified(w, x, &in))
        return -1;
    if (v->pad < 0 && put_cut(w, n, &in))
        return -1;
    for (int k = 0; k < 2; k++) {
        int size = x->shape.extent[k], reach = v->dilation * (v->kernel - 1) + 1;
        int past = (n->shape.extent[k] - 1) * v->stride + reach - size - v->pad;
        pad[k] = v->pad > 0 ? v->pad : 0;
        pad[k + 2] = !v->extent ? pad[k] : past > 0 ? past : 0;
    }
    bool pool = !weights, mean = n->code == OP_AVG_POOL;
    int64_t groups = n->code == OP_CONV2D ? v->groups : 1;
    if (n->code == OP_DEPTHWISE || n->code == OP_SEPARABLE)
        groups = node_channels(weights);
    if (pool && v->dilation != 1)
        return error_set(w->e, "a pool of dilation %d", v->dilation);
    int64_t kernel[] = {v->kernel, v->kernel}, stride[] = {v->stride, v->stride};
    int64_t dilation[] = {v->dilation, v->dilation};
    struct onnx_call c = {
        op, output, .input = (const char *[]){in.text, weights ? weights->name : ""},
        .inputs = weights ? 2 : 1,
        ONNX_ATTRIBUTES(onnx_list("kernel_shape", 2, kernel), onnx_list("strides", 2, stride),
                        onnx_list("pads", 4, pad), onnx_list("dilations", 2, dilation),
                        onnx_whole("group", groups))};
    if (pool) /* whose last attribute is another */
        c.attribute[3] = onnx_whole("count_include_pad", 0);
    c.attributes = pool ? 3 + mean : 5;
    return onnx_put_call(&w->to, &c);
}

static int put_conv2d(struct writer *w, const struct node *n)
{
    return put_window(w, "Conv", n, n->input[0], n->input[1], name_of(n, "").text);
}

static int put_conv_transpose2d(struct writer *w, const struct node *n)
{
    return put_window(w, "ConvTranspose", n, n->input[0], n->input[1], name_of(n, "").text);
}

static int put_max_pool(struct writer *w, const struct node *n)
{
    return put_window(w, "MaxPool", n, n->input[0], NULL, name_of(n, "").text);
}

static int put_avg_pool(struct writer *w, const struct node *n)
{
    return put_window(w, "AveragePool", n, n->input[0], NULL, name_of(n, "").text);
}

static int put_separable(struct writer *w, const struct node *n)
{
    const struct node *point = n->input[3];
    struct name deep = name_of(n, ".depthwise");
    if (n->input[1])
        return error_set(w->e, "normalises its input");
    struct node rectifying = *n;
    rectifying.window.relu = true;
    return put_window(w, "Conv", &rectifying, n->input[0], n->input[2], deep.text) ||
                   put_kernel(w, point) ||
                   onnx_put_call(
                       &w->to,
                       &(struct onnx_call){
                           "Conv", name_of(n, "").text, ONNX_INPUTS(deep.text, point->name),
                           ONNX_ATTRIBUTES(onnx_list("kernel_shape", 2, (int64_t[]){1, 1}))})
               ? -1
               : 0;
}

static int put_global_avg_pool(struct writer *w, const struct node *n)
{
    return onnx_put_call(&w->to, &(struct onnx_call){"GlobalAveragePool", name_of(n, "").text,
                                                     ONNX_INPUTS(name_of(n->input[0], "").text)});
}

/* ---- element by element ---- */

static int put_add_of(struct writer *w, const char *a, const char *b, const char *output)
{
    return onnx_put_call(&w->to, &(struct onnx_call){"Add", output, ONNX_INPUTS(a, b)});
}

static int put_add(struct writer *w, const struct node *n)
{
    return put_add_of(w, name_of(n->input[0], "").text, name_of(n->input[1], "").text,
                      name_of(n, "").text);
}

static int put_scale_by(struct writer *w, const struct node *n)
{
    const struct name factor = name_of(n, ".factor");
    return put_vector(w, factor.text, 1, NULL, n->number) ||
                   onnx_put_call(
                       &w->to,
                       &(struct onnx_call){"Mul", name_of(n, "").text,
                                           ONNX_INPUTS(name_of(n->input[0], "").text, factor.text)})
               ? -1
               : 0;
}

static int put_multiply(struct writer *w, const struct node *n)
{
    return onnx_put_call(&w->to, &(struct onnx_call){"Mul", name_of(n, "").text,
                                                     ONNX_INPUTS(name_of(n->input[0], "").text,
                                                                 name_of(n->input[1], "").text)});
}

static int put_activation(struct writer *w, int activation, const char *x, const char *output)
{
    static const char *const name[] = {[ACT_IDENTITY] = "Identity",
                                       [ACT_RELU] = "Relu",
                                       [ACT_LEAKY] = "LeakyRelu",
                                       [ACT_SIGMOID] = "Sigmoid",
                                       [ACT_TANH] = "Tanh",
                                       [ACT_SOFTPLUS] = "Softplus",
                                       [ACT_EXP] = "Exp"};
    struct onnx_call c = {name[activation], output, ONNX_INPUTS(x),
                          ONNX_ATTRIBUTES(onnx_number("alpha", 0.2))};
    c.attributes = activation == ACT_LEAKY;
    return onnx_put_call(&w->to, &c);
}

static int put_activate(struct writer *w, const struct node *n)
{
    return put_activation(w, n->integer, name_of(n->input[0], "").text, name_of(n, "").text);
}

/* ---- normalisation ---- */

/* y = (x - mean) / sqrt(variance + epsilon) * scale + shift. */
struct norm {
    const char *x, *y;
    struct name scale, shift, mean, variance;
    double epsilon;
};

static int put_norm(struct writer *w, const struct norm *n)
{
    return onnx_put_call(&w->to,
                         &(struct onnx_call){"BatchNormalization", n->y,
                                             ONNX_INPUTS(n->x, n->scale.text, n->shift.text,
                                                         n->mean.text, n->variance.text),
                                             ONNX_ATTRIBUTES(onnx_number("epsilon", n->epsilon))});
}

/* [2, channels]: means, variances. */
static int put_statistics(struct writer *w, const struct node *running, const struct norm *n)
{
    int channels = node_channels(running);
    return once(w, running) &&
                   (put_vector(w, n->mean.text, channels, running->value, 0) ||
                    put_vector(w, n->variance.text, channels, running->value + channels, 0))
               ? -1
               : 0;
}

/* into + activation(normalise(x)), of which all but one may be missing. */
static int put_normalise(struct writer *w, const struct node *n)
{
    const struct node *s = n->input[1], *scale = n->input[2], *shift = n->input[3];
    const struct node *into = n->input[4], *running = s ? made_from(s)->input[1] : NULL;
    const bool active = n->integer != ACT_IDENTITY;
    const int channels = node_channels(n);
    if (!running)
        return error_set(w->e, "has no running statistics");
    struct name x = name_of(n->input[0], ""), out = name_of(n, "");
    struct name normal = name_of(n, ".norm"), activated = name_of(n, ".activation");
    struct norm norm = {x.text,
                        active || into ? normal.text : out.text,
                        name_of(scale ? scale : n, scale ? "" : ".scale"),
                        name_of(shift ? shift : n, shift ? "" : ".shift"),
                        name_of(running, "_mean"),
                        name_of(running, "_var"),
                        EPSILON};
    return put_parameter(w, scale, norm.scale.text, channels, 1) ||
                   put_parameter(w, shift, norm.shift.text, channels, 0) ||
                   put_statistics(w, running, &norm) || put_norm(w, &norm) ||
                   (active &&
                    put_activation(w, n->integer, normal.text, into ? activated.text : out.text)) ||
                   (into && put_add_of(w, name_of(into, "").text,
                                       active ? activated.text : normal.text, out.text))
               ? -1
               : 0;
}

/* ---- shapes and products ---- */

static int put_concat(struct writer *w, const struct node *n)
{
    size_t count = (size_t)n->inputs;
    autofree struct name *name = array_new(count, sizeof *name, "names", w->e);
    autofree const char **input = array_new(count, sizeof *input, "names", w->e);
    if (!name || !input)
        return -1;
    for (size_t i = 0; i < count; i++) {
        name[i] = name_of(n->input[i], "");
        input[i] = name[i].text;
    }
    return onnx_put_call(&w->to,
                         &(struct onnx_call){"Concat", name_of(n, "").text, n->inputs, input,
                                             ONNX_ATTRIBUTES(onnx_whole("axis", 1))});
}

static int put_flat(struct writer *w, const struct node *x, const char *output)
{
    return onnx_put_call(&w->to,
                         &(struct onnx_call){"Flatten", output, ONNX_INPUTS(name_of(x, "").text),
                                             ONNX_ATTRIBUTES(onnx_whole("axis", 1))});
}

/* The weights' rows lie as the pixels of x do, channels innermost. */
static int put_linear(struct writer *w, const struct node *n)
{
    const struct node *x = n->input[0], *weights = n->input[1], *b = n->input[2];
    struct name flat = name_of(n, ".flat"), shift = name_of(b ? b : n, b ? "" : ".bias");
    int in = weights->shape.extent[0], out = weights->shape.extent[1], channels = node_channels(x);
    return put_flat(w, x, flat.text) ||
                   put_weights(w, weights, (size_t)(in / channels), (size_t)channels, (size_t)out,
                               2, (int64_t[]){out, in}) ||
                   put_parameter(w, b, shift.text, out, 0) ||
                   onnx_put_call(
                       &w->to,
                       &(struct onnx_call){"Gemm", name_of(n, "").text,
                                           ONNX_INPUTS(flat.text, weights->name, shift.text),
                                           ONNX_ATTRIBUTES(onnx_whole("transB", 1))})
               ? -1
               : 0;
}

/* Part of what their users become. */
static int put_nothing(struct writer *w, const struct node *n)
{
    (void)w, (void)n;
    return 0;
}

static int (*const rows[OP_CODES])(struct writer *w, const struct node *n) = {
    [OP_CONV2D] = put_conv2d,
    [OP_POINTWISE] = put_conv2d,
    [OP_CONV_TRANSPOSE2D] = put_conv_transpose2d,
    [OP_DEPTHWISE] = put_conv2d,
    [OP_SEPARABLE] = put_separable,
    [OP_STATISTICS] = put_nothing,
    [OP_NORMALISE] = put_normalise,
    [OP_MAX_POOL] = put_max_pool,
    [OP_AVG_POOL] = put_avg_pool,
    [OP_GLOBAL_AVG_POOL] = put_global_avg_pool,
    [OP_ACTIVATE] = put_activate,
    [OP_ADD] = put_add,
    [OP_MULTIPLY] = put_multiply,
    [OP_SCALE_BY] = put_scale_by,
    [OP_DROP_PATH] = put_nothing,
    [OP_DROPOUT] = put_nothing,
    [OP_STOP_GRADIENT] = put_nothing,
    [OP_CONCAT] = put_concat,
    [OP_LINEAR] = put_linear,
};

/* ---- the whole ---- */

/* What is fed in, by the name of the input, to what the graph calls so. */
static int put_entry(struct writer *w, const struct onnx_model *m, const char *fed)
{
    int channels = node_channels(m->input);
    struct norm norm = {
        fed, m->input->name, {"input.scale"}, {"input.shift"}, {"input.mean"}, {"input.var"}, 0};
    autofree float *mean = array_new((size_t)channels, sizeof *mean, "a parameter", w->e);
    autofree float *variance = array_new((size_t)channels, sizeof *variance, "a parameter", w->e);
    if (!mean || !variance)
        return -1;
    for (int i = 0; i < channels; i++) {
        mean[i] = (float)m->mean[i];
        variance[i] = (float)(m->deviation[i] * m->deviation[i]);
    }
    return put_vector(w, norm.scale.text, channels, NULL, 1) ||
                   put_vector(w, norm.shift.text, channels, NULL, 0) ||
                   onnx_put_floats(&w->to, norm.mean.text, 1, (int64_t[]){channels}, mean) ||
                   onnx_put_floats(&w->to, norm.variance.text, 1, (int64_t[]){channels},
                                   variance) ||
                   put_norm(w, &norm)
               ? -1
               : 0;
}

static int put_graph(struct writer *w, const struct onnx_model *m)
{
    const struct graph *g = m->input->graph;
    const int *x = m->input->shape.extent;
    if (onnx_put_title(&w->to, m->output_name) ||
        onnx_put_end(&w->to, true, "pixels", 3, (int64_t[]){x[2], x[0], x[1]}) ||
        onnx_put_end(&w->to, false, m->output_name, 1,
                     (int64_t[]){(int64_t)node_count(m->output)}) ||
        put_entry(w, m, "pixels"))
        return -1;
    for (int i = 0; i < g->plan.ordered; i++) {
        const struct node *n = g->plan.order[i];
        const char *op = n->op->name;
        if (!rows[n->code])
            return error_set(w->e, "the network holds the op %s, which is not exported", op);
        if (rows[n->code](w, n))
            return error_wrap(w->e, "op %s", op);
    }
    return put_flat(w, m->output, m->output_name);
}

int onnx_write(const struct onnx_model *m, struct output *to, struct error *e)
{
    const struct graph *g = m->input->graph;
    struct writer w = {.to.e = e, .e = e};
    w.done = array_new(g->nodes, sizeof *w.done, "ONNX model", e);
    int failed = !w.done || put_graph(&w, m) || onnx_finish(&w.to, m, to);
    free(w.done);
    free(w.to.bytes);
    return failed ? -1 : 0;
}
