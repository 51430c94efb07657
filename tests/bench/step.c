/* One training step of a whole network on made-up images, as the programs in peers/ time it, and
 * in their words: forward, backward, clipping, optimiser. As there, a super-net's backward pass
 * goes to the architecture, too, though the step is on the weights.
 *
 *     step supernet [batch] [channels] [cells] [side] [image channels] [threads]
 *     step second-order ...    both steps of a search: on the architecture, then on the weights
 *     step discrete ...        DARTS' published second-order cell
 *     step autoencoder [batch] [image channels] [latent] [threads]
 *
 * Beside the peak it prints what the plan and the parameters come to, by how much the process has
 * grown through planning, forward and backward, and what products of convolutions and matrices a
 * step takes. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "base/memory.h"
#include "base/program.h"
#include "base/random.h"
#include "darts_v2.h"
#include "network/network.h"
#include "search/darts.h"

enum { MOST_STEPS = 10, LEAST_STEPS = 3, CLASSES = 10 };
enum { WEIGHTS = 1u << GRAPH_WEIGHTS, ARCHITECTURE = 1u << GRAPH_ARCHITECTURE };
static const double RATE = 0.025, PATIENCE = 5; /* seconds, once there have been LEAST_STEPS */

struct work {
    struct graph *graph;
    struct node *x, *label, *loss; /* label NULL: none */
    int batch, steps;
    unsigned besides; /* groups that each pass differentiates by */
    struct darts darts;
    real *first, *second; /* moments of Adam on the weights */
};

struct kind {
    const char *name;
    int arguments, given[6];
    int (*build)(struct work *w, const int *a, struct error *e);
    void (*step)(struct work *w);
};

static int build_supernet(struct work *w, const int *a, struct error *e)
{
    struct supernet s = {
        .image = {a[3], a[3], a[4]}, .channels = a[1], .cells = a[2], .classes = CLASSES};
    int failed = supernet_build(&s, w->graph, e);
    w->x = s.x, w->label = s.label, w->loss = s.loss;
    return failed;
}

static int build_discrete(struct work *w, const int *a, struct error *e)
{
    struct discrete d = {
        .image = {a[3], a[3], a[4]}, .channels = a[1], .cells = a[2], .classes = CLASSES};
    struct genotype genotype;
    int failed = genotype_parse(&genotype, darts_v2, strlen(darts_v2), e) ||
                 discrete_build(&d, w->graph, &genotype, e);
    w->x = d.x, w->label = d.label, w->loss = d.loss;
    return failed;
}

static int build_autoencoder(struct work *w, const int *a, struct error *e)
{
    struct autoencoder s = {.side = 32, .channels = a[1], .width = 64, .latent = a[2]};
    w->x = graph_input(w->graph, "x", s.side, s.side, s.channels);
    w->loss =
        mean_squared_error(decoder_build(&s, w->graph, encoder_build(&s, w->graph, w->x)), w->x);
    return graph_check(w->graph, e);
}

static void differentiate(void *context, enum darts_batch batch, unsigned groups, bool step)
{
    struct work *w = context;
    struct graph_run run = {.n = w->batch, .track = step, .gradients = groups | w->besides};
    (void)batch; /* the same images serve as both */
    graph_forward(w->graph, &run);
    graph_backward(w->graph, &run);
}

static void step_weights(struct work *w)
{
    w->besides = ARCHITECTURE;
    darts_weight_step(&w->darts, RATE);
}

static void step_both(struct work *w)
{
    darts_architecture_step(&w->darts, RATE);
    darts_weight_step(&w->darts, RATE);
}

