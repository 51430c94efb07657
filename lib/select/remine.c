#include "select/remine.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "select/curriculum.h"

enum { HUBS = 10 };

static int by_new_id(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->replaces > y->replaces) - (x->replaces < y->replaces);
}

static int descending_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

static size_t count_distinct(const struct choice *out, size_t n)
{
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        distinct += i == 0 || out[i].id != out[i - 1].id;
    return distinct;
}

void remine_nothing(const struct member *d, size_t n, struct choice *out,
                    struct remine_report *report)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (struct choice){d[i].id, d[i].label, d[i].easiness, true, d[i].id, 0};
    qsort(out, n, sizeof *out, by_new_id);
    *report = (struct remine_report){.kept = n,
                                     .distinct = count_distinct(out, n),
                                     .visited_share = NAN,
                                     .mean_distance = NAN,
                                     .random_distance = NAN,
                                     .hub_share = NAN};
}

/* Where the easy image is; it must be there and of the same class. */
static const struct forest_entry *locate(const struct forest *f, const struct choice *c,
                                         struct error *e)
{
    const struct forest_entry *at = forest_find(f, c->id);
    if (!at) {
        error_set(e,
                  "id %lld is to be replaced but is not in the forest; build it of the pool that "
                  "the subset is of",
                  (long long)c->id);
        return NULL;
    }
    int32_t label = forest_label(f, at->tree, at->place);
    if (label != c->label) {
        error_set(e, "id %lld has label %d, expected %d, its label in the forest", (long long)c->id,
                  (int)c->label, (int)label);
        return NULL;
    }
    return at;
}

static const float *point_of(const struct kdtree *t, size_t place)
{
    return t->point + place * t->dimension;
}

/* The distance to another point of the tree at random; NaN where there is none. */
static double random_distance(const struct kdtree *t, size_t from, struct random *r)
{
    if (t->points < 2)
        return NAN;
    size_t other = random_below(r, t->points - 1);
    other += other >= from;
    return sqrt(kdtree_squared(point_of(t, from), point_of(t, other), t->dimension));
}

static void bar(struct forest *f, const struct choice *out, size_t n,
                const struct remine_rules *rules)
{
    for (size_t i = 0; i < n; i++)
        if (rules->ban_subset || (out[i].kept && !rules->allow_duplicates))
            forest_bar(f, out[i].id);
}

/* ---- replacing ---- */

struct move { /* of an easy image, within its tree */
    struct kdtree *tree;
    size_t from, to;
};

/* Lists the easy ones of out[n], in order, in move[]; returns how many. */
static size_t list_moves(const struct forest *f, const struct choice *out, size_t n,
                         struct move *move)
{
    size_t moves = 0;
    for (size_t i = 0; i < n; i++)
        if (!out[i].kept) {
            const struct forest_entry *at = forest_find(f, out[i].id);
            move[moves++] = (struct move){&f->tree[at->tree].kd, at->place, at->place};
        }
    return moves;
}

/* Share of the unbarred queries that their ten most frequent answers serve. */
static int measure_hubs(const struct forest *f, const struct move *move, size_t moves,
                        double *share, struct error *e)
{
    size_t queries = 0, runs = 0, served = 0;
    autofree const float **query = array_new(moves, sizeof *query, "queries", e);
    autofree struct kdtree_answer *found = array_new(moves, sizeof *found, "answers", e);
    autofree int64_t *answer = array_new(moves, sizeof *answer, "answers", e);
    autofree size_t *run = array_new(moves, sizeof *run, "counts of answers", e);
    if (!query || !found || !answer || !run)
        return -1;
    for (size_t t = 0; t < f->trees; t++) {
        const struct kdtree *tree = &f->tree[t].kd;
        size_t n = 0;
        for (size_t i = 0; i < moves; i++)
            if (move[i].tree == tree)
                query[n++] = point_of(tree, move[i].from);
        kdtree_furthest_each(tree, n, query, found, NULL);
        for (size_t i = 0; i < n; i++)
            answer[queries++] = found[i].id;
    }
    subset_sort(answer, queries);
    for (size_t i = 0; i < queries; i++) {
        runs += i == 0 || answer[i] != answer[i - 1];
        run[runs - 1]++;
    }
    qsort(run, runs, sizeof *run, descending_size);
    for (size_t i = 0; i < runs && i < HUBS; i++)
        served += run[i];
    *share = queries ? (double)served / queries : NAN;
    return 0;
}

