/* The published designs, whole: the gradient of every parameter against central differences, and
 * the same bits for one thread and two. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "network/network.h"
#include "tap.h"

enum { BATCH = 3, CLASSES = 4, PLACES = 4 };

static double loss_of(struct designed *d, struct graph *g, const struct graph_run *run)
{
    graph_forward(g, run);
    return (double)*node_value(d->loss);
}

/* The largest error at a few places of each parameter, beside the largest slope of it. */
static double worst(struct designed *d, struct graph *g, const struct graph_run *run,
                    const real *gradient, const char **where)
{
    const double h = 1e-6;
    double most = 0;
    const real *base = graph_group(g, GRAPH_WEIGHTS).value;
    for (int i = 0; i < graph_weights(g, GRAPH_WEIGHTS); i++) {
        struct node *n = graph_weight_at(g, GRAPH_WEIGHTS, i);
        size_t count = node_count(n), step = count / PLACES + 1;
        double error = 0, scale = 1e-2;
        for (size_t k = 0; k < count; k += step) {
            real *v = node_value(n) + k, was = *v;
            *v = (real)((double)was + h);
            double above = loss_of(d, g, run);
            *v = (real)((double)was - h);
            double slope = (above - loss_of(d, g, run)) / (2 * h);
            *v = was;
            error = fmax(error, fabs(slope - (double)gradient[v - base]));
            scale = fmax(scale, fabs(slope));
        }
        if (error / scale > most || isnan(error)) {
            most = isnan(error) ? INFINITY : error / scale;
            *where = node_name(n);
        }
    }
    return most;
}

static void check(const char *name, struct designed d)
{
    struct error e = {""};
    struct graph *g = graph_new(&e);
    const struct graph_run run = {.n = BATCH, .gradients = 1u << GRAPH_WEIGHTS};
    if (!ok(!design_build(design_find(name), &d, g, &e) &&
                !graph_plan(g, d.loss, BATCH, GRAPH_TRAIN, &e),
            "%s of depth %d on %dx%dx%d builds %s", name, d.depth, d.image.height, d.image.width,
            d.image.channels, e.text))
        return;
    network_initialise(g, 1);
    struct random r = random_stream(2, "images", 0);
    for (size_t i = 0; i < BATCH * node_count(d.x); i++)
        node_value(d.x)[i] = (real)random_normal(&r);
    for (size_t i = 0; i < BATCH * node_count(d.label); i++) /* a class, or a depth: 0 is unknown */
        node_value(d.label)[i] =
            (real)random_below(&r, CLASSES) / (real)(d.classes == 1 ? CLASSES - 1 : 1);

    struct group weights = graph_group(g, GRAPH_WEIGHTS);
    real *gradient = malloc(weights.count * sizeof *gradient);
    omp_set_num_threads(2);
    loss_of(&d, g, &run);
    graph_backward(g, &run);
    memcpy(gradient, weights.gradient, weights.count * sizeof *gradient);
    omp_set_num_threads(1);
    loss_of(&d, g, &run);
    graph_backward(g, &run);
    ok(!memcmp(gradient, weights.gradient, weights.count * sizeof *gradient),
       "%s: two threads give the bits of one", name);
    const char *where = "nothing";
    double most = worst(&d, g, &run, gradient, &where);
    ok(most < 1e-5, "%s: gradient against differences, error %.1e (%s)", name, most, where);
    free(gradient);
    graph_free(g);
}

static void count(const char *name, struct designed d, size_t wanted)
{
    struct error e = {""};
    struct graph_size size = {0};
    struct graph *g = graph_new(&e);
    bool good = !design_build(design_find(name), &d, g, &e) &&
                !graph_measure(g, d.loss, 1, GRAPH_TRAIN, &size, &e);
    ok(good && size.weights == wanted, "%s of depth %d: %zu weights, expected %zu %s", name,
       d.depth, size.weights, wanted, e.text);
    graph_free(g);
}

static void refuse(const char *name, struct designed d)
{
    struct error e = {""};
    struct graph *g = graph_new(&e);
    ok(design_build(design_find(name), &d, g, &e) == -1, "refused: %s", e.text);
    graph_free(g);
}

int main(void)
{
    check("cnn", (struct designed){{9, 7, 1}, .channels = 3, .depth = 4, .classes = CLASSES});
    check("cnn", (struct designed){{8, 8, 3}, .channels = 17, .depth = 2, .classes = CLASSES});
    check("resnet", (struct designed){{9, 7, 3}, .channels = 3, .depth = 8, .classes = CLASSES});
    check("resnet", (struct designed){{5, 6, 1}, .channels = 2, .depth = 14, .classes = CLASSES});
    check("segnet",
          (struct designed){{9, 10, 3}, .channels = 2, .depth = 3, .classes = CLASSES - 1});
    check("segnet", (struct designed){{4, 7, 1}, .channels = 3, .depth = 1, .classes = CLASSES});

    check("unet", (struct designed){{8, 12, 3}, .channels = 2, .depth = 2, .classes = 1});
    check("unet", (struct designed){{2, 6, 1}, .channels = 3, .depth = 1, .classes = 1});

    /* The paper's 0.27 million: convolutions, normalisation, classifier; then what the shortcuts of
     * two 1x1 convolutions and their normalisation add. */
    count("resnet", (struct designed){{32, 32, 3}, .channels = 16, .depth = 20, .classes = 10},
          267696 + 1376 + 650 + 2560 + 192);

    refuse("resnet", (struct designed){{32, 32, 3}, .channels = 16, .depth = 9, .classes = 10});
    refuse("cnn", (struct designed){{8, 8, 1}, .channels = 4, .depth = 10, .classes = 10});
    refuse("segnet", (struct designed){{7, 8, 1}, .channels = 4, .depth = 3, .classes = 300});
    refuse("segnet", (struct designed){{7, 9, 1}, .channels = 4, .depth = 4, .classes = 4});
    refuse("unet", (struct designed){{64, 60, 3}, .channels = 4, .depth = 3, .classes = 1});
    refuse("unet", (struct designed){{64, 64, 3}, .channels = 4, .depth = 3, .classes = 2});
    refuse("cnn", (struct designed){{8, 8, 1}, .channels = 0, .depth = 4, .classes = 10});
    return tap_done();
}
