/* GFLOP/s of the kernels at the super-net's and the auto-encoder's shapes, forward and backward
 * together (backward counted twice), beside a square matrix product of 1024 in the same run, since
 * a machine's clock is nobody's promise; of what has no products microseconds. usage: kernels
 * [batch] [threads] */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "graph/ops.h"

struct shape_row {
    const char *op;
    int side, channels, out;
    struct window window;
};

static const struct shape_row rows[] = {
    {"linear", 1, 1024, 1024, {0}},
    {"separable", 28, 16, 16, {.kernel = 3, .pad = 1}},
    {"separable", 28, 16, 16, {.kernel = 5, .pad = 2}},
    {"separable", 28, 16, 16, {.kernel = 5, .pad = 4, .dilation = 2}},
    {"separable", 28, 32, 32, {.kernel = 5, .stride = 2, .pad = 2}},
    {"separable", 14, 32, 32, {.kernel = 3, .pad = 1}},
    {"separable", 14, 32, 32, {.kernel = 5, .pad = 2}},
    {"separable", 7, 64, 64, {.kernel = 3, .pad = 1}},
    {"separable", 7, 64, 64, {.kernel = 5, .pad = 2}},
    {"depthwise", 28, 16, 16, {.kernel = 3, .pad = 1}},
    {"depthwise", 14, 32, 32, {.kernel = 5, .pad = 2}},
    {"max_pool", 28, 16, 16, {.kernel = 3, .pad = 1}},
    {"max_pool", 14, 32, 32, {.kernel = 3, .pad = 1}},
    {"max_pool", 28, 16, 16, {.kernel = 3, .stride = 2, .pad = 1}},
    {"avg_pool", 28, 16, 16, {.kernel = 3, .pad = 1}},
    {"avg_pool", 14, 32, 32, {.kernel = 3, .pad = 1}},
    {"conv2d", 28, 64, 16, {.kernel = 1, .relu = true}},
    {"conv2d", 28, 16, 16, {.kernel = 3, .pad = 1}},
    {"conv2d", 14, 64, 64, {.kernel = 3, .pad = 1}},
    {"conv2d", 32, 3, 64, {.kernel = 4, .stride = 2, .pad = 1}},
    {"conv2d", 16, 64, 128, {.kernel = 4, .stride = 2, .pad = 1}},
    {"conv2d", 8, 128, 256, {.kernel = 4, .stride = 2, .pad = 1}},
    {"conv_transpose2d", 4, 256, 128, {.kernel = 4, .stride = 2, .pad = 1}},
    {"conv_transpose2d", 8, 128, 64, {.kernel = 4, .stride = 2, .pad = 1}},
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct node *build(struct graph *g, const struct shape_row *r)
{
    int k = r->window.kernel, c = r->channels;
    bool transpose = !strcmp(r->op, "conv_transpose2d");
    struct initial initial = initial_fan_in(c * (k ? k * k : 1));
    struct node *x = graph_input(g, "x", r->side, r->side, c), *w;
    graph_differentiate(x);
    if (!strcmp(r->op, "linear")) {
        w = graph_weight(g, "w", GRAPH_WEIGHTS, 2, (int[]){c, r->out}, initial);
        return linear(x, w, NULL);
    }
    if (!strncmp(r->op, "conv", 4)) {
        int extent[4] = {k, k, transpose ? r->out : c, transpose ? c : r->out};
        w = graph_weight(g, "w", GRAPH_WEIGHTS, 4, extent, initial);
        return transpose ? conv_transpose2d(x, w, r->window) : conv2d(x, w, r->window);
    }
    if (!strcmp(r->op, "max_pool"))
        return max_pool(x, r->window);
    if (!strcmp(r->op, "avg_pool"))
        return avg_pool(x, r->window);
    w = graph_weight(g, "w", GRAPH_WEIGHTS, 3, (int[]){k, k, c}, initial);
    if (!strcmp(r->op, "depthwise"))
        return depthwise(x, w, r->window);
    struct node *p = graph_weight(g, "p", GRAPH_WEIGHTS, 4, (int[]){1, 1, c, r->out}, initial);
    return separable(x, NULL, w, p, r->window);
}

/* GFLOP/s of forward, and of forward and backward together, the best of some runs; less than 0:
 * microseconds. */
static int measure(const struct shape_row *r, int batch, double rate[2], struct error *e)
{
    struct graph *g = graph_new(e);
    struct node *loss = g ? mean_square_norm(build(g, r)) : NULL;
    struct graph_size size;
    if (!g || graph_measure(g, loss, batch, GRAPH_TRAIN, &size, e) ||
        graph_plan(g, loss, batch, GRAPH_TRAIN, e)) {
        graph_free(g);
        return -1;
    }
    graph_initialise(g, GRAPH_WEIGHTS, 1);
    struct node *x = graph_find(g, "x");
    for (size_t i = 0; i < node_count(x) * (size_t)batch; i++)
        node_value(x)[i] = (real)(i % 7) - 3;
    struct graph_run run = {.n = batch, .gradients = 1u << GRAPH_WEIGHTS};
    double best[2] = {1e9, 1e9}, flop = 2e-9 * size.macs * batch, end = seconds() + 0.3;
    do {
        const struct op_profile *row;
        graph_profile(g, true);
        graph_forward(g, &run);
        graph_backward(g, &run);
        for (int k = graph_profile_rows(g, &row); k-- > 0; row++) {
            double both = row->forward_seconds + row->backward_seconds;
            if (strcmp(row->name, r->op))
                continue;
            best[0] = row->forward_seconds < best[0] ? row->forward_seconds : best[0];
            best[1] = both < best[1] ? both : best[1];
        }
    } while (seconds() < end);
    rate[0] = flop > 0 ? flop / best[0] : -1e6 * best[0];
    rate[1] = flop > 0 ? 3 * flop / best[1] : -1e6 * best[1];
    graph_free(g);
    return 0;
}

int main(int argc, char **argv)
{
    int batch = argc > 1 ? atoi(argv[1]) : 16, threads = argc > 2 ? atoi(argv[2]) : 1;
    struct error e;
    double rate[2], product = 0;
    if (batch < 1 || threads < 1) {
        fprintf(stderr, "usage: kernels [batch] [threads]\n");
        return 2;
    }
    omp_set_num_threads(threads);
    printf("%s, batch %d, %d threads; GFLOP/s, and over a 1024 x 1024 x 1024 product's\n",
           graph_processor(), batch, threads);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct shape_row *r = &rows[i];
        if (measure(r, i ? batch : 1024, rate, &e)) {
            fprintf(stderr, "kernels: %s: %s\n", r->op, e.text);
            return 1;
        }
        if (!i)
            product = rate[0];
        printf("%-16s %2dx%-2dx%-4d to %-4d k%d s%d d%d  ", r->op, r->side, r->side, r->channels,
               r->out, r->window.kernel, r->window.stride + !r->window.stride,
               r->window.dilation + !r->window.dilation);
        if (rate[0] < 0)
            printf("forward %6.1f us  both %6.1f us\n", -rate[0], -rate[1]);
        else
            printf("forward %6.1f (%.2f)  both %6.1f (%.2f)\n", rate[0], rate[0] / product, rate[1],
                   rate[1] / product);
    }
    return 0;
}
