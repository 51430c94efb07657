#include "graph/internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

struct graph *graph_new(struct error *e)
{
    const struct kernels *kernels = kernels_choose(e);
    struct graph *g = kernels ? array_new(1, sizeof *g, "graph", e) : NULL;
    if (g)
        g->kernels = kernels;
    return g;
}

static void node_free(struct node *n)
{
    free(n->name);
    free(n->input);
    free(n->accumulate);
    free(n);
}

void graph_free(struct graph *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->nodes; i++)
        node_free(g->node[i]);
    free(g->node);
    for (int i = 0; i < GRAPH_GROUPS; i++) {
        free(g->group[i].value);
        free(g->group[i].gradient);
    }
    plan_free(&g->plan);
    free(g->arena);
    free(g);
}

int graph_check(const struct graph *g, struct error *e)
{
    if (!g->failed)
        return 0;
    return error_set(e, "%s", g->error.text);
}

void graph_note(struct graph *g, const struct error *e)
{
    if (!g->failed)
        g->error = *e;
    g->failed = true;
}

static void *copy(const void *from, size_t count, size_t size, const char *what, struct error *e)
{
    void *to = array_new(count, size, what, e);
    if (to && count)
        memcpy(to, from, count * size);
    return to;
}

struct node *graph_append(struct graph *g, const struct node *t, const char *name)
{
    struct error e;
    struct node *n = NULL;
    if (array_grow((void **)&g->node, &g->capacity, g->nodes + 1, sizeof *g->node, "nodes", &e) ||
        !(n = array_new(1, sizeof *n, "node", &e)))
        goto failed;
    *n = *t;
    n->graph = g;
    n->index = (int)g->nodes;
    n->name = name ? text_copy(name, &e) : NULL;
    n->input = copy(t->input, (size_t)t->inputs, sizeof *n->input, "node inputs", &e);
    n->accumulate = array_new((size_t)t->inputs, sizeof *n->accumulate, "node inputs", &e);
    if ((name && !n->name) || !n->input || !n->accumulate)
        goto failed;
    n->op = g->kernels->op[n->code];
    if (n->op && n->op->shape(n, &e)) {
        error_wrap(&e, "node %d, %s", n->index, n->op->name);
        goto failed;
    }
    n->op = kernels_op(g->kernels, n);
    return g->node[g->nodes++] = n;
failed:
    if (n)
        node_free(n);
    graph_note(g, &e);
    return NULL;
}

struct node *graph_build(const struct node *t, unsigned optional)
{
    struct graph *g = NULL;
    for (int i = 0; i < t->inputs && !g; i++)
        g = t->input[i] ? t->input[i]->graph : NULL;
    if (!g)
        return NULL;
    for (int i = 0; i < t->inputs; i++) {
        struct error e;
        if (!t->input[i] && !(optional >> (i < 31 ? i : 31) & 1))
            error_set(&e, "%s: input %d is missing", g->kernels->op[t->code]->name, i);
        else if (t->input[i] && t->input[i]->graph != g)
            error_set(&e, "%s: input %d is another graph's", g->kernels->op[t->code]->name, i);
        else
            continue;
        graph_note(g, &e);
        return NULL;
    }
    return graph_append(g, t, NULL);
}

static struct node *named(struct graph *g, const struct node *t, const char *name)
{
    struct error e;
    bool good = t->shape.rank >= 0 && t->shape.rank <= 4;
    for (int i = 0; good && i < t->shape.rank; i++)
        good = t->shape.extent[i] > 0;
    if (!name || !*name)
        error_set(&e, "a parameter or input without a name");
    else if (graph_find(g, name))
        error_set(&e, "%s: the name is taken", name);
    else if (!good)
        error_set(&e, "%s: the rank must be at most 4 and every extent positive", name);
    else
        return graph_append(g, t, name);
    graph_note(g, &e);
    return NULL;
}

struct node *graph_input(struct graph *g, const char *name, int height, int width, int channels)
{
    return named(g, &(struct node){.code = OP_INPUT, .shape = {true, 3, {height, width, channels}}},
                 name);
}

struct node *graph_weight(struct graph *g, const char *name, enum graph_group group, int rank,
                          const int *extent, struct initial initial)
{
    struct node t = {
        .code = OP_WEIGHT, .shape = {.rank = rank}, .group = group, .initial = initial};
    for (int i = 0; i < rank && i < 4; i++)
        t.shape.extent[i] = extent[i];
    return named(g, &t, name);
}

