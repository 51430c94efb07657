#include "search/settings.h"
#include "search/strategy.h"

static int read(struct search *s, const struct value *settings, struct error *e)
{
    static const char what[] = "search settings";
    if (value_get(settings, "noise") &&
        settings_int(settings, what, "noise", 1, 1000000, &s->noise.every, e))
        return -1;
    return settings_int(settings, what, "order", 1, 2, &s->order, e);
}

static void differentiate(void *context, enum darts_batch batch, unsigned groups, bool step)
{
    struct search *s = context;
    const struct batch *b = batch == DARTS_TRAINING ? &s->training : &s->held_out;
    struct graph_run run = {.n = b->n, .track = step, .gradients = groups, .seed = s->seed};
    batch_show(b, s->model.x, s->model.label);
    graph_forward(s->model.graph, &run);
    if (step)
        search_note_outputs(s, node_value(s->model.logits), (double)*node_value(s->model.loss));
    graph_backward(s->model.graph, &run);
}

static void begin(struct search *s)
{
    s->darts.order = s->order;
    s->darts.differentiate = differentiate;
    s->darts.context = s;
}

static int step(struct search *s, struct error *e)
{
    darts_architecture_step(&s->darts, s->rate);
    if (noise_before(s, e))
        return -1;
    darts_weight_step(&s->darts, s->rate);
    return noise_after(s, e);
}

const struct strategy STRATEGY_DARTS = {
    .name = "darts", .whole = true, .options = "order", .read = read, .begin = begin, .step = step};
