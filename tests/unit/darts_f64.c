/* The architecture gradient: on a bilevel toy of two numbers against the closed form. */
#include <string.h>

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

int main(void)
{
    test_toy();
    test_steps();
    return tap_done();
}
