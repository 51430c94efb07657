/* The engine's core: errors, parameters, plans, runs, tangents, schedules. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include "graph/internal.h"
#include "graph/optimiser.h"
#include "tap.h"

enum { BATCH = 5 };
static const struct initial normal = {INITIAL_NORMAL, 0, 0.5};

/* A small network with every kind of sharing: a node used twice, a kept node off the loss' way, an
 * unused parameter; and with values that are made anew for backward, if so asked. */
struct net {
    struct graph *g;
    struct node *x, *label, *w, *p, *unused, *alpha, *logits, *aside, *loss;
};
static struct net net_new(bool remade)
{
    struct error e;
    struct net n = {.g = graph_new(&e)};
    struct graph *g = n.g;
    n.x = graph_input(g, "x", 6, 5, 3);
    n.label = graph_input(g, "label", 1, 1, 1);
    n.w = graph_weight(g, "w", GRAPH_WEIGHTS, 4, (int[]){3, 3, 3, 7}, normal);
    n.unused = graph_weight(g, "unused", GRAPH_WEIGHTS, 1, (int[]){3}, normal);
    n.p = graph_weight(g, "p", GRAPH_WEIGHTS, 2, (int[]){7, 4}, normal);
    n.alpha = graph_weight(g, "alpha", GRAPH_ARCHITECTURE, 2, (int[]){1, 4}, normal);
    struct node *h = conv2d(n.x, n.w, (struct window){.kernel = 3, .pad = 1});
    struct node *a = activate(h, ACT_TANH), *b = multiply(a, h);
    struct node *c = max_pool(h, (struct window){.kernel = 3, .pad = 1});
    if (remade) {
        graph_remake(b);
        graph_remake(c);
        graph_remake(activate(c, ACT_TANH)); /* is not needed */
    }
    struct node *weights = softmax(n.alpha), *m = mix(NULL, weights, 0, 0, a, NULL);
    m = mix(m, weights, 0, 1, b, statistics(b, NULL));
    m = mix(m, weights, 0, 3, c, statistics(c, NULL));
    m = mix(m, weights, 0, 2, h, NULL);
    n.aside = scale_by(m, 2);
    graph_keep(n.aside);
    n.logits = linear(global_avg_pool(add(m, a)), n.p, NULL);
    n.loss = cross_entropy(n.logits, n.label, 0);
    return n;
}
static const struct graph_run both = {.gradients = 1u << GRAPH_WEIGHTS | 1u << GRAPH_ARCHITECTURE};

static void net_fill(const struct net *n)
{
    struct random r = random_stream(1, "test", 0);
    graph_initialise(n->g, GRAPH_WEIGHTS, 1);
    graph_initialise(n->g, GRAPH_ARCHITECTURE, 1);
    for (size_t i = 0; i < BATCH * node_count(n->x); i++)
        node_value(n->x)[i] = (real)random_normal_at(&r, i);
    for (int i = 0; i < BATCH; i++)
        node_value(n->label)[i] = (real)(i % 4);
}

static real net_run(const struct net *n, int images, struct group *out)
{
    struct graph_run run = both;
    run.n = images;
    graph_forward(n->g, &run);
    graph_backward(n->g, &run);
    *out = graph_group(n->g, GRAPH_WEIGHTS);
    return *node_value(n->loss);
}

static void test_errors(void)
{
    struct error e;
    struct net n = net_new(true);
    ok(!add(n.x, n.label) && graph_check(n.g, &e) && strstr(e.text, "shapes"), "%s", e.text);
    struct error again;
    ok(!linear(NULL, n.w, NULL) && graph_check(n.g, &again) && !strcmp(e.text, again.text),
       "the first error stays");
    ok(graph_plan(n.g, n.loss, 1, GRAPH_TRAIN, &e) && !strcmp(e.text, again.text),
       "planning reports it");
    graph_free(n.g);
    n = net_new(true);
    ok(graph_plan(n.g, n.loss, 0, GRAPH_TRAIN, &e), "%s", e.text);
    ok(graph_plan(n.g, NULL, 1, GRAPH_TRAIN, &e), "%s", e.text);
    ok(!graph_weight(n.g, "w", GRAPH_WEIGHTS, 1, (int[]){3}, normal) && graph_check(n.g, &e), "%s",
       e.text);
    graph_free(n.g);
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "x", 1, 1, 2);
    ok(graph_plan(g, mean_square_norm(x), 1, GRAPH_TRAIN, &e), "%s", e.text);
    ok(graph_plan(g, NULL, 1, GRAPH_INFER, &e), "%s", e.text);
    ok(!graph_input(g, "y", 0, 1, 2) && graph_check(g, &e), "%s", e.text);
    graph_free(g);
    g = graph_new(&e);
    x = graph_input(g, "x", 200, 1, 2);
    struct node *w = graph_weight(g, "w", GRAPH_WEIGHTS, 3, (int[]){1, 1, 2}, normal);
    ok(!depthwise(x, w, (struct window){.kernel = 1, .stride = 100, .pad = 3}) &&
           graph_check(g, &e) && strstr(e.text, "a pad of 3"),
       "%s", e.text);
    graph_free(g);
    setenv("WINNOW_CPU", "abacus", 1);
    ok(!graph_new(&e), "%s", e.text);
    unsetenv("WINNOW_CPU");
}

