/* Which nodes take part, and where in one arena each value, gradient and op's private memory lives
 * while it is needed. */
#include "graph/internal.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "graph/affine.h"
#include "graph/moments.h"

enum { ALIGNMENT = 64 };

static bool stops(const struct op *op, int input)
{
    return input < 32 && op->constant >> input & 1;
}

static bool reads_input(const struct op *op, int input)
{
    return op->reads >> (input < 29 ? input : 29) & 1;
}

static bool reads_saved(const struct op *op, int input)
{
    return op && input < 32 && op->reads_saved >> input & 1;
}

static void mark(struct plan *p, const struct graph *g)
{
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = g->node[i];
        p->needed[i] = n == p->loss || n->kept;
        p->differentiable[i] =
            p->use == GRAPH_TRAIN && ((n->code == OP_WEIGHT && n->group != GRAPH_BUFFERS) ||
                                      (n->code == OP_INPUT && n->differentiated));
        for (int k = 0; k < n->inputs; k++)
            if (n->input[k] && p->differentiable[n->input[k]->index] && !stops(n->op, k))
                p->differentiable[i] = true;
    }
    if (p->loss)
        p->flows[p->loss->index] = p->differentiable[p->loss->index];
    for (size_t i = g->nodes; i-- > 0;) {
        const struct node *n = g->node[i];
        for (int k = 0; p->needed[i] && k < n->inputs; k++) {
            if (!n->input[k])
                continue;
            size_t in = (size_t)n->input[k]->index;
            p->needed[in] = true;
            if (p->flows[i] && p->differentiable[in] && !stops(n->op, k))
                p->flows[in] = true;
        }
    }
    for (size_t i = 0; i < g->nodes; i++)
        if (p->needed[i] && g->node[i]->op)
            p->order[p->ordered++] = g->node[i];
}

/* Of the nodes whose statistics are taken: what their gradient is made of, and whether their own op
 * will see to it (affine.h). */
static int find_sources(struct plan *p, const struct graph *g, struct error *e)
{
    enum { NORMALISE_S = 1 };
    struct users {
        int statistics, others;
        struct node *of, *other; /* the last of each */
    };
    autofree struct users *users = array_new(g->nodes, sizeof *users, "plan", e);
    if (!users)
        return -1;
    for (size_t i = 0; i < g->nodes; i++) {
        struct node *n = g->node[i];
        for (int k = 0; p->flows[i] && k < n->inputs; k++) {
            if (!n->input[k] || stops(n->op, k))
                continue;
            struct users *u = &users[n->input[k]->index];
            if (n->code == OP_STATISTICS) {
                u->statistics++;
                u->of = n;
            } else {
                u->others++;
                u->other = n;
            }
        }
    }
    for (size_t i = 0; i < g->nodes; i++) {
        struct node *n = g->node[i];
        const struct users *u = &users[i];
        if (!u->statistics)
            continue;
        bool one = u->statistics == 1 && u->others == 1 && n != p->loss;
        bool follows =
            one && (u->other->code == OP_MIX ||
                    (u->other->code == OP_NORMALISE &&
                     (u->other->integer == ACT_IDENTITY || u->other->input[NORMALISE_S] == u->of)));
        p->source[i] = follows ? u->other : n;
        p->deferred[i] =
            u->statistics == 1 && u->others && n != p->loss && n->op && n->op->takes_affine;
    }
    return 0;
}

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct block block_of(size_t bytes, int first, int last)
{
    return (struct block){.bytes = bytes, .first = first, .last = last};
}

static void extend(struct block *b, int time)
{
    b->last = time > b->last ? time : b->last;
}

static size_t affine_bytes(const struct node *n)
{
    return rounded(AFFINE_ROWS * affine_stride(n) * sizeof(real));
}

static size_t moments_bytes(const struct node *n)
{
    return GRAPH_SLICES * moments_reals(node_channels(n)) * sizeof(double);
}