static void step_adam(struct work *w)
{
    struct adam adam = {.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    differentiate(w, DARTS_TRAINING, WEIGHTS, true);
    adam_step(&adam, w->darts.weights, w->first, w->second, ++w->steps);
}

static const struct kind kinds[] = {
    {"supernet", 6, {16, 16, 8, 28, 1, 2}, build_supernet, step_weights},
    {"second-order", 6, {16, 16, 8, 28, 1, 2}, build_supernet, step_both},
    {"discrete", 6, {96, 16, 8, 28, 1, 2}, build_discrete, step_weights},
    {"autoencoder", 4, {64, 1, 8, 2}, build_autoencoder, step_adam},
    {0},
};

static double peak_mib(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_maxrss / 1024;
}

/* Plans, and fills parameters, images and labels. */
static int prepare(struct work *w, struct error *e)
{
    struct random r = random_stream(1, "bench", 0);
    if (graph_plan(w->graph, w->loss, w->batch, GRAPH_TRAIN, e))
        return -1;
    network_initialise(w->graph, 1);
    for (size_t i = 0; i < node_count(w->x) * (size_t)w->batch; i++)
        node_value(w->x)[i] = (real)(2 * random_uniform(&r) - 1);
    for (int i = 0; w->label && i < w->batch; i++)
        node_value(w->label)[i] = (real)random_below(&r, CLASSES);
    return 0;
}

static int begin_training(struct work *w, struct error *e)
{
    struct group weights = graph_group(w->graph, GRAPH_WEIGHTS);
    if (darts_init(&w->darts, weights, graph_group(w->graph, GRAPH_ARCHITECTURE), e))
        return -1;
    w->darts.differentiate = differentiate;
    w->darts.context = w;
    w->first = array_new(weights.count, sizeof(real), "moments", e);
    w->second = array_new(weights.count, sizeof(real), "moments", e);
    return w->first && w->second ? 0 : -1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the steps after the first. */
static double median_seconds(struct work *w, const struct kind *kind)
{
    double seconds[MOST_STEPS], began = clock_seconds();
    int n = 0;
    kind->step(w);
    while (n < MOST_STEPS && (n < LEAST_STEPS || clock_seconds() - began < PATIENCE)) {
        double start = clock_seconds();
        kind->step(w);
        seconds[n++] = clock_seconds() - start;
    }
    qsort(seconds, (size_t)n, sizeof *seconds, by_size);
    return seconds[n / 2];
}

/* Of one step more. */
static double product_flops(struct work *w, const struct kind *kind)
{
    const struct op_profile *row;
    double flops = 0;
    graph_profile(w->graph, true);
    kind->step(w);
    for (int left = graph_profile_rows(w->graph, &row); left-- > 0; row++)
        flops += 2 * row->macs;
    return flops;
}

static int measure(struct work *w, const struct kind *kind, const int *a, struct error *e)
{
    struct graph_size size;
    w->batch = a[0];
    w->graph = graph_new(e);
    if (!w->graph || kind->build(w, a, e) ||
        graph_measure(w->graph, w->loss, w->batch, GRAPH_TRAIN, &size, e))
        return -1;
    double before = peak_mib();
    if (prepare(w, e))
        return -1;
    differentiate(w, DARTS_TRAINING, WEIGHTS, true);
    double grown = peak_mib() - before, planned = (double)size.arena_bytes;
    for (int k = 0; k < GRAPH_GROUPS; k++) {
        struct group group = graph_group(w->graph, (enum graph_group)k);
        planned += (double)(group.count * sizeof(real)) * (group.gradient ? 2 : 1);
    }
    if (begin_training(w, e))
        return -1;
    double seconds = median_seconds(w, kind), peak = peak_mib(), flops = product_flops(w, kind);
    printf("step %.4f s, %.2f images/s, peak RSS %.1f MiB; planned %.1f, touched %.1f; "
           "%.3f GFLOP of products\n",
           seconds, w->batch / seconds, peak, planned / 1048576, grown, flops / 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    const struct kind *kind = kinds;
    while (kind->name && (argc < 2 || strcmp(argv[1], kind->name)))
        kind++;
    if (!kind->name || argc > 2 + kind->arguments) {
        fprintf(stderr, "usage: step supernet|second-order|discrete|autoencoder [number...]\n");
        return 2;
    }
    int a[6];
    memcpy(a, kind->given, sizeof a);
    for (int i = 2; i < argc; i++)
        a[i - 2] = atoi(argv[i]);
    if (a[0] < 1 || a[kind->arguments - 1] < 1) {
        fprintf(stderr, "step: batch and threads: expected 1 or more\n");
        return 2;
    }
    omp_set_num_threads(a[kind->arguments - 1]);

    struct error e;
    struct work w = {0};
    int failed = measure(&w, kind, a, &e);
    if (failed)
        fprintf(stderr, "step: %s\n", e.text);
    darts_free(&w.darts);
    free(w.first);
    free(w.second);
    graph_free(w.graph);
    return failed ? 1 : 0;
}
