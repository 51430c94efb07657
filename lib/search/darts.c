#include "search/darts.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { WEIGHTS = 1u << GRAPH_WEIGHTS, ARCHITECTURE = 1u << GRAPH_ARCHITECTURE };

int darts_init(struct darts *d, struct group weights, struct group architecture, struct error *e)
{
    *d = (struct darts){
        .weights = weights,
        .architecture = architecture,
        .order = 2,
        .reach = 0.01,
        .clip = 5,
        .sgd = {.momentum = 0.9, .decay = 3e-4},
        .adam = {.rate = 3e-4, .beta1 = 0.5, .beta2 = 0.999, .epsilon = 1e-8, .decay = 1e-3},
    };
    struct {
        real **array;
        size_t count;
    } arrays[] = {
        {&d->velocity, weights.count},    {&d->weights_kept, weights.count},
        {&d->direction, weights.count},   {&d->first, architecture.count},
        {&d->second, architecture.count}, {&d->architecture_kept, architecture.count},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i].array = array_new(arrays[i].count, sizeof(real), "optimiser state", e);
        if (!*arrays[i].array) {
            darts_free(d);
            return -1;
        }
    }
    return 0;
}

void darts_free(struct darts *d)
{
    free(d->velocity);
    free(d->first);
    free(d->second);
    free(d->weights_kept);
    free(d->direction);
    free(d->architecture_kept);
    *d = (struct darts){0};
}

/* w = kept + scale * direction */
static void shift_weights(struct darts *d, double scale)
{
    for (size_t i = 0; i < d->weights.count; i++)
        d->weights.value[i] = (real)(d->weights_kept[i] + scale * d->direction[i]);
}

static void second_order(struct darts *d, double rate)
{
    struct group w = d->weights, a = d->architecture;
    memcpy(d->weights_kept, w.value, w.count * sizeof(real));
    d->differentiate(d->context, DARTS_TRAINING, WEIGHTS, false);
    for (size_t i = 0; i < w.count; i++)
        w.value[i] -= (real)(rate * (d->sgd.momentum * d->velocity[i] + w.gradient[i] +
                                     d->sgd.decay * w.value[i]));
    d->differentiate(d->context, DARTS_VALIDATION, WEIGHTS | ARCHITECTURE, false);

    double norm = group_norm(w.gradient, w.count);
    if (norm > 0) {
        double epsilon = d->reach / norm;
        memcpy(d->direction, w.gradient, w.count * sizeof(real));
        memcpy(d->architecture_kept, a.gradient, a.count * sizeof(real));
        for (int sign = 1; sign >= -1; sign -= 2) {
            shift_weights(d, sign * epsilon);
            d->differentiate(d->context, DARTS_TRAINING, ARCHITECTURE, false);
            for (size_t i = 0; i < a.count; i++)
                d->architecture_kept[i] -= (real)(sign * rate / (2 * epsilon) * a.gradient[i]);
        }
        memcpy(a.gradient, d->architecture_kept, a.count * sizeof(real));
    }
    memcpy(w.value, d->weights_kept, w.count * sizeof(real));
}

void darts_gradient(struct darts *d, double rate)
{
    if (d->order == 1)
        d->differentiate(d->context, DARTS_VALIDATION, ARCHITECTURE, false);
    else
        second_order(d, rate);
}

void darts_architecture_step(struct darts *d, double rate)
{
    darts_gradient(d, rate);
    if (d->architecture_clip > 0)
        clip_gradient(d->architecture, d->architecture_clip);
    adam_step(&d->adam, d->architecture, d->first, d->second, ++d->steps);
}

void darts_weight_step(struct darts *d, double rate)
{
    d->differentiate(d->context, DARTS_TRAINING, WEIGHTS, true);
    clip_gradient(d->weights, d->clip);
    d->sgd.rate = rate;
    sgd_step(&d->sgd, d->weights, d->velocity);
}
