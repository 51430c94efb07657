/* The policy against what can be told exactly: spaces so small that every architecture is looked
 * at.
 */
#include <string.h>

#include "search/policy.h"
#include "tap.h"

enum { MOST = 125, MOST_LOGITS = 15 };

static const struct search_space *const SPACES[] = {&SPACE_TINYCELL_27, &SPACE_TINYCELL_125};

static struct policy begin(const struct search_space *space, double deviation)
{
    struct error e;
    struct policy p;
    const struct random r = random_stream(3, "logits", 0);
    if (policy_new(&p, space, &e))
        exit(1);
    for (size_t i = 0; i < p.logits.count; i++)
        p.logits.value[i] = deviation * random_normal_at(&r, i);
    return p;
}

static double reward(uint64_t architecture)
{
    const struct random r = random_stream(4, "reward", 0);
    return random_uniform_at(&r, architecture);
}

/* By the definition, of number i of the space. */
static double odds(const struct policy *p, uint64_t i)
{
    const real *logit = p->logits.value;
    double product = 1;
    for (int k = 0; k < p->space->choices; k++) {
        const int n = p->space->options(p->space, k);
        double sum = 0;
        for (int o = 0; o < n; o++)
            sum += exp(logit[o]);
        product *= exp(logit[i % (uint64_t)n]) / sum;
        i /= (uint64_t)n;
        logit += n;
    }
    return product;
}

/* E[reward] + bonus * entropy, over all architectures. */
static double objective(const struct policy *p, double bonus)
{
    double sum = 0;
    for (uint64_t i = 0; i < search_space_count(p->space); i++)
        sum += odds(p, i) * (reward(i) - bonus * log(odds(p, i)));
    return sum;
}

