#include "network/layer.h"
#include "network/kept_ops.h"

/* Where an operation stands: its input, its channels, its stride, its module's name. */
struct place {
    struct graph *g;
    struct node *x;
    int channels, stride;
    const char *module;
    bool drops_out; /* behind identity */
};

static struct node *pool_op(const struct place *p, struct node *pool(struct node *, struct window))
{
    return pool(p->x, (struct window){.kernel = 3, .stride = p->stride, .pad = 1});
}

/* ReLU, depthwise, pointwise; `first` is the index of the depthwise convolution in the module. */
static struct node *separable_unit(const struct place *p, struct node *x, struct node *normalised,
                                   struct window window, int first)
{
    struct node *w = layer_depthwise_kernel(p->g, name_of("%s.%d.weight", p->module, first).text,
                                            window.kernel, p->channels);
    struct node *point = layer_kernel(p->g, name_of("%s.%d.weight", p->module, first + 1).text, 1,
                                      p->channels, p->channels);
    return separable(x, normalised, w, point, window);
}

static struct node *dilated_op(const struct place *p, int kernel)
{
    struct window window = {
        .kernel = kernel, .stride = p->stride, .pad = kernel - 1, .dilation = 2};
    return separable_unit(p, p->x, NULL, window, 1);
}

static int separable_kernel(enum primitive op) /* of those with a second stage; else 0 */
{
    return op == PRIMITIVE_SEP_3 ? 3 : op == PRIMITIVE_SEP_5 ? 5 : 0;
}

/* The operation up to the first statistics that it is normalised by. */
static struct node *first_stage(const struct place *p, enum primitive op)
{
    const int kernel = separable_kernel(op);
    switch (op) {
    case PRIMITIVE_MAX_POOL_3:
        return pool_op(p, max_pool);
    case PRIMITIVE_AVG_POOL_3:
        return pool_op(p, avg_pool);
    case PRIMITIVE_SKIP:
        return p->stride == 1 ? p->drops_out ? dropout(p->x, -1) : p->x
                              : layer_factorised_reduce(p->g, p->x, p->channels,
                                                        name_of("%s.a.weight", p->module).text,
                                                        name_of("%s.b.weight", p->module).text);
    case PRIMITIVE_SEP_3:
    case PRIMITIVE_SEP_5:
        return separable_unit(
            p, p->x, NULL,
            (struct window){.kernel = kernel, .stride = p->stride, .pad = kernel / 2}, 1);
    case PRIMITIVE_DIL_3:
        return dilated_op(p, 3);
    case PRIMITIVE_DIL_5:
        return dilated_op(p, 5);
    default:
        return NULL;
    }
}

static struct node *first_statistics(const struct place *p, enum primitive op, struct node *y)
{
    if (op == PRIMITIVE_SKIP)
        return p->stride == 1 ? NULL : layer_statistics(p->g, y, name_of("%s.n", p->module).text);
    bool pool = op == PRIMITIVE_MAX_POOL_3 || op == PRIMITIVE_AVG_POOL_3;
    return layer_statistics(p->g, y, name_of("%s.%d", p->module, pool ? 1 : 3).text);
}

static struct node *second_stage(const struct place *p, enum primitive op, struct node *y,
                                 struct node *s)
{
    const int kernel = separable_kernel(op);
    return y && s ? separable_unit(p, y, s, (struct window){.kernel = kernel, .pad = kernel / 2}, 5)
                  : NULL;
}

/* What a cell is built from. */
struct cell {
    struct graph *g;
    struct node *mixing;         /* 14 x 8, what operations are multiplied by; NULL: nothing */
    const int *path;             /* the operation of each edge; NULL: all */
    const struct kept_ops *kept; /* NULL: each edge has all operations */
    int index, channels, partial;
    bool reduction, after_reduction;
};

/* Operations of an edge, and their columns in the table. */
struct terms {
    int count, column[PRIMITIVES];
    enum primitive op[PRIMITIVES];
};

/* `none` adds nothing, so it is no term. */
static struct terms terms_of(const struct cell *c, int edge)
{
    struct terms t = {0};
    const int columns = c->kept ? c->kept->count : PRIMITIVES;
    for (int i = 0; i < columns; i++) {
        const enum primitive op = c->kept ? c->kept->of[c->reduction][edge][i] : (enum primitive)i;
        if (op == PRIMITIVE_NONE)
            continue;
        t.column[t.count] = i;
        t.op[t.count++] = op;
    }
    return t;
}

/* sum + the weighted sum of all operations of one edge. The operations go stage by stage: what
 * reads the same state, or adds to the same sum, is run together, while that is in the cache. */
