#include "network/train_autoencoder.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "graph/optimiser.h"

/* A place in the list of training images; for triplets the list is sorted by label, so that the
 * images of a class are [first, last) of it. */
struct place {
    size_t image;
    int64_t label;
    size_t first, last;
};

struct autoencoder_trainer {
    struct autoencoder_settings settings;
    struct autoencoder_data data;
    struct graph *graph;
    struct node *x, *direction, *positive, *negative; /* inputs; the last three may be NULL */
    struct node *mse, *second, *loss;
    struct node *uncertainty[2]; /* Kendall's s of the two losses, or NULL */
    struct place *place;
    size_t places;
    size_t *order;
    size_t *drawn[2]; /* positives and negatives of a batch */
    float *pixels;    /* of a batch, as fetched */
    real *moment[2];
    int epochs;
};

/* ---- building ---- */

static struct node *uncertainty(struct graph *g, const char *name)
{
    return graph_weight(g, name, GRAPH_WEIGHTS, 1, (int[]){1},
                        (struct initial){INITIAL_CONSTANT, 0, 0});
}

static struct node *image_input(struct autoencoder_trainer *t, const char *name)
{
    const struct autoencoder *a = &t->settings.network;
    return graph_input(t->graph, name, a->side, a->side, a->channels);
}

static int build(struct autoencoder_trainer *t, struct error *e)
{
    const struct autoencoder_settings *s = &t->settings;
    struct graph *g = t->graph;
    struct node *z;

    t->x = image_input(t, "image");
    z = encoder_build(&s->network, g, t->x);
    t->mse = mean_squared_error(decoder_build(&s->network, g, z), t->x);
    t->loss = t->mse;
    if (s->loss == AUTOENCODER_CONTRACTIVE) {
        t->direction = image_input(t, "direction");
        t->second = mean_square_norm(graph_tangent(z, 1, &t->x, &t->direction));
        t->loss = add_scalars(t->mse, t->second, s->lambda);
    } else if (s->loss == AUTOENCODER_TRIPLET) {
        t->positive = image_input(t, "positive");
        t->negative = image_input(t, "negative");
        t->second = triplet_margin(z, encoder_build(&s->network, g, t->positive),
                                   encoder_build(&s->network, g, t->negative), s->margin);
        t->uncertainty[0] = uncertainty(g, "kendall.mse");
        t->uncertainty[1] = uncertainty(g, "kendall.triplet");
        t->loss = add_scalars(kendall(t->mse, t->uncertainty[0], false),
                              kendall(t->second, t->uncertainty[1], false), 1);
    }
    graph_keep(t->mse);
    graph_keep(t->second);
    if (graph_check(g, e) || graph_plan(g, t->loss, s->batch, GRAPH_TRAIN, e))
        return -1;
    network_initialise(g, s->seed);
    for (int i = 0; i < 2; i++)
        if (!(t->moment[i] = array_new(graph_group(g, GRAPH_WEIGHTS).count, sizeof(real),
                                       "Adam's moments", e)))
            return -1;
    return 0;
}

/* ---- the images ---- */

static int by_label(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->label != q->label)
        return p->label < q->label ? -1 : 1;
    return p->image < q->image ? -1 : p->image > q->image;
}

static int sort_by_label(struct autoencoder_trainer *t, struct error *e)
{
    struct place *p = t->place;

    qsort(p, t->places, sizeof *p, by_label);
    for (size_t first = 0, last; first < t->places; first = last) {
        for (last = first; last < t->places && p[last].label == p[first].label;)
            last++;
        for (size_t i = first; i < last; i++) {
            p[i].first = first;
            p[i].last = last;
        }
    }
    if (t->places == 0 || p[0].last == t->places)
        return error_set(e, "triplets need labelled images of two classes or more");
    return 0;
}

static size_t image_size(const struct autoencoder *a)
{
    return (size_t)a->side * (size_t)a->side * (size_t)a->channels;
}

