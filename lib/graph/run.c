#include "graph/internal.h"
#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/processor.h"

extern const struct kernels kernels_op_baseline;
#ifdef __x86_64__
extern const struct kernels kernels_op_avx2, kernels_op_avx512;
#endif

const struct kernels *kernels_choose(struct error *e)
{
    static const struct kernels *const kernels[PROCESSORS] = {
        [PROCESSOR_BASELINE] = &kernels_op_baseline,
#ifdef __x86_64__
        [PROCESSOR_AVX2] = &kernels_op_avx2,
        [PROCESSOR_AVX512] = &kernels_op_avx512,
#endif
    };
    const int processor = processor_choose(e);
    return processor < 0 ? NULL : kernels[processor];
}

const char *graph_processor(void)
{
    struct error e;
    const struct kernels *k = kernels_choose(&e);
    return k ? k->name : "none";
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void graph_profile(struct graph *g, bool on)
{
    g->profiling = on;
    g->profiles = 0;
}

int graph_profile_rows(const struct graph *g, const struct op_profile **rows)
{
    *rows = g->profile;
    return g->profiles;
}

static struct op_profile *profile_row(struct graph *g, const char *name)
{
    for (int i = 0; i < g->profiles; i++)
        if (!strcmp(g->profile[i].name, name))
            return &g->profile[i];
    g->profile[g->profiles] = (struct op_profile){.name = name};
    return &g->profile[g->profiles++];
}

/* Backward is counted as twice the forward pass, as is usual. */
static void profile_add(struct graph *g, const struct node *n, int images, double spent,
                        bool backward)
{
    const struct op *op = g->kernels->op[n->code];
    struct op_profile *row = profile_row(g, op->name);
    double values = (double)node_elements(n, images);
    for (int i = 0; i < n->inputs; i++)
        values += n->input[i] ? (double)node_elements(n->input[i], images) : 0;
    row->bytes += (backward ? 2 : 1) * values * sizeof(real);
    row->macs += op->macs ? (backward ? 2 : 1) * images * op->macs(n) : 0;
    *(backward ? &row->backward_seconds : &row->forward_seconds) += spent;
    row->calls += !backward;
}

static struct context context(const struct graph *g, const struct graph_run *run)
{
    assert(g->arena && run->n >= 1 && run->n <= g->plan.batch);
    int threads = omp_get_max_threads(); /* no more than have scratch of their own */
    return (struct context){.run = run,
                            .n = run->n,
                            .threads = threads < GRAPH_SLICES ? threads : GRAPH_SLICES,
                            .tasks = threads > 4 ? GRAPH_SLICES : GRAPH_SLICES / 2,
                            .scratch = (real *)(g->arena + g->plan.scratch_offset),
                            .scratch_stride = g->plan.scratch_stride};
}

static void step(struct graph *g, const struct node *n, const struct context *c, bool backward)
{
    const struct op *op = g->kernels->op[n->code];
    double started = g->profiling ? seconds() : 0;
    (backward ? op->backward : op->forward)(n, c);
    if (g->profiling)
        profile_add(g, n, c->n, seconds() - started, backward);
}

/* The values that n's backward, at that time, is the first to need anew. */
static void remake(struct graph *g, const struct node *n, const struct context *c, int time)
{
    struct context again = *c;
    again.remaking = true;
    for (int k = -1; k < n->inputs; k++) {
        const struct node *of = k < 0 ? n : n->input[k];
        if (of && g->plan.remade[of->index] && plan_block(&g->plan, of, BLOCK_VALUE)->again == time)
            step(g, of, &again, false);
    }
}

void graph_step(struct graph *g, const struct context *c, int time)
{
    const struct plan *p = &g->plan;
    const struct node *n = p->order[time < p->ordered ? time : 2 * p->ordered - 1 - time];
    if (time < p->ordered) {
        step(g, n, c, false);
    } else if (p->flows[n->index]) {
        remake(g, n, c, time);
        step(g, n, c, true);
    }
}

void graph_forward(struct graph *g, const struct graph_run *run)
{
    struct context c = context(g, run);
#pragma omp parallel num_threads(c.threads)
#pragma omp single
    for (int time = 0; time < g->plan.ordered; time++)
        graph_step(g, &c, time);
}

void graph_backward(struct graph *g, const struct graph_run *run)
{
    struct context c = context(g, run);
    assert(g->plan.use == GRAPH_TRAIN);
    const struct node *loss = g->plan.loss;
    if (!loss->shape.batched && node_count(loss) == 1)
        loss->gradient[0] = 1;
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = g->node[i];
        if (n->unused && n->gradient && run->gradients >> n->group & 1)
            memset(n->gradient, 0, node_count(n) * sizeof(real));
    }
#pragma omp parallel num_threads(c.threads)
#pragma omp single
    for (int time = g->plan.ordered; time < 2 * g->plan.ordered; time++)
        graph_step(g, &c, time);
}
