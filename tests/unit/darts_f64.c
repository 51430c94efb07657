/* The architecture gradient: on a bilevel toy of two numbers against the closed form, and on a
 * whole super-net against PyTorch in double (which unrolls exactly, without a finite difference).
 */
#include <string.h>

#include "network/network.h"
#include "oracle.h"
#include "search/darts.h"
#include "tap.h"

/* Ltrain = p (w - q a)^2 / 2, Lval = (w - 1)^2 / 2 + r a^2 / 2 */
struct toy {
    double p, q, r;
    real w, a, gw, ga;
    int passes;
};

static void toy_differentiate(void *context, enum darts_batch batch, unsigned groups, bool step)
{
    struct toy *t = context;
    (void)step;
    bool training = batch == DARTS_TRAINING;
    double residual = t->w - t->q * t->a;
    if (groups >> GRAPH_WEIGHTS & 1u)
        t->gw = training ? t->p * residual : t->w - 1;
    if (groups >> GRAPH_ARCHITECTURE & 1u)
        t->ga = training ? -t->p * t->q * residual : t->r * t->a;
    t->passes++;
}

static void test_toy(void)
{
    struct toy t = {.p = 1.7, .q = 0.6, .r = 0.3, .w = 0.4, .a = -1.2};
    struct darts d;
    struct error e;
    if (!ok(!darts_init(&d, (struct group){&t.w, &t.gw, 1}, (struct group){&t.a, &t.ga, 1}, &e),
            "toy learner"))
        return;
    d.differentiate = toy_differentiate;
    d.context = &t;
    d.velocity[0] = 0.05;

    double xi = 0.1;
    darts_gradient(&d, xi);
    double w1 = t.w - xi * (0.9 * 0.05 + t.p * (t.w - t.q * t.a) + 3e-4 * t.w);
    double wanted = t.r * t.a + (w1 - 1) * xi * t.p * t.q;
    ok(fabs(t.ga - wanted) < 1e-6 * fabs(wanted), "second order: %.12g, closed form %.12g",
       (double)t.ga, wanted);
    ok(t.passes == 4, "second order takes 4 passes: %d", t.passes);
    ok(t.w == 0.4 && t.a == -1.2, "and leaves the parameters as they were");

    d.order = 1;
    t.passes = 0;
    darts_gradient(&d, xi);
    ok(fabs(t.ga - t.r * t.a) < 1e-15 && t.passes == 1, "first order: one validation pass");

    /* At w' = 1 the validation gradient vanishes, and with it the direction of the difference. */
    t.w = 1;
    t.a = 1 / t.q;
    d.sgd.decay = 0;
    d.velocity[0] = 0;
    d.order = 2;
    darts_gradient(&d, xi);
    ok(fabs(t.ga - t.r * t.a) < 1e-15, "second order where the direction vanishes");
    darts_free(&d);
}

static void test_steps(void)
{
    struct toy t = {.p = 100, .q = 1, .r = 1, .w = 3, .a = 1};
    struct darts d;
    struct error e;
    if (darts_init(&d, (struct group){&t.w, &t.gw, 1}, (struct group){&t.a, &t.ga, 1}, &e))
        return;
    d.differentiate = toy_differentiate;
    d.context = &t;
    d.order = 1;
    darts_weight_step(&d, 0.01);
    double moved = 0.01 * (5 + 3e-4 * 3); /* the gradient, 200, is clipped to 5 */
    ok(fabs(t.w - (3 - moved)) < 1e-6, "weight step: clip, decay, rate: %.9g", (double)t.w);
    darts_architecture_step(&d, 0.01);
    ok(fabs(t.a - (1 - 3e-4)) < 1e-9, "Adam's first step is its rate: %.9g", (double)t.a);
    darts_free(&d);
}

/* ---- a super-net ---- */

enum { BATCH = 6 };

struct oracle_net {
    struct supernet net;
    struct graph *graph;
};

static void oracle_differentiate(void *context, enum darts_batch batch, unsigned groups, bool step)
{
    struct oracle_net *o = context;
    struct graph_run run = {.n = BATCH, .gradients = groups, .track = step};
    bool training = batch == DARTS_TRAINING;
    oracle_fill(o->net.x, oracle_images("supernet", training ? "x" : "xv"), BATCH);
    oracle_fill(o->net.label, oracle_images("supernet", training ? "y" : "yv"), BATCH);
    graph_forward(o->graph, &run);
    graph_backward(o->graph, &run);
}

/* Fills a group's flat array, or another one of the same layout, from the arrays prefix + name. */
static bool fill_flat(struct graph *g, enum graph_group group, const char *prefix, real *flat)
{
    bool good = true;
    real *at = flat;
    for (int i = 0; i < graph_weights(g, group); i++) {
        struct node *n = graph_weight_at(g, group, i);
        const char *name = node_name(n);
        struct oracle_array a =
            oracle_parameter("supernet", prefix, name, !strncmp(name, "fc.", 3));
        good = good && a.value && a.count == node_count(n) &&
               at - flat == node_value(n) - graph_group(g, group).value;
        for (size_t k = 0; good && k < a.count; k++)
            *at++ = a.value[k];
        free(a.value);
    }
    return good;
}

static double architecture_distance(struct oracle_net *o, const char *prefix)
{
    double most = 0;
    for (int i = 0; i < 2; i++) {
        struct node *n = graph_weight_at(o->graph, GRAPH_ARCHITECTURE, i);
        double d = oracle_distance(node_gradient(n), node_count(n),
                                   oracle_parameter("supernet", prefix, node_name(n), false));
        most = fmax(most, d);
    }
    return most;
}

static void test_supernet(void)
{
    struct error e = {""};
    struct oracle_net o = {.net = {.image = {12, 12, 1}, .channels = 8, .cells = 3, .classes = 4}};
    struct darts d = {0};
    if (!oracle_there("supernet")) {
        skip("no oracle; set SHARED to the folder that holds it");
        return;
    }
    o.graph = graph_new(&e);
    if (ok(o.graph && !supernet_build(&o.net, o.graph, &e) &&
               !graph_plan(o.graph, o.net.loss, BATCH, GRAPH_TRAIN, &e) &&
               !darts_init(&d, graph_group(o.graph, GRAPH_WEIGHTS),
                           graph_group(o.graph, GRAPH_ARCHITECTURE), &e) &&
               fill_flat(o.graph, GRAPH_WEIGHTS, "p.", d.weights.value) &&
               fill_flat(o.graph, GRAPH_ARCHITECTURE, "p.", d.architecture.value) &&
               fill_flat(o.graph, GRAPH_WEIGHTS, "v.", d.velocity),
           "the oracle's super-net, parameters and momentum %s", e.text)) {
        d.differentiate = oracle_differentiate;
        d.context = &o;
        d.order = 1;
        darts_gradient(&d, 0.01);
        double distance = architecture_distance(&o, "first.");
        ok(distance < 1e-8, "first order: %.1e", distance);
        d.order = 2;
        d.reach = 1e-6; /* so near that no ReLU changes side */
        darts_gradient(&d, 0.01);
        distance = architecture_distance(&o, "second.");
        ok(distance < 1e-6, "second order, the product by finite difference: %.1e", distance);
    }
    darts_free(&d);
    graph_free(o.graph);
}

int main(void)
{
    test_toy();
    test_steps();
    test_supernet();
    return tap_done();
}