static int list_images(struct autoencoder_trainer *t, struct error *e)
{
    const struct autoencoder_data *d = &t->data;
    bool triplets = t->settings.loss == AUTOENCODER_TRIPLET;

    t->place = array_new(d->count, sizeof *t->place, "images", e);
    t->order = array_new(d->count, sizeof *t->order, "images", e);
    for (int i = 0; i < 2; i++)
        t->drawn[i] = array_new((size_t)t->settings.batch, sizeof **t->drawn, "a batch", e);
    t->pixels = array_new((size_t)t->settings.batch * image_size(&t->settings.network),
                          sizeof *t->pixels, "a batch", e);
    if (!t->place || !t->order || !t->drawn[0] || !t->drawn[1] || !t->pixels)
        return -1;
    for (size_t i = 0; i < d->count; i++)
        if (!triplets || d->label[i] >= 0)
            t->place[t->places++] = (struct place){.image = i, .label = triplets ? d->label[i] : 0};
    return triplets ? sort_by_label(t, e) : 0;
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
    free(t->place);
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
        t->data.fetch(t->data.context, t->place[place[i]].image, pixels);
        for (size_t k = 0; k < size; k++)
            node_value(to)[(size_t)i * size + k] = pixels[k];
    }
}

/* One direction an image, N(0, 1). */
static void draw_directions(const struct autoencoder_trainer *t, int n, uint64_t step)
{
    struct random r = random_stream(t->settings.seed, "direction", step);
    size_t count = (size_t)n * node_count(t->direction);
#pragma omp parallel for
    for (size_t i = 0; i < count; i++)
        node_value(t->direction)[i] = (real)random_normal_at(&r, i);
}

/* For each anchor another image of its class (itself where it is alone) and one of another class,
 * both at random. */
static void draw_triplets(const struct autoencoder_trainer *t, struct random *r,
                          const size_t *anchor, int n)
{
    size_t *positive = t->drawn[0], *negative = t->drawn[1];
    for (int i = 0; i < n; i++) {
        const struct place *a = &t->place[anchor[i]];
        size_t size = a->last - a->first;
        positive[i] = anchor[i];
        if (size > 1) {
            positive[i] = a->first + random_below(r, size - 1);
            positive[i] += positive[i] >= anchor[i];
        }
        negative[i] = random_below(r, t->places - size);
        negative[i] += negative[i] >= a->first ? size : 0;
    }
    fetch(t, t->positive, positive, n);
    fetch(t, t->negative, negative, n);
}

static void clamp_uncertainties(struct autoencoder_trainer *t)
{
    for (int i = 0; i < 2; i++)
        if (t->uncertainty[i]) {
            real *s = node_value(t->uncertainty[i]);
            *s = *s < -10 ? -10 : *s > 10 ? 10 : *s;
        }
}

int autoencoder_epoch(struct autoencoder_trainer *t, struct autoencoder_report *report,
                      void (*progress)(void *to, size_t images), void *to, struct error *e)
{
    const struct autoencoder_settings *s = &t->settings;
    const struct adam adam = {.rate = s->rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    struct random shuffle = random_stream(s->seed, "shuffle", (uint64_t)t->epochs);
    struct random draw = random_stream(s->seed, "triplets", (uint64_t)t->epochs);
    size_t batch = (size_t)s->batch, batches = (t->places + batch - 1) / batch;
    struct autoencoder_report sum = {0, 0, 0};

    random_permutation(&shuffle, t->order, t->places);
    for (size_t b = 0; b < batches; b++) {
        size_t first = b * batch, rest = t->places - first, step = (size_t)t->epochs * batches + b;
        int n = (int)(rest < batch ? rest : batch);
        struct graph_run run = {
            .n = n, .track = true, .gradients = 1u << GRAPH_WEIGHTS, .seed = s->seed, .step = step};

        fetch(t, t->x, t->order + first, n);
        if (t->direction)
            draw_directions(t, n, step);
        if (t->positive)
            draw_triplets(t, &draw, t->order + first, n);
        graph_forward(t->graph, &run);
        if (!isfinite(*node_value(t->loss)))
            return error_set(
                e, "epoch %d, batch %zu: the loss is no longer a number; a lower --rate may help",
                t->epochs, b);
        sum.loss += n * (double)*node_value(t->loss);
        sum.mse += n * (double)*node_value(t->mse);
        sum.second += t->second ? n * (double)*node_value(t->second) : 0;
        graph_backward(t->graph, &run);
        adam_step(&adam, graph_group(t->graph, GRAPH_WEIGHTS), t->moment[0], t->moment[1],
                  (long)step + 1);
        clamp_uncertainties(t);
        if (progress)
            progress(to, first + (size_t)n);
    }
    t->epochs++;
    double count = t->places ? (double)t->places : 1;
    *report = (struct autoencoder_report){sum.loss / count, sum.mse / count, sum.second / count};
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
