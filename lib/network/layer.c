#include "network/layer.h"
#include <stdarg.h>
#include <stdio.h>
#include "network/kept_ops.h"

struct name name_of(const char *format, ...)
{
    struct name n;
    va_list a;
    va_start(a, format);
    vsnprintf(n.text, sizeof n.text, format, a);
    va_end(a);
    return n;
}

struct node *layer_weight(struct graph *g, const char *name, enum graph_group group, int rank,
                          const int *extent, struct initial initial)
{
    struct node *old = graph_find(g, name);
    return old ? old : graph_weight(g, name, group, rank, extent, initial);
}

struct node *layer_kernel(struct graph *g, const char *name, int kernel, int in, int out)
{
    return layer_weight(g, name, GRAPH_WEIGHTS, 4, (int[]){kernel, kernel, in, out},
                        initial_fan_in(kernel * kernel * in));
}

struct node *layer_depthwise_kernel(struct graph *g, const char *name, int kernel, int channels)
{
    return layer_weight(g, name, GRAPH_WEIGHTS, 3, (int[]){kernel, kernel, channels},
                        initial_fan_in(kernel * kernel));
}

int layer_channels(const struct node *x)
{
    return node_shape(x)->extent[2];
}

struct node *layer_statistics(struct graph *g, struct node *x, const char *module)
{
    if (!x)
        return NULL;
    return statistics(x, layer_weight(g, name_of("%s.running", module).text, GRAPH_BUFFERS, 2,
                                      (int[]){2, layer_channels(x)},
                                      (struct initial){INITIAL_CONSTANT, 0, 0}));
}

struct node *layer_batch_norm(struct graph *g, struct node *x, const char *module, bool affine,
                              double deviation, enum activation activation)
{
    return layer_batch_norm_onto(g, NULL, x, module, affine, deviation, activation);
}

struct node *layer_batch_norm_onto(struct graph *g, struct node *into, struct node *x,
                                   const char *module, bool affine, double deviation,
                                   enum activation activation)
{
    struct node *s = layer_statistics(g, x, module), *scale = NULL, *shift = NULL;
    if (!s)
        return NULL;
    if (affine) {
        int channels = layer_channels(x);
        scale = layer_weight(g, name_of("%s.weight", module).text, GRAPH_WEIGHTS, 1, &channels,
                             (struct initial){INITIAL_NORMAL, 1, deviation});
        shift = layer_weight(g, name_of("%s.bias", module).text, GRAPH_WEIGHTS, 1, &channels,
                             (struct initial){INITIAL_CONSTANT, 0, 0});
    }
    return normalise_onto(into, x, s, scale, shift, (int)activation);
}

struct node *layer_linear(struct graph *g, struct node *x, const char *module, int out)
{
    if (!x)
        return NULL;
    int in = (int)node_count(x);
    struct initial initial = initial_fan_in(in);
    return linear(
        x,
        layer_weight(g, name_of("%s.weight", module).text, GRAPH_WEIGHTS, 2, (int[]){in, out},
                     initial),
        layer_weight(g, name_of("%s.bias", module).text, GRAPH_WEIGHTS, 1, &out, initial));
}

struct node *layer_convolution(struct graph *g, struct node *x, const char *name, int kernel,
                               int stride, int channels)
{
    if (!x)
        return NULL;
    return conv2d(x, layer_kernel(g, name, kernel, layer_channels(x), channels),
                  (struct window){.kernel = kernel, .stride = stride, .pad = kernel / 2});
}

struct node *layer_relu_conv_norm(struct graph *g, struct node *into, struct node *x,
                                  const char *module, int kernel, int stride, int channels)
{
    if (!x)
        return NULL;
    struct node *w = layer_kernel(g, name_of("%s.op.1.weight", module).text, kernel,
                                  layer_channels(x), channels);
    x = conv2d(
        x, w, (struct window){.kernel = kernel, .stride = stride, .pad = kernel / 2, .relu = true});
    return layer_batch_norm_onto(g, into, x, name_of("%s.op.2", module).text, true, 0,
                                 ACT_IDENTITY);
}

struct node *layer_unit(struct graph *g, struct node *x, struct name module, int channels)
{
    x = layer_convolution(g, x, name_of("%s.conv.weight", module.text).text, 3, 1, channels);
    return layer_batch_norm(g, x, name_of("%s.bn", module.text).text, true, 0, ACT_RELU);
}

void layer_classify(struct designed *d, struct graph *g, struct node *x, const char *module)
{
    d->label = graph_input(g, "label", 1, 1, 1);
    d->logits = layer_linear(g, x ? global_avg_pool(x) : NULL, module, d->classes);
    d->loss = cross_entropy(d->logits, d->label, 0);
}