static struct node *add_edge(const struct cell *c, struct node *sum, struct node *x, int edge,
                             int stride)
{
    const struct terms t = terms_of(c, edge);
    const int channels = c->partial ? c->channels / c->partial : c->channels;
    struct node *y[PRIMITIVES], *s[PRIMITIVES];
    struct name module[PRIMITIVES];
    struct place place[PRIMITIVES];

    for (int i = 0; i < t.count; i++) {
        module[i] = name_of("cells.%d.ops.%d.ops.%d", c->index, edge, (int)t.op[i]);
        place[i] = (struct place){c->g, x, channels, stride, module[i].text, c->kept};
        y[i] = first_stage(&place[i], t.op[i]);
    }
    for (int i = 0; i < t.count; i++)
        s[i] = first_statistics(&place[i], t.op[i], y[i]);
    for (int i = 0; i < t.count; i++)
        if (separable_kernel(t.op[i]))
            y[i] = second_stage(&place[i], t.op[i], y[i], s[i]);
    for (int i = 0; i < t.count; i++)
        if (separable_kernel(t.op[i]))
            s[i] = layer_statistics(c->g, y[i], name_of("%s.7", module[i].text).text);
    for (int i = 0; i < t.count; i++) {
        /* The last stages of all operations would be two thirds of the memory. */
        if (t.op[i] != PRIMITIVE_SKIP)
            graph_remake(y[i]);
        if (!(sum = mix(sum, c->mixing, edge, t.column[i], y[i], s[i])))
            return NULL;
    }
    return sum;
}

static int stride_from(const struct cell *c, int input)
{
    return c->reduction && input < CELL_INPUTS ? 2 : 1;
}

/* One node of a cell: the sum of the edges from all earlier states. */
static struct node *cell_node(const struct cell *c, int node, const struct parts *state)
{
    struct parts sum = {0};

    for (int input = 0; input < CELL_INPUTS + node; input++) {
        const int edge = cell_edge(node, input);
        if (!(sum.seen = add_edge(c, sum.seen, state[input].seen, edge, stride_from(c, input))))
            return NULL;
        layer_pass_by(&sum, &state[input], c->mixing, edge);
    }
    return layer_join(&sum, c->partial);
}

/* sum + one operation of one edge. */
static struct node *add_chosen(const struct cell *c, struct node *sum, bool sum_is_state,
                               struct node *x, int edge, int stride)
{
    const enum primitive op = (enum primitive)c->path[edge];
    const struct name module = name_of("cells.%d.ops.%d.ops.%d", c->index, edge, (int)op);
    const struct place p = {c->g, x, c->channels, stride, module.text, false};
    struct node *y = first_stage(&p, op), *s = first_statistics(&p, op, y);
    if (separable_kernel(op)) {
        y = second_stage(&p, op, y, s);
        s = layer_statistics(c->g, y, name_of("%s.7", module.text).text);
    }
    return layer_add_operation(sum, sum_is_state, c->mixing, edge, (int)op, y, s);
}

/* A node that nothing goes into: 0. */
static struct node *empty_node(const struct cell *c, struct node *input)
{
    const struct window window = {.kernel = 1, .stride = c->reduction ? 2 : 1};
    return stop_gradient(scale_by(avg_pool(input, window), 0));
}

static struct node *path_node(const struct cell *c, int node, struct node *const *state)
{
    struct node *sum = NULL;
    bool is_state = false;
    for (int input = 0; input < CELL_INPUTS + node; input++) {
        const int edge = cell_edge(node, input);
        if (c->path[edge] == PRIMITIVE_NONE)
            continue;
        sum = add_chosen(c, sum, is_state, state[input], edge, stride_from(c, input));
        if (!sum)
            return NULL;
        is_state = sum == state[input];
    }
    return sum ? sum : empty_node(c, state[0]);
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
    struct parts part[CELL_INPUTS + CELL_NODES];
    struct name p0 = name_of("cells.%d.p0", c->index), p1 = name_of("cells.%d.p1", c->index);

    state[0] = c->after_reduction ? reduce(c, before, p0.text) : preprocess(c, before, p0.text);
    state[1] = preprocess(c, last, p1.text);
    for (int i = 0; i < CELL_INPUTS + CELL_NODES; i++) {
        const int node = i - CELL_INPUTS;
        if (node >= 0)
            state[i] = c->path ? path_node(c, node, state) : cell_node(c, node, part);
        if (!state[i])
            return NULL;
        part[i] = layer_part(state[i], c->partial, stride_from(c, i));
    }
    return concat(CELL_NODES, state + CELL_INPUTS);
}

int supernet_build(struct supernet *s, struct graph *g, struct error *e)
{
    const struct image_shape *image = &s->image;
    struct node *before, *last, *mixing[2];

    if (layer_check_network(image, s->channels, s->cells, s->classes, e))
        return -1;
    s->x = graph_input(g, "image", image->height, image->width, image->channels);
    s->label = graph_input(g, "label", 1, 1, 1);
    layer_tables(s, g, &SPACE_DARTS, CELL_INPUTS, mixing);

    last = conv2d(s->x, layer_kernel(g, "stem.0.weight", 3, image->channels, 3 * s->channels),
                  (struct window){.kernel = 3, .pad = 1});
    before = last = layer_batch_norm(g, last, "stem.1", true, 0, ACT_IDENTITY);

    struct cell cell = {.g = g, .channels = s->channels, .partial = s->partial, .kept = s->kept};
    for (cell.index = 0; cell.index < s->cells; cell.index++) {
        cell.after_reduction = cell.reduction;
        cell.reduction = layer_is_reduction(cell.index, s->cells);
        cell.channels *= cell.reduction ? 2 : 1;
        cell.mixing = mixing[cell.reduction];
        cell.path = s->path ? s->path->of[cell.reduction] : NULL;
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
