#include "search/noise.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "search/search.h"

enum { WEIGHTS = 1u << GRAPH_WEIGHTS };

int noise_init(struct noise *n, int every, int batch, struct image_shape image, size_t weights,
               struct error *e)
{
    *n = (struct noise){.every = every};
    if (!every)
        return 0;
    n->first = array_new(weights, sizeof(real), "gradients", e);
    n->mean = n->first ? array_new(weights, sizeof(real), "gradients", e) : NULL;
    return n->mean ? batch_new(&n->other, batch * NOISE_BATCHES, image, TASK_CLASS, e) : -1;
}

void noise_free(struct noise *n)
{
    batch_free(&n->other);
    free(n->first);
    free(n->mean);
    free(n->row);
    *n = (struct noise){0};
}

/* A new row, all 0. */
static double *add_row(struct noise *n, struct error *e)
{
    if (array_grow((void **)&n->row, &n->room, (n->count + 1) * NOISE_WIDTH, sizeof *n->row,
                   "steps", e))
        return NULL;
    return n->row + n->count++ * NOISE_WIDTH;
}

static double *last_row(const struct noise *n)
{
    return n->row + (n->count - 1) * NOISE_WIDTH;
}

int noise_restore(struct noise *n, const double *row, size_t count, struct error *e)
{
    if (array_grow((void **)&n->row, &n->room, count * NOISE_WIDTH, sizeof *row, "steps", e))
        return -1;
    memcpy(n->row, row, count * NOISE_WIDTH * sizeof *row);
    n->count = count;
    return 0;
}

int noise_begin_epoch(struct noise *n, const struct source *validation, struct error *e)
{
    const struct source plain = {.samples = validation->samples,
                                 .normalisation = validation->normalisation};
    const size_t there = validation->samples->count;
    if (!n->every)
        return 0;
    autofree size_t *order = batch_order(validation->samples, validation->seed, "noise", 0, e);
    if (!order)
        return -1;
    batch_fill(&n->other, &plain, 0, order,
               there < (size_t)n->other.most ? (int)there : n->other.most);
    return 0;
}

/* Images from..from + count of a batch. */
static struct batch part(const struct batch *b, int from, int count)
{
    struct batch p = *b;
    p.n = count;
    p.x += (size_t)from * b->pixels;
    p.label += from;
    return p;
}

static double loss_of(const struct search *s, const struct batch *b)
{
    batch_show(b, s->model.x, s->model.label);
    graph_forward(s->model.graph, &(struct graph_run){.n = b->n, .seed = s->seed});
    return (double)*node_value(s->model.loss);
}

/* Leaves it in the group of weights. */
static const struct group *gradient_of(const struct search *s, const struct batch *b)
{
    const struct graph_run run = {.n = b->n, .gradients = WEIGHTS, .seed = s->seed};
    batch_show(b, s->model.x, s->model.label);
    graph_forward(s->model.graph, &run);
    graph_backward(s->model.graph, &run);
    return &s->darts.weights;
}

/* The validation batch of this number; of the last few images none is made, but of the first. */
static struct batch other_batch(const struct search *s, int i)
{
    const struct batch *all = &s->noise.other;
    return part(all, i * s->batch, all->n < s->batch ? all->n : s->batch);
}

static double cosine(const real *a, const real *b, size_t count)
{
    const double norms = group_norm(a, count) * group_norm(b, count);
    double dot = 0;
    for (size_t i = 0; i < count; i++)
        dot += (double)a[i] * (double)b[i];
    return norms > 0 ? dot / norms : 0;
}

static void look_at_gradients(const struct search *s, double *row)
{
    const struct noise *n = &s->noise;
    const struct batch *b = &s->training;
    const size_t count = s->darts.weights.count;
    const struct batch half[2] = {part(b, 0, b->n / 2), part(b, b->n / 2, b->n - b->n / 2)};
    memcpy(n->first, gradient_of(s, &half[0])->gradient, count * sizeof(real));
    const real *second = gradient_of(s, &half[1])->gradient;
    double apart = 0;
    row[NOISE_GRADIENTS] = 1;
    row[NOISE_HALVES] = cosine(n->first, second, count);
    for (size_t i = 0; i < count; i++) {
        const double difference = (double)n->first[i] - (double)second[i];
        apart += difference * difference;
        n->mean[i] = (n->first[i] + second[i]) / 2;
    }
    row[NOISE_NORM] = group_norm(n->mean, count);
    row[NOISE_SPREAD] = sqrt(apart) / 2;

    memset(n->first, 0, count * sizeof(real));
    for (int i = 0; i == 0 || (i + 1) * s->batch <= n->other.n; i++) {
        const struct batch o = other_batch(s, i);
        const real *g = gradient_of(s, &o)->gradient;
        for (size_t k = 0; k < count; k++)
            n->first[k] += g[k];
    }
    row[NOISE_ALIGNED] = cosine(n->mean, n->first, count);
}

int noise_before(struct search *s, struct error *e)
{
    struct noise *n = &s->noise;
    if (!n->every)
        return 0;
    const size_t step = n->count;
    const struct batch other = other_batch(s, 0);
    double *row = add_row(n, e);
    if (!row)
        return -1;
    row[NOISE_EPOCH] = (double)s->curriculum.epoch;
    row[NOISE_IMAGES] = s->training.n;
    row[NOISE_OTHER] = loss_of(s, &other);
    if (step % (size_t)n->every == 0 && s->training.n > 1)
        look_at_gradients(s, row);
    return 0;
}

void noise_note(struct noise *n, const struct batch *b, const real *logits, int classes)
{
    if (!n->every)
        return;
    double *row = last_row(n), mean = 0, square = 0;
    /* Welford's sums */
    for (int i = 0; i < b->n; i++, logits += classes) {
        const double loss = -log(fmax(batch_probability(logits, classes, b->label[i]), DBL_MIN));
        const double off = loss - mean;
        mean += off / (i + 1);
        square += off * (loss - mean);
    }
    row[NOISE_LOSS] = mean;
    row[NOISE_DEVIATION] = b->n > 1 ? sqrt(square / (b->n - 1)) : 0;
}

int noise_after(struct search *s, struct error *e)
{
    struct noise *n = &s->noise;
    if (!n->every)
        return 0;
    double *row = last_row(n);
    const struct batch other = other_batch(s, 0);
    row[NOISE_FALL] = row[NOISE_LOSS] - loss_of(s, &s->training);
    row[NOISE_OTHER_FALL] = row[NOISE_OTHER] - loss_of(s, &other);
    if (isfinite(row[NOISE_FALL]) && isfinite(row[NOISE_OTHER_FALL]))
        return 0;
    return error_set(e, "epoch %lld: the loss after a step is no longer a number",
                     (long long)s->curriculum.epoch);
}
