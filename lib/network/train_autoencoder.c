#include "network/train_autoencoder.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "graph/optimiser.h"
#include "network/tuples.h"

struct autoencoder_trainer {
    struct autoencoder_settings settings;
    struct autoencoder_data data;
    struct graph *graph;
    struct encoder_graph nodes; /* of the graph */
    struct tuples images;       /* an image of a batch is a place in it */
    size_t *order;
    size_t *drawn[2]; /* other images of a batch */
    float *pixels;    /* of a batch, as fetched */
    real *moment[2];
    int epochs;
};

static int build(struct autoencoder_trainer *t, struct error *e)
{
    const struct autoencoder_settings *s = &t->settings;
    struct graph *g = t->graph;

    encoder_objective_build(&s->objective, &s->network, g, &t->nodes);
    if (graph_check(g, e) || graph_plan(g, t->nodes.loss, s->batch, GRAPH_TRAIN, e))
        return -1;
    network_initialise(g, s->seed);
    for (int i = 0; i < 2; i++)
        if (!(t->moment[i] = array_new(graph_group(g, GRAPH_WEIGHTS).count, sizeof(real),
                                       "Adam's moments", e)))
            return -1;
    return 0;
}

static size_t image_size(const struct autoencoder *a)
{
    return (size_t)a->side * (size_t)a->side * (size_t)a->channels;
}

static int list_images(struct autoencoder_trainer *t, struct error *e)
{
    const struct autoencoder_settings *s = &t->settings;
    bool labels = encoder_objective_needs(&s->objective, NEEDS_LABELS);

    if (tuples_new(&t->images, t->data.count, labels ? t->data.label : NULL, e))
        return -1;
    if (labels && t->images.classes < 2)
        return error_set(e, "a loss that compares images needs labels of two classes or more");
    t->order = array_new(t->images.count, sizeof *t->order, "images", e);
    for (int i = 0; i < 2; i++)
        t->drawn[i] = array_new((size_t)s->batch, sizeof **t->drawn, "a batch", e);
    t->pixels =
        array_new((size_t)s->batch * image_size(&s->network), sizeof *t->pixels, "a batch", e);
    return t->order && t->drawn[0] && t->drawn[1] && t->pixels ? 0 : -1;
}

struct autoencoder_trainer *autoencoder_trainer_new(const struct autoencoder_settings *settings,
                                                    const struct autoencoder_data *data,
                                                    struct error *e)
{
    struct autoencoder_trainer *t;

    if (autoencoder_check(&settings->network, e) || !(t = array_new(1, sizeof *t, "trainer", e)))
        return NULL;
    t->settings = *settings;
    t->data = *data;
    t->graph = graph_new(e);
    if (!t->graph || list_images(t, e) || build(t, e)) {
        autoencoder_trainer_free(t);
        return NULL;
    }
    return t;
}

void autoencoder_trainer_free(struct autoencoder_trainer *t)
{
    if (!t)
        return;
    graph_free(t->graph);
    tuples_free(&t->images);
    free(t->order);
    free(t->pixels);
    for (int i = 0; i < 2; i++) {
        free(t->drawn[i]);
        free(t->moment[i]);
    }
    free(t);
}

/* ---- training ---- */

static void fetch(const struct autoencoder_trainer *t, struct node *to, const size_t *place, int n)
{
    size_t size = node_count(to);
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
        float *pixels = t->pixels + (size_t)i * size;
        t->data.fetch(t->data.context, t->images.place[place[i]].image, pixels);
        for (size_t k = 0; k < size; k++)
            node_value(to)[(size_t)i * size + k] = pixels[k];
    }
}

static void draw_normal(const struct autoencoder_trainer *t, struct node *to, int n, uint64_t step)
{
    struct random r = random_stream(t->settings.seed, node_name(to), step);
    size_t count = (size_t)n * node_count(to);
#pragma omp parallel for
    for (size_t i = 0; i < count; i++)
        node_value(to)[i] = (real)random_normal_at(&r, i);
}

static void draw_triplets(const struct autoencoder_trainer *t, struct random *r,
                          const size_t *anchor, int n)
{
    tuples_draw_triplets(&t->images, r, anchor, n, t->drawn[0], t->drawn[1]);
    fetch(t, t->nodes.positive, t->drawn[0], n);
    if (t->nodes.negative)
        fetch(t, t->nodes.negative, t->drawn[1], n);
}

