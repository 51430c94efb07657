#include "network/layer.h"

/* Where an operation stands: its input, its channels, its stride, its module's name. */
struct place {
    struct graph *g;
    struct node *x;
    int channels, stride;
    const char *module;
};

static struct node *pool_op(const struct place *p, struct node *pool(struct node *, struct window),
                            struct node **s)
{
    struct node *y = pool(p->x, (struct window){.kernel = 3, .stride = p->stride, .pad = 1});
    *s = layer_statistics(p->g, y, name_of("%s.1", p->module).text);
    return y;
}

static struct node *skip_op(const struct place *p, struct node **s)
{
    struct node *y;
    if (p->stride == 1)
        return p->x;
    y = layer_factorised_reduce(p->g, p->x, p->channels, name_of("%s.a.weight", p->module).text,
                                name_of("%s.b.weight", p->module).text);
    *s = layer_statistics(p->g, y, name_of("%s.n", p->module).text);
    return y;
}

/* ReLU, depthwise, pointwise and the statistics to normalise by; `first` is the index of the
 * depthwise convolution in the module. */
static struct node *separable_unit(const struct place *p, struct node *x, struct node *normalised,
                                   struct window window, int first, struct node **s)
{
    struct node *w = layer_depthwise_kernel(p->g, name_of("%s.%d.weight", p->module, first).text,
                                            window.kernel, p->channels);
    struct node *point = layer_kernel(p->g, name_of("%s.%d.weight", p->module, first + 1).text, 1,
                                      p->channels, p->channels);
    struct node *y = separable(x, normalised, w, point, window);
    *s = layer_statistics(p->g, y, name_of("%s.%d", p->module, first + 2).text);
    return y;
}

static struct node *separable_op(const struct place *p, int kernel, struct node **s)
{
    struct window window = {.kernel = kernel, .stride = p->stride, .pad = kernel / 2};
    struct node *middle, *y = separable_unit(p, p->x, NULL, window, 1, &middle);
    window.stride = 1;
    return y && middle ? separable_unit(p, y, middle, window, 5, s) : NULL;
}

static struct node *dilated_op(const struct place *p, int kernel, struct node **s)
{
    struct window window = {
        .kernel = kernel, .stride = p->stride, .pad = kernel - 1, .dilation = 2};
    return separable_unit(p, p->x, NULL, window, 1, s);
}

/* The operation's output; *s: the statistics that it is to be normalised by, if any. */
static struct node *operation(const struct place *p, enum primitive op, struct node **s)
{
    *s = NULL;
    switch (op) {
    case PRIMITIVE_MAX_POOL_3:
        return pool_op(p, max_pool, s);
    case PRIMITIVE_AVG_POOL_3:
        return pool_op(p, avg_pool, s);
    case PRIMITIVE_SKIP:
        return skip_op(p, s);
    case PRIMITIVE_SEP_3:
        return separable_op(p, 3, s);
    case PRIMITIVE_SEP_5:
        return separable_op(p, 5, s);
    case PRIMITIVE_DIL_3:
        return dilated_op(p, 3, s);
    case PRIMITIVE_DIL_5:
        return dilated_op(p, 5, s);
    default:
        return NULL;
    }
}

/* What a cell is built from. */
struct cell {
    struct graph *g;
    struct node *mixing; /* 14 x 8, softmax of the architecture parameters */
    int index, channels;
    bool reduction, after_reduction;
};

/* One node of a cell: the weighted sum of all operations on all earlier states. `none` adds
 * nothing, so it has no term. */
static struct node *cell_node(const struct cell *c, int node, struct node *const *state)
{
    struct node *sum = NULL;

