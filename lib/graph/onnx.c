#include "graph/onnx.h"
#include <onnx/onnx.pb-c.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"
#include "graph/internal.h"

enum { OPSET = 11, IR_VERSION = 6, MOST_NAME = 128 };
static const double EPSILON = 1e-5; /* of ops/norm.c */

/* The graph gathers packed, piece by piece: messages of one type that lie end to end are one
 * message with all their members. So nothing but these bytes needs to be freed. */
struct writer {
    const struct op *const *op;
    uint8_t *bytes;
    size_t size, capacity;
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

static int put(struct writer *w, const Onnx__GraphProto *piece)
{
    size_t size = onnx__graph_proto__get_packed_size(piece);
    if (array_grow((void **)&w->bytes, &w->capacity, w->size + size, 1, "ONNX model", w->e))
        return -1;
    w->size += onnx__graph_proto__pack(piece, w->bytes + w->size);
    return 0;
}

/* ---- nodes ---- */

static Onnx__AttributeProto whole(const char *name, int64_t i)
{
    Onnx__AttributeProto a = ONNX__ATTRIBUTE_PROTO__INIT;
    a.name = (char *)name;
    a.has_type = a.has_i = true;
    a.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a.i = i;
    return a;
}

static Onnx__AttributeProto number(const char *name, double f)
{
    Onnx__AttributeProto a = ONNX__ATTRIBUTE_PROTO__INIT;
    a.name = (char *)name;
    a.has_type = a.has_f = true;
    a.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    a.f = (float)f;
    return a;
}

static Onnx__AttributeProto list(const char *name, size_t count, int64_t *values)
{
    Onnx__AttributeProto a = ONNX__ATTRIBUTE_PROTO__INIT;
    a.name = (char *)name;
    a.has_type = true;
    a.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    a.n_ints = count;
    a.ints = values;
    return a;
}

struct call {
    const char *op, *output;
    int inputs;
    const char *const *input;
    int attributes;
    Onnx__AttributeProto *attribute;
};
#define INPUTS(...)                                                                             \
    .inputs = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), .input = (const char *[]) \
    {                                                                                           \
        __VA_ARGS__                                                                             \
    }
#define ATTRIBUTES(...)                                                                         \
    .attributes = sizeof((Onnx__AttributeProto[]){__VA_ARGS__}) / sizeof(Onnx__AttributeProto), \
    .attribute = (Onnx__AttributeProto[])                                                       \
    {                                                                                           \
        __VA_ARGS__                                                                             \
    }

static int put_call(struct writer *w, const struct call *c)
{
    enum { MOST = 8 };
    Onnx__AttributeProto *attribute[MOST];
    Onnx__NodeProto n = ONNX__NODE_PROTO__INIT;
    for (int i = 0; i < c->attributes; i++)
        attribute[i] = &c->attribute[i];
    n.op_type = (char *)c->op;
    n.name = (char *)c->output;
    n.n_input = (size_t)c->inputs;
    n.input = (char **)c->input;
    n.n_output = 1;
    n.output = (char *[]){(char *)c->output};
    n.n_attribute = (size_t)c->attributes;
    n.attribute = attribute;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_node = 1;
    piece.node = (Onnx__NodeProto *[]){&n};
    return put(w, &piece);
}

/* Where inference does nothing, a value goes by the name of what it was made from. */
static const struct node *made_from(const struct node *n)
{
    while (n->code == OP_DROP_PATH || n->code == OP_DROPOUT || n->code == OP_STOP_GRADIENT)
        n = n->input[0];
    return n;
}

/* "conv2d_12", or the parameter's or input's own; `what` is put behind it. */
static struct name name_of(const struct writer *w, const struct node *n, const char *what)
{
    struct name name;
    n = made_from(n);
    if (n->name)
        snprintf(name.text, sizeof name.text, "%s%s", n->name, what);
    else
        snprintf(name.text, sizeof name.text, "%s_%d%s", w->op[n->code]->name, n->index, what);
    return name;
}

/* ---- parameters ---- */

static int put_tensor(struct writer *w, const char *name, size_t rank, const int64_t *extent,
                      const float *values)
{
    Onnx__TensorProto t = ONNX__TENSOR_PROTO__INIT;
    t.name = (char *)name;
    t.n_dims = rank;
    t.dims = (int64_t *)extent;
    t.has_data_type = true;
    t.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t.n_float_data = 1;
    for (size_t i = 0; i < rank; i++)
        t.n_float_data *= (size_t)extent[i];
    t.float_data = (float *)values;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_initializer = 1;
    piece.initializer = (Onnx__TensorProto *[]){&t};
    return put(w, &piece);
}

