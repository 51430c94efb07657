#include "search/path.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

struct shared {
    real *own, *whole; /* values, here and in the super-net */
    size_t count;
    size_t at, from; /* of weights: where its velocities begin, here and there */
    bool moves;      /* it is a weight */
};

static const enum graph_group GROUPS[] = {GRAPH_WEIGHTS, GRAPH_BUFFERS};
enum { GROUPS_COUNT = sizeof GROUPS / sizeof *GROUPS };

static int share(struct path *p, const struct graph *whole, struct error *e)
{
    int count = 0;
    for (int k = 0; k < GROUPS_COUNT; k++)
        count += graph_weights(p->graph, GROUPS[k]);
    if (!(p->shared = array_new((size_t)count, sizeof *p->shared, "a path", e)))
        return -1;
    for (int k = 0; k < GROUPS_COUNT; k++)
        for (int i = 0; i < graph_weights(p->graph, GROUPS[k]); i++) {
            const struct node *own = graph_weight_at(p->graph, GROUPS[k], i);
            const struct node *from = graph_find(whole, node_name(own));
            struct shared *s = &p->shared[p->count];
            if (!from || node_count(from) != node_count(own))
                return error_set(e, "%s is not of the super-net", node_name(own));
            s->own = node_value(own);
            s->whole = node_value(from);
            s->count = node_count(own);
            s->moves = GROUPS[k] == GRAPH_WEIGHTS;
            s->at = (size_t)(s->own - graph_group(p->graph, GROUPS[k]).value);
            s->from = (size_t)(s->whole - graph_group(whole, GROUPS[k]).value);
            p->count++;
        }
    return 0;
}

static int build(struct path *p, const struct model *m, const struct edge_ops *ops, bool gated,
                 bool train, int batch, struct error *e)
{
    p->net = (struct supernet){.image = m->image,
                               .channels = m->channels,
                               .cells = m->cells,
                               .classes = m->classes,
                               .path = ops,
                               .gated = gated};
    if (!(p->graph = graph_new(e)) || search_space_supernet(m->space, &p->net, p->graph, e))
        return -1;
    p->net.path = NULL; /* the caller's */
    graph_keep(p->net.loss);
    if (graph_plan(p->graph, train ? p->net.loss : NULL, batch, train ? GRAPH_TRAIN : GRAPH_INFER,
                   e) ||
        share(p, m->graph, e))
        return -1;
    for (int i = 0; i < p->count; i++)
        memcpy(p->shared[i].own, p->shared[i].whole, p->shared[i].count * sizeof(real));
    p->velocity = array_new(graph_group(p->graph, GRAPH_WEIGHTS).count, sizeof(real), "a path", e);
    return p->velocity ? 0 : -1;
}

static int open_path(struct path *p, const struct model *model, const struct edge_ops *ops,
                     bool gated, const real *velocity, int batch, struct error *e)
{
    *p = (struct path){0};
    if (build(p, model, ops, gated, gated || velocity, batch, e)) {
        path_free(p);
        return -1;
    }
    for (int i = 0; i < p->count; i++) {
        const struct shared *s = &p->shared[i];
        if (velocity && s->moves)
            memcpy(p->velocity + s->at, velocity + s->from, s->count * sizeof(real));
    }
    return 0;
}

int path_new(struct path *p, const struct model *model, const struct edge_ops *ops,
             const real *velocity, int batch, struct error *e)
{
    return open_path(p, model, ops, false, velocity, batch, e);
}

int path_new_gated(struct path *p, const struct model *model, const struct edge_ops *ops,
                   const real *velocity, int batch, struct error *e)
{
    if (open_path(p, model, ops, true, velocity, batch, e))
        return -1;
    const struct group gates = graph_group(p->graph, GRAPH_ARCHITECTURE);
    for (size_t i = 0; i < gates.count; i++)
        gates.value[i] = 1;
    return 0;
}

void path_give_back(const struct path *p, real *velocity)
{
    for (int i = 0; i < p->count; i++) {
        const struct shared *s = &p->shared[i];
        memcpy(s->whole, s->own, s->count * sizeof(real));
        if (s->moves)
            memcpy(velocity + s->from, p->velocity + s->at, s->count * sizeof(real));
    }
}

void path_free(struct path *p)
{
    graph_free(p->graph);
    free(p->shared);
    free(p->velocity);
    *p = (struct path){0};
}
