/* A policy over a search space: every choice of an architecture is drawn on its own, from the
 * softmax of logits of its own, as Ying et al. (ICML 2019) have it in place of the recurrent
 * controller of Zoph and Le (ICLR 2017). It learns by REINFORCE (Williams 1992): where R(a) is the
 * reward of a drawn architecture a, b a moving average of the rewards before, H the entropy,
 *
 *     (R(a) - b) d log p(a) + bonus dH
 *
 * is an estimate, without bias, of the gradient of E[R] + bonus H, by which Adam ascends. */
#ifndef SEARCH_POLICY_H
#define SEARCH_POLICY_H
#include "base/random.h"
#include "base/value.h"
#include "graph/optimiser.h"
#include "network/search_space.h"

struct policy {
    const struct search_space *space;
    struct group logits;  /* the options of choice 0, then of 1, ...; owned, as are the next */
    real *first, *second; /* Adam's moments */
    int64_t steps;
    double baseline; /* of no meaning before the first step */
};

/* All options of a choice equally likely. */
int policy_new(struct policy *p, const struct search_space *space, struct error *e);
void policy_free(struct policy *p);

void policy_draw(const struct policy *p, struct random *r, struct architecture *a);
/* The most probable architecture; of equal options the first. */
void policy_likeliest(const struct policy *p, struct architecture *a);

/* The gradient for a descent: of -(advantage log p(a) + bonus H). Overwrites logits.gradient. */
void policy_differentiate(struct policy *p, const struct architecture *a, double advantage,
                          double bonus);
/* One step, by an architecture that was drawn and its reward, 0 to 1. */
void policy_learn(struct policy *p, const struct architecture *a, double reward);

/* All of it as a map {logits, first, second: [..], steps, baseline}, or NULL where memory is out;
 * and back, from anything: -1 where it is none of this space. */
struct value *policy_value(const struct policy *p);
int policy_restore(struct policy *p, const struct value *v, struct error *e);

#endif
