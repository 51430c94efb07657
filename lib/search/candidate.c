#include "search/candidate.h"
#include "search/settings.h"
#include "search/strategy.h"

static const char what[] = "search settings";

int candidate_read_judge(struct search *s, const struct value *settings, struct error *e)
{
    if (!value_get(settings, "judge"))
        return 0;
    return settings_int(settings, what, "judge", 1, SEARCH_MOST_JUDGED, &s->judge, e);
}

int candidate_read(struct search *s, const struct value *settings, struct error *e)
{
    if (candidate_read_judge(s, settings, e))
        return -1;
    return settings_int(settings, what, "candidates", 1, SEARCH_MOST_CANDIDATES, &s->candidates, e);
}

void candidate_draw(const struct search *s, const char *purpose, uint64_t step, uint64_t i,
                    struct architecture *a)
{
    struct random r = random_stream(s->seed, purpose, step);
    r.at = i * 1024; /* more than one draw takes */
    architecture_draw(a, s->model.space, &r);
}

void candidate_train_open(struct search *s, const struct path *p)
{
    struct darts *d = &s->darts;
    const struct graph_run run = {
        .n = s->training.n, .track = true, .gradients = 1u << GRAPH_WEIGHTS, .seed = s->seed};
    batch_show(&s->training, p->net.x, p->net.label);
    graph_forward(p->graph, &run);
    search_note_outputs(s, node_value(p->net.logits), (double)*node_value(p->net.loss));
    graph_backward(p->graph, &run);
    const struct group weights = graph_group(p->graph, GRAPH_WEIGHTS);
    clip_gradient(weights, d->clip);
    d->sgd.rate = s->rate;
    sgd_step(&d->sgd, weights, p->velocity);
    path_give_back(p, d->velocity);
}

void candidate_slopes(const struct search *s, const struct path *p)
{
    const struct graph_run run = {
        .n = s->held_out.n, .gradients = 1u << GRAPH_ARCHITECTURE, .seed = s->seed};
    batch_show(&s->held_out, p->net.x, p->net.label);
    graph_forward(p->graph, &run);
    graph_backward(p->graph, &run);
}

int candidate_train_path(struct search *s, const struct edge_ops *ops, struct error *e)
{
    struct path p;
    if (path_new(&p, &s->model, ops, s->darts.velocity, s->training.n, e))
        return -1;
    candidate_train_open(s, &p);
    path_free(&p);
    return 0;
}

int candidate_train(struct search *s, const struct architecture *a, struct error *e)
{
    struct edge_ops ops;
    a->space->edge_ops(a, &ops);
    return candidate_train_path(s, &ops, e);
}

int candidate_step(struct search *s, struct error *e)
{
    struct architecture a;
    candidate_draw(s, "path", (uint64_t)s->darts.steps++, 0, &a);
    return candidate_train(s, &a, e);
}

int candidate_judge(struct search *s, const struct architecture *a, struct judgement *j,
                    struct error *e)
{
    const int classes = s->model.classes, count = s->judging_count;
    struct batch *b = &s->held_out;
    struct edge_ops ops;
    struct path p;
    double loss = 0;
    int right = 0;
    a->space->edge_ops(a, &ops);
    if (path_new(&p, &s->model, &ops, NULL, b->most, e))
        return -1;
    const int batches = (count - 1) / b->most + 1;
    for (int i = 0; i < batches; i++) {
        const int at = (int)((long)count * i / batches),
                  end = (int)((long)count * (i + 1) / batches);
        batch_fill(b, &s->judging, (uint64_t)s->curriculum.epoch, s->judging_row + at, end - at);
        batch_show(b, p.net.x, p.net.label);
        graph_forward(p.graph, &(struct graph_run){.n = b->n});
        for (int k = 0; k < b->n; k++)
            right += batch_best(node_value(p.net.logits) + k * classes, classes) == b->label[k];
        loss += (double)*node_value(p.net.loss) * b->n;
    }
    *j = (struct judgement){loss / count, (double)right / count};
    s->judged += count;
    path_free(&p);
    return 0;
}

void candidate_table(const struct search *s, int i, float to[SPACE_MOST_ROWS * SPACE_MOST_COLUMNS])
{
    const struct node *n = graph_find(s->model.graph, s->model.space->table[i].name);
    for (size_t k = 0; k < node_count(n); k++)
        to[k] = (float)node_value(n)[k];
}

void candidate_arrived(const struct search *s, struct architecture *a)
{
    float table[SPACE_MOST_TABLES][SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
    struct cell_parameters found[SPACE_MOST_TABLES];
    const struct search_space *space = s->model.space;
    for (int i = 0; i < space->tables; i++) {
        candidate_table(s, i, table[i]);
        found[i] = (struct cell_parameters){.op = table[i]};
    }
    architecture_derive(a, space, found);
}

void candidate_found(const struct search *s, struct architecture *a)
{
    if (!s->strategy->found || !s->strategy->found(s, a))
        candidate_arrived(s, a);
}

void candidate_take(struct search *s, const struct architecture *a)
{
    enum { OFF = -200 }; /* exp(OFF) is 0 beside 1 */
    struct edge_ops ops;
    a->space->edge_ops(a, &ops);
    for (int i = 0; i < a->space->tables; i++) {
        const struct space_table *t = &a->space->table[i];
        real *row = node_value(graph_find(s->model.graph, t->name));
        for (int edge = 0; edge < t->rows; edge++, row += t->columns)
            for (int op = 0; op < t->columns; op++)
                row[op] = op == ops.of[i][edge] ? 0 : OFF;
    }
}