/* Who shares arrays with whom. */
static int find_roots(struct plan *p, const struct graph *g, struct error *e)
{
    autofree int *users = array_new(g->nodes, sizeof *users, "plan", e);
    if (!users)
        return -1;
    for (size_t i = 0; i < g->nodes; i++)
        for (int k = 0; p->needed[i] && k < g->node[i]->inputs; k++)
            if (g->node[i]->input[k])
                users[g->node[i]->input[k]->index]++;
    for (size_t i = 0; i < g->nodes; i++) {
        struct node *n = g->node[i];
        const struct op *op = n->op;
        struct node *base = op && op->extends && p->needed[i] ? n->input[op->extends] : NULL;
        p->root[i] = base ? p->root[base->index] : n;
        if (base && (users[base->index] != 1 || base->kept))
            return error_set(e, "%s: the sum that it goes on with has another user", op->name);
    }
    return 0;
}

/* Whose values are made anew for backward: those that nobody goes on with, made from values that
 * are kept. */
static void find_remade(struct plan *p, const struct graph *g)
{
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = g->node[i];
        p->remade[i] =
            n->remade && p->flows[i] && p->root[i] == n && !n->kept && n != p->loss && n->op;
        for (int k = 0; k < n->inputs; k++)
            if (n->input[k] && p->remade[n->input[k]->index])
                p->remade[i] = false;
        for (int k = 0; p->needed[i] && k < n->inputs; k++)
            if (reads_saved(n->op, k))
                p->remade[n->input[k]->index] = false;
        p->remade[p->root[i]->index] &= p->root[i] == n;
    }
}

/* The value of n is read at that time, by backward or not. */
static void read_value(struct plan *p, const struct node *n, int time, bool backward)
{
    struct block *b = plan_block(p, n, BLOCK_VALUE);
    if (!backward || !p->remade[n->index]) {
        extend(b, time);
        return;
    }
    b->again = b->again && b->again < time ? b->again : time;
    b->until = b->until > time ? b->until : time;
}

/* Values to be made anew need their inputs then, and what they leave for backward is left then. */
static void live_again(struct plan *p)
{
    for (int at = 0; at < p->ordered; at++) {
        const struct node *n = p->order[at];
        struct block *saved = plan_block(p, n, BLOCK_SAVED);
        int again = plan_block(p, n, BLOCK_VALUE)->again;
        if (!p->remade[n->index] || !again)
            continue;
        for (int k = 0; k < n->inputs; k++)
            if (n->input[k])
                read_value(p, n->input[k], again, true);
        saved->again = again;
        saved->until = saved->last;
        saved->last = at;
    }
}

/* Sizes of the blocks and when each is held. */
static void live(struct plan *p, const struct graph *g)
{
    int end = 2 * p->ordered;
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = g->node[i];
        struct block *value = plan_block(p, n, BLOCK_VALUE);
        struct block *gradient = plan_block(p, n, BLOCK_GRADIENT);
        if (n->code == OP_WEIGHT || (!p->needed[i] && n->code != OP_INPUT))
            continue;
        value->bytes = rounded(node_elements(n, p->batch) * sizeof(real));
        if (n->code == OP_INPUT || n->kept || n == p->loss)
            value->last = end;
        if (p->source[i])
            *plan_block(p, n, BLOCK_AFFINE) =
                block_of(affine_bytes(n), end, n->code == OP_INPUT ? end : 0);
        if (p->flows[i] && !(p->deferred[i] && p->source[i] != n)) {
            bool outlives = n->differentiated || n == p->loss;
            *gradient = block_of(value->bytes, n == p->loss ? 0 : end, outlives ? end : 0);
        }
    }
    for (int at = 0; at < p->ordered; at++) {
        const struct node *n = p->order[at];
        const struct op *op = n->op;
        struct block *value = plan_block(p, n, BLOCK_VALUE);
        bool backward = p->flows[n->index];
        int back = end - 1 - at;
        if (p->root[n->index] == n)
            value->first = at;
        extend(value, at);
        if (backward && (op->reads & READS_OUTPUT || p->deferred[n->index]))
            read_value(p, n, back, true);
        if (op->saved)
            *plan_block(p, n, BLOCK_SAVED) =
                block_of(rounded(op->saved(n, p->batch)), at, backward ? back : at);
        if (backward)
            extend(plan_block(p, n, BLOCK_GRADIENT), back);
        extend(plan_block(p, n, BLOCK_AFFINE), back);
        if (p->deferred[n->index])
            extend(plan_block(p, p->source[n->index], BLOCK_GRADIENT), back);
        for (int k = 0; k < n->inputs; k++) {
            const struct node *in = n->input[k];
            if (!in)
                continue;
            read_value(p, in, at, false);
            if (backward && reads_input(op, k))
                read_value(p, in, back, true);
            if (reads_saved(op, k))
                extend(plan_block(p, in, BLOCK_SAVED), backward ? back : at);
            for (int kind = BLOCK_GRADIENT; kind <= BLOCK_AFFINE; kind++) {
                struct block *b = plan_block(p, in, kind);
                if (backward && !stops(op, k) && back < b->first)
                    b->first = back;
            }
            if (n->code == OP_STATISTICS && k == 0) {
                struct block *m = plan_block(p, in, BLOCK_MOMENTS);
                bool early = in->op && in->op->leaves_moments;
                m->first = early ? plan_block(p, in, BLOCK_VALUE)->first : m->bytes ? m->first : at;
                m->bytes = rounded(moments_bytes(in));
                extend(m, at);
            }
            if (backward && p->source[in->index] && n->code == OP_STATISTICS)
                extend(plan_block(p, p->source[in->index], BLOCK_GRADIENT), back);
        }
    }
}

