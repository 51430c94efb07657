#include "network/widths_network.h"
#include "network/layer.h"

/* A convolution, normalised: MODULE.conv.weight, MODULE.bn. */
static struct node *unit(struct graph *g, struct node *x, const char *module, int stride,
                         int channels, enum activation activation)
{
    x = layer_convolution(g, x, name_of("%s.conv.weight", module).text, 3, stride, channels);
    return layer_batch_norm(g, x, name_of("%s.bn", module).text, true, 0, activation);
}

static struct node *shortcut(struct graph *g, struct node *x, const char *module, int stride,
                             int channels)
{
    const bool fits = x && node_shape(x)->extent[2] == channels;
    if (stride == 1 && fits)
        return x;
    if (stride > 1)
        x = avg_pool(x, (struct window){.kernel = 2, .stride = stride, .extent = 1});
    x = layer_convolution(g, x, name_of("%s.conv.weight", module).text, 1, 1, channels);
    return stride > 1
               ? x
               : layer_batch_norm(g, x, name_of("%s.bn", module).text, true, 0, ACT_IDENTITY);
}

static struct node *block(struct graph *g, struct node *x, int index, int stride,
                          const int channels[2])
{
    const struct name module = name_of("layers.%d", index);
    struct node *y =
        unit(g, x, name_of("%s.conv_a", module.text).text, stride, channels[0], ACT_RELU);
    y = unit(g, y, name_of("%s.conv_b", module.text).text, 1, channels[1], ACT_IDENTITY);
    x = shortcut(g, x, name_of("%s.downsample", module.text).text, stride, channels[1]);
    return y && x ? activate(add(y, x), ACT_RELU) : NULL;
}

int widths_build(struct discrete *d, struct graph *g, const struct widths *w, struct error *e)
{
    int most = d->channels, index = 0;
    d->x = graph_input(g, "image", d->image.height, d->image.width, d->image.channels);
    d->label = graph_input(g, "label", 1, 1, 1);
    struct node *x = unit(g, d->x, name_of("layers.%d", index++).text, 1,
                          widths_channels(most, w->tenths[0]), ACT_RELU);
    for (int stage = 0; stage < WIDTHS_STAGES; stage++, most *= 2)
        for (int i = 0; i < w->depth[stage]; i++) {
            const int *tenths = w->tenths + widths_convolution(w->blocks, stage, i);
            const int channels[] = {widths_channels(most, tenths[0]),
                                    widths_channels(most, tenths[1])};
            x = block(g, x, index++, stage && !i ? 2 : 1, channels);
        }
    d->logits = layer_linear(g, x ? global_avg_pool(x) : NULL, "classifier", d->classes);
    d->loss = cross_entropy(d->logits, d->label, 0);
    if (graph_check(g, e))
        return -1;
    graph_keep(d->logits);
    return 0;
}

int widths_print_network_dot(const struct discrete *d, const struct widths *w, FILE *to)
{
    struct image_shape made = {d->image.height, d->image.width,
                               widths_channels(d->channels, w->tenths[0])};
    int most = d->channels, index = 0;
    dot_begin(to, &d->image, "0", &made);
    for (int stage = 0; stage < WIDTHS_STAGES; stage++, most *= 2)
        for (int i = 0; i < w->depth[stage]; i++, index++) {
            const int *tenths = w->tenths + widths_convolution(w->blocks, stage, i);
            const bool halves = stage && !i;
            if (halves)
                made = (struct image_shape){(made.height + 1) / 2, (made.width + 1) / 2, 0};
            made.channels = widths_channels(most, tenths[1]);
            fprintf(to,
                    "    %d [label=\"%d x %d x %d\", fillcolor=%s];\n"
                    "    %d -> %d [label=\"block of %d channels\"];\n",
                    index + 1, made.height, made.width, made.channels,
                    halves ? "lightpink" : "lightblue", index, index + 1,
                    widths_channels(most, tenths[0]));
        }
    fprintf(to,
            "    classes [label=\"%d classes\", fillcolor=darkseagreen2];\n"
            "    %d -> classes [label=\"mean, linear\"];\n}\n",
            d->classes, index);
    return fflush(to) || ferror(to) ? -1 : 0;
}

/* ---- what it costs ---- */

/* Probabilities of a convolution's widths, which has `most` channels at most. */
struct width {
    const double *p;
    int most;
};

static double mean(struct width w)
{
    double sum = 0;
    for (int k = 0; k < WIDTHS_OPTIONS; k++)
        sum += w.p[k] * widths_channels(w.most, WIDTHS_LEAST + k);
    return sum;
}

/* The mean of the product where the two differ: of what a shortcut's convolution multiplies. */
static double mean_of_different(struct width a, struct width b)
{
    double sum = 0;
    for (int i = 0; i < WIDTHS_OPTIONS; i++)
        for (int k = 0; k < WIDTHS_OPTIONS; k++) {
            const int x = widths_channels(a.most, WIDTHS_LEAST + i);
            const int y = widths_channels(b.most, WIDTHS_LEAST + k);
            sum += x == y ? 0 : a.p[i] * b.p[k] * x * y;
        }
    return sum;
}

/* A stage's cost for each pixel; *in: the mean of the channels that go in, then of those that come
 * out. before: of the first stage, the stem's width, which shortcuts may fit; else p NULL. */
static double stage_macs(int blocks, struct width before, const double *const widths,
                         const double *depth, int most, double *in)
{
    enum { KERNEL = 9 };
    double sum = 0, input = *in, out = 0;
    for (int i = 0; i < blocks; i++) {
        const struct width a = {widths + 2 * i * WIDTHS_OPTIONS, most};
        const struct width b = {a.p + WIDTHS_OPTIONS, most};
        const double shortcut = before.p ? mean_of_different(before, b) : input * mean(b);
        double there = 0, last = 0;
        for (int k = 0; k < widths_depths(blocks); k++) {
            there += widths_depth(blocks, k) > i ? depth[k] : 0;
            last += widths_depth(blocks, k) == i + 1 ? depth[k] : 0;
        }
        sum += there * (KERNEL * mean(a) * (input + mean(b)) + shortcut);
        out += last * mean(b);
        input = mean(b);
        before = b;
    }
    *in = out;
    return sum;
}

double widths_macs(const struct search_space *space, const struct image_shape *image, int channels,
                   int classes, const double *const p[SPACE_MOST_TABLES])
{
    const struct width stem = {p[0], channels};
    struct image_shape size = *image;
    double in = mean(stem), sum = 9 * image->channels * in * size.height * size.width;
    for (int stage = 0; stage < WIDTHS_STAGES; stage++, channels *= 2) {
        if (stage)
            size = (struct image_shape){(size.height + 1) / 2, (size.width + 1) / 2, 0};
        const int first = widths_convolution(space->blocks, stage, 0);
        sum += size.height * size.width *
               stage_macs(space->blocks, stage ? (struct width){NULL, 0} : stem,
                          p[0] + first * WIDTHS_OPTIONS,
                          p[1] + stage * widths_depths(space->blocks), channels, &in);
    }
    return sum + in * classes;
}
