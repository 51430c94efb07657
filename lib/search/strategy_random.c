#include "search/candidate.h"
#include "search/strategy.h"

static int end_epoch(struct search *s, struct error *e)
{
    struct architecture best, a;
    struct judgement least, j;
    candidate_found(s, &best);
    if (candidate_judge(s, &best, &least, e))
        return -1;
    for (int i = 0; i < s->candidates; i++) {
        candidate_draw(s, "candidate", (uint64_t)s->curriculum.epoch, (uint64_t)i, &a);
        if (candidate_judge(s, &a, &j, e))
            return -1;
        if (loss_beats(j.loss, least.loss)) {
            least = j;
            best = a;
        }
    }
    candidate_take(s, &best);
    return 0;
}

const struct strategy STRATEGY_RANDOM = {.name = "random",
                                         .options = "candidates judge",
                                         .read = candidate_read,
                                         .step = candidate_step,
                                         .end_epoch = end_epoch};