static void act(struct plan *p, struct action a)
{
    p->action[p->actions++] = a;
}

/* What runs: forward; then backward, before each op the values that it is the first to need anew.
 */
static void find_actions(struct plan *p)
{
    int end = 2 * p->ordered;
    for (int at = 0; at < p->ordered; at++)
        act(p, (struct action){.node = p->order[at], .time = at});
    p->forwards = p->actions;
    for (int time = p->ordered; time < end; time++) {
        struct node *n = p->order[end - 1 - time];
        for (int k = -1; p->flows[n->index] && k < n->inputs; k++) {
            struct node *of = k < 0 ? n : n->input[k];
            bool repeated = false; /* an input that is several of n's is made once */
            for (int i = 0; i < k; i++)
                repeated |= n->input[i] == of;
            if (of && !repeated && p->remade[of->index] &&
                plan_block(p, of, BLOCK_VALUE)->again == time)
                act(p, (struct action){.node = of, .remaking = true, .time = time});
        }
        if (p->flows[n->index])
            act(p, (struct action){.node = n, .backward = true, .time = time});
    }
}

/* What has no images is all in one slice or another, so it does not go with what has. */
static bool joins(const struct action *a)
{
    return action_pass(a)->slice && a->node->shape.batched;
}

/* Cuts them into stretches, and the scratch of a stretch into its ops'. */
static void find_stretches(struct plan *p)
{
    size_t used = 0;
    for (int i = 0, first = 0; i < p->actions; i++) {
        struct action *a = &p->action[i];
        const struct op *op = a->node->op;
        if (i && (i == p->forwards || !joins(a) || !joins(a - 1))) {
            first = i;
            used = 0;
        }
        a->scratch = used;
        used += op->scratch ? scratch_round(op->scratch(a->node, p->batch)) : 0;
        size_t work = op->work ? scratch_round(op->work(a->node)) : 0;
        p->scratch_stride = used > p->scratch_stride ? used : p->scratch_stride;
        p->work_stride = work > p->work_stride ? work : p->work_stride;
        p->action[first].next = i + 1;
    }
}

/* What is held at some time in a stretch is held all through it, since its ops run together. */
static int widen(struct plan *p, size_t nodes, struct error *e)
{
    int end = 2 * p->ordered;
    autofree int *from = array_new((size_t)end + 1, sizeof *from, "plan", e);
    autofree int *until = array_new((size_t)end + 1, sizeof *until, "plan", e);
    if (!from || !until)
        return -1;
    for (int time = 0; time <= end; time++)
        from[time] = until[time] = time;
    for (int first = 0; first < p->actions; first = p->action[first].next) {
        int low = from[p->action[first].time];
        int high = p->action[p->action[first].next - 1].time;
        for (int time = low; time <= high; time++) {
            from[time] = low;
            until[time] = high;
        }
    }
    for (size_t i = 0; i < nodes * BLOCKS; i++) {
        struct block *b = &p->block[i];
        b->first = from[b->first];
        b->last = until[b->last];
        if (b->again) {
            b->again = from[b->again];
            b->until = until[b->until];
        }
    }
    return 0;
}

static bool meet(const struct block *a, const struct block *b)
{
    return (a->first <= b->last && b->first <= a->last) ||
           (a->again && a->again <= b->last && b->first <= a->until) ||
           (b->again && a->first <= b->until && b->again <= a->last) ||
           (a->again && b->again && a->again <= b->until && b->again <= a->until);
}

