#include <stdlib.h>
#include "base/memory.h"
#include "search/candidate.h"
#include "search/policy.h"
#include "search/strategy.h"

static int read(struct search *s, const struct value *settings, struct error *e)
{
    struct policy *p = s->own = array_new(1, sizeof *p, "a policy", e);
    if (!p || policy_new(p, s->model.space, e))
        return -1;
    return candidate_read(s, settings, e);
}

static void drop(struct search *s)
{
    policy_free(s->own);
    free(s->own);
}

static int step(struct search *s, struct error *e)
{
    struct random r = random_stream(s->seed, "path", (uint64_t)s->darts.steps++);
    struct architecture a;
    policy_draw(s->own, &r, &a);
    return candidate_train(s, &a, e);
}

static int end_epoch(struct search *s, struct error *e)
{
    struct random r = random_stream(s->seed, "policy", (uint64_t)s->curriculum.epoch);
    struct architecture a;
    for (int i = 0; i < s->candidates; i++) {
        struct judgement j;
        policy_draw(s->own, &r, &a);
        if (candidate_judge(s, &a, &j, e))
            return -1;
        policy_learn(s->own, &a, j.accuracy);
    }
    policy_likeliest(s->own, &a);
    candidate_take(s, &a);
    return 0;
}

static struct value *keep(const struct search *s)
{
    return policy_value(s->own);
}

static int restore(struct search *s, const struct value *kept, struct error *e)
{
    return policy_restore(s->own, kept, e) ? error_wrap(e, "meta: search: kept") : 0;
}

const struct strategy STRATEGY_REINFORCE = {.name = "reinforce",
                                            .options = "candidates judge",
                                            .read = read,
                                            .step = step,
                                            .end_epoch = end_epoch,
                                            .drop = drop,
                                            .keep = keep,
                                            .restore = restore};
