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

const struct op *kernels_op(const struct kernels *k, const struct node *n)
{
#ifdef __x86_64__
    const struct kernels *narrow = &kernels_op_avx2;
    if (k == &kernels_op_avx512 && k->op[n->code] && k->op[n->code]->by_channels &&
        node_channels(n) <= narrow->lanes)
        k = narrow;
#endif
    return k->op[n->code];
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
    const struct op *op = n->op;
    struct op_profile *row = profile_row(g, op->name);
    double values = (double)node_elements(n, images);
    for (int i = 0; i < n->inputs; i++)
        values += n->input[i] ? (double)node_elements(n->input[i], images) : 0;
    row->bytes += (backward ? 2 : 1) * values * sizeof(real);
    row->macs += op->macs ? (backward ? 2 : 1) * images * op->macs(n) : 0;
    *(backward ? &row->backward_seconds : &row->forward_seconds) += spent;
    row->calls += !backward;
}

struct context graph_context(const struct graph *g, const struct graph_run *run)
{
    const struct plan *p = &g->plan;
    assert(g->arena && run->n >= 1 && run->n <= p->batch);
    int threads = omp_get_max_threads(); /* no more than have work of their own */
    real *scratch = (real *)(g->arena + p->scratch_offset);
    return (struct context){.run = run,
                            .n = run->n,
                            .threads = threads < GRAPH_SLICES ? threads : GRAPH_SLICES,
                            .tasks = threads > 4 ? GRAPH_SLICES : GRAPH_SLICES / 2,
                            .scratch = scratch,
                            .scratch_stride = p->scratch_stride,
                            .work = scratch + GRAPH_SLICES * p->scratch_stride,
                            .work_stride = p->work_stride};
}

static struct context context_of(const struct context *c, const struct action *a)
{
    struct context own = *c;
    own.remaking = a->remaking;
    own.scratch += a->scratch;
    return own;
}

static void run_slice(struct graph *g, const struct context *c, int first, int slice)
{
    const struct plan *p = &g->plan;
    for (int i = first; i < p->action[first].next; i++) {
        struct action *a = &p->action[i];
        const struct context own = context_of(c, a);
        double started = g->profiling ? seconds() : 0;
        action_pass(a)->slice(a->node, &own, slice);
        if (g->profiling) {
            double spent = seconds() - started;
#pragma omp atomic
            a->sliced += spent;
        }
    }
}

/* Runs the slices of a stretch. While profiling, the time that this takes is shared among its ops
 * as their slices' is. */
static void run_slices(struct graph *g, const struct context *c, int first)
{
    struct action *action = g->plan.action;
    double started = g->profiling ? seconds() : 0, all = 0;
    FOR_SLICES(c, slice)
    run_slice(g, c, first, slice);
    if (!g->profiling)
        return;
    double took = seconds() - started;
    for (int i = first; i < action[first].next; i++)
        all += action[i].sliced;
    for (int i = first; i < action[first].next; i++)
        action[i].sliced *= all > 0 ? took / all : 0;
}

static void run_whole(struct graph *g, const struct context *c, struct action *a,
                      void (*f)(const struct node *n, const struct context *c))
{
    const struct context own = context_of(c, a);
    double started = g->profiling ? seconds() : 0;
    if (f)
        f(a->node, &own);
    a->whole += g->profiling ? seconds() - started : 0;
}

int graph_stretch(struct graph *g, const struct context *c, int first)
{
    struct action *action = g->plan.action;
    int next = action[first].next;
    for (int i = first; i < next; i++)
        action[i].whole = action[i].sliced = 0;
    if (action_pass(&action[first])->slice) {
        for (int i = first; i < next; i++)
            run_whole(g, c, &action[i], action_pass(&action[i])->begin);
        run_slices(g, c, first);
        for (int i = first; i < next; i++)
            run_whole(g, c, &action[i], action_pass(&action[i])->end);
    } else {
        run_whole(g, c, &action[first], action_pass(&action[first])->begin);
    }
    for (int i = first; g->profiling && i < next; i++)
        profile_add(g, action[i].node, c->n, action[i].whole + action[i].sliced,
                    action[i].backward);
    return next;
}

static void run_actions(struct graph *g, const struct graph_run *run, int first, int last)
{
    const struct context c = graph_context(g, run);
#pragma omp parallel num_threads(c.threads)
#pragma omp single
    while (first < last)
        first = graph_stretch(g, &c, first);
}

void graph_forward(struct graph *g, const struct graph_run *run)
{
    run_actions(g, run, 0, g->plan.forwards);
}

void graph_backward(struct graph *g, const struct graph_run *run)
{
    assert(g->plan.use == GRAPH_TRAIN);
    const struct node *loss = g->plan.loss;
    if (!loss->shape.batched && node_count(loss) == 1)
        loss->gradient[0] = 1;
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = g->node[i];
        if (n->unused && n->gradient && run->gradients >> n->group & 1)
            memset(n->gradient, 0, node_count(n) * sizeof(real));
    }
    run_actions(g, run, g->plan.forwards, g->plan.actions);
}