static int larger_first(const void *a, const void *b)
{
    const struct block *x = *(struct block *const *)a, *y = *(struct block *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

/* Greedy best fit, largest first: each block goes into the smallest gap between the blocks that are
 * held at the same time as it. */
static int place(struct plan *p, size_t nodes, struct error *e)
{
    size_t count = 0, placed = 0;
    autofree struct block **todo = array_new(nodes * BLOCKS, sizeof *todo, "plan", e);
    autofree struct block **done = array_new(nodes * BLOCKS, sizeof *done, "plan", e);
    if (!todo || !done)
        return -1;
    for (size_t i = 0; i < nodes * BLOCKS; i++)
        if (p->block[i].bytes)
            todo[count++] = &p->block[i];
    qsort(todo, count, sizeof *todo, larger_first);
    for (size_t i = 0; i < count; i++) {
        struct block *b = todo[i];
        size_t top = 0, best = SIZE_MAX, least = SIZE_MAX; /* `done` is sorted by offset */
        for (size_t k = 0; k < placed; k++) {
            const struct block *d = done[k];
            if (!meet(b, d))
                continue;
            if (d->offset > top && d->offset - top >= b->bytes && d->offset - top < least) {
                least = d->offset - top;
                best = top;
            }
            if (d->offset + d->bytes > top)
                top = d->offset + d->bytes;
        }
        b->offset = best < SIZE_MAX ? best : top;
        if (b->offset + b->bytes > p->arena_bytes)
            p->arena_bytes = b->offset + b->bytes;
        size_t k = placed++;
        for (; k > 0 && done[k - 1]->offset > b->offset; k--)
            done[k] = done[k - 1];
        done[k] = b;
    }
    p->scratch_offset = p->arena_bytes;
    p->arena_bytes += (p->scratch_stride + p->work_stride) * GRAPH_SLICES * sizeof(real);
    return 0;
}

int plan_make(struct plan *p, const struct graph *g, struct node *loss, int batch,
              enum graph_use use, struct error *e)
{
    *p = (struct plan){.loss = loss, .batch = batch, .use = use};
    if (graph_check(g, e))
        return -1;
    if (batch < 1)
        return error_set(e, "a batch of %d images; it must hold one at least", batch);
    if (use == GRAPH_TRAIN && !loss)
        return error_set(e, "training needs a loss");
    p->order = array_new(g->nodes, sizeof *p->order, "plan", e);
    p->needed = array_new(g->nodes, sizeof *p->needed, "plan", e);
    p->differentiable = array_new(g->nodes, sizeof *p->differentiable, "plan", e);
    p->flows = array_new(g->nodes, sizeof *p->flows, "plan", e);
    p->block = array_new(g->nodes * BLOCKS, sizeof *p->block, "plan", e);
    p->source = array_new(g->nodes, sizeof *p->source, "plan", e);
    p->deferred = array_new(g->nodes, sizeof *p->deferred, "plan", e);
    p->remade = array_new(g->nodes, sizeof *p->remade, "plan", e);
    p->root = array_new(g->nodes, sizeof *p->root, "plan", e);
    p->action = array_new(3 * g->nodes, sizeof *p->action, "plan", e);
    if (!p->order || !p->action || !p->source || !p->root || !p->deferred || !p->remade ||
        !p->needed || !p->differentiable || !p->flows || !p->block)
        goto failed;
    mark(p, g);
    if (use == GRAPH_TRAIN && !p->differentiable[loss->index]) {
        error_set(e, "the loss depends on no parameter");
        goto failed;
    }
    if (!p->ordered) {
        error_set(e, "nothing to compute: no node is kept and there is no loss");
        goto failed;
    }
    if (find_sources(p, g, e) || find_roots(p, g, e))
        goto failed;
    find_remade(p, g);
    live(p, g);
    live_again(p);
    find_actions(p);
    find_stretches(p);
    if (widen(p, g->nodes, e) || place(p, g->nodes, e))
        goto failed;
    return 0;
failed:
    plan_free(p);
    return -1;
}

void plan_free(struct plan *p)
{
    free(p->order);
    free(p->needed);
    free(p->differentiable);
    free(p->flows);
    free(p->source);
    free(p->root);
    free(p->deferred);
    free(p->remade);
    free(p->block);
    free(p->action);
    *p = (struct plan){0};
}
