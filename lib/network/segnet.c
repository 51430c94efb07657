#include "network/layer.h"

enum { LEVELS = 5 };

static int convolutions_of(int level)
{
    return level < 2 ? 2 : 3;
}

static int channels_of(const struct designed *d, int level)
{
    return d->channels << (level < 3 ? level : 3);
}

static struct node *encode(const struct designed *d, struct graph *g, struct node **pool)
{
    struct node *x = d->x;
    for (int level = 0; level < d->depth; level++) {
        for (int i = 0; i < convolutions_of(level); i++)
            x = layer_unit(g, x, name_of("encoder.%d.%d", level, i), channels_of(d, level));
        x = pool[level] = x ? max_pool(x, (struct window){.kernel = 2, .stride = 2}) : NULL;
    }
    return x;
}

/* Each level's last convolution has the channels of the level above; the topmost makes the logits.
 */
static struct node *decode(const struct designed *d, struct graph *g, struct node *x,
                           struct node *const *pool)
{
    for (int level = d->depth - 1; level >= 0; level--) {
        int last = convolutions_of(level) - 1;
        x = x ? max_unpool(x, pool[level]) : NULL;
        for (int i = 0; i < last; i++)
            x = layer_unit(g, x, name_of("decoder.%d.%d", level, i), channels_of(d, level));
        struct name name = name_of("decoder.%d.%d", level, last);
        if (level)
            x = layer_unit(g, x, name, channels_of(d, level - 1));
        else
            x = layer_convolution(g, x, name_of("%s.conv.weight", name.text).text, 3, 1,
                                  d->classes);
    }
    return x;
}

static int build(struct designed *d, struct graph *g, struct error *e)
{
    struct node *pool[LEVELS], *balance;
    (void)e;
    balance = layer_weight(g, "balance", GRAPH_BUFFERS, 1, &d->classes,
                           (struct initial){INITIAL_CONSTANT, 1, 0});
    d->label = graph_input(g, "label", d->image.height, d->image.width, 1);
    d->logits = decode(d, g, encode(d, g, pool), pool);
    d->loss = pixel_cross_entropy(d->logits, d->label, balance);
    return 0;
}

const struct design DESIGN_SEGNET = {
    .name = "segnet",
    .task = TASK_PIXELS,
    .depth = "levels",
    .least = 1,
    .most = LEVELS,
    .step = 1,
    .usual = 3,
    .build = build,
};