    for (int input = 0; input < CELL_INPUTS + node; input++) {
        int edge = cell_edge(node, input);
        for (enum primitive op = PRIMITIVE_NONE + 1; op < PRIMITIVES; op++) {
            struct name module = name_of("cells.%d.ops.%d.ops.%d", c->index, edge, (int)op);
            struct place place = {c->g, state[input], c->channels,
                                  c->reduction && input < CELL_INPUTS ? 2 : 1, module.text};
            struct node *s, *y = operation(&place, op, &s);
            /* The last stages of all operations would be two thirds of the memory. */
            if (op != PRIMITIVE_SKIP)
                graph_remake(y);
            if (!(sum = mix(sum, c->mixing, edge, (int)op, y, s)))
                return NULL;
        }
    }
    return sum;
}

/* A cell input brought to the cell's channels: ReLU, 1x1 convolution, normalisation. */
static struct node *preprocess(const struct cell *c, struct node *x, const char *module)
{
    if (!x)
        return NULL;
    struct node *w = layer_kernel(c->g, name_of("%s.1.weight", module).text, 1,
                                  node_shape(x)->extent[2], c->channels);
    struct node *y = conv2d(x, w, (struct window){.kernel = 1, .relu = true});
    return layer_batch_norm(c->g, y, name_of("%s.2", module).text, false, 0, ACT_IDENTITY);
}

static struct node *reduce(const struct cell *c, struct node *x, const char *module)
{
    struct node *y =
        layer_factorised_reduce(c->g, x, c->channels, name_of("%s.a.weight", module).text,
                                name_of("%s.b.weight", module).text);
    return layer_batch_norm(c->g, y, name_of("%s.n", module).text, false, 0, ACT_IDENTITY);
}

static struct node *cell_build(const struct cell *c, struct node *before, struct node *last)
{
    struct node *state[CELL_INPUTS + CELL_NODES];
    struct name p0 = name_of("cells.%d.p0", c->index), p1 = name_of("cells.%d.p1", c->index);

    state[0] = c->after_reduction ? reduce(c, before, p0.text) : preprocess(c, before, p0.text);
    state[1] = preprocess(c, last, p1.text);
    if (!state[0] || !state[1])
        return NULL;
    for (int i = 0; i < CELL_NODES; i++)
        if (!(state[CELL_INPUTS + i] = cell_node(c, i, state)))
            return NULL;
    return concat(CELL_NODES, state + CELL_INPUTS);
}

static struct node *architecture(struct graph *g, const char *name)
{
    return layer_weight(g, name, GRAPH_ARCHITECTURE, 2, (int[]){CELL_EDGES, PRIMITIVES},
                        (struct initial){INITIAL_NORMAL, 0, 1e-3});
}

int supernet_build(struct supernet *s, struct graph *g, struct error *e)
{
    const struct image_shape *image = &s->image;
    struct node *before, *last, *mixing[2];

    if (layer_check_network(image, s->channels, s->cells, s->classes, e))
        return -1;
    s->x = graph_input(g, "image", image->height, image->width, image->channels);
    s->label = graph_input(g, "label", 1, 1, 1);
    s->normal = architecture(g, "an");
    s->reduce = architecture(g, "ar");
    mixing[0] = softmax(s->normal);
    mixing[1] = softmax(s->reduce);

    last = conv2d(s->x, layer_kernel(g, "stem.0.weight", 3, image->channels, 3 * s->channels),
                  (struct window){.kernel = 3, .pad = 1});
    before = last = layer_batch_norm(g, last, "stem.1", true, 0, ACT_IDENTITY);

    struct cell cell = {.g = g, .channels = s->channels};
    for (cell.index = 0; cell.index < s->cells; cell.index++) {
        cell.after_reduction = cell.reduction;
        cell.reduction = layer_is_reduction(cell.index, s->cells);
        cell.channels *= cell.reduction ? 2 : 1;
        cell.mixing = mixing[cell.reduction];
        struct node *y = cell_build(&cell, before, last);
        before = last;
        last = y;
    }
    s->logits = layer_linear(g, last ? global_avg_pool(last) : NULL, "fc", s->classes);
    s->loss = cross_entropy(s->logits, s->label, 0);
    if (graph_check(g, e))
        return -1;
    graph_keep(s->logits);
    return 0;
}
