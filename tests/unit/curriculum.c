/* The loop of spec section 6, driven by a scripted learner, and its parts. */
#include "select/curriculum.h"
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "graph/optimiser.h"
#include "select/remine.h"
#include "tap.h"

enum { CLASSES = 5, POOL = 400, S = 100, DIM = 3, WARM_UP = 10 };

static struct forest forest;
static int64_t pool_id[POOL], pool_label[POOL];
static float pool_z[POOL * DIM];

static void make_pool(bool single)
{
    struct error e;
    struct random r = random_stream(5, "pool", 0);
    for (int i = 0; i < POOL; i++) {
        pool_id[i] = 1000 + 7 * ((i * 37) % POOL);
        pool_label[i] = i % CLASSES;
        for (int k = 0; k < DIM; k++)
            pool_z[i * DIM + k] = (float)random_normal(&r);
    }
    if (forest_build(&forest, POOL, DIM, pool_z, pool_id, pool_label, single, &e)) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static const float *z_of(int64_t id)
{
    for (int i = 0; i < POOL; i++)
        if (pool_id[i] == id)
            return pool_z + i * DIM;
    return NULL;
}

static void first_subset(struct member *d)
{
    for (int i = 0; i < S; i++)
        d[i] = (struct member){pool_id[i], (int32_t)pool_label[i], NAN};
}

/* ---- the loop: a learner that follows a script of accuracies and easiness ---- */

struct run {
    struct curriculum c;
    struct easiness h;
    struct member d[S];
    struct remine_rules rules;
    double mastery;
    int updates, first_update, least_gap, last_update, unequal_counts;
    double rate_after, rate_ten_later;
    size_t replaced;
};

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static double rate(const struct run *r)
{
    return triangle_rate(0.01, 0.001, (double)r->c.place, CURRICULUM_PEAK);
}

static void start(struct run *r, double hardness, double mastery)
{
    struct error e;
    *r = (struct run){.rules = {.hardness = hardness, .ban_subset = true, .seed = 1},
                      .mastery = mastery,
                      .first_update = -1,
                      .last_update = -1,
                      .least_gap = 1000};
    int64_t ids[S];
    curriculum_init(&r->c);
    first_subset(r->d);
    for (int i = 0; i < S; i++)
        ids[i] = r->d[i].id;
    easiness_init(&r->h, 5, &e);
    easiness_keep(&r->h, ids, S, &e);
}

static void update(struct run *r, int epoch)
{
    struct error e;
    struct choice next[S];
    struct remine_report report;
    int64_t ids[S];
    int count[CLASSES] = {0};
    for (int i = 0; i < S; i++)
        r->d[i].easiness = (float)easiness_mean(&r->h, r->d[i].id, NULL);
    r->rules.update = r->c.update;
    if (remine(&forest, r->d, S, &r->rules, next, &report, &e)) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    for (int i = 0; i < S; i++) {
        ids[i] = next[i].id;
        r->d[i] = (struct member){next[i].id, next[i].label, NAN};
        count[next[i].label]++;
    }
    for (int k = 0; k < CLASSES; k++)
        r->unequal_counts += count[k] != S / CLASSES;
    easiness_keep(&r->h, ids, S, &e);
    curriculum_updated(&r->c, -1);
    if (r->updates++ == 0)
        r->first_update = epoch;
    else if (epoch - r->last_update < r->least_gap)
        r->least_gap = epoch - r->last_update;
    r->last_update = epoch;
    r->rate_after = rate(r);
    r->replaced += report.replaced;
}

/* The accuracy of every epoch is one number; image i's easiness grows with the epochs. */
static void train(struct run *r, int from, int epochs, double accuracy)
{
    struct error e;
    for (int epoch = from; epoch < epochs; epoch++) {
        if (curriculum_mastered(&r->c, WARM_UP, r->mastery))
            update(r, epoch);
        if (r->last_update >= 0 && epoch == r->last_update + 10)
            r->rate_ten_later = rate(r);
        struct random noise = random_stream(9, "learner", epoch);
        for (int i = 0; i < S; i++)
            easiness_push(&r->h, r->d[i].id, 0.5 + 0.5 * random_uniform(&noise), &e);
        curriculum_epoch_done(&r->c, accuracy);
    }
}

static void scripted(void)
{
    struct run r;
    start(&r, 0.7, 0.5);
    train(&r, 0, 50, 0.5);
    ok(r.first_update == WARM_UP, "accuracy = M: the first update is after the warm-up, at %d",
       r.first_update);
    ok(r.updates == 40 && r.least_gap == 1, "then one at every epoch, an epoch in between");
    ok(near(r.rate_after, 0.01), "the rate is at its peak right after");
    ok(r.unequal_counts == 0 && r.replaced > 0, "|D| and its class counts are constant");
    easiness_free(&r.h);

    start(&r, 0.7, 0.5);
    train(&r, 0, 50, 0.5 - 1.0 / S);
    ok(r.updates == 0, "accuracy = M - 1/S: none");
    easiness_free(&r.h);

    start(&r, 0.7, 0.5);
    train(&r, 0, 10, 0.6); /* mastered once, at epoch 10 */
    train(&r, 10, 30, 0.2);
    ok(r.updates == 1 && near(r.rate_after, 0.01) && near(r.rate_ten_later, 0.001),
       "ten epochs after the update the rate is at its trough");
    easiness_free(&r.h);

    struct member before[S];
    start(&r, 0, 0.5);
    memcpy(before, r.d, sizeof before);
    train(&r, 0, WARM_UP + 1, 1);
    int stayed = 0;
    for (int i = 0; i < S; i++)
        for (int k = 0; k < S; k++)
            stayed += r.d[i].id == before[k].id;
    ok(r.updates == 1 && stayed == 0, "H = 0 replaces all");
    easiness_free(&r.h);

    start(&r, 1.01, 0.5);
    train(&r, 0, 20, 1);
    int changed = 0;
    for (int i = 0; i < S; i++) {
        bool found = false;
        for (int k = 0; k < S; k++)
            found = found || r.d[i].id == before[k].id;
        changed += !found;
    }
    ok(r.updates == 10 && changed == 0 && near(r.rate_after, 0.01),
       "H > 1 keeps all, and each update still raises the rate");
    easiness_free(&r.h);

    start(&r, 0, 1.01);
    train(&r, 0, 50, 1);
    ok(r.updates == 0 && r.c.place == 50, "M > 1 never updates: the static arm");
    easiness_free(&r.h);
}

/* Stopped after any epoch, stored, restored: the same end. */
static void resumed(void)
{
    struct error e;
    struct run whole, part, again;
    int unequal = 0;
    start(&whole, 0.7, 0.5);
    train(&whole, 0, 25, 0.5);
    for (int stop = 1; stop < 25; stop++) {
        start(&part, 0.7, 0.5);
        train(&part, 0, stop, 0.5);
        again = part;
        easiness_restore(&again.h, 5, part.h.images, part.h.id, part.h.held, part.h.value, &e);
        easiness_free(&part.h);
        train(&again, stop, 25, 0.5);
        for (int i = 0; i < S; i++)
            unequal += again.d[i].id != whole.d[i].id;
        unequal += memcmp(again.h.value, whole.h.value, sizeof(float) * 5 * whole.h.images) != 0;
        easiness_free(&again.h);
    }
    easiness_free(&whole.h);
    ok(unequal == 0, "stopped at any epoch and resumed, the run ends the same");
}

static void height(void)
{
    struct curriculum c;
    int wrong = 0;
    curriculum_init(&c);
    for (int e = 0; e < 45; e++) {
        int place = e % 20, want = place <= 10 ? place : 20 - place;
        wrong += fabs(triangle_rate(1, 0, (double)c.place, CURRICULUM_PEAK) - want / 10.0) > 1e-12;
        curriculum_epoch_done(&c, 0);
    }
    ok(wrong == 0, "the triangle: ten epochs up, ten down");
}

/* ---- easiness ---- */

static void history(void)
{
    struct error e;
    struct easiness h;
    int epochs;
    int64_t ids[] = {30, 10, 20, 10}, next[] = {20, 40};
    ok(easiness_init(&h, 0, &e) == -1, "no window: %s", e.text);
    easiness_init(&h, 3, &e);
    ok(easiness_keep(&h, ids, 4, &e) == 0 && h.images == 3, "an id that repeats is one image");
    ok(isnan(easiness_mean(&h, 10, &epochs)) && epochs == 0, "no epoch yet: no mean");
    for (int k = 1; k <= 5; k++)
        easiness_push(&h, 20, k / 8.0, &e);
    ok(easiness_mean(&h, 20, &epochs) == 0.5 && epochs == 3, "the mean of the last three of five");
    easiness_push(&h, 10, NAN, &e);
    easiness_push(&h, 30, 1.5, &e);
    ok(easiness_mean(&h, 10, NULL) == 0 && easiness_mean(&h, 30, NULL) == 1,
       "no number is hard, above 1 is 1");
    ok(easiness_push(&h, 99, 0.5, &e) == -1, "a stranger is an error: %s", e.text);
    easiness_keep(&h, next, 2, &e);
    ok(h.images == 2 && easiness_mean(&h, 20, &epochs) == 0.5 && epochs == 3 &&
           isnan(easiness_mean(&h, 40, NULL)) && isnan(easiness_mean(&h, 10, NULL)),
       "who stays keeps its values, who leaves is forgotten");
    easiness_forget(&h, 10);
    easiness_forget(&h, 20);
    easiness_push(&h, 20, 0.25, &e);
    ok(easiness_mean(&h, 20, &epochs) == 0.25 && epochs == 1, "who comes anew begins anew");
    easiness_keep(&h, NULL, 0, &e);
    ok(h.images == 0, "an empty subset");
    easiness_free(&h);

    int64_t id[] = {1, 2};
    int32_t held[] = {2, 0};
    float value[] = {0.25f, 0.75f, 0, 0};
    ok(easiness_restore(&h, 2, 2, id, held, value, &e) == 0 && easiness_mean(&h, 1, NULL) == 0.5,
       "restored");
    easiness_free(&h);
    held[1] = 3;
    ok(easiness_restore(&h, 2, 2, id, held, value, &e) == -1, "%s", e.text);
    held[1] = 0;
    value[1] = NAN;
    ok(easiness_restore(&h, 2, 2, id, held, value, &e) == -1, "%s", e.text);
    value[1] = 0;
    id[1] = 1;
    ok(easiness_restore(&h, 2, 2, id, held, value, &e) == -1, "%s", e.text);
}

static void fresh(void)
{
    int64_t a[] = {1, 2, 2, 3}, b[] = {3, 2, 1, 2}, c[] = {1, 2, 3, 3};
    subset_sort(b, 4);
    ok(!subset_is_fresh(a, 4, 1, b, 4, 1) && !subset_is_fresh(a, 4, 1, b, 4, -1),
       "the same ids in another order are no new subset");
    ok(subset_is_fresh(a, 4, 1, c, 4, 1) && subset_is_fresh(a, 4, 1, c, 4, -1) &&
           subset_is_fresh(a, 4, 1, a, 3, 1),
       "other ids, or other repetitions, are");
    ok(subset_is_fresh(a, 4, 1, a, 4, 2), "so is an update that replaced nothing");
    ok(subset_distinct(a, 4) == 3 && subset_distinct(a, 0) == 0, "distinct ids");
}

/* The author's score, max softmax, times 0.1 if the prediction is wrong, splits as p(true). */
static void two_scores(void)
{
    struct random r = random_stream(2, "softmax", 0);
    int different = 0, easy = 0;
    for (int i = 0; i < 10000; i++) {
        double p[10], sum = 0, hardness = 0.5001 + 0.4998 * random_uniform(&r);
        int best = 0, label = (int)random_below(&r, 10);
        double scale = 8 * random_uniform(&r);
        for (int k = 0; k < 10; k++)
            sum += p[k] = exp(scale * random_normal(&r));
        for (int k = 0; k < 10; k++) {
            p[k] /= sum;
            best = p[k] > p[best] ? k : best;
        }
        label = i % 2 ? best : label;
        double author = best == label ? p[best] : 0.1 * p[best];
        different += (p[label] >= hardness) != (author >= hardness);
        easy += p[label] >= hardness;
    }
    ok(different == 0 && easy > 1000, "the two scores agree on 10000 softmax vectors (%d easy)",
       easy);
}

/* ---- one update against the spec's loop, written out ---- */

static int64_t plain_furthest(int64_t from, int32_t label, const int64_t *barred, size_t n)
{
    int64_t best = -1;
    double best_d = -1;
    for (int i = 0; i < POOL; i++) {
        bool is_barred = pool_label[i] != label;
        for (size_t k = 0; k < n; k++)
            is_barred = is_barred || barred[k] == pool_id[i];
        double d = kdtree_squared(z_of(from), pool_z + i * DIM, DIM);
        if (!is_barred && (d > best_d || (d == best_d && pool_id[i] < best))) {
            best = pool_id[i];
            best_d = d;
        }
    }
    return best;
}

static int by_id(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* How many of the choices differ from the loop's. */
static int against_loop(struct member *d, bool ban_subset, bool allow_duplicates)
{
    struct error e;
    struct choice out[S];
    struct remine_report report;
    struct remine_rules rules = {
        .hardness = 0.85, .ban_subset = ban_subset, .allow_duplicates = allow_duplicates};
    int64_t barred[3 * S];
    size_t n = 0;
    int wrong = remine(&forest, d, S, &rules, out, &report, &e);
    qsort(d, S, sizeof *d, by_id);
    for (int i = 0; i < S; i++)
        if (ban_subset || (!allow_duplicates && !(d[i].easiness >= 0.85f)))
            barred[n++] = d[i].id;
    for (int i = 0; i < S; i++) {
        int64_t want = d[i].id;
        bool easy = d[i].easiness >= 0.85f, found = false;
        if (easy) {
            int64_t j = plain_furthest(d[i].id, d[i].label, barred, n);
            want = j < 0 ? want : j;
            if (!allow_duplicates)
                barred[n++] = want;
        }
        for (int k = 0; k < S; k++)
            found = found || (out[k].id == want && out[k].replaces == d[i].id &&
                              out[k].kept == (want == d[i].id) && out[k].label == d[i].label &&
                              (!out[k].kept || !easy || want == d[i].id));
        wrong += !found;
    }
    for (int k = 1; k < S; k++)
        wrong += out[k].id < out[k - 1].id;
    wrong += !allow_duplicates && report.distinct != S;
    return wrong;
}

static void one_update(void)
{
    struct error e;
    struct member d[S];
    struct choice out[S];
    struct remine_report report;
    struct random r = random_stream(4, "easiness", 0);
    first_subset(d);
    size_t hard = 0;
    for (int i = 0; i < S; i++) { /* the first not trained on yet, one right at the threshold */
        d[i].easiness = i < 4 ? NAN : i == 7 ? 0.85f : (float)sqrt(random_uniform(&r));
        hard += !(d[i].easiness >= 0.85f);
    }
    ok(against_loop(d, true, false) == 0, "an update is the spec's loop");
    ok(against_loop(d, true, true) == 0, "with duplicates allowed");
    ok(against_loop(d, false, false) == 0, "with none of the subset banned");
    ok(against_loop(d, false, true) == 0, "with both: the literal reading");

    struct remine_rules rules = {.hardness = 0.85, .ban_subset = true, .seed = 3};
    remine(&forest, d, S, &rules, out, &report, &e);
    ok(report.kept == hard && report.replaced == S - hard && report.distinct == S,
       "kept are exactly those below the threshold, %zu", hard);
    ok(report.mean_distance > 1.5 * report.random_distance && report.visited_share > 0 &&
           report.visited_share <= 1 && report.hub_share > 0,
       "mined at %.2f, at random %.2f; hubs serve %.2f", report.mean_distance,
       report.random_distance, report.hub_share);

    struct choice once[S], twice[S], other[S];
    int strangers = 0, unequal = 0, equal = 0;
    rules.random = true;
    remine(&forest, d, S, &rules, once, &report, &e);
    remine(&forest, d, S, &rules, twice, &report, &e);
    for (int i = 0; i < S; i++)
        unequal += once[i].id != twice[i].id || once[i].replaces != twice[i].replaces;
    ok(unequal == 0, "random replacement repeats by its key");
    ok(report.distinct == S && report.kept == hard && isnan(report.hub_share),
       "and keeps and bans as mining does");
    for (int i = 0; i < S; i++)
        for (int k = 0; k < POOL; k++)
            strangers += pool_id[k] == once[i].id && pool_label[k] != once[i].label;
    ok(strangers == 0, "within the class");
    rules.update = 1;
    remine(&forest, d, S, &rules, other, &report, &e);
    for (int i = 0; i < S; i++)
        equal += other[i].id == once[i].id;
    ok(equal < S, "the next update draws others");

    /* More asked for than there are: who cannot be replaced stays. */
    for (int i = 0; i < S; i++)
        d[i].easiness = 1;
    rules = (struct remine_rules){.hardness = 0.85, .ban_subset = true};
    for (size_t p = 0; p < forest.tree[0].kd.points; p++) /* bars are set anew */
        kdtree_bar(&forest.tree[0].kd, p, true);
    remine(&forest, d, S, &rules, out, &report, &e);
    ok(report.replaced == S, "bars left from before do not matter");
    d[3].id = 5;
    ok(remine(&forest, d, S, &rules, out, &report, &e) == -1 && strstr(e.text, "id 5 "), "%s",
       e.text);
    first_subset(d);
    d[0].easiness = 1;
    d[0].label = 4;
    ok(remine(&forest, d, S, &rules, out, &report, &e) == -1 && strstr(e.text, "label 4"), "%s",
       e.text);
}

static void exhausted(void)
{
    struct error e;
    struct forest small;
    float z[] = {0, 1, 5};
    int64_t id[] = {1, 2, 3}, label[] = {0, 0, 0};
    struct member d[] = {{1, 0, 1}, {2, 0, 1}};
    struct choice out[2];
    struct remine_report report;
    struct remine_rules rules = {.hardness = 0.85, .ban_subset = true};
    ok(forest_build(&small, 3, 1, z, id, label, false, &e) == 0 &&
           remine(&small, d, 2, &rules, out, &report, &e) == 0 && report.replaced == 1 &&
           out[0].id == 2 && out[0].kept && out[1].id == 3 && out[1].replaces == 1 &&
           out[1].distance == 5,
       "where no image is left, the easy one stays");
    forest_free(&small);
    id[2] = 2;
    ok(forest_build(&small, 3, 1, z, id, label, false, &e) == -1, "%s", e.text);
    id[2] = 3;
    label[1] = -1;
    ok(forest_build(&small, 3, 1, z, id, label, false, &e) == -1, "%s", e.text);
    ok(forest_build(&small, 3, 1, z, id, label, true, &e) == 0 && small.trees == 1 &&
           forest_label(&small, 0, forest_find(&small, 2)->place) == -1 &&
           forest_label(&small, 0, forest_find(&small, 3)->place) == 0,
       "one tree over all knows each point's label");
    forest_free(&small);

    struct forest stored = {0};
    ok(forest_add(&stored, 1, 2, 1, z, id, NULL, &e) == 0 &&
           forest_add(&stored, 1, 1, 1, z + 2, id + 2, NULL, &e) == -1,
       "%s", e.text);
    ok(forest_add(&stored, 2, 1, 2, z, id, NULL, &e) == -1, "%s", e.text);
    ok(forest_add(&stored, 2, 1, 1, z, id, NULL, &e) == 0 && forest_index(&stored, &e) == -1, "%s",
       e.text);
    forest_free(&stored);
}

int main(void)
{
    make_pool(false);
    height();
    history();
    fresh();
    two_scores();
    scripted();
    resumed();
    one_update();
    exhausted();
    forest_free(&forest);
    return tap_done();
}
