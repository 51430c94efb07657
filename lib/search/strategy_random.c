#include <math.h>
#include "search/path.h"
#include "search/settings.h"
#include "search/strategy.h"

enum { MOST_CANDIDATES = 1000 };

static int read(struct search *s, const struct value *settings, struct error *e)
{
    return settings_int(settings, "search settings", "candidates", 1, MOST_CANDIDATES,
                        &s->candidates, e);
}

static struct genotype draw(const struct search *s, const char *purpose, uint64_t step, uint64_t i)
{
    struct random r = random_stream(s->seed, purpose, step);
    struct architecture a;
    r.at = i * 64; /* more than one draw takes */
    architecture_at(&a, &SPACE_DARTS, random_below(&r, search_space_count(&SPACE_DARTS)));
    return a.genotype;
}

static int step(struct search *s, struct error *e)
{
    struct darts *d = &s->darts;
    struct path p;
    const struct genotype drawn = draw(s, "path", (uint64_t)d->steps++, 0);
    const struct graph_run run = {
        .n = s->training.n, .track = true, .gradients = 1u << GRAPH_WEIGHTS, .seed = s->seed};
    if (path_new(&p, &s->model, &drawn, d->velocity, s->training.n, e))
        return -1;
    batch_show(&s->training, p.net.x, p.net.label);
    graph_forward(p.graph, &run);
    search_note_outputs(s, node_value(p.net.logits), (double)*node_value(p.net.loss));
    graph_backward(p.graph, &run);
    const struct group weights = graph_group(p.graph, GRAPH_WEIGHTS);
    clip_gradient(weights, d->clip);
    d->sgd.rate = s->rate;
    sgd_step(&d->sgd, weights, p.velocity);
    path_give_back(&p, d->velocity);
    path_free(&p);
    return 0;
}

/* *loss = that of the architecture on s->held_out, by the shared weights. */
static int weigh(struct search *s, const struct genotype *g, double *loss, struct error *e)
{
    struct path p;
    if (path_new(&p, &s->model, g, NULL, s->held_out.n, e))
        return -1;
    batch_show(&s->held_out, p.net.x, p.net.label);
    graph_forward(p.graph, &(struct graph_run){.n = s->held_out.n});
    *loss = (double)*node_value(p.net.loss);
    path_free(&p);
    return 0;
}

/* Architecture parameters from which g is derived, and whose softmax is one-hot: 1 at g's
 * operations, and at none where it has no edge. */
static void set_one_hot(real *alpha, const struct cell_genotype *cell)
{
    enum { OFF = -200 }; /* exp(OFF) is 0 beside 1 */
    for (int edge = 0; edge < CELL_EDGES; edge++)
        for (int op = 0; op < PRIMITIVES; op++)
            alpha[edge * PRIMITIVES + op] = op == PRIMITIVE_NONE ? 0 : OFF;
    for (int k = 0; k < GENOTYPE_PAIRS; k++) {
        real *row = alpha + cell_edge(k / 2, cell->gene[k].input) * PRIMITIVES;
        row[PRIMITIVE_NONE] = OFF;
        row[cell->gene[k].op] = 0;
    }
}

static void derive(struct genotype *g, const real *normal, const real *reduce)
{
    enum { COUNT = CELL_EDGES * PRIMITIVES };
    float table[2][COUNT];
    for (int i = 0; i < COUNT; i++) {
        table[0][i] = (float)normal[i];
        table[1][i] = (float)reduce[i];
    }
    genotype_derive(g, table[0], table[1]);
}

static int end_epoch(struct search *s, struct error *e)
{
    real *normal = node_value(graph_find(s->model.graph, "an"));
    real *reduce = node_value(graph_find(s->model.graph, "ar"));
    struct genotype best;
    double least;
    derive(&best, normal, reduce);
    if (weigh(s, &best, &least, e))
        return -1;
    for (int i = 0; i < s->candidates; i++) {
        const struct genotype g = draw(s, "candidate", (uint64_t)s->curriculum.epoch, (uint64_t)i);
        double loss;
        if (weigh(s, &g, &loss, e))
            return -1;
        if (loss < least) {
            least = loss;
            best = g;
        }
    }
    set_one_hot(normal, &best.normal);
    set_one_hot(reduce, &best.reduce);
    return 0;
}

const struct strategy STRATEGY_RANDOM = {
    .name = "random", .read = read, .step = step, .end_epoch = end_epoch};
