/* One training step of a whole network on made-up images, as the programs in peers/ time it, and
 * in their words: forward, backward, optimiser.
 *
 *     step supernet [batch] [channels] [cells] [side] [image channels] [threads]
 *     step autoencoder [batch] [image channels] [latent] [threads] */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "base/memory.h"
#include "base/program.h"
#include "base/random.h"
#include "graph/optimiser.h"
#include "network/network.h"

enum { STEPS = 7, CLASSES = 10 };

static struct node *supernet(struct graph *g, const int *a, struct node **label, struct error *e)
{
    struct supernet s = {
        .image = {a[3], a[3], a[4]}, .channels = a[1], .cells = a[2], .classes = CLASSES};
    if (supernet_build(&s, g, e))
        return NULL;
    *label = s.label;
    return s.loss;
}

static struct node *autoencoder(struct graph *g, const int *a, struct error *e)
{
    struct autoencoder s = {.side = 32, .channels = a[1], .width = 64, .latent = a[2]};
    struct node *x = graph_input(g, "x", s.side, s.side, s.channels);
    struct node *loss = mean_squared_error(decoder_build(&s, g, encoder_build(&s, g, x)), x);
    return graph_check(g, e) ? NULL : loss;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of the median step; the first one warms up. */
static double median_step(struct graph *g, int batch, bool adaptive, struct error *e)
{
    struct group w = graph_group(g, GRAPH_WEIGHTS);
    autofree real *first = array_new(w.count, sizeof *first, "moments", e);
    autofree real *second = array_new(w.count, sizeof *second, "moments", e);
    struct sgd sgd = {.rate = 0.025, .momentum = 0.9, .decay = 3e-4};
    struct adam adam = {.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    struct graph_run run = {.n = batch, .track = true, .gradients = 1u << GRAPH_WEIGHTS};
    double seconds[1 + STEPS];

    if (!first || !second)
        return -1;
    for (int i = 0; i <= STEPS; i++) {
        double start = clock_seconds();
        graph_forward(g, &run);
        graph_backward(g, &run);
        if (adaptive) {
            adam_step(&adam, w, first, second, i + 1);
        } else {
            clip_gradient(w, 5);
            sgd_step(&sgd, w, first);
        }
        seconds[i] = clock_seconds() - start;
    }
    qsort(seconds + 1, STEPS, sizeof *seconds, by_size);
    return seconds[1 + STEPS / 2];
}

int main(int argc, char **argv)
{
    bool adaptive = argc > 1 && !strcmp(argv[1], "autoencoder");
    int a[] = {16, 16, 8, 28, 1, 2}, count = adaptive ? 4 : 6;
    if (argc < 2 || argc > 2 + count || (!adaptive && strcmp(argv[1], "supernet"))) {
        fprintf(stderr, "usage: step supernet|autoencoder [number...]\n");
        return 2;
    }
    if (adaptive)
        memcpy(a, (int[]){64, 1, 8, 2}, 4 * sizeof *a);
    for (int i = 2; i < argc; i++)
        a[i - 2] = atoi(argv[i]);
    omp_set_num_threads(a[count - 1]);

    struct error e;
    struct node *label = NULL, *loss = NULL;
    struct graph *g = graph_new(&e);
    if (g)
        loss = adaptive ? autoencoder(g, a, &e) : supernet(g, a, &label, &e);
    double seconds = -1;
    if (loss && !graph_plan(g, loss, a[0], GRAPH_TRAIN, &e)) {
        struct random r = random_stream(1, "bench", 0);
        struct node *x = graph_find(g, adaptive ? "x" : "image");
        network_initialise(g, 1);
        for (size_t i = 0; i < node_count(x) * (size_t)a[0]; i++)
            node_value(x)[i] = (real)(2 * random_uniform(&r) - 1);
        for (int i = 0; label && i < a[0]; i++)
            node_value(label)[i] = (real)random_below(&r, CLASSES);
        seconds = median_step(g, a[0], adaptive, &e);
    }
    if (seconds < 0) {
        fprintf(stderr, "step: %s\n", e.text);
        return 1;
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("step %.4f s, %.2f images/s, peak RSS %ld MiB\n", seconds, a[0] / seconds,
           used.ru_maxrss / 1024);
    graph_free(g);
    return 0;
}