static void test_parameters(void)
{
    struct error e;
    struct net n = net_new(true);
    graph_plan(n.g, n.loss, BATCH, GRAPH_TRAIN, &e);
    struct group w = graph_group(n.g, GRAPH_WEIGHTS);
    ok(w.count == 3 * 3 * 3 * 7 + 3 + 7 * 4 && graph_weights(n.g, GRAPH_WEIGHTS) == 3,
       "parameters are counted, used or not");
    ok((uintptr_t)w.value % 64 == 0 && node_value(n.w) == w.value &&
           node_value(n.p) == w.value + 189 + 3 && graph_weight_at(n.g, GRAPH_WEIGHTS, 2) == n.p,
       "a group is one array");
    ok(!graph_group(n.g, GRAPH_BUFFERS).gradient, "buffers have no gradient");
    net_fill(&n);
    real was = node_value(n.p)[3];
    graph_initialise(n.g, GRAPH_WEIGHTS, 2);
    ok(node_value(n.p)[3] != was, "another seed, other numbers");
    graph_initialise(n.g, GRAPH_WEIGHTS, 1);
    ok(node_value(n.p)[3] == was, "the same seed, the same");
    graph_weight(n.g, "late", GRAPH_WEIGHTS, 1, (int[]){2}, normal);
    graph_plan(n.g, n.loss, 2, GRAPH_TRAIN, &e);
    ok(node_value(n.p)[3] == was && graph_group(n.g, GRAPH_WEIGHTS).count == w.count + 2,
       "a new plan keeps the values");
    graph_free(n.g);
}

static bool held(const struct block *b, int time)
{
    return b->bytes && ((b->first <= time && time <= b->last) ||
                        (b->again && b->again <= time && time <= b->until));
}

/* No two blocks that are held at the same time meet, and all lie within the arena. */
static void test_plan(void)
{
    struct error e;
    struct net n = net_new(true);
    struct graph_size size;
    size_t sum = 0, end = 0;
    int meetings = 0;
    ok(!graph_measure(n.g, n.loss, BATCH, GRAPH_TRAIN, &size, &e) && !n.g->arena,
       "measuring allocates nothing");
    ok(!graph_plan(n.g, n.loss, BATCH, GRAPH_TRAIN, &e), "plan");
    const struct plan *p = &n.g->plan;
    for (size_t i = 0; i < n.g->nodes * BLOCKS; i++) {
        const struct block *a = &p->block[i];
        sum += a->bytes;
        end = a->bytes && a->offset + a->bytes > end ? a->offset + a->bytes : end;
        for (size_t k = 0; k < i; k++) {
            const struct block *b = &p->block[k];
            bool together = false;
            for (int t = 0; t < 2 * p->ordered; t++)
                together |= held(a, t) && held(b, t);
            meetings +=
                together && a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
        }
    }
    ok(meetings == 0, "what lives at the same time lies apart");
    ok(end <= p->scratch_offset && size.arena_bytes == p->arena_bytes,
       "the measure is the plan: %zu bytes", size.arena_bytes);
    ok(end < sum, "memory is used again: %zu bytes for %zu", end, sum);
    ok(size.macs >= 6 * 5 * 9 * 3 * 7 + 28 && size.weights == 220, "multiply-adds and weights");
    struct graph_size infer;
    graph_measure(n.g, n.loss, BATCH, GRAPH_INFER, &infer, &e);
    ok(infer.arena_bytes < size.arena_bytes, "inference needs less: %zu bytes", infer.arena_bytes);
    graph_free(n.g);
}

/* Runs op by op; before each, fills with NaN all memory that no block holds at that time. A result
 * that reads freed memory is NaN. */
static void poison(struct graph *g, int time)
{
    const struct plan *p = &g->plan;
    for (size_t at = 0; at < p->scratch_offset; at += 64) {
        bool used = false;
        for (size_t i = 0; i < g->nodes * BLOCKS && !used; i++) {
            const struct block *b = &p->block[i];
            used = held(b, time) && b->offset <= at && at < b->offset + b->bytes;
        }
        if (!used)
            memset(g->arena + at, 0xff, 64);
    }
    memset(g->arena + p->scratch_offset, 0xff, p->arena_bytes - p->scratch_offset);
}