static double furthest(const double *a, const double *b, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* What the estimator is on average over all architectures, whatever the baseline, is the gradient
 * of the objective, here by central differences. */
static void expectation(const struct search_space *space, double baseline, double bonus)
{
    struct policy p = begin(space, 1);
    double exact[MOST_LOGITS], mean[MOST_LOGITS] = {0};
    for (size_t k = 0; k < p.logits.count; k++) {
        const double h = 1e-5, at = p.logits.value[k];
        p.logits.value[k] = at + h;
        exact[k] = -objective(&p, bonus);
        p.logits.value[k] = at - h;
        exact[k] = (exact[k] + objective(&p, bonus)) / (2 * h);
        p.logits.value[k] = at;
    }
    for (uint64_t i = 0; i < search_space_count(space); i++) {
        struct architecture a;
        architecture_at(&a, space, i);
        policy_differentiate(&p, &a, reward(i) - baseline, bonus);
        for (size_t k = 0; k < p.logits.count; k++)
            mean[k] += odds(&p, i) * p.logits.gradient[k];
    }
    const double error = furthest(exact, mean, p.logits.count);
    ok(error < 1e-9, "%s: its mean is the gradient; baseline %g, bonus %g: %.1e apart", space->name,
       baseline, bonus, error);
    policy_free(&p);
}

/* Number of an architecture in its space. */
static uint64_t number(const struct architecture *a)
{
    uint64_t i = 0, unit = 1;
    for (int k = 0; k < a->space->choices; k++) {
        i += unit * (uint64_t)a->space->chosen(a, k);
        unit *= (uint64_t)a->space->options(a->space, k);
    }
    return i;
}

/* Draws come as often as they should, and so the gradient by draws is the exact one within its own
 * error. */
static void draws(const struct search_space *space)
{
    enum { DRAWS = 40000 };
    struct policy p = begin(space, 0.5);
    const uint64_t count = search_space_count(space);
    struct random r = random_stream(1, "draws", 0);
    int seen[MOST] = {0};
    double exact[MOST_LOGITS] = {0}, sum[MOST_LOGITS] = {0}, square[MOST_LOGITS] = {0};
    double expected = 0, chi = 0, worst = 0;
    struct architecture a;
    for (uint64_t i = 0; i < count; i++)
        expected += odds(&p, i) * reward(i);
    for (uint64_t i = 0; i < count; i++) {
        architecture_at(&a, space, i);
        policy_differentiate(&p, &a, reward(i), 0);
        for (size_t k = 0; k < p.logits.count; k++)
            exact[k] += odds(&p, i) * p.logits.gradient[k];
    }
    for (int n = 0; n < DRAWS; n++) {
        policy_draw(&p, &r, &a);
        seen[number(&a)]++;
        policy_differentiate(&p, &a, reward(number(&a)) - expected, 0);
        for (size_t k = 0; k < p.logits.count; k++) {
            sum[k] += p.logits.gradient[k];
            square[k] += p.logits.gradient[k] * p.logits.gradient[k];
        }
    }
    for (uint64_t i = 0; i < count; i++)
        chi += pow(seen[i] - DRAWS * odds(&p, i), 2) / (DRAWS * odds(&p, i));
    const double freedom = (double)count - 1;
    ok(fabs(chi - freedom) < 4 * sqrt(2 * freedom), "%s: chi-squared %.1f of %g degrees",
       space->name, chi, freedom);
    for (size_t k = 0; k < p.logits.count; k++) {
        const double mean = sum[k] / DRAWS;
        worst =
            fmax(worst, fabs(mean - exact[k]) / sqrt((square[k] / DRAWS - mean * mean) / DRAWS));
    }
    ok(worst < 4, "%s: the gradient by draws is %.2f standard errors off", space->name, worst);
    policy_free(&p);
}

/* It comes to the best, and is what it was where its value was restored half-way. */
static void learn(const struct search_space *space)
{
    enum { STEPS = 3000 };
    struct error e;
    struct policy p = begin(space, 0), q = begin(space, 1);
    struct architecture a, best;
    uint64_t top = 0;
    bool restored = false;
    for (uint64_t i = 0; i < search_space_count(space); i++)
        top = reward(i) > reward(top) ? i : top;
    policy_likeliest(&p, &a);
    ok(number(&a) == 0, "of equal options the first");
    for (int step = 0; step < STEPS; step++) {
        struct random r = random_stream(1, "learning", (uint64_t)step);
        if (step == STEPS / 2) {
            struct value *v = policy_value(&p);
            restored = !policy_restore(&q, v, &e);
            value_free(v);
        }
        struct random same = r;
        policy_draw(&p, &r, &a);
        policy_learn(&p, &a, reward(number(&a)));
        if (restored) {
            policy_draw(&q, &same, &a);
            policy_learn(&q, &a, reward(number(&a)));
        }
    }
    policy_likeliest(&p, &best);
    ok(reward(number(&best)) > 0.95 * reward(top), "%s: %.3f, the best is %.3f; drawn with %.3f",
       space->name, reward(number(&best)), reward(top), odds(&p, number(&best)));
    ok(restored && !memcmp(p.logits.value, q.logits.value, p.logits.count * sizeof(real)) &&
           p.baseline == q.baseline,
       "restored half-way, it ends the same");
    policy_free(&p);
    policy_free(&q);
}

/* A policy of the small space after a step, with a member replaced by a JSON text. */
static void refuse(const char *key, const char *json)
{
    struct error e;
    struct policy p = begin(&SPACE_TINYCELL_27, 1);
    struct architecture a;
    architecture_at(&a, p.space, 5);
    policy_learn(&p, &a, 0.5);
    struct value *v = policy_value(&p);
    if (json)
        value_set(v, key, value_parse_json(json, strlen(json), &e));
    else
        value_remove(v, key);
    ok(policy_restore(&p, v, &e), "%s %.20s: %s", key, json ? json : "missing", e.text);
    value_free(v);
    policy_free(&p);
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        expectation(SPACES[i], 0, 0);
        expectation(SPACES[i], 0.7, 0);
        expectation(SPACES[i], 0.7, 0.1);
        draws(SPACES[i]);
        learn(SPACES[i]);
    }
    static const char *const keys[] = {"logits", "first", "second", "steps", "baseline"};
    for (int i = 0; i < 5; i++) {
        refuse(keys[i], NULL);
        refuse(keys[i], "\"x\"");
        refuse(keys[i], "[0.5, 0.5]");
        refuse(keys[i], "null");
    }
    refuse("logits", "[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, \"x\"]");
    refuse("second", "[0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.5, 0.5, 0.5]");
    refuse("steps", "0");
    return tap_done();
}
