#include "search/whole.h"

static void differentiate(void *context, enum darts_batch batch, unsigned groups, bool step)
{
    struct search *s = context;
    const struct batch *b = batch == DARTS_TRAINING ? &s->training : &s->held_out;
    struct graph_run run = {.n = b->n,
                            .track = step,
                            .gradients = groups,
                            .seed = s->seed,
                            .step = 2 * s->step + (batch == DARTS_TRAINING),
                            .dropout = s->dropout};
    batch_show(b, s->model.x, s->model.label);
    graph_forward(s->model.graph, &run);
    if (step)
        search_note_outputs(s, node_value(s->model.logits), (double)*node_value(s->model.loss));
    graph_backward(s->model.graph, &run);
}

void whole_begin(struct search *s, int order)
{
    s->darts.order = order;
    s->darts.differentiate = differentiate;
    s->darts.context = s;
}

void whole_step(struct search *s, bool architecture)
{
    if (architecture)
        darts_architecture_step(&s->darts, s->rate);
    darts_weight_step(&s->darts, s->rate);
}