static void test_poison(void)
{
    struct error e;
    struct net n = net_new(true);
    graph_plan(n.g, n.loss, BATCH, GRAPH_TRAIN, &e);
    net_fill(&n);
    struct group w;
    net_run(&n, BATCH, &w);
    real *wanted = malloc(w.count * sizeof *wanted);
    memcpy(wanted, w.gradient, w.count * sizeof *wanted);
    memset(w.gradient, 0xff, w.count * sizeof *wanted);
    struct graph_run run = both;
    run.n = BATCH;
    const struct context c = graph_context(n.g, &run);
    const struct plan *p = &n.g->plan;
    memset(node_gradient(n.unused), 0, 3 * sizeof(real));
    for (int first = 0; first < p->actions;) {
        poison(n.g, p->action[first].time);
        if (first == p->forwards)
            *n.loss->gradient = 1;
        first = graph_stretch(n.g, &c, first);
    }
    ok(!memcmp(wanted, w.gradient, w.count * sizeof *wanted), "no op reads memory that was freed");
    free(wanted);
    graph_free(n.g);
}

/* Values made anew are the same values, and take less memory. */
static void test_remake(void)
{
    struct error e;
    struct net n[2] = {net_new(false), net_new(true)};
    struct group w[2];
    real loss[2];
    for (int i = 0; i < 2; i++) {
        graph_plan(n[i].g, n[i].loss, BATCH, GRAPH_TRAIN, &e);
        net_fill(&n[i]);
        loss[i] = net_run(&n[i], BATCH, &w[i]);
    }
    ok(loss[0] == loss[1] && !memcmp(w[0].gradient, w[1].gradient, w[0].count * sizeof(real)),
       "values made anew are the same values");
    size_t between[2] = {0};
    int again = 0;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < n[i].g->nodes * BLOCKS; k++) {
            const struct block *b = &n[i].g->plan.block[k];
            between[i] += held(b, n[i].g->plan.ordered) ? b->bytes : 0;
            again += k % BLOCKS == BLOCK_VALUE && b->again > 0;
        }
    ok(again == 2 && between[1] < between[0], "%d of them; kept for backward: %zu bytes for %zu",
       again, between[1], between[0]);
    graph_free(n[0].g);
    graph_free(n[1].g);
}

static void test_run(void)
{
    struct error e;
    struct net n = net_new(true), small = net_new(true);
    struct group w, v;
    graph_plan(n.g, n.loss, BATCH, GRAPH_TRAIN, &e);
    graph_plan(small.g, small.loss, 3, GRAPH_TRAIN, &e);
    net_fill(&n);
    graph_initialise(small.g, GRAPH_WEIGHTS, 1);
    graph_initialise(small.g, GRAPH_ARCHITECTURE, 1);
    memcpy(node_value(small.x), node_value(n.x), 3 * node_count(n.x) * sizeof(real));
    memcpy(node_value(small.label), node_value(n.label), 3 * sizeof(real));
    real five = net_run(&n, BATCH, &w), three = net_run(&n, 3, &w);
    ok(three == net_run(&small, 3, &v) && five != three &&
           !memcmp(w.gradient, v.gradient, w.count * sizeof(real)),
       "n images of a larger batch give the bits of a batch of n");
    ok(!node_gradient(n.unused)[0] && !node_gradient(n.unused)[2], "unused parameters get 0");
    real before = w.gradient[0], alpha = node_gradient(n.alpha)[1];
    struct graph_run run = {.n = 3, .gradients = 1u << GRAPH_ARCHITECTURE};
    w.gradient[0] = 7;
    node_gradient(n.alpha)[1] = 7;
    graph_forward(n.g, &run);
    graph_backward(n.g, &run);
    ok(w.gradient[0] == 7 && node_gradient(n.alpha)[1] == alpha,
       "gradients of groups that are not wanted are left alone");
    omp_set_num_threads(1);
    net_run(&n, 3, &w);
    ok(w.gradient[0] == before, "one thread, the same bits");
    omp_set_num_threads(3 * GRAPH_SLICES);
    net_run(&n, 3, &w);
    ok(w.gradient[0] == before, "more threads than slices, the same bits");
    omp_set_num_threads(2);
    const struct op_profile *rows;
    graph_profile(n.g, true);
    net_run(&n, 3, &w);
    int count = graph_profile_rows(n.g, &rows);
    double macs = 0;
    for (int i = 0; i < count; i++)
        macs += rows[i].macs;
    ok(count > 5 && rows[0].calls == 1 && macs > 0, "a profile of %d ops", count);
    graph_keep(n.logits);
    ok(!graph_plan(n.g, NULL, 2, GRAPH_INFER, &e) && node_value(n.logits), "plan for inference");
    graph_free(n.g);
    graph_free(small.g);
}

