/* A search over a few made-up images, for tests of strategies. */
#ifndef TESTS_TOY_SEARCH_H
#define TESTS_TOY_SEARCH_H
#include "search/search.h"

enum { TOY_IMAGES = 6, TOY_CLASSES = 3, TOY_SIDE = 6, TOY_SEED = 7 };

/* Takes `settings`, which have the strategy and what is its own. */
static inline bool toy_search(struct search *s, const char *space, int cells, int channels,
                              struct value *settings, struct error *e)
{
    const struct model_options o = {.space = space, .cells = cells, .channels = channels};
    const struct normalisation n = {.channels = 1, .mean = {0}, .sd = {1}};
    struct value *net =
        model_settings(&o, (struct image_shape){TOY_SIDE, TOY_SIDE, 1}, TOY_CLASSES, &n, NULL);
    value_set_int(settings, "seed", TOY_SEED);
    value_set_int(settings, "batch", TOY_IMAGES);
    value_set_int(settings, "window", 2);
    value_set_text(settings, "schedule", "cyclic");
    value_set_int(settings, "total_epochs", 10);
    value_set_text(settings, "augment", "none");
    const bool good = !search_new(s, net, settings, e);
    value_free(net);
    value_free(settings);
    return good;
}

static inline void toy_fill(struct batch *b, const char *what)
{
    struct random r = random_stream(6, what, 0);
    b->n = TOY_IMAGES;
    for (size_t i = 0; i < TOY_IMAGES * b->pixels; i++)
        b->x[i] = (float)random_normal(&r);
    for (int i = 0; i < TOY_IMAGES; i++) {
        b->label[i] = (int)random_below(&r, TOY_CLASSES);
        b->id[i] = i;
    }
}

/* What an epoch would leave to judge by: `count` of twice TOY_IMAGES images, from `first` on. */
static inline void toy_judging(struct search *s, int first, int count)
{
    enum { ALL = 2 * TOY_IMAGES };
    static uint8_t image[ALL * TOY_SIDE * TOY_SIDE];
    static int64_t id[ALL], label[ALL];
    static size_t row[ALL];
    static const struct samples samples = {.count = ALL,
                                           .shape = {TOY_SIDE, TOY_SIDE, 1},
                                           .id = id,
                                           .label = label,
                                           .image = image,
                                           .classes = TOY_CLASSES};
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * i * 37 >> 3);
    for (int i = 0; i < ALL; i++) {
        id[i] = i;
        label[i] = i % TOY_CLASSES;
        row[i] = (size_t)i;
    }
    s->judging = (struct source){.samples = &samples, .normalisation = s->model.normalisation};
    s->judging_row = row + first;
    s->judging_count = count;
}

#endif
