#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/program.h"
#include "search/candidate.h"
#include "search/inference.h"
#include "search/path.h"
#include "search/settings.h"
#include "search/strategy.h"

static const double CYCLIC_LEAST = 0.001, CYCLIC_MOST = 0.01;
static const double COSINE_LEAST = 0.001, COSINE_MOST = 0.025;

static int read_settings(struct search *s, const struct value *settings, struct error *e)
{
    static const char what[] = "search settings";
    const char *schedule = value_get_text(settings, "schedule", "(none)");
    s->seed = (uint64_t)value_get_int(settings, "seed", 1);
    s->cosine = !strcmp(schedule, "cosine");
    s->steady = !strcmp(schedule, "steady");
    if (!s->cosine && !s->steady && strcmp(schedule, "cyclic"))
        return error_set(e, "%s: schedule %s, expected cyclic, steady or cosine", what, schedule);
    s->strategy = strategy_find(value_get_text(settings, "strategy", STRATEGY_DARTS.name));
    if (!s->strategy)
        return error_set(e, "%s: strategy is none of " STRATEGY_WORDS, what);
    if (s->strategy->partial != (s->model.partial > 0))
        return error_set(e, "%s: strategy %s, but cells that are %sconnected in part", what,
                         s->strategy->name, s->model.partial ? "" : "not ");
    if (s->strategy->staged != s->model.staged)
        return error_set(e, "%s: strategy %s, but edges that %s operations", what,
                         s->strategy->name, s->model.staged ? "drop" : "do not drop");
    if (s->strategy->read(s, settings, e) ||
        settings_int(settings, what, "batch", 1, 65536, &s->batch, e) ||
        settings_int(settings, what, "window", 1, 1000, &s->window, e) ||
        settings_int(settings, what, "total_epochs", 1, 1000000, &s->total_epochs, e))
        return -1;
    return augment_choose(&s->augment, value_get_text(settings, "augment", "none"),
                          value_get_text(settings, "source", ""), e);
}

void search_note_outputs(struct search *s, const real *logits, double loss)
{
    struct error e;
    const struct batch *b = &s->training;
    int classes = s->model.classes;
    s->loss_sum += loss * b->n;
    noise_note(&s->noise, b, logits, classes);
    for (int i = 0; i < b->n; i++, logits += classes) {
        s->right += batch_best(logits, classes) == b->label[i];
        /* Cannot fail: every id of the batch is in the subset. */
        easiness_push(&s->easiness, b->id[i], batch_probability(logits, classes, b->label[i]), &e);
    }
}

/* Of s->model, which is built. */
static int begin(struct search *s, uint64_t seed, struct error *e)
{
    struct graph *g = s->model.graph;
    if (s->strategy->whole ? graph_plan(g, s->model.loss, s->batch, GRAPH_TRAIN, e)
                           : graph_plan(g, NULL, s->batch, GRAPH_INFER, e))
        return -1;
    network_initialise(g, seed);
    if (darts_init(&s->darts, graph_group(g, GRAPH_WEIGHTS), graph_group(g, GRAPH_ARCHITECTURE), e))
        return -1;
    if (s->strategy->begin)
        s->strategy->begin(s);
    return 0;
}

static int build(struct search *s, const struct value *network, const struct value *settings,
                 struct error *e)
{
    if (model_build(&s->model, network, e))
        return -1;
    if (!s->model.space)
        return error_set(e, "network of type %s, expected supernet",
                         value_get_text(network, "type", ""));
    if (read_settings(s, settings, e))
        return -1;
    s->network = value_copy(network);
    s->settings = value_copy(settings);
    if (!s->network || !s->settings)
        return error_set(e, "out of memory");
    if (easiness_init(&s->easiness, s->window, e) ||
        batch_new(&s->training, s->batch, s->model.image, TASK_CLASS, e) ||
        batch_new(&s->held_out, s->batch, s->model.image, TASK_CLASS, e))
        return -1;
    return begin(s, s->seed, e) || noise_init(&s->noise, s->noise.every, s->batch, s->model.image,
                                              s->darts.weights.count, e)
               ? -1
               : 0;
}

int search_renew(struct search *s, struct value *network, uint64_t seed, struct error *e)
{
    value_free(s->network);
    s->network = network;
    darts_free(&s->darts);
    model_free(&s->model);
    return model_build(&s->model, network, e) ? -1 : begin(s, seed, e);
}

int search_new(struct search *s, const struct value *network, const struct value *settings,
               struct error *e)
{
    *s = (struct search){
        .validation = NAN, .cosine_most = COSINE_MOST, .cosine_least = COSINE_LEAST};
    curriculum_init(&s->curriculum);
    if (!build(s, network, settings, e))
        return 0;
    search_free(s);
    return -1;
}

void search_free(struct search *s)
{
    if (s->own)
        s->strategy->drop(s);
    batch_free(&s->training);
    batch_free(&s->held_out);
    noise_free(&s->noise);
    easiness_free(&s->easiness);
    darts_free(&s->darts);
    model_free(&s->model);
    value_free(s->network);
    value_free(s->settings);
    value_free(s->past);
    free(s->subset);
    *s = (struct search){0};
}

/* An update may bring an image straight back: it begins anew. */
static void forget_returned(struct easiness *h, const struct value *returned)
{
    for (size_t i = 0; returned && returned->type == VALUE_ARRAY && i < returned->count; i++)
        if (returned->item[i]->type == VALUE_INT)
            easiness_forget(h, returned->item[i]->integer);
}

