#include "network/layer.h"

enum { STAGES = 3 };

/* relu(F(x) + x), of two convolutions; where the extents change, a 1x1 convolution of x. */
static struct node *block(struct graph *g, struct node *x, const char *module, int channels,
                          int stride)
{
    struct node *y = x, *shortcut = x;
    y = layer_convolution(g, y, name_of("%s.conv1.weight", module).text, 3, stride, channels);
    y = layer_batch_norm(g, y, name_of("%s.bn1", module).text, true, 0, ACT_RELU);
    y = layer_convolution(g, y, name_of("%s.conv2.weight", module).text, 3, 1, channels);
    y = layer_batch_norm(g, y, name_of("%s.bn2", module).text, true, 0, ACT_IDENTITY);
    if (stride > 1) {
        struct name down = name_of("%s.downsample.0.weight", module);
        shortcut = layer_convolution(g, x, down.text, 1, stride, channels);
        shortcut = layer_batch_norm(g, shortcut, name_of("%s.downsample.1", module).text, true, 0,
                                    ACT_IDENTITY);
    }
    return y && shortcut ? activate(add(y, shortcut), ACT_RELU) : NULL;
}

static int build(struct designed *d, struct graph *g, struct error *e)
{
    int blocks = (d->depth - 2) / (2 * STAGES), channels = d->channels;
    struct node *x = layer_convolution(g, d->x, "conv1.weight", 3, 1, channels);
    (void)e;
    x = layer_batch_norm(g, x, "bn1", true, 0, ACT_RELU);
    for (int stage = 0; stage < STAGES; stage++, channels *= 2)
        for (int i = 0; i < blocks; i++)
            x = block(g, x, name_of("layer%d.%d", stage + 1, i).text, channels,
                      stage && !i ? 2 : 1);
    layer_classify(d, g, x, "fc");
    return 0;
}

const struct design DESIGN_RESNET = {
    .name = "resnet",
    .depth = "layers",
    .least = 8,
    .most = 1202,
    .step = 6,
    .usual = 8,
    .build = build,
};
