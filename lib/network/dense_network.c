#include "network/dense_network.h"
#include "network/layer.h"

/* sum + op(x); sum: NULL, or what nothing else reads unless it is a state. */
static struct node *add_op(struct graph *g, struct node *sum, bool sum_is_state, struct node *x,
                           enum dense_op op, const char *module)
{
    if (op == DENSE_CONV_1 || op == DENSE_CONV_3) {
        struct node *into = sum_is_state ? NULL : sum;
        struct node *y = layer_relu_conv_norm(g, into, x, module, op == DENSE_CONV_1 ? 1 : 3, 1,
                                              node_shape(x)->extent[2]);
        return sum_is_state ? add(sum, y) : y;
    }
    if (op == DENSE_AVG_POOL_3)
        x = avg_pool(x, (struct window){.kernel = 3, .pad = 1});
    return sum ? add(sum, x) : x;
}

/* A node into which nothing goes is 0, and no path leads through it. */
static struct node *cell_node(struct graph *g, const struct dense_cell *cell, int node,
                              struct node *const *state, const char *module)
{
    struct node *sum = NULL;
    bool sum_is_state = false;
    for (int input = 0; input < node; input++) {
        const int edge = dense_edge(node, input);
        const enum dense_op op = cell->op[edge];
        if (op == DENSE_NONE)
            continue;
        const bool first = !sum;
        sum = add_op(g, sum, sum_is_state, state[input], op,
                     name_of("%s.layers.%d", module, edge).text);
        if (!sum)
            return NULL;
        sum_is_state = first && op == DENSE_SKIP;
    }
    return sum ? sum : stop_gradient(scale_by(state[0], 0));
}

static struct node *cell_build(struct graph *g, struct node *x, const char *module, const void *of)
{
    const struct dense_cell *cell = of;
    struct node *state[DENSE_MOST_NODES] = {x};
    for (int node = 1; node < cell->nodes; node++)
        if (!(state[node] = cell_node(g, cell, node, state, module)))
            return NULL;
    return state[cell->nodes - 1];
}

/* Two convolutions of 3x3 beside a mean of 2x2 and a convolution of 1x1. Where a side is odd, the
 * last mean is of the pixels that there are. */
static struct node *residual_block(struct graph *g, struct node *x, const char *module,
                                   int channels)
{
    if (!x)
        return NULL;
    struct node *y =
        layer_relu_conv_norm(g, NULL, x, name_of("%s.conv_a", module).text, 3, 2, channels);
    struct node *shortcut = avg_pool(x, (struct window){.kernel = 2, .stride = 2, .extent = 1});
    shortcut = layer_convolution(g, shortcut, name_of("%s.downsample.1.weight", module).text, 1, 1,
                                 channels);
    return layer_relu_conv_norm(g, shortcut, y, name_of("%s.conv_b", module).text, 3, 1, channels);
}

struct node *dense_frame(struct graph *g, struct node *image, int channels, int cells, int stages,
                         int classes, dense_cell_build *build, const void *of)
{
    int index = 0;
    struct node *x = layer_convolution(g, image, "stem.0.weight", 3, 1, channels);
    x = layer_batch_norm(g, x, "stem.1", true, 0, ACT_IDENTITY);
    for (int stage = 0; stage < stages; stage++) {
        if (stage) {
            channels *= 2;
            x = residual_block(g, x, name_of("cells.%d", index++).text, channels);
        }
        for (int i = 0; i < cells / stages && x; i++)
            x = build(g, x, name_of("cells.%d", index++).text, of);
    }
    x = layer_batch_norm(g, x, "lastact.0", true, 0, ACT_RELU);
    return layer_linear(g, x ? global_avg_pool(x) : NULL, "classifier", classes);
}

int dense_build(struct discrete *d, struct graph *g, const struct dense_cell *cell, int stages,
                struct error *e)
{
    const struct image_shape *image = &d->image;
    d->x = graph_input(g, "image", image->height, image->width, image->channels);
    d->label = graph_input(g, "label", 1, 1, 1);
    d->logits = dense_frame(g, d->x, d->channels, d->cells, stages, d->classes, cell_build, cell);
    d->loss = cross_entropy(d->logits, d->label, 0);
    if (graph_check(g, e))
        return -1;
    graph_keep(d->logits);
    return 0;
}
