#include "search/candidate.h"
#include "search/path.h"

const struct search_space *candidate_space(const struct search *s)
{
    (void)s;
    return &SPACE_DARTS;
}

void candidate_draw(const struct search *s, const char *purpose, uint64_t step, uint64_t i,
                    struct architecture *a)
{
    const struct search_space *space = candidate_space(s);
    struct random r = random_stream(s->seed, purpose, step);
    r.at = i * 64; /* more than one draw takes */
    architecture_at(a, space, random_below(&r, search_space_count(space)));
}

int candidate_train(struct search *s, const struct architecture *a, struct error *e)
{
    struct darts *d = &s->darts;
    struct path p;
    const struct graph_run run = {
        .n = s->training.n, .track = true, .gradients = 1u << GRAPH_WEIGHTS, .seed = s->seed};
    if (path_new(&p, &s->model, &a->genotype, d->velocity, s->training.n, e))
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

int candidate_judge(struct search *s, const struct architecture *a, struct judgement *j,
                    struct error *e)
{
    const struct batch *b = &s->held_out;
    const int classes = s->model.classes;
    struct path p;
    int right = 0;
    if (path_new(&p, &s->model, &a->genotype, NULL, b->n, e))
        return -1;
    batch_show(b, p.net.x, p.net.label);
    graph_forward(p.graph, &(struct graph_run){.n = b->n});
    for (int i = 0; i < b->n; i++)
        right += batch_best(node_value(p.net.logits) + i * classes, classes) == b->label[i];
    *j = (struct judgement){(double)*node_value(p.net.loss), (double)right / b->n};
    path_free(&p);
    return 0;
}

/* ---- the architecture parameters of DARTS ---- */

static real *table(const struct search *s, const char *name)
{
    return node_value(graph_find(s->model.graph, name));
}

void candidate_found(const struct search *s, struct architecture *a)
{
    enum { COUNT = CELL_EDGES * PRIMITIVES };
    const real *normal = table(s, "an"), *reduce = table(s, "ar");
    float value[2][COUNT];
    for (int i = 0; i < COUNT; i++) {
        value[0][i] = (float)normal[i];
        value[1][i] = (float)reduce[i];
    }
    a->space = candidate_space(s);
    genotype_derive(&a->genotype, value[0], value[1]);
}

/* 1 at the cell's operations, and at none where it has no edge. */
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

void candidate_take(struct search *s, const struct architecture *a)
{
    set_one_hot(table(s, "an"), &a->genotype.normal);
    set_one_hot(table(s, "ar"), &a->genotype.reduce);
}
