#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "search/candidate.h"
#include "search/settings.h"
#include "search/strategy.h"

struct member {
    struct architecture a;
    double loss; /* when it was last judged */
};

struct evolution {
    int most, sample;      /* settings: the population, those who enter a tournament */
    int count;             /* 0 before the first population, then `most` */
    struct member *member; /* by age, the oldest first; owned */
};

static int read(struct search *s, const struct value *settings, struct error *e)
{
    static const char what[] = "search settings";
    struct evolution *v = s->own = array_new(1, sizeof *v, "a population", e);
    if (!v || candidate_read(s, settings, e) ||
        settings_int(settings, what, "population", 1, SEARCH_MOST_CANDIDATES, &v->most, e) ||
        settings_int(settings, what, "sample", 1, v->most, &v->sample, e))
        return -1;
    v->member = array_new((size_t)v->most, sizeof *v->member, "a population", e);
    return v->member ? 0 : -1;
}

static void drop(struct search *s)
{
    struct evolution *v = s->own;
    free(v->member);
    free(v);
}

static int judge(struct search *s, struct member *m, struct error *e)
{
    struct judgement j;
    if (candidate_judge(s, &m->a, &j, e))
        return -1;
    m->loss = j.loss;
    return 0;
}

static void populate(struct search *s)
{
    struct evolution *v = s->own;
    for (; v->count < v->most; v->count++)
        candidate_draw(s, "population", 0, (uint64_t)v->count, &v->member[v->count].a);
}

static const struct member *better(const struct member *a, const struct member *b)
{
    return loss_beats(b->loss, a->loss) ? b : a;
}

/* A child of the best of a sample takes the place of the oldest. */
static int replace_oldest(struct search *s, struct random *r, struct error *e)
{
    struct evolution *v = s->own;
    const struct member *parent = &v->member[random_below(r, (uint64_t)v->count)];
    for (int i = 1; i < v->sample; i++)
        parent = better(parent, &v->member[random_below(r, (uint64_t)v->count)]);
    struct member child = *parent;
    architecture_mutate(&child.a, r);
    if (judge(s, &child, e))
        return -1;
    memmove(v->member, v->member + 1, (size_t)(v->count - 1) * sizeof *v->member);
    v->member[v->count - 1] = child;
    return 0;
}

static int end_epoch(struct search *s, struct error *e)
{
    struct evolution *v = s->own;
    struct random r = random_stream(s->seed, "evolution", (uint64_t)s->curriculum.epoch);
    populate(s);
    for (int i = 0; i < v->count; i++)
        if (judge(s, &v->member[i], e))
            return -1;
    for (int i = 0; i < s->candidates; i++)
        if (replace_oldest(s, &r, e))
            return -1;
    const struct member *best = v->member;
    for (int i = 1; i < v->count; i++)
        best = better(best, &v->member[i]);
    candidate_take(s, &best->a);
    return 0;
}

/* ---- {population: [{architecture, its text; loss}, ...]}, the oldest first ---- */

static struct value *keep(const struct search *s)
{
    const struct evolution *v = s->own;
    struct value *kept = value_map(), *all = value_set(kept, "population", value_array());
    for (int i = 0; i < v->count; i++) {
        struct error e;
        autofree char *text = architecture_text(&v->member[i].a, &e);
        struct value *m = value_append(all, value_map());
        value_set(m, "architecture", text ? value_text(text) : NULL);
        value_set_real(m, "loss", v->member[i].loss);
    }
    return kept;
}

static int restore(struct search *s, const struct value *kept, struct error *e)
{
    struct evolution *v = s->own;
    const struct value *all = value_get(kept, "population");
    if (!all || all->type != VALUE_ARRAY || all->count != (size_t)v->most)
        return error_set(e, "meta: search keeps no population of %d", v->most);
    for (; v->count < v->most; v->count++) {
        struct member *m = &v->member[v->count];
        const char *text = value_get_text(all->item[v->count], "architecture", "");
        if (architecture_parse(&m->a, s->model.space, text, strlen(text), e))
            return error_wrap(e, "meta: search: member %d of the population", v->count);
        m->loss = value_get_real(all->item[v->count], "loss", NAN);
    }
    return 0;
}

const struct strategy STRATEGY_EVOLUTION = {.name = "evolution",
                                            .options = "candidates population sample judge",
                                            .read = read,
                                            .step = candidate_step,
                                            .end_epoch = end_epoch,
                                            .drop = drop,
                                            .keep = keep,
                                            .restore = restore};
