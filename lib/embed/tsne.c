#include "embed/tsne.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"
#include "base/random.h"

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Places [LANES, 2] and weights of others: full lanes, those behind the last of no weight. */
struct others {
    float place[2 * LANES], p[LANES];
};

static void look(struct others *to, const float *y, const uint32_t *column, const float *p,
                 size_t count)
{
    *to = (struct others){0};
    for (size_t j = 0; j < count; j++) {
        memcpy(to->place + 2 * j, y + 2 * column[j], 2 * sizeof *y);
        to->p[j] = p[j];
    }
}

/* The sum of p_ij q_ij (y_i - y_j) over i's neighbours. A neighbour's place is moved as one number
 * of 64 bits, as what this takes is loads and stores. */
FAST static void pull(const float *y, const float *own, const uint32_t *column, const float *p,
                      size_t count, double sum[2])
{
    lanes across = {0}, up = {0};
    struct others o;
    for (size_t j = 0; j < count; j += LANES) {
        lanes first, second, w;
        if (count - j >= LANES) {
            for (size_t l = 0; l < LANES; l++) /* gathers */
                memcpy(o.place + 2 * l, y + 2 * column[j + l], 2 * sizeof *y);
            memcpy(&w, p + j, sizeof w);
        } else {
            look(&o, y, column + j, p + j, count - j);
            memcpy(&w, o.p, sizeof w);
        }
        memcpy(&first, o.place, sizeof first);
        memcpy(&second, o.place + LANES, sizeof second);
        const lanes dx = own[0] - __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14,
                                                          16, 18, 20, 22, 24, 26, 28, 30);
        const lanes dy = own[1] - __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15,
                                                          17, 19, 21, 23, 25, 27, 29, 31);
        w /= 1 + dx * dx + dy * dy;
        across += w * dx;
        up += w * dy;
    }
    sum[0] = sum[1] = 0;
    for (int l = 0; l < LANES; l++) {
        sum[0] += across[l];
        sum[1] += up[l];
    }
}

static int check(const struct tsne *t, double x, struct error *e)
{
    return isfinite(x)
               ? 0
               : error_set(e, "the map is lost at step %d: a smaller --rate?", t->iteration);
}

int tsne_gradient(struct tsne *t, double exaggeration, struct error *e)
{
    const struct affinity *a = t->p;
    if (repulsion_run(t->repulsion, t->y, t->push, &t->sum, e))
        return -1;
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t i = 0; i < a->points; i++) {
        const size_t first = a->first[i];
        double pulled[2] = {0};
        pull(t->y, t->y + 2 * i, a->column + first, a->p + first, a->first[i + 1] - first, pulled);
        for (int axis = 0; axis < 2; axis++) {
            const double pushed = t->push[2 * i + (size_t)axis] / t->sum;
            t->gradient[2 * i + (size_t)axis] = (float)(4 * (exaggeration * pulled[axis] - pushed));
        }
    }
    return check(t, t->sum, e);
}

static double share_of_divergence(const struct tsne *t, size_t i)
{
    const struct affinity *a = t->p;
    double share = 0;
    for (size_t j = a->first[i]; j < a->first[i + 1]; j++) {
        const float *own = t->y + 2 * i, *other = t->y + 2 * (size_t)a->column[j];
        const double dx = own[0] - other[0], dy = own[1] - other[1];
        if (a->p[j] > 0)
            share += a->p[j] * log(a->p[j] * (1 + dx * dx + dy * dy) * t->sum);
    }
    return share;
}

int tsne_divergence(struct tsne *t, double *kl, struct error *e)
{
    if (repulsion_run(t->repulsion, t->y, t->push, &t->sum, e))
        return -1;
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t i = 0; i < t->p->points; i++)
        t->share[i] = share_of_divergence(t, i);
    *kl = 0;
    for (size_t i = 0; i < t->p->points; i++)
        *kl += t->share[i];
    return check(t, *kl, e);
}

/* The gains are those of Jacobs' delta-bar-delta, which the original's program uses. */
static void move(struct tsne *t, double momentum)
{
    const double rate = t->settings.rate;
    double centre[2] = {0};
    const size_t n = t->p->points;
    for (size_t i = 0; i < 2 * n; i++) {
        const float g = t->gradient[i];
        const bool turns = (g > 0) == (t->velocity[i] > 0);
        const float gain = turns ? t->gain[i] * 0.8f : t->gain[i] + 0.2f;
        t->gain[i] = gain < 0.01f ? 0.01f : gain;
        t->velocity[i] = (float)(momentum * t->velocity[i] - rate * t->gain[i] * g);
        t->y[i] += t->velocity[i];
        centre[i % 2] += t->y[i];
    }
    for (size_t i = 0; i < 2 * n; i++)
        t->y[i] -= (float)(centre[i % 2] / (double)n);
}

int tsne_step(struct tsne *t, struct error *e)
{
    const bool early = t->iteration < t->settings.exaggerated;
    if (tsne_gradient(t, early ? t->settings.exaggeration : 1, e))
        return -1;
    move(t, early ? 0.5 : 0.8);
    t->iteration++;
    return 0;
}

int tsne_begin(struct tsne *t, const struct affinity *p, const struct tsne_settings *s,
               struct error *e)
{
    const size_t n = p->points;
    float **const arrays[] = {&t->y, &t->gradient, &t->push, &t->velocity, &t->gain};
    *t = (struct tsne){.settings = *s, .p = p};
    bool good = (t->repulsion = repulsion_new(n, s->exact, e)) &&
                (t->share = array_new(n, sizeof *t->share, "a map", e));
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays && good; i++)
        good = (*arrays[i] = array_new(2 * n, sizeof **arrays[i], "a map", e)) != NULL;
    if (!good) {
        tsne_free(t);
        return -1;
    }
    const struct random start = random_stream(s->seed, "t-SNE", 0);
    for (size_t i = 0; i < 2 * n; i++) {
        t->y[i] = (float)(1e-4 * random_normal_at(&start, i));
        t->gain[i] = 1;
    }
    if (!s->rate)
        t->settings.rate = fmax(200, (double)n / 12);
    return 0;
}

void tsne_free(struct tsne *t)
{
    repulsion_free(t->repulsion);
    free(t->share);
    free(t->y);
    free(t->gradient);
    free(t->push);
    free(t->velocity);
    free(t->gain);
    *t = (struct tsne){0};
}
