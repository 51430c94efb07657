#include "search/candidate.h"
#include "search/gumbel.h"
#include "search/path.h"
#include "search/strategy.h"

static const double HOTTEST = 10, COLDEST = 0.1;

/* What was drawn for every edge. */
struct draw {
    struct edge_ops ops;
    double temperature, p[SPACE_MOST_TABLES][SPACE_MOST_ROWS][SPACE_MOST_COLUMNS];
};

static int read(struct search *s, const struct value *settings, struct error *e)
{
    (void)s, (void)settings, (void)e;
    return 0;
}

static double temperature(const struct search *s)
{
    const double epoch = (double)s->curriculum.epoch, last = s->total_epochs - 1;
    return epoch < last ? HOTTEST + (COLDEST - HOTTEST) * epoch / last : COLDEST;
}

static void draw(const struct search *s, const char *purpose, struct draw *d)
{
    const struct search_space *space = s->model.space;
    struct random r = random_stream(s->seed, purpose, (uint64_t)s->darts.steps);
    *d = (struct draw){.temperature = temperature(s)};
    for (int i = 0; i < space->tables; i++) {
        const struct space_table *t = &space->table[i];
        const real *row = node_value(graph_find(s->model.graph, t->name));
        for (int edge = 0; edge < t->rows; edge++, row += t->columns)
            d->ops.of[i][edge] = gumbel_draw(&r, row, t->columns, d->temperature, d->p[i][edge]);
    }
}

/* Of the architecture parameters, from the loss's slope at the gate of each operation drawn; of
 * none, which adds nothing, that is 0. */
static void set_gradient(const struct search *s, const struct path *p, const struct draw *d)
{
    const struct search_space *space = s->model.space;
    for (int i = 0; i < space->tables; i++) {
        const struct space_table *t = &space->table[i];
        const real *slope = node_gradient(p->net.table[i]);
        real *to = node_gradient(graph_find(s->model.graph, t->name));
        for (int edge = 0; edge < t->rows; edge++, slope += t->columns, to += t->columns) {
            const int drawn = d->ops.of[i][edge];
            gumbel_gradient(d->p[i][edge], t->columns, drawn, d->temperature, (double)slope[drawn],
                            to);
        }
    }
}

static int architecture_step(struct search *s, struct error *e)
{
    struct darts *a = &s->darts;
    struct draw d;
    struct path p;
    draw(s, "gdas architecture", &d);
    if (path_new_gated(&p, &s->model, &d.ops, NULL, s->held_out.n, e))
        return -1;
    candidate_slopes(s, &p);
    set_gradient(s, &p, &d);
    path_free(&p);
    adam_step(&a->adam, a->architecture, a->first, a->second, ++a->steps);
    return 0;
}

static int step(struct search *s, struct error *e)
{
    struct draw d;
    if (architecture_step(s, e))
        return -1;
    draw(s, "gdas weights", &d);
    return candidate_train_path(s, &d.ops, e);
}

const struct strategy STRATEGY_GDAS = {.name = "gdas", .options = "", .read = read, .step = step};