struct node *layer_factorised_reduce(struct graph *g, struct node *x, int out, const char *first,
                                     const char *second)
{
    const struct window straight = {.kernel = 1, .stride = 2, .relu = true};
    const struct window shifted = {.kernel = 1, .stride = 2, .pad = -1, .extent = 1, .relu = true};
    if (!x)
        return NULL;
    struct node *half[] = {
        conv2d(x, layer_kernel(g, first, 1, layer_channels(x), out / 2), straight),
        conv2d(x, layer_kernel(g, second, 1, layer_channels(x), out - out / 2), shifted),
    };
    return half[0] && half[1] ? concat(2, half) : NULL;
}

void layer_tables(struct supernet *s, struct graph *g, const struct search_space *space,
                  int first_edges, struct node *mixing[2])
{
    for (int i = 0; i < 2; i++) {
        const struct space_table *t = &space->table[i];
        const struct initial initial = {INITIAL_NORMAL, 0, t->deviation};
        s->table[i] =
            i >= space->tables || (s->path && !s->gated)
                ? NULL
                : layer_weight(g, t->name, GRAPH_ARCHITECTURE, 2,
                               (int[]){t->rows, s->kept ? s->kept->count : t->columns}, initial);
        s->edge_table[i] =
            s->table[i] && s->partial
                ? layer_weight(g, space->edge_table[i], GRAPH_ARCHITECTURE, 1, &t->rows, initial)
                : NULL;
        mixing[i] = s->table[i] && !s->path ? softmax(s->table[i]) : s->table[i];
        if (s->edge_table[i])
            mixing[i] = weigh_edges(mixing[i], s->edge_table[i], first_edges);
    }
}

struct parts layer_part(struct node *x, int partial, int stride)
{
    if (!x || partial < 2)
        return (struct parts){x, NULL};
    const int all = layer_channels(x), seen = all / partial;
    struct node *rest = slice_channels(x, seen, all - seen);
    if (stride > 1)
        rest = max_pool(rest, (struct window){.kernel = 2, .stride = stride, .extent = 1});
    return (struct parts){slice_channels(x, 0, seen), rest};
}

void layer_pass_by(struct parts *sum, const struct parts *x, struct node *mixing, int edge)
{
    if (x->rest)
        sum->rest = mix(sum->rest, mixing, edge, node_shape(mixing)->extent[1] - 1, x->rest, NULL);
}

struct node *layer_join(const struct parts *sum, int partial)
{
    struct node *both[] = {sum->seen, sum->rest};
    return partial < 2 ? sum->seen : concat_shuffled(2, both, partial);
}

struct node *layer_add_operation(struct node *sum, bool sum_is_state, struct node *mixing, int edge,
                                 int op, struct node *y, struct node *s)
{
    if (mixing)
        return mix(sum, mixing, edge, op, y, s);
    if (!s)
        return sum ? add(sum, y) : y;
    return sum_is_state ? add(sum, normalise(y, s, NULL, NULL, ACT_IDENTITY))
                        : normalise_onto(sum, y, s, NULL, NULL, ACT_IDENTITY);
}

int layer_check_setting(const char *what, int value, int least, int most, struct error *e)
{
    if (value >= least && value <= most)
        return 0;
    return error_set(e, "%s is %d, expected %d to %d", what, value, least, most);
}

bool layer_is_reduction(int index, int cells)
{
    return index == cells / 3 || index == 2 * cells / 3;
}

int layer_check_images(const struct image_shape *image, int channels, struct error *e)
{
    return layer_check_setting("image height", image->height, 1, 4096, e) ||
                   layer_check_setting("image width", image->width, 1, 4096, e) ||
                   layer_check_setting("image channels", image->channels, 1, 64, e) ||
                   layer_check_setting("channels", channels, 1, NETWORK_MOST_CHANNELS, e)
               ? -1
               : 0;
}

int layer_check_network(const struct image_shape *image, int channels, int cells, int classes,
                        struct error *e)
{
    return layer_check_images(image, channels, e) ||
                   layer_check_setting("classes", classes, 2, NETWORK_MOST_CLASSES, e) ||
                   layer_check_setting("cells", cells, 1, NETWORK_MOST_CELLS, e)
               ? -1
               : 0;
}

void network_initialise(struct graph *g, uint64_t seed)
{
    for (enum graph_group group = 0; group < GRAPH_GROUPS; group++)
        graph_initialise(g, group, seed);
    for (int i = 0; i < graph_weights(g, GRAPH_BUFFERS); i++) {
        struct node *running = graph_weight_at(g, GRAPH_BUFFERS, i);
        size_t channels = node_count(running) / 2;
        bool moments = node_shape(running)->rank == 2; /* [2, c]: means, variances */
        for (size_t c = 0; moments && c < channels; c++)
            node_value(running)[channels + c] = 1;
    }
}
