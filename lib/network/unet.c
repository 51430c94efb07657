#include "network/layer.h"

enum { LEVELS = 8 };

static int channels_of(const struct designed *d, int level)
{
    return d->channels << (level < 3 ? level : 3);
}

static struct node *pair(const struct designed *d, struct graph *g, struct node *x,
                         const char *half, int level)
{
    for (int i = 0; i < 2; i++)
        x = layer_unit(g, x, name_of("%s.%d.%d", half, level, i), channels_of(d, level));
    return x;
}

/* x at twice its sides, with the channels of the level that it comes to, beside what that level had
 * before its pool. */
static struct node *rise(const struct designed *d, struct graph *g, struct node *x,
                         struct node *skip, int level)
{
    const int from = channels_of(d, level + 1), to = channels_of(d, level);
    struct node *w = layer_kernel(g, name_of("up.%d.weight", level).text, 2, to, from);
    x = x ? conv_transpose2d(x, w, (struct window){.kernel = 2, .stride = 2}) : NULL;
    return x && skip ? concat(2, (struct node *[]){skip, x}) : NULL;
}

static int build(struct designed *d, struct graph *g, struct error *e)
{
    const int multiple = 1 << d->depth;
    struct node *skip[LEVELS], *x = d->x;
    if (d->image.height % multiple || d->image.width % multiple)
        return error_set(
            e, "images of %dx%d, expected sides that are multiples of %d for a unet of depth %d",
            d->image.height, d->image.width, multiple, d->depth);
    for (int level = 0; level < d->depth; level++) {
        x = skip[level] = pair(d, g, x, "encoder", level);
        x = x ? max_pool(x, (struct window){.kernel = 2, .stride = 2}) : NULL;
    }
    x = pair(d, g, x, "encoder", d->depth);
    for (int level = d->depth - 1; level >= 0; level--)
        x = pair(d, g, rise(d, g, x, skip[level], level), "decoder", level);
    x = layer_convolution(g, x, "head.weight", 1, 1, 1);
    d->label = graph_input(g, "label", d->image.height, d->image.width, 1);
    d->logits = x ? activate(x, ACT_SIGMOID) : NULL;
    d->loss = pixel_absolute_error(d->logits, d->label);
    return 0;
}

const struct design DESIGN_UNET = {
    .name = "unet",
    .task = TASK_DEPTH,
    .depth = "levels",
    .least = 1,
    .most = LEVELS,
    .step = 1,
    .usual = 3,
    .build = build,
};