int search_take_subset(struct search *s, const struct samples *d, const struct value *said,
                       struct error *e)
{
    const int64_t update = value_get_int(said, "update", -1);
    int64_t *ids = array_new(d->count, sizeof *ids, "the subset", e);
    if (!ids)
        return -1;
    memcpy(ids, d->id, d->count * sizeof *ids);
    subset_sort(ids, d->count);
    if (easiness_keep(&s->easiness, ids, d->count, e)) {
        free(ids);
        return -1;
    }
    if (!s->subset)
        s->curriculum.update = update < 0 ? 0 : update;
    else if (subset_is_fresh(s->subset, s->subset_count, s->curriculum.update, ids, d->count,
                             update)) {
        curriculum_updated(&s->curriculum, update);
        forget_returned(&s->easiness, value_get(said, "returned"));
    }
    free(s->subset);
    s->subset = ids;
    s->subset_count = d->count;
    return 0;
}

const char *search_over(const struct search *s)
{
    if (s->most_images && s->most_images - s->images < (int64_t)s->subset_count)
        return "images";
    if (s->last_epoch && s->curriculum.epoch >= s->last_epoch)
        return "stages";
    return s->most_seconds > 0 && s->seconds >= s->most_seconds ? "seconds" : NULL;
}

static double rate_now(const struct search *s)
{
    if (s->cosine)
        return cosine_rate(s->cosine_most, s->cosine_least,
                           (double)(s->curriculum.epoch - s->curriculum.begun), s->total_epochs);
    const int64_t place = s->steady ? s->curriculum.epoch : s->curriculum.place;
    return triangle_rate(CYCLIC_MOST, CYCLIC_LEAST, (double)place, CURRICULUM_PEAK);
}

/* Walks V in an order of this epoch, from its start again where it ends. */
struct walk {
    size_t *order, *next; /* next: the indices of one batch */
    size_t count, at;
};

static void walk_on(struct walk *w, int n)
{
    for (int i = 0; i < n; i++, w->at++)
        w->next[i] = w->order[w->at % w->count];
}

int search_epoch(struct search *s, const struct samples *d, const struct samples *v,
                 search_progress *progress, void *to, struct error *e)
{
    double began = clock_seconds();
    uint64_t epoch = (uint64_t)s->curriculum.epoch;
    autofree size_t *order = batch_order(d, s->seed, "search training", epoch, e);
    autofree size_t *held_out = batch_order(v, s->seed, "search validation", epoch, e);
    autofree size_t *next = array_new((size_t)s->batch, sizeof *next, "a batch", e);
    if (!order || !held_out || !next)
        return -1;
    struct walk walk = {.order = held_out, .next = next, .count = v->count};
    const size_t judge = s->judge ? (size_t)s->judge : (size_t)s->batch;
    struct source from_d = {d, s->model.normalisation, s->augment, s->seed};
    struct source from_v = {v, s->model.normalisation, s->augment, s->seed};

    if ((s->strategy->begin_epoch && s->strategy->begin_epoch(s, e)) ||
        noise_begin_epoch(&s->noise, &from_v, e))
        return -1;
    s->step = epoch * ((d->count - 1) / (size_t)s->batch + 1);
    s->rate = rate_now(s);
    s->right = 0;
    s->loss_sum = 0;
    for (size_t at = 0; at < d->count; at += (size_t)s->training.n) {
        size_t left = d->count - at;
        int n = left < (size_t)s->batch ? (int)left : s->batch;
        batch_fill(&s->training, &from_d, epoch, order + at, n);
        walk_on(&walk, n);
        batch_fill(&s->held_out, &from_v, epoch, next, n);
        if (s->strategy->step(s, e))
            return -1;
        s->step++;
        if (!isfinite(s->loss_sum))
            return error_set(e, "epoch %llu: the loss is no longer a number",
                             (unsigned long long)epoch);
        if (progress)
            progress(to, at + (size_t)n);
    }
    s->judging = (struct source){v, s->model.normalisation, {0}, s->seed};
    s->judging_count = (int)(judge < v->count ? judge : v->count);
    s->judging_row = held_out + v->count - s->judging_count;
    if (s->strategy->end_epoch && s->strategy->end_epoch(s, e))
        return -1;
    s->loss = s->loss_sum / (double)d->count;
    s->images += (int64_t)d->count;
    s->validation = NAN;
    curriculum_epoch_done(&s->curriculum, (double)s->right / (double)d->count);
    s->seconds += clock_seconds() - began;
    return 0;
}

struct tally {
    const int64_t *label;
    int classes;
    size_t right;
};

static int count_right(void *to, size_t row, const real *logits, struct error *e)
{
    struct tally *t = to;
    (void)e;
    t->right += batch_best(logits, t->classes) == t->label[row];
    return 0;
}

int search_measure(struct search *s, const struct samples *v, struct error *e)
{
    struct tally tally = {.label = v->label, .classes = s->model.classes};
    struct model m = s->model;
    struct path p = {0};
    if (!s->strategy->whole) {
        struct architecture a;
        struct edge_ops ops;
        candidate_found(s, &a);
        a.space->edge_ops(&a, &ops);
        if (path_new(&p, &s->model, &ops, NULL, s->batch, e))
            return -1;
        m.graph = p.graph;
        m.x = p.net.x;
        m.label = p.net.label;
        m.logits = p.net.logits;
    }
    const int failed = inference_run(&m, v, s->batch, count_right, &tally, e);
    path_free(&p);
    if (failed)
        return -1;
    s->validation = (double)tally.right / (double)v->count;
    return 0;
}
