#include "network/layer.h"
#include "network/widths_network.h"

enum { WIDTHS, DEPTHS }; /* tables */

/* What the super-net is built from. */
struct build {
    struct graph *g;
    const struct edge_ops *path; /* NULL: all candidates */
    struct node *mixing[2];      /* what they are multiplied by; NULL: nothing */
    int blocks;
};

/* The candidates of a row, a bit a column. */
static unsigned candidates(const struct build *b, int table, int row)
{
    if (!b->path)
        return ~0u;
    return 1u << b->path->of[table][row] | b->path->also[table][row];
}

static struct node *interpolated(struct node *x, int channels)
{
    return x && layer_channels(x) < channels ? interpolate(x, channels) : x;
}

static struct node *padded(struct node *x, int channels)
{
    return x && layer_channels(x) < channels ? fit_channels(x, channels) : x;
}

/* Where a convolution stands: the largest network's channels before and after it. */
struct place {
    const char *module;
    int row, kernel, stride, in, out;
};

static struct node *convolve(const struct build *b, struct node *x, const struct place *p)
{
    const unsigned set = candidates(b, WIDTHS, p->row);
    int column = WIDTHS_OPTIONS - 1;
    while (!(set >> column & 1))
        column--;
    const int widest = widths_channels(p->out, WIDTHS_LEAST + column);
    struct node *w =
        layer_kernel(b->g, name_of("%s.conv.weight", p->module).text, p->kernel, p->in, p->out);
    struct node *sum = NULL;
    if (!x || !w)
        return NULL;
    if (layer_channels(x) < p->in || widest < p->out)
        w = fit_weights(w, layer_channels(x), widest);
    x = conv2d(x, w,
               (struct window){.kernel = p->kernel, .stride = p->stride, .pad = p->kernel / 2});
    for (column = 0; column < WIDTHS_OPTIONS; column++) {
        if (!(set >> column & 1))
            continue;
        const int channels = widths_channels(p->out, WIDTHS_LEAST + column);
        struct node *y = channels < widest ? fit_channels(x, channels) : x;
        y = layer_batch_norm(b->g, y, name_of("%s.BNs.%d", p->module, column).text, true, 0,
                             ACT_IDENTITY);
        sum = layer_add_operation(sum, false, b->mixing[WIDTHS], p->row, column,
                                  interpolated(y, widest), NULL);
        if (!sum)
            return NULL;
    }
    return sum;
}

/* in, out: channels in the largest network. */
static struct node *block(const struct build *b, struct node *x, int row, int stride, int in,
                          int out)
{
    const struct name module = name_of("layers.%d", (row + 1) / 2);
    const struct name first = name_of("%s.conv_a", module.text);
    const struct name second = name_of("%s.conv_b", module.text);
    const struct name down = name_of("%s.downsample", module.text);
    struct node *y = convolve(b, x, &(struct place){first.text, row, 3, stride, in, out});
    y = y ? activate(y, ACT_RELU) : NULL;
    y = convolve(b, y, &(struct place){second.text, row + 1, 3, 1, out, out});
    if (x && stride > 1) {
        x = avg_pool(x, (struct window){.kernel = 2, .stride = stride, .extent = 1});
        x = convolve(b, x, &(struct place){down.text, row + 1, 1, 1, in, out});
    }
    if (!x || !y)
        return NULL;
    const int most = layer_channels(x) > layer_channels(y) ? layer_channels(x) : layer_channels(y);
    return activate(add(padded(x, most), padded(y, most)), ACT_RELU);
}

/* What the candidate depths give, mixed. */
static struct node *stage(const struct build *b, struct node *x, int index, int in, int out)
{
    const unsigned set = candidates(b, DEPTHS, index);
    struct node *made[WIDTHS_MOST_BLOCKS] = {NULL}, *sum = NULL;
    int most = 0;
    for (int i = 0, option = 0; i < b->blocks && set >> option; i++) {
        const bool first = index && !i;
        x = block(b, x, widths_convolution(b->blocks, index, i), first ? 2 : 1, first ? in : out,
                  out);
        if (!x)
            return NULL;
        if (widths_depth(b->blocks, option) != i + 1)
            continue;
        made[option] = x;
        if (set >> option & 1 && layer_channels(x) > most)
            most = layer_channels(x);
        option++;
    }
    for (int option = 0; option < widths_depths(b->blocks); option++)
        if (set >> option & 1)
            sum = layer_add_operation(sum, false, b->mixing[DEPTHS], index, option,
                                      interpolated(made[option], most), NULL);
    return sum;
}

/* By as many rows of the weights as there are channels. */
static struct node *classify(struct graph *g, struct node *x, int channels, int classes)
{
    if (!x)
        return NULL;
    const struct initial initial = initial_fan_in(channels);
    struct node *w =
        layer_weight(g, "classifier.weight", GRAPH_WEIGHTS, 2, (int[]){channels, classes}, initial);
    struct node *bias = layer_weight(g, "classifier.bias", GRAPH_WEIGHTS, 1, &classes, initial);
    if (layer_channels(x) < channels)
        w = fit_weights(w, layer_channels(x), classes);
    return linear(global_avg_pool(x), w, bias);
}

int widths_supernet_build(const struct search_space *space, struct supernet *s, struct graph *g,
                          struct error *e)
{
    struct build b = {.g = g, .path = s->path, .blocks = space->blocks};
    int in = s->channels, out = s->channels;
    s->x = graph_input(g, "image", s->image.height, s->image.width, s->image.channels);
    s->label = graph_input(g, "label", 1, 1, 1);
    layer_tables(s, g, space, 0, b.mixing);
    struct node *x =
        convolve(&b, s->x, &(struct place){"layers.0", 0, 3, 1, s->image.channels, out});
    x = x ? activate(x, ACT_RELU) : NULL;
    for (int i = 0; i < WIDTHS_STAGES; i++, in = out, out *= 2)
        x = stage(&b, x, i, in, out);
    s->logits = classify(g, x, in, s->classes);
    s->loss = cross_entropy(s->logits, s->label, 0);
    if (graph_check(g, e))
        return -1;
    graph_keep(s->logits);
    return 0;
}
