#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "network/widths_network.h"
#include "search/candidate.h"
#include "search/gumbel.h"
#include "search/path.h"
#include "search/strategy.h"

static const double HOTTEST = 5, COLDEST = 0.1; /* temperature, by half a cosine */
static const double FASTEST = 0.1, SLOWEST = 0; /* rates of a cosine schedule */
static const double DECAY = 5e-4, ARCHITECTURE_RATE = 1e-3;
static const double TOLERANCE = 0.05; /* of the largest network's multiply-adds */
static const double COST = 2;         /* its weight beside the loss */

enum { WIDTHS, DEPTHS, TABLES };

struct tas {
    double target;            /* setting: share of the largest network's multiply-adds */
    double most;              /* the largest network's */
    double *p[TABLES];        /* [rows, columns] of each table, at work; owned */
    bool any;                 /* an epoch ended within the tolerance */
    struct architecture best; /* of these */
};

static const struct space_table *table(const struct search *s, int i)
{
    return &s->model.space->table[i];
}

static const real *logits(const struct search *s, int i)
{
    return node_value(graph_find(s->model.graph, table(s, i)->name));
}

/* ---- what is found costs, and is expected to cost ---- */

static double macs(const struct search *s)
{
    const struct model *m = &s->model;
    const struct tas *t = s->own;
    return widths_macs(m->space, &m->image, m->channels, m->classes, (const double *const *)t->p);
}

static void expect(const struct search *s)
{
    const struct tas *t = s->own;
    for (int i = 0; i < TABLES; i++) {
        const struct space_table *of = table(s, i);
        for (int row = 0; row < of->rows; row++)
            gumbel_softmax(logits(s, i) + row * of->columns, of->columns,
                           t->p[i] + row * of->columns);
    }
}

static double share_of(const struct search *s, const struct architecture *a)
{
    const struct tas *t = s->own;
    struct edge_ops ops;
    a->space->edge_ops(a, &ops);
    for (int i = 0; i < TABLES; i++) {
        const int columns = table(s, i)->columns;
        for (int k = 0; k < table(s, i)->rows * columns; k++)
            t->p[i][k] = ops.of[i][k / columns] == k % columns;
    }
    return macs(s) / t->most;
}

/* Adds the slope of the cost, the logarithm of the expected multiply-adds, to the architecture's
 * gradient: of a row's logit k it is p[k] (those expected where the row chooses k / all - 1), as
 * what is expected is linear in the row. */
static void add_cost(const struct search *s, double factor)
{
    const struct tas *t = s->own;
    expect(s);
    const double all = macs(s);
    for (int i = 0; i < TABLES; i++) {
        const struct space_table *of = table(s, i);
        const size_t bytes = (size_t)of->columns * sizeof(double);
        real *to = node_gradient(graph_find(s->model.graph, of->name));
        for (int row = 0; row < of->rows; row++, to += of->columns) {
            double kept[SPACE_MOST_COLUMNS], *p = t->p[i] + row * of->columns;
            memcpy(kept, p, bytes);
            for (int k = 0; k < of->columns; k++) {
                memset(p, 0, bytes);
                p[k] = 1;
                to[k] += (real)(factor * kept[k] * (macs(s) / all - 1));
            }
            memcpy(p, kept, bytes);
        }
    }
}

/* Pulls what is found to the target, and a little below. */
static void add_cost_beyond_target(const struct search *s)
{
    const struct tas *t = s->own;
    struct architecture a;
    candidate_arrived(s, &a);
    const double share = share_of(s, &a);
    if (share < t->target - TOLERANCE)
        add_cost(s, -COST);
    else if (share > t->target)
        add_cost(s, COST);
}

/* ---- settings ---- */

static void begin(struct search *s)
{
    struct tas *t = s->own;
    s->darts.clip = INFINITY;
    s->darts.sgd.nesterov = true;
    s->darts.sgd.decay = DECAY;
    s->darts.adam.rate = ARCHITECTURE_RATE;
    s->cosine_most = FASTEST;
    s->cosine_least = SLOWEST;
    struct architecture largest;
    const struct search_space *space = s->model.space;
    architecture_at(&largest, space, 0);
    for (int k = 0; k < space->choices; k++)
        space->choose(&largest, k, space->options(space, k) - 1);
    t->most = 1;
    t->most = share_of(s, &largest);
}

static int read(struct search *s, const struct value *settings, struct error *e)
{
    const struct search_space *space = s->model.space;
    if (!space->blocks)
        return error_set(e, "strategy tas: the space %s has no widths and depths", space->name);
    struct tas *t = s->own = array_new(1, sizeof *t, "a search", e);
    if (!t)
        return -1;
    t->target = value_get_real(settings, "macs", NAN);
    if (!(t->target > 0 && t->target <= 1))
        return error_set(e, "search settings: macs is missing or not above 0 and at most 1");
    for (int i = 0; i < TABLES; i++) {
        const size_t count = (size_t)(space->table[i].rows * space->table[i].columns);
        if (!(t->p[i] = array_new(count, sizeof(double), "a search", e)))
            return -1;
    }
    return candidate_read_judge(s, settings, e);
}

static void drop(struct search *s)
{
    struct tas *t = s->own;
    for (int i = 0; i < TABLES; i++)
        free(t->p[i]);
    free(t);
}

