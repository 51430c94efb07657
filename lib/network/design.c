#include "network/layer.h"
#include <string.h>

static const struct design *const DESIGNS[] = {&DESIGN_CNN, &DESIGN_RESNET, &DESIGN_SEGNET,
                                               &DESIGN_UNET};

const struct design *design_find(const char *name)
{
    for (size_t i = 0; i < sizeof DESIGNS / sizeof *DESIGNS; i++)
        if (!strcmp(DESIGNS[i]->name, name))
            return DESIGNS[i];
    return NULL;
}

static int check_classes(enum task task, int classes, struct error *e)
{
    static const struct {
        int least, most;
    } of[] = {
        [TASK_CLASS] = {2, NETWORK_MOST_CLASSES},
        [TASK_PIXELS] = {2, UINT8_MAX},
        [TASK_DEPTH] = {1, 1},
    };
    return layer_check_setting("classes", classes, of[task].least, of[task].most, e);
}

int design_build(const struct design *design, struct designed *d, struct graph *g, struct error *e)
{
    if (layer_check_images(&d->image, d->channels, e) ||
        check_classes(design->task, d->classes, e) ||
        layer_check_setting("depth", d->depth, design->least, design->most, e))
        return -1;
    if ((d->depth - design->least) % design->step)
        return error_set(e, "a %s of depth %d, expected %d, %d, ... %s", design->name, d->depth,
                         design->least, design->least + design->step, design->depth);
    d->x = graph_input(g, "image", d->image.height, d->image.width, d->image.channels);
    if (design->build(d, g, e) || graph_check(g, e))
        return -1;
    graph_keep(d->logits);
    return 0;
}