/* A vector of a number a channel; `values` NULL: all `otherwise`. */
static int put_vector(struct writer *w, const char *name, int count, const real *values,
                      double otherwise)
{
    autofree float *copy = array_new((size_t)count, sizeof *copy, "a parameter", w->e);
    if (!copy)
        return -1;
    for (int i = 0; i < count; i++)
        copy[i] = (float)(values ? values[i] : otherwise);
    return put_tensor(w, name, 1, (int64_t[]){count}, copy);
}

/* The same of a parameter, once; p NULL: there is none. */
static int put_parameter(struct writer *w, const struct node *p, const char *name, int count,
                         double otherwise)
{
    return p && !once(w, p) ? 0 : put_vector(w, name, count, p ? p->value : NULL, otherwise);
}

/* Integers, for the ops that take their settings as inputs. */
static int put_integers(struct writer *w, const char *name, size_t count, const int64_t *values)
{
    Onnx__TensorProto t = ONNX__TENSOR_PROTO__INIT;
    t.name = (char *)name;
    t.n_dims = 1;
    t.dims = (int64_t[]){(int64_t)count};
    t.has_data_type = true;
    t.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    t.n_int64_data = count;
    t.int64_data = (int64_t *)values;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_initializer = 1;
    piece.initializer = (Onnx__TensorProto *[]){&t};
    return put(w, &piece);
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
    return put_tensor(w, n->name, rank, extent, turned);
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
    *name = name_of(w, x, ".relu");
    return !once(w, x)
               ? 0
               : put_call(w, &(struct call){"Relu", name->text, INPUTS(name_of(w, x, "").text)});
}

/* No padding says that a window begins at row and column 1: what lies before is cut off. */
static int put_cut(struct writer *w, const struct node *n, struct name *x)
{
    struct name cut = name_of(w, n, ".cut"), from = name_of(w, n, ".cut.from");
    struct name to = name_of(w, n, ".cut.to"), axes = name_of(w, n, ".cut.axes");
    if (put_integers(w, from.text, 2, (int64_t[]){1, 1}) ||
        put_integers(w, to.text, 2, (int64_t[]){INT_MAX, INT_MAX}) ||
        put_integers(w, axes.text, 2, (int64_t[]){2, 3}) ||
        put_call(w,
                 &(struct call){"Slice", cut.text, INPUTS(x->text, from.text, to.text, axes.text)}))
        return -1;
    *x = cut;
    return 0;
}

/* A window's op from x: `weights` NULL of a pool. */
static int put_window(struct writer *w, const char *op, const struct node *n, const struct node *x,
                      const struct node *weights, const char *output)
{
    const struct window *v = &n->window;
    struct name in = name_of(w, x, "");
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
    struct call c = {op, output, .input = (const char *[]){in.text, weights ? weights->name : ""},
                     .inputs = weights ? 2 : 1,
                     ATTRIBUTES(list("kernel_shape", 2, kernel), list("strides", 2, stride),
                                list("pads", 4, pad), list("dilations", 2, dilation),
                                whole("group", groups))};
    if (pool) /* whose last attribute is another */
        c.attribute[3] = whole("count_include_pad", 0);
    c.attributes = pool ? 3 + mean : 5;
    return put_call(w, &c);
}

static int put_conv2d(struct writer *w, const struct node *n)
{
    return put_window(w, "Conv", n, n->input[0], n->input[1], name_of(w, n, "").text);
}

static int put_conv_transpose2d(struct writer *w, const struct node *n)
{
    return put_window(w, "ConvTranspose", n, n->input[0], n->input[1], name_of(w, n, "").text);
}

static int put_max_pool(struct writer *w, const struct node *n)
{
    return put_window(w, "MaxPool", n, n->input[0], NULL, name_of(w, n, "").text);
}

static int put_avg_pool(struct writer *w, const struct node *n)
{
    return put_window(w, "AveragePool", n, n->input[0], NULL, name_of(w, n, "").text);
}

static int put_separable(struct writer *w, const struct node *n)
{
    const struct node *point = n->input[3];
    struct name deep = name_of(w, n, ".depthwise");
    if (n->input[1])
        return error_set(w->e, "normalises its input");
    struct node rectifying = *n;
    rectifying.window.relu = true;
    return put_window(w, "Conv", &rectifying, n->input[0], n->input[2], deep.text) ||
                   put_kernel(w, point) ||
                   put_call(w,
                            &(struct call){"Conv", name_of(w, n, "").text,
                                           INPUTS(deep.text, point->name),
                                           ATTRIBUTES(list("kernel_shape", 2, (int64_t[]){1, 1}))})
               ? -1
               : 0;
}