/* Those of one tree, in order, as each may bar what the next would find. */
static void move_furthest(const struct kdtree *tree, struct move *move, size_t moves,
                          const struct remine_rules *rules, struct kdtree_visits *visits)
{
    for (size_t i = 0; i < moves; i++) {
        struct kdtree_answer furthest;
        struct move *m = &move[i];
        if (m->tree != tree)
            continue;
        if (kdtree_furthest(tree, point_of(tree, m->from), 1, rules->epsilon, &furthest, visits))
            m->to = furthest.place;
        if (!rules->allow_duplicates)
            kdtree_bar(m->tree, m->to, true);
    }
}

/* Trees do not meet, so they may be asked at once. */
static void move_all_furthest(struct forest *f, struct move *move, size_t moves,
                              const struct remine_rules *rules, struct kdtree_visits *visits)
{
    uint64_t queries = 0, nodes = 0, points = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : queries, nodes, points)
    for (size_t t = 0; t < f->trees; t++) {
        struct kdtree_visits v = {0};
        move_furthest(&f->tree[t].kd, move, moves, rules, &v);
        queries += v.queries;
        nodes += v.nodes;
        points += v.points;
    }
    *visits = (struct kdtree_visits){queries, nodes, points};
}

static void move_all_at_random(struct move *move, size_t moves, const struct remine_rules *rules)
{
    struct random draw = random_stream(rules->seed, "mine", rules->update);
    for (struct move *m = move; m < move + moves; m++) {
        if (m->tree->live > 0)
            m->to = kdtree_live(m->tree, random_below(&draw, m->tree->live));
        if (!rules->allow_duplicates)
            kdtree_bar(m->tree, m->to, true);
    }
}

/* Carries the moves out, and sums up. */
static void settle(const struct forest *f, struct choice *out, size_t n, const struct move *move,
                   const struct remine_rules *rules, struct remine_report *report)
{
    struct random compare = random_stream(rules->seed, "mine-compare", rules->update);
    double asked = 0, distances = 0, random_distances = 0;
    for (size_t i = 0; i < n; i++) {
        if (out[i].kept)
            continue;
        const struct move m = *move++;
        const struct kdtree *t = m.tree;
        asked += t->points;
        out[i].kept = m.to == m.from;
        if (out[i].kept)
            continue;
        double distance =
            sqrt(kdtree_squared(point_of(t, m.from), point_of(t, m.to), t->dimension));
        out[i].id = t->id[m.to];
        out[i].label = forest_label(f, forest_find(f, out[i].id)->tree, m.to);
        out[i].easiness = NAN;
        out[i].distance = (float)distance;
        distances += distance;
        random_distances += random_distance(t, m.from, &compare);
        report->replaced++;
    }
    report->kept = n - report->replaced;
    if (!rules->random)
        report->visited_share = report->visits.points / asked; /* 0 / 0: NaN, nothing asked */
    report->mean_distance = distances / report->replaced;
    report->random_distance = random_distances / report->replaced;
}

int remine(struct forest *f, const struct member *d, size_t n, const struct remine_rules *rules,
           struct choice *out, struct remine_report *report, struct error *e)
{
    remine_nothing(d, n, out, report);
    for (size_t i = 0; i < n; i++) {
        /* Compared in float, which the easiness came in; one that is not a number is hard. */
        out[i].kept = !(out[i].easiness >= (float)rules->hardness);
        if (!out[i].kept && !locate(f, &out[i], e))
            return -1;
    }
    autofree struct move *move = array_new(n, sizeof *move, "moves", e);
    if (!move)
        return -1;
    forest_admit_all(f);
    const size_t moves = list_moves(f, out, n, move);
    if (!rules->random && measure_hubs(f, move, moves, &report->hub_share, e))
        return -1;
    bar(f, out, n, rules);
    if (rules->random)
        move_all_at_random(move, moves, rules);
    else
        move_all_furthest(f, move, moves, rules, &report->visits);
    settle(f, out, n, move, rules, report);
    qsort(out, n, sizeof *out, by_new_id);
    report->distinct = count_distinct(out, n);
    return 0;
}
