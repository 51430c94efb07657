#include "search/policy.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "graph/log_sum_exp.h"
#include "search/batches.h"

/* Rate and decay are those of NATS-Bench's policies (Dong et al., PAMI 2021), the bonus is Pham et
 * al.'s (ICML 2018). */
static const struct adam ADAM = {.rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const double BASELINE_DECAY = 0.9, BONUS = 1e-4;

static size_t options(const struct policy *p, int choice)
{
    return (size_t)p->space->options(p->space, choice);
}

int policy_new(struct policy *p, const struct search_space *space, struct error *e)
{
    static const char what[] = "a policy";
    *p = (struct policy){.space = space};
    for (int k = 0; k < space->choices; k++)
        p->logits.count += options(p, k);
    p->logits.value = array_new(p->logits.count, sizeof(real), what, e);
    p->logits.gradient = array_new(p->logits.count, sizeof(real), what, e);
    p->first = array_new(p->logits.count, sizeof(real), what, e);
    p->second = array_new(p->logits.count, sizeof(real), what, e);
    if (p->logits.value && p->logits.gradient && p->first && p->second)
        return 0;
    policy_free(p);
    return -1;
}

void policy_free(struct policy *p)
{
    free(p->logits.value);
    free(p->logits.gradient);
    free(p->first);
    free(p->second);
    *p = (struct policy){0};
}

/* log p of an option is its logit less the log_sum_exp of its choice's. */
static int draw_option(const real *logit, size_t n, double u)
{
    const double whole = log_sum_exp(logit, n);
    size_t i = 0;
    for (; i + 1 < n && (u -= exp((double)logit[i] - whole)) >= 0; i++)
        ;
    return (int)i;
}

/* r: NULL for the most probable. */
static void choose(const struct policy *p, struct random *r, struct architecture *a)
{
    const real *logit = p->logits.value;
    architecture_at(a, p->space, 0);
    for (int k = 0; k < p->space->choices; k++) {
        const size_t n = options(p, k);
        p->space->choose(a, k,
                         r ? draw_option(logit, n, random_uniform(r)) : batch_best(logit, (int)n));
        logit += n;
    }
}

void policy_draw(const struct policy *p, struct random *r, struct architecture *a)
{
    choose(p, r, a);
}

void policy_likeliest(const struct policy *p, struct architecture *a)
{
    choose(p, NULL, a);
}

void policy_differentiate(struct policy *p, const struct architecture *a, double advantage,
                          double bonus)
{
    const real *logit = p->logits.value;
    real *gradient = p->logits.gradient;
    for (int k = 0; k < p->space->choices; k++) {
        const size_t n = options(p, k);
        const int chosen = p->space->chosen(a, k);
        const double whole = log_sum_exp(logit, n);
        double entropy = 0;
        for (size_t i = 0; i < n; i++) {
            const double log_p = (double)logit[i] - whole;
            entropy -= exp(log_p) * log_p;
        }
        for (size_t i = 0; i < n; i++) {
            const double log_p = (double)logit[i] - whole, odds = exp(log_p);
            gradient[i] =
                (real)(bonus * odds * (log_p + entropy) - advantage * (((int)i == chosen) - odds));
        }
        logit += n;
        gradient += n;
    }
}

void policy_learn(struct policy *p, const struct architecture *a, double reward)
{
    if (!p->steps)
        p->baseline = reward;
    policy_differentiate(p, a, reward - p->baseline, BONUS);
    adam_step(&ADAM, p->logits, p->first, p->second, ++p->steps);
    p->baseline = BASELINE_DECAY * p->baseline + (1 - BASELINE_DECAY) * reward;
}

/* ---- as a value ---- */

static void set_reals(struct value *v, const char *key, const real *x, size_t n)
{
    struct value *array = value_set(v, key, value_array());
    for (size_t i = 0; i < n; i++)
        value_append(array, value_real((double)x[i]));
}

struct value *policy_value(const struct policy *p)
{
    struct value *v = value_map();
    set_reals(v, "logits", p->logits.value, p->logits.count);
    set_reals(v, "first", p->first, p->logits.count);
    set_reals(v, "second", p->second, p->logits.count);
    value_set_int(v, "steps", p->steps);
    value_set_real(v, "baseline", p->baseline);
    return v;
}

static int get_reals(const struct value *v, const char *key, double least, real *x, size_t n,
                     struct error *e)
{
    const struct value *array = value_get(v, key);
    if (!array || array->type != VALUE_ARRAY || array->count != n)
        return error_set(e, "%s of a policy is missing or not %zu numbers", key, n);
    for (size_t i = 0; i < n; i++) {
        const struct value *item = array->item[i];
        x[i] = item->type == VALUE_REAL ? (real)item->real : (real)NAN;
        if (!isfinite(x[i]) || x[i] < (real)least)
            return error_set(e, "%s of a policy: element %zu cannot be", key, i);
    }
    return 0;
}

int policy_restore(struct policy *p, const struct value *v, struct error *e)
{
    p->steps = value_get_int(v, "steps", 0);
    p->baseline = value_get_real(v, "baseline", NAN);
    if (p->steps < 1 || p->steps > INT64_MAX / 2 || !isfinite(p->baseline))
        return error_set(e, "steps or baseline of a policy is missing or cannot be");
    return get_reals(v, "logits", -INFINITY, p->logits.value, p->logits.count, e) ||
                   get_reals(v, "first", -INFINITY, p->first, p->logits.count, e) ||
                   get_reals(v, "second", 0, p->second, p->logits.count, e)
               ? -1
               : 0;
}