static int put_global_avg_pool(struct writer *w, const struct node *n)
{
    return put_call(w, &(struct call){"GlobalAveragePool", name_of(w, n, "").text,
                                      INPUTS(name_of(w, n->input[0], "").text)});
}

/* ---- element by element ---- */

static int put_add_of(struct writer *w, const char *a, const char *b, const char *output)
{
    return put_call(w, &(struct call){"Add", output, INPUTS(a, b)});
}

static int put_add(struct writer *w, const struct node *n)
{
    return put_add_of(w, name_of(w, n->input[0], "").text, name_of(w, n->input[1], "").text,
                      name_of(w, n, "").text);
}

static int put_multiply(struct writer *w, const struct node *n)
{
    return put_call(w, &(struct call){"Mul", name_of(w, n, "").text,
                                      INPUTS(name_of(w, n->input[0], "").text,
                                             name_of(w, n->input[1], "").text)});
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
    struct call c = {name[activation], output, INPUTS(x), ATTRIBUTES(number("alpha", 0.2))};
    c.attributes = activation == ACT_LEAKY;
    return put_call(w, &c);
}

static int put_activate(struct writer *w, const struct node *n)
{
    return put_activation(w, n->integer, name_of(w, n->input[0], "").text, name_of(w, n, "").text);
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
    return put_call(w, &(struct call){"BatchNormalization", n->y,
                                      INPUTS(n->x, n->scale.text, n->shift.text, n->mean.text,
                                             n->variance.text),
                                      ATTRIBUTES(number("epsilon", n->epsilon))});
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
    struct name x = name_of(w, n->input[0], ""), out = name_of(w, n, "");
    struct name normal = name_of(w, n, ".norm"), activated = name_of(w, n, ".activation");
    struct norm norm = {x.text,
                        active || into ? normal.text : out.text,
                        name_of(w, scale ? scale : n, scale ? "" : ".scale"),
                        name_of(w, shift ? shift : n, shift ? "" : ".shift"),
                        name_of(w, running, "_mean"),
                        name_of(w, running, "_var"),
                        EPSILON};
    return put_parameter(w, scale, norm.scale.text, channels, 1) ||
                   put_parameter(w, shift, norm.shift.text, channels, 0) ||
                   put_statistics(w, running, &norm) || put_norm(w, &norm) ||
                   (active &&
                    put_activation(w, n->integer, normal.text, into ? activated.text : out.text)) ||
                   (into && put_add_of(w, name_of(w, into, "").text,
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
        name[i] = name_of(w, n->input[i], "");
        input[i] = name[i].text;
    }
    return put_call(w, &(struct call){"Concat", name_of(w, n, "").text, n->inputs, input,
                                      ATTRIBUTES(whole("axis", 1))});
}

static int put_flat(struct writer *w, const struct node *x, const char *output)
{
    return put_call(w, &(struct call){"Flatten", output, INPUTS(name_of(w, x, "").text),
                                      ATTRIBUTES(whole("axis", 1))});
}

/* The weights' rows lie as the pixels of x do, channels innermost. */
static int put_linear(struct writer *w, const struct node *n)
{
    const struct node *x = n->input[0], *weights = n->input[1], *b = n->input[2];
    struct name flat = name_of(w, n, ".flat"), shift = name_of(w, b ? b : n, b ? "" : ".bias");
    int in = weights->shape.extent[0], out = weights->shape.extent[1], channels = node_channels(x);
    return put_flat(w, x, flat.text) ||
                   put_weights(w, weights, (size_t)(in / channels), (size_t)channels, (size_t)out,
                               2, (int64_t[]){out, in}) ||
                   put_parameter(w, b, shift.text, out, 0) ||
                   put_call(w, &(struct call){"Gemm", name_of(w, n, "").text,
                                              INPUTS(flat.text, weights->name, shift.text),
                                              ATTRIBUTES(whole("transB", 1))})
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
                   put_tensor(w, norm.mean.text, 1, (int64_t[]){channels}, mean) ||
                   put_tensor(w, norm.variance.text, 1, (int64_t[]){channels}, variance) ||
                   put_norm(w, &norm)
               ? -1
               : 0;
}

/* The graph's input or output: a batch of any size, each with these extents. */
static int put_end(struct writer *w, bool input, const char *name, size_t rank,
                   const int64_t *extent)
{
    enum { MOST = 4 };
    Onnx__TensorShapeProto__Dimension dimension[MOST], *each[MOST];
    for (size_t i = 0; i <= rank; i++) {
        onnx__tensor_shape_proto__dimension__init(each[i] = &dimension[i]);
        dimension[i].value_case = i ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                                    : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        if (i)
            dimension[i].dim_value = extent[i - 1];
        else
            dimension[i].dim_param = "batch";
    }
    Onnx__TensorShapeProto shape = ONNX__TENSOR_SHAPE_PROTO__INIT;
    shape.n_dim = rank + 1;
    shape.dim = each;
    Onnx__TypeProto__Tensor tensor = ONNX__TYPE_PROTO__TENSOR__INIT;
    tensor.has_elem_type = true;
    tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor.shape = &shape;
    Onnx__TypeProto type = ONNX__TYPE_PROTO__INIT;
    type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type.tensor_type = &tensor;
    Onnx__ValueInfoProto value = ONNX__VALUE_INFO_PROTO__INIT, *values[] = {&value};
    value.name = (char *)name;
    value.type = &type;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    if (input) {
        piece.n_input = 1;
        piece.input = values;
    } else {
        piece.n_output = 1;
        piece.output = values;
    }
    return put(w, &piece);
}

static int put_graph(struct writer *w, const struct onnx_model *m)
{
    const struct graph *g = m->input->graph;
    const int *x = m->input->shape.extent;
    Onnx__GraphProto title = ONNX__GRAPH_PROTO__INIT;
    title.name = (char *)m->output_name;
    if (put(w, &title) || put_end(w, true, "pixels", 3, (int64_t[]){x[2], x[0], x[1]}) ||
        put_end(w, false, m->output_name, 1, (int64_t[]){(int64_t)node_count(m->output)}) ||
        put_entry(w, m, "pixels"))
        return -1;
    for (int i = 0; i < g->plan.ordered; i++) {
        const struct node *n = g->plan.order[i];
        const char *op = w->op[n->code]->name;
        if (!rows[n->code])
            return error_set(w->e, "the network holds the op %s, which ONNX has not", op);
        if (rows[n->code](w, n))
            return error_wrap(w->e, "op %s", op);
    }
    return put_flat(w, m->output, m->output_name);
}

/* ---- to the file ---- */

struct sink {
    ProtobufCBuffer buffer;
    struct output *to;
    int failed;
    struct error *e;
};

static void sink_append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
    struct sink *s = (struct sink *)buffer;
    s->failed = s->failed || output_write(s->to, bytes, size, s->e);
}

