#include "network/layer.h"

/* Convolution, normalisation, ReLU: three members of a module's list. */
static struct node *unit(struct graph *g, struct node *x, int member, int channels)
{
    x = layer_convolution(g, x, name_of("features.%d.weight", member).text, 3, 1, channels);
    return layer_batch_norm(g, x, name_of("features.%d", member + 1).text, true, 0, ACT_RELU);
}

static int build(struct designed *d, struct graph *g, struct error *e)
{
    struct node *x = d->x;
    int member = 0, channels = d->channels;
    (void)e;
    for (int pair = 0; pair < d->depth / 2; pair++, member += 7, channels *= 2) {
        x = unit(g, x, member, channels);
        x = unit(g, x, member + 3, channels);
        x = x ? max_pool(x, (struct window){.kernel = 2, .stride = 2}) : NULL;
    }
    layer_classify(d, g, x, "classifier");
    return 0;
}

const struct design DESIGN_CNN = {
    .name = "cnn",
    .depth = "convolutions",
    .least = 2,
    .most = 10,
    .step = 2,
    .usual = 4,
    .build = build,
};