void graph_keep(struct node *n)
{
    if (n)
        n->kept = true;
}

struct node *graph_remake(struct node *n)
{
    if (n)
        n->remade = true;
    return n;
}

void graph_differentiate(struct node *n)
{
    if (n)
        n->differentiated = true;
}

const struct shape *node_shape(const struct node *n)
{
    return &n->shape;
}

size_t node_count(const struct node *n)
{
    size_t count = 1;
    for (int i = 0; i < n->shape.rank; i++)
        count *= (size_t)n->shape.extent[i];
    return count;
}

real *node_value(const struct node *n)
{
    return n->value;
}

real *node_gradient(const struct node *n)
{
    bool stays = n->code == OP_WEIGHT || n->differentiated || n == n->graph->plan.loss;
    return stays ? n->gradient : NULL;
}

const char *node_name(const struct node *n)
{
    return n->name;
}

struct node *graph_find(const struct graph *g, const char *name)
{
    for (size_t i = 0; i < g->nodes; i++)
        if (g->node[i]->name && !strcmp(g->node[i]->name, name))
            return g->node[i];
    return NULL;
}

static bool belongs(const struct node *n, enum graph_group group)
{
    return n->code == OP_WEIGHT && n->group == group;
}

int graph_weights(const struct graph *g, enum graph_group group)
{
    int count = 0;
    for (size_t i = 0; i < g->nodes; i++)
        count += belongs(g->node[i], group);
    return count;
}

struct node *graph_weight_at(const struct graph *g, enum graph_group group, int at)
{
    for (size_t i = 0; i < g->nodes; i++)
        if (belongs(g->node[i], group) && at-- == 0)
            return g->node[i];
    return NULL;
}

struct group graph_group(const struct graph *g, enum graph_group group)
{
    return g->group[group];
}

struct initial initial_fan_in(int fan_in)
{
    return (struct initial){INITIAL_UNIFORM, 0, 1 / sqrt(fan_in)};
}

void graph_initialise(struct graph *g, enum graph_group group, uint64_t seed)
{
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = g->node[i];
        if (!belongs(n, group))
            continue;
        struct random r = random_stream(seed, n->name, 0);
        struct initial in = n->initial;
        for (size_t k = 0; k < node_count(n); k++)
            n->value[k] =
                (real)(in.type == INITIAL_CONSTANT ? in.mean
                       : in.type == INITIAL_NORMAL ? in.mean + in.deviation * random_normal(&r)
                                                   : in.deviation * (2 * random_uniform(&r) - 1));
    }
}

static size_t group_count(const struct graph *g, enum graph_group group)
{
    size_t count = 0;
    for (size_t i = 0; i < g->nodes; i++)
        if (belongs(g->node[i], group))
            count += node_count(g->node[i]);
    return count;
}

/* Parameters outlive plans: a graph that has grown keeps the values it had. */
static int groups_allocate(struct graph *g, struct error *e)
{
    for (int i = 0; i < GRAPH_GROUPS; i++) {
        struct group *old = &g->group[i], new = {.count = group_count(g, i)};
        if (old->value && old->count == new.count)
            continue;
        new.value = array_new(new.count, sizeof(real), "parameters", e);
        if (i != GRAPH_BUFFERS)
            new.gradient = array_new(new.count, sizeof(real), "gradients", e);
        if (!new.value || (i != GRAPH_BUFFERS && !new.gradient)) {
            free(new.value);
            free(new.gradient);
            return -1;
        }
        if (old->count)
            memcpy(new.value, old->value, old->count * sizeof(real));
        free(old->value);
        free(old->gradient);
        *old = new;
    }
    size_t at[GRAPH_GROUPS] = {0};
    for (size_t i = 0; i < g->nodes; i++) {
        struct node *n = g->node[i];
        if (n->code != OP_WEIGHT)
            continue;
        const struct group *group = &g->group[n->group];
        n->value = group->value + at[n->group];
        n->gradient = group->gradient ? group->gradient + at[n->group] : NULL;
        at[n->group] += node_count(n);
    }
    return 0;
}

/* The first op to send an input its gradient writes it, those that run later add. */
static int accumulation(struct graph *g, struct error *e)
{
    autofree bool *written = array_new(g->nodes, sizeof *written, "plan", e);
    if (!written)
        return -1;
    for (int p = g->plan.ordered; p-- > 0;) {
        struct node *n = g->plan.order[p];
        unsigned constant = n->op->constant;
        for (int i = 0; g->plan.flows[n->index] && i < n->inputs; i++) {
            const struct node *in = n->input[i];
            if (!in || (i < 32 && constant >> i & 1) ||
                (in->deferred && n->code == OP_STATISTICS) || (i && i == n->op->extends))
                continue;
            n->accumulate[i] = written[in->index];
            written[in->index] = true;
        }
    }
    for (size_t i = 0; i < g->nodes; i++)
        g->node[i]->unused = g->node[i]->code == OP_WEIGHT && !written[i];
    return 0;
}