static int write_model(const struct onnx_model *m, const struct writer *w, struct output *to)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    autofree Onnx__StringStringEntryProto *note = array_new(m->notes, sizeof *note, "notes", w->e);
    autofree Onnx__StringStringEntryProto **notes =
        array_new(m->notes, sizeof *notes, "notes", w->e);
    if (!note || !notes)
        return -1;
    for (size_t i = 0; i < m->notes; i++) {
        onnx__string_string_entry_proto__init(notes[i] = &note[i]);
        note[i].key = (char *)m->note[i].key;
        note[i].value = (char *)m->note[i].text;
    }
    opset.domain = "";
    opset.has_version = true;
    opset.version = OPSET;
    model.has_ir_version = true;
    model.ir_version = IR_VERSION;
    model.n_opset_import = 1;
    model.opset_import = (Onnx__OperatorSetIdProto *[]){&opset};
    model.producer_name = "winnow";
    model.producer_version = (char *)m->version;
    model.n_metadata_props = m->notes;
    model.metadata_props = notes;
    if (w->size > INT_MAX) /* so protobuf's readers */
        return error_set(w->e, "%zu bytes are more than an ONNX file can hold", w->size);
    model.graph = onnx__graph_proto__unpack(NULL, w->size, w->bytes);
    if (!model.graph)
        return error_set(w->e, "out of memory: ONNX model");
    struct sink sink = {{sink_append}, to, 0, w->e};
    onnx__model_proto__pack_to_buffer(&model, &sink.buffer);
    onnx__graph_proto__free_unpacked(model.graph, NULL);
    return sink.failed;
}

int onnx_write(const struct onnx_model *m, struct output *to, struct error *e)
{
    const struct graph *g = m->input->graph;
    struct writer w = {.op = g->kernels->op, .e = e};
    w.done = array_new(g->nodes, sizeof *w.done, "ONNX model", e);
    int failed = !w.done || put_graph(&w, m) || write_model(m, &w, to);
    free(w.done);
    free(w.bytes);
    return failed ? -1 : 0;
}
