#include <stdlib.h>
#include "base/memory.h"
#include "search/candidate.h"
#include "search/settings.h"
#include "search/stages.h"
#include "search/strategy.h"
#include "search/whole.h"

static const double RATE = 6e-4, CLIP = 5;

struct staging {
    struct stages stages; /* settings */
    int epochs;           /* of a stage */
    int at;               /* the stage that the super-net is of */
};

static int read(struct search *s, const struct value *settings, struct error *e)
{
    static const char what[] = "search settings";
    struct staging *p = s->own = array_new(1, sizeof *p, "the stages", e);
    if (!p || settings_int(settings, what, "frozen", 0, 1000000, &s->frozen, e) ||
        settings_int(settings, what, "stage_epochs", 1, 1000000, &p->epochs, e))
        return -1;
    if (stages_parse(&p->stages, value_get_text(settings, "stages", ""), PRIMITIVES, e))
        return error_wrap(e, "%s: stages", what);
    s->last_epoch = (int64_t)p->stages.count * p->epochs;
    return 0;
}

static void drop(struct search *s)
{
    free(s->own);
}

static void begin(struct search *s)
{
    const struct staging *p = s->own;
    whole_begin(s, 1);
    s->darts.adam.rate = RATE;
    s->darts.architecture_clip = CLIP;
    s->cosine_least = 0;
    s->total_epochs = p->epochs;
}

/* What of the super-net at hand the next stage's has. */
static struct value *next_network(const struct search *s, const struct stage *next)
{
    float table[SPACE_MOST_TABLES][SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
    struct kept_ops kept = s->model.kept;
    for (int i = 0; i < SPACE_MOST_TABLES; i++)
        candidate_table(s, i, table[i]);
    kept_ops_drop(&kept, (const float *const[]){table[0], table[1]}, next->ops);
    struct value *network = value_copy(s->network);
    if (value_set_int(network, "cells", next->cells) &&
        value_set(network, "operations", kept_ops_value(&kept)))
        return network;
    value_free(network);
    return NULL;
}

static int next_stage(struct search *s, struct error *e)
{
    struct staging *p = s->own;
    struct random r = random_stream(s->seed, "stage", (uint64_t)++p->at);
    struct value *network = next_network(s, &p->stages.stage[p->at]);
    if (!network)
        return error_set(e, "out of memory: the network of a stage");
    if (search_renew(s, network, random_u64(&r), e))
        return error_wrap(e, "stage %d", p->at + 1);
    s->curriculum.begun = s->curriculum.epoch;
    for (size_t i = 0; i < s->subset_count; i++)
        easiness_forget(&s->easiness, s->subset[i]);
    return 0;
}

static int begin_epoch(struct search *s, struct error *e)
{
    const struct staging *p = s->own;
    const int64_t stage = s->curriculum.epoch / p->epochs;
    if (stage >= p->stages.count)
        return error_set(e, "epoch %lld: all stages are over", (long long)s->curriculum.epoch);
    if (stage > p->at && next_stage(s, e))
        return -1;
    s->dropout =
        stages_dropout(p->stages.stage[p->at].dropout,
                       (int)(s->curriculum.epoch - s->curriculum.begun), s->frozen, p->epochs);
    return 0;
}

static int step(struct search *s, struct error *e)
{
    (void)e;
    whole_step(s, s->curriculum.epoch - s->curriculum.begun >= s->frozen);
    return 0;
}

/* ---- {stage: of the super-net, from 1 on} ---- */

static struct value *keep(const struct search *s)
{
    const struct staging *p = s->own;
    struct value *kept = value_map();
    value_set_int(kept, "stage", p->at + 1);
    return kept;
}

static int restore(struct search *s, const struct value *kept, struct error *e)
{
    struct staging *p = s->own;
    if (settings_int(kept, "meta: search: kept", "stage", 1, p->stages.count, &p->at, e))
        return -1;
    const struct stage *stage = &p->stages.stage[--p->at];
    const int64_t epoch = s->curriculum.epoch, begun = (int64_t)p->at * p->epochs;
    if (s->model.cells != stage->cells || s->model.kept.count != stage->ops ||
        s->curriculum.begun != begun || epoch < begun || epoch > begun + p->epochs)
        return error_set(e,
                         "meta: search: epoch %lld with %d cells of %d operations is not of "
                         "stage %d",
                         (long long)epoch, s->model.cells, s->model.kept.count, p->at + 1);
    return 0;
}

const struct strategy STRATEGY_P_DARTS = {.name = "p-darts",
                                          .whole = true,
                                          .staged = true,
                                          .cosine = true,
                                          .options = "stages stage-epochs frozen",
                                          .frozen = 10,
                                          .read = read,
                                          .begin = begin,
                                          .begin_epoch = begin_epoch,
                                          .step = step,
                                          .drop = drop,
                                          .keep = keep,
                                          .restore = restore};