int graph_plan(struct graph *g, struct node *loss, int batch, enum graph_use use, struct error *e)
{
    struct plan plan;
    if (plan_make(&plan, g, loss, batch, use, e))
        return -1;
    char *arena = array_new(plan.arena_bytes, 1, "activations", e);
    if (!arena || groups_allocate(g, e)) {
        free(arena);
        plan_free(&plan);
        return -1;
    }
    plan_free(&g->plan);
    free(g->arena);
    g->plan = plan;
    g->arena = arena;
    for (size_t i = 0; i < g->nodes; i++) {
        struct node *n = g->node[i];
        const struct op *op = n->op;
        void *at[BLOCKS];
        for (int k = 0; k < BLOCKS; k++) {
            const struct block *b = plan_block(&plan, n, k);
            at[k] = b->bytes ? arena + b->offset : NULL;
        }
        n->needed = plan.needed[i];
        n->differentiable = plan.differentiable[i];
        if (n->code == OP_WEIGHT)
            continue;
        n->value = at[BLOCK_VALUE];
        n->gradient = at[BLOCK_GRADIENT];
        n->saved = at[BLOCK_SAVED];
        n->affine = at[BLOCK_AFFINE];
        n->moments = at[BLOCK_MOMENTS];
        n->leaves_moments = op && op->leaves_moments;
        n->source = plan.source[i];
        n->deferred = plan.deferred[i];
    }
    return accumulation(g, e);
}

int graph_measure(struct graph *g, struct node *loss, int batch, enum graph_use use,
                  struct graph_size *size, struct error *e)
{
    struct plan plan;
    if (plan_make(&plan, g, loss, batch, use, e))
        return -1;
    *size = (struct graph_size){.weights = group_count(g, GRAPH_WEIGHTS),
                                .architecture = group_count(g, GRAPH_ARCHITECTURE),
                                .arena_bytes = plan.arena_bytes};
    for (size_t i = 0; i < g->nodes; i++)
        size->nodes += plan.needed[i];
    for (int p = 0; p < plan.ordered; p++) {
        const struct op *op = plan.order[p]->op;
        size->macs += op->macs ? op->macs(plan.order[p]) : 0;
    }
    plan_free(&plan);
    return 0;
}

struct node *graph_tangent(struct node *of, int pairs, struct node *const *at,
                           struct node *const *tangent)
{
    struct error e;
    if (!of)
        return NULL;
    struct graph *g = of->graph;
    size_t count = (size_t)of->index + 1;
    autofree struct node **t = array_new(count, sizeof *t, "tangents", &e);
    autofree bool *below = array_new(count, sizeof *below, "tangents", &e);
    if (!t || !below) {
        graph_note(g, &e);
        return NULL;
    }
    below[of->index] = true;
    for (size_t i = count; i-- > 0;)
        for (int k = 0; below[i] && k < g->node[i]->inputs; k++)
            if (g->node[i]->input[k])
                below[g->node[i]->input[k]->index] = true;
    for (int i = 0; i < pairs; i++)
        if (at[i] && at[i]->index <= of->index)
            t[at[i]->index] = tangent[i];
    for (size_t i = 0; i < count; i++) {
        struct node *n = g->node[i];
        bool held = n->code == OP_STATISTICS || n->code == OP_STOP_GRADIENT, moves = false;
        if (!below[i] || t[i] || held || !n->inputs)
            continue;
        autofree struct node **in = array_new((size_t)n->inputs, sizeof *in, "tangents", &e);
        if (!in) {
            graph_note(g, &e);
            return NULL;
        }
        for (int k = 0; k < n->inputs; k++) {
            in[k] = n->input[k] ? t[n->input[k]->index] : NULL;
            moves |= in[k] != NULL;
        }
        if (!moves)
            continue;
        const struct op *op = n->op;
        t[i] = op->tangent ? op->tangent(n, in) : NULL;
        if (!t[i]) {
            error_set(&e, "%s has no tangent rule for these inputs", op->name);
            graph_note(g, &e);
            return NULL;
        }
    }
    return t[of->index];
}