/* The tangent of a network against differences along a direction. */
static void test_tangent(void)
{
    struct error e;
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "x", 4, 4, 2), *t = graph_input(g, "t", 4, 4, 2);
    struct node *w = graph_weight(g, "w", GRAPH_WEIGHTS, 4, (int[]){3, 3, 2, 5}, normal);
    struct node *p = graph_weight(g, "p", GRAPH_WEIGHTS, 2, (int[]){80, 3}, normal);
    struct node *h = activate(conv2d(x, w, (struct window){.kernel = 3, .pad = 1}), ACT_LEAKY);
    struct node *y = linear(multiply(activate(h, ACT_SIGMOID), activate(h, ACT_TANH)), p, NULL);
    struct node *ty = graph_tangent(y, 1, &x, &t);
    ok(ty && !graph_tangent(y, 1, &p, &w), "tangents are built; of the wrong shape they are not");
    graph_free(g);

    g = graph_new(&e);
    x = graph_input(g, "x", 4, 4, 2), t = graph_input(g, "t", 4, 4, 2);
    w = graph_weight(g, "w", GRAPH_WEIGHTS, 4, (int[]){3, 3, 2, 5}, normal);
    p = graph_weight(g, "p", GRAPH_WEIGHTS, 2, (int[]){80, 3}, normal);
    h = activate(conv2d(x, w, (struct window){.kernel = 3, .pad = 1}), ACT_LEAKY);
    y = linear(multiply(activate(h, ACT_SIGMOID), activate(h, ACT_SWISH)), p, NULL);
    ty = graph_tangent(y, 1, &x, &t);
    graph_keep(y);
    graph_keep(ty);
    if (!ok(ty && !graph_plan(g, mean_square_norm(ty), 2, GRAPH_TRAIN, &e), "a tangent's norm"))
        return;
    struct random r = random_stream(3, "tangent", 0);
    struct graph_run run = {.n = 2, .gradients = 1u << GRAPH_WEIGHTS};
    graph_initialise(g, GRAPH_WEIGHTS, 1);
    for (size_t i = 0; i < 2 * node_count(x); i++) {
        node_value(x)[i] = (real)random_normal(&r);
        node_value(t)[i] = (real)random_normal(&r);
    }
    real at[2][6], tangent[6];
    const real step = (real)1e-3;
    graph_forward(g, &run);
    memcpy(tangent, node_value(ty), sizeof tangent);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < 2 * node_count(x); i++)
            node_value(x)[i] += (side ? -2 : 1) * step * node_value(t)[i];
        graph_forward(g, &run);
        memcpy(at[side], node_value(y), sizeof at[side]);
    }
    double most = 0;
    for (int i = 0; i < 6; i++)
        most = fmax(most, fabs((double)((at[0][i] - at[1][i]) / (2 * step) - tangent[i])));
    ok(most < 5e-3, "a tangent is the difference along its direction: %.1e", most);
    graph_free(g);
}

static void test_schedules(void)
{
    ok(cosine_rate(2, 1, 0, 10) == 2 && fabs(cosine_rate(2, 1, 10, 10) - 1) < 1e-12 &&
           fabs(cosine_rate(2, 1, 5, 10) - 1.5) < 1e-12 && cosine_rate(2, 1, 20, 10) == 1,
       "half a cosine, and no rise after it");
    ok(triangle_rate(0.01, 0.001, 10, 10) == 0.01 && triangle_rate(3, 1, 0, 4) == 1 &&
           triangle_rate(3, 1, 4, 4) == 3 && triangle_rate(3, 1, 8, 4) == 1 &&
           triangle_rate(3, 1, 6, 4) == 2 && triangle_rate(3, 1, 9, 4) == 1.5,
       "a triangle");
    real value[2] = {0}, gradient[2] = {3, 4};
    struct group g = {value, gradient, 2};
    ok(fabs(clip_gradient(g, 10) - 5) < 1e-12 && gradient[0] == 3, "short gradients stay");
    ok(fabs(clip_gradient(g, 1) - 5) < 1e-12 && fabs((double)gradient[1] - 0.8) < 1e-6,
       "long ones are cut");
    ok(fabs(group_norm(gradient, 2) - 1) < 1e-6, "to the norm asked");
}

int main(void)
{
    test_errors();
    test_parameters();
    test_plan();
    test_poison();
    test_remake();
    test_run();
    test_tangent();
    test_schedules();
    return tap_done();
}
