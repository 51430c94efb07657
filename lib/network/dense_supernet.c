#include "network/dense_network.h"
#include "network/layer.h"

struct cells {
    const struct search_space *space;
    int partial;
    struct node *mixing; /* edges x operations, what operations are multiplied by; NULL: nothing */
    const int *path;     /* the operation of each edge; NULL: all */
};

/* An edge of a cell. */
struct edge {
    struct graph *g;
    const struct cells *cells;
    struct node *x;
    const char *module;
    int index;
};

/* The operation before it is normalised; *s: the statistics to do that by, or NULL. */
static struct node *operate(const struct edge *edge, int column, struct node **s)
{
    const enum dense_op op = edge->cells->space->op[column];
    *s = NULL;
    if (op == DENSE_SKIP)
        return edge->x;
    if (op == DENSE_AVG_POOL_3)
        return avg_pool(edge->x, (struct window){.kernel = 3, .pad = 1});
    const struct name module = name_of("%s.%d", edge->module, column);
    const int kernel = op == DENSE_CONV_1 ? 1 : 3, channels = layer_channels(edge->x);
    struct node *w = layer_kernel(edge->g, name_of("%s.op.1.weight", module.text).text, kernel,
                                  channels, channels);
    struct node *y =
        conv2d(edge->x, w, (struct window){.kernel = kernel, .pad = kernel / 2, .relu = true});
    *s = layer_statistics(edge->g, y, name_of("%s.op.2", module.text).text);
    return y;
}

/* sum + the weighted sum of all operations. `none` adds nothing, so it has no term. */
static struct node *add_all(const struct edge *edge, struct node *sum)
{
    const struct search_space *space = edge->cells->space;
    for (int column = SPACE_NONE + 1; column < space->ops; column++) {
        struct node *s, *y = operate(edge, column, &s);
        if (space->op[column] == DENSE_AVG_POOL_3)
            graph_remake(y);
        if (!(sum = mix(sum, edge->cells->mixing, edge->index, column, y, s)))
            return NULL;
    }
    return sum;
}

/* sum + one operation. */
static struct node *add_chosen(const struct edge *edge, struct node *sum, bool sum_is_state)
{
    const int column = edge->cells->path[edge->index];
    struct node *s, *y = operate(edge, column, &s);
    return layer_add_operation(sum, sum_is_state, edge->cells->mixing, edge->index, column, y, s);
}

/* A node into which nothing goes is 0, and no path leads through it. */
static struct node *cell_node(struct graph *g, const struct cells *cells, int node,
                              const struct parts *state, const char *module)
{
    struct parts sum = {0};
    bool is_state = false;
    for (int input = 0; input < node; input++) {
        const struct name name = name_of("%s.edges.%d<-%d", module, node, input);
        const struct edge edge = {g, cells, state[input].seen, name.text, dense_edge(node, input)};
        if (cells->path && cells->path[edge.index] == SPACE_NONE)
            continue;
        sum.seen = cells->path ? add_chosen(&edge, sum.seen, is_state) : add_all(&edge, sum.seen);
        if (!sum.seen)
            return NULL;
        is_state = sum.seen == state[input].seen;
        layer_pass_by(&sum, &state[input], cells->mixing, edge.index);
    }
    return sum.seen ? layer_join(&sum, cells->partial) : stop_gradient(scale_by(state[0].seen, 0));
}

static struct node *cell_build(struct graph *g, struct node *x, const char *module, const void *of)
{
    const struct cells *cells = of;
    struct parts state[DENSE_MOST_NODES] = {layer_part(x, cells->partial, 1)};
    for (int node = 1; x && node < cells->space->nodes; node++) {
        x = cell_node(g, cells, node, state, module);
        state[node] = layer_part(x, cells->partial, 1);
    }
    return x;
}

int dense_supernet_build(const struct search_space *space, struct supernet *s, struct graph *g,
                         struct error *e)
{
    const struct image_shape *image = &s->image;
    struct node *mixing[2];
    s->x = graph_input(g, "image", image->height, image->width, image->channels);
    s->label = graph_input(g, "label", 1, 1, 1);
    layer_tables(s, g, space, 1, mixing);
    const struct cells cells = {space, s->partial, mixing[0], s->path ? s->path->of[0] : NULL};
    s->logits =
        dense_frame(g, s->x, s->channels, s->cells, space->stages, s->classes, cell_build, &cells);
    s->loss = cross_entropy(s->logits, s->label, 0);
    if (graph_check(g, e))
        return -1;
    graph_keep(s->logits);
    return 0;
}