/* ---- steps ---- */

/* What was drawn: two widths of every convolution, all depths of every stage, and what each is
 * multiplied by. */
struct draw {
    struct edge_ops ops;
    double temperature, gate[TABLES][SPACE_MOST_ROWS][SPACE_MOST_COLUMNS];
};

static double temperature(const struct search *s)
{
    const double epoch = (double)s->curriculum.epoch, end = s->total_epochs - 1;
    return cosine_rate(HOTTEST, COLDEST, epoch, end);
}

static void draw(const struct search *s, const char *purpose, struct draw *d)
{
    struct random r = random_stream(s->seed, purpose, (uint64_t)s->darts.steps);
    *d = (struct draw){.temperature = temperature(s)};
    for (int i = 0; i < TABLES; i++) {
        const int columns = table(s, i)->columns;
        for (int row = 0; row < table(s, i)->rows; row++) {
            double *p = d->gate[i][row];
            gumbel_draw(&r, logits(s, i) + row * columns, columns, d->temperature, p);
            d->ops.also[i][row] =
                i == WIDTHS ? gumbel_keep_two(&r, p, columns) : (1u << columns) - 1;
            while (!(d->ops.also[i][row] >> d->ops.of[i][row] & 1))
                d->ops.of[i][row]++;
        }
    }
}

/* The drawn network, with the super-net's weights. velocity: as path_new_gated takes it. */
static int open_path(const struct search *s, const struct draw *d, const real *velocity, int batch,
                     struct path *p, struct error *e)
{
    if (path_new_gated(p, &s->model, &d->ops, velocity, batch, e))
        return -1;
    for (int i = 0; i < TABLES; i++) {
        const struct space_table *of = table(s, i);
        real *to = node_value(p->net.table[i]);
        for (int k = 0; k < of->rows * of->columns; k++)
            to[k] = (real)d->gate[i][k / of->columns][k % of->columns];
    }
    return 0;
}

static int weight_step(struct search *s, struct error *e)
{
    struct draw d;
    struct path p;
    draw(s, "tas weights", &d);
    if (open_path(s, &d, s->darts.velocity, s->training.n, &p, e))
        return -1;
    candidate_train_open(s, &p);
    path_free(&p);
    return 0;
}

static int architecture_step(struct search *s, struct error *e)
{
    struct darts *a = &s->darts;
    struct draw d;
    struct path p;
    draw(s, "tas architecture", &d);
    if (open_path(s, &d, NULL, s->held_out.n, &p, e))
        return -1;
    candidate_slopes(s, &p);
    for (int i = 0; i < TABLES; i++) {
        const struct space_table *of = table(s, i);
        const real *slope = node_gradient(p.net.table[i]);
        real *to = node_gradient(graph_find(s->model.graph, of->name));
        for (int row = 0; row < of->rows; row++, slope += of->columns, to += of->columns)
            gumbel_soft_gradient(d.gate[i][row], of->columns, d.temperature, slope, to);
    }
    path_free(&p);
    add_cost_beyond_target(s);
    adam_step(&a->adam, a->architecture, a->first, a->second, ++a->steps);
    return 0;
}

static int step(struct search *s, struct error *e)
{
    return weight_step(s, e) || architecture_step(s, e) ? -1 : 0;
}

/* ---- what is found ---- */

static bool found(const struct search *s, struct architecture *a)
{
    const struct tas *t = s->own;
    if (t->any)
        *a = t->best;
    return t->any;
}

static int end_epoch(struct search *s, struct error *e)
{
    struct tas *t = s->own;
    struct architecture a;
    struct judgement now, before = {INFINITY, 0};
    candidate_arrived(s, &a);
    if (fabs(share_of(s, &a) - t->target) > TOLERANCE)
        return 0;
    if (candidate_judge(s, &a, &now, e) || (t->any && candidate_judge(s, &t->best, &before, e)))
        return -1;
    if (!isnan(now.loss) && loss_beats(now.loss, before.loss)) {
        t->best = a;
        t->any = true;
    }
    return 0;
}

/* ---- {macs, the share of what derive finds, told alone; found, where an epoch was right} ---- */

static struct value *keep(const struct search *s)
{
    const struct tas *t = s->own;
    struct error e;
    struct architecture a;
    struct value *kept = value_map();
    candidate_found(s, &a);
    value_set_real(kept, "macs", share_of(s, &a));
    if (t->any) {
        autofree char *text = architecture_text(&t->best, &e);
        value_set(kept, "found", text ? value_text(text) : NULL);
    }
    return kept;
}

static int restore(struct search *s, const struct value *kept, struct error *e)
{
    struct tas *t = s->own;
    const char *text = value_get_text(kept, "found", NULL);
    t->any = text;
    if (text && architecture_parse(&t->best, s->model.space, text, strlen(text), e))
        return error_wrap(e, "meta: search: kept: found");
    return 0;
}

const struct strategy STRATEGY_TAS = {.name = "tas",
                                      .options = "macs judge",
                                      .cosine = true,
                                      .read = read,
                                      .begin = begin,
                                      .step = step,
                                      .end_epoch = end_epoch,
                                      .found = found,
                                      .drop = drop,
                                      .keep = keep,
                                      .restore = restore};