static void draw_pairs(const struct autoencoder_trainer *t, struct random *r, const size_t *anchor,
                       int n)
{
    const struct place *place = t->images.place;
    tuples_draw_pairs(&t->images, r, anchor, n, t->drawn[0]);
    fetch(t, t->nodes.other, t->drawn[0], n);
    for (int i = 0; i < n; i++)
        node_value(t->nodes.same)[i] =
            place[anchor[i]].class == place[t->drawn[0][i]].class ? 1 : -1;
}

/* The random numbers of an epoch that are drawn one after the other. */
struct draws {
    struct random triplets, pairs;
};

/* What the objective asks for, for a batch of images. */
static void fill(const struct autoencoder_trainer *t, const size_t *anchor, int n, uint64_t step,
                 struct draws *draws)
{
    const struct encoder_graph *in = &t->nodes;
    fetch(t, in->x, anchor, n);
    if (in->direction)
        draw_normal(t, in->direction, n, step);
    if (in->noise)
        draw_normal(t, in->noise, n, step);
    if (in->positive)
        draw_triplets(t, &draws->triplets, anchor, n);
    if (in->other)
        draw_pairs(t, &draws->pairs, anchor, n);
    for (int i = 0; in->class && i < n; i++)
        node_value(in->class)[i] = (real)t->images.place[anchor[i]].class;
}

/* A loss that reaches 0 would draw its uncertainty down without end. */
static void clamp_uncertainties(struct autoencoder_trainer *t)
{
    for (int i = 0; i < ENCODER_LOSSES; i++)
        if (t->nodes.uncertainty[i]) {
            real *s = node_value(t->nodes.uncertainty[i]);
            *s = *s < -10 ? -10 : *s > 10 ? 10 : *s;
        }
}

int autoencoder_epoch(struct autoencoder_trainer *t, struct autoencoder_report *report,
                      void (*progress)(void *to, size_t images), void *to, struct error *e)
{
    const struct autoencoder_settings *s = &t->settings;
    const struct adam adam = {.rate = s->rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    const uint64_t epoch = (uint64_t)t->epochs;
    struct random shuffle = random_stream(s->seed, "shuffle", epoch);
    struct draws draws = {random_stream(s->seed, "triplets", epoch),
                          random_stream(s->seed, "pairs", epoch)};
    size_t count = t->images.count, batch = (size_t)s->batch, batches = (count + batch - 1) / batch;

    *report = (struct autoencoder_report){0};
    random_permutation(&shuffle, t->order, count);
    for (size_t b = 0; b < batches; b++) {
        size_t first = b * batch, rest = count - first, step = epoch * batches + b;
        int n = (int)(rest < batch ? rest : batch);
        struct graph_run run = {
            .n = n, .track = true, .gradients = 1u << GRAPH_WEIGHTS, .seed = s->seed, .step = step};

        fill(t, t->order + first, n, step, &draws);
        graph_forward(t->graph, &run);
        if (!isfinite(*node_value(t->nodes.loss)))
            return error_set(
                e, "epoch %d, batch %zu: the loss is no longer a number; a lower --rate may help",
                t->epochs, b);
        report->loss += n * (double)*node_value(t->nodes.loss);
        for (int i = 0; i < s->objective.count; i++)
            report->term[i] += n * (double)*node_value(t->nodes.term[i]);
        graph_backward(t->graph, &run);
        adam_step(&adam, graph_group(t->graph, GRAPH_WEIGHTS), t->moment[0], t->moment[1],
                  (long)step + 1);
        clamp_uncertainties(t);
        if (progress)
            progress(to, first + (size_t)n);
    }
    t->epochs++;
    report->loss /= count ? (double)count : 1;
    for (int i = 0; i < s->objective.count; i++)
        report->term[i] /= count ? (double)count : 1;
    return 0;
}

struct graph *autoencoder_graph(struct autoencoder_trainer *t)
{
    return t->graph;
}

real *autoencoder_moment(struct autoencoder_trainer *t, int which)
{
    return t->moment[which];
}

int *autoencoder_epochs(struct autoencoder_trainer *t)
{
    return &t->epochs;
}
