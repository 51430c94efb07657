#include "rows/space.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "embed/neighbours.h"
#include "measure/classification.h"
#include "measure/space.h"
#include "rows/points.h"
#include "select/remine.h"

/* ---- the table ---- */

struct latents {
    struct space space;
    struct points points;
    const int64_t *id;
    int64_t *label; /* 0 .. classes - 1 in the order of the labels that occur; owned */
};

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Labels become their ranks, so that every class has a row. */
static int rank_labels(struct latents *l, const int64_t *label, struct error *e)
{
    const size_t n = l->points.count;
    size_t classes = 0;
    autofree int64_t *sorted = array_new(n, sizeof *sorted, "labels", e);
    if (!sorted || !(l->label = array_new(n, sizeof *l->label, "labels", e)))
        return -1;
    memcpy(sorted, label, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    if (sorted[0] < 0)
        return error_set(e, "a label below 0: pick --classes leaves those of none out");
    for (size_t i = 0; i < n; i++)
        if (!i || sorted[i] != sorted[classes - 1])
            sorted[classes++] = sorted[i];
    for (size_t i = 0; i < n; i++)
        l->label[i] =
            (const int64_t *)bsearch(&label[i], sorted, classes, sizeof *sorted, ascending) -
            sorted;
    l->space.classes = (int)classes;
    return 0;
}

static int view(struct latents *l, const struct table *t, struct error *e)
{
    const int64_t *label;
    *l = (struct latents){0};
    if (header_require_kind(&t->header, "latents", e) || points_view(&l->points, t, e) ||
        !(l->id = table_integers(t, "id", e)) || !(label = table_integers(t, "label", e)))
        return -1;
    if (t->rows < 2)
        return error_set(e, "one row, expected at least 2");
    if (t->rows > UINT32_MAX || l->points.dimension > INT32_MAX)
        return error_set(e, "%zu rows of %zu dimensions are too many", t->rows,
                         l->points.dimension);
    if (rank_labels(l, label, e))
        return -1;
    l->space.n = t->rows;
    l->space.dimension = (int)l->points.dimension;
    l->space.z = l->points.at;
    l->space.label = l->label;
    return 0;
}

/* ---- numbers ---- */

static void set_real(struct value *to, const char *key, const char *ending, double x)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", key, ending);
    if (isfinite(x))
        value_set_real(to, name, x);
}

/* The mean of n values, NULL where memory was out, and its interval. */
static int set_mean(struct value *to, const char *key, const double *x, size_t n, int draws,
                    uint64_t seed, struct error *e)
{
    double sum = 0, low, high;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    set_real(to, key, "", sum / (double)n);
    if (!draws || !isfinite(sum))
        return 0;
    if (bootstrap_mean(x, n, draws, 0.95, seed, &low, &high, e))
        return -1;
    set_real(to, key, "_low", low);
    set_real(to, key, "_high", high);
    return 0;
}

/* So many points of l in an order drawn by seed, as a space of their own; owned. */
struct drawn {
    struct space space;
    size_t *order; /* [n of l]: row of l */
    float *z;
    int64_t *label;
};

static int draw(struct drawn *d, const struct latents *l, size_t n, uint64_t seed, const char *name,
                struct error *e)
{
    const size_t dimension = l->points.dimension;
    struct random r = random_stream(seed, name, 0);
    d->order = array_new(l->space.n, sizeof *d->order, "rows", e);
    d->z = d->order ? array_new(n * dimension, sizeof *d->z, "rows", e) : NULL;
    d->label = d->z ? array_new(n, sizeof *d->label, "rows", e) : NULL;
    if (!d->label)
        return -1;
    random_permutation(&r, d->order, l->space.n);
    for (size_t i = 0; i < n; i++) {
        memcpy(d->z + i * dimension, l->space.z + d->order[i] * dimension,
               dimension * sizeof *d->z);
        d->label[i] = l->space.label[d->order[i]];
    }
    d->space = l->space;
    d->space.n = n;
    d->space.z = d->z;
    d->space.label = d->label;
    return 0;
}

static void drawn_free(struct drawn *d)
{
    free(d->order);
    free(d->z);
    free(d->label);
}

/* Of equally near neighbours, as hashes have many, those count that a draw by seed puts first: rows
 * may lie class by class. */
static int set_purity(struct value *to, const struct latents *l, int draws, uint64_t seed,
                      struct error *e)
{
    static const struct {
        const char *key;
        size_t k;
    } all[] = {{"purity1", 1}, {"purity5", 5}};
    const size_t n = l->space.n, most = n - 1 < 5 ? n - 1 : 5;
    struct neighbours found = {0};
    struct drawn d = {0};
    autofree double *purity = array_new(2 * n, sizeof *purity, "purities", e);
    double *by_row = purity + n;
    int failed = !purity || draw(&d, l, n, seed, "purity", e) ||
                 neighbours_find(&found, n, l->points.dimension, d.z, most, NULL, NULL, e);
    for (size_t k = 0; k < 2 && all[k].k <= most && !failed; k++) {
        space_purity(&d.space, found.index, most, all[k].k, purity);
        for (size_t i = 0; i < n; i++)
            by_row[d.order[i]] = purity[i];
        failed = set_mean(to, all[k].key, by_row, n, draws, seed, e);
    }
    neighbours_free(&found);
    drawn_free(&d);
    return failed ? -1 : 0;
}

/* Of a sample, as the time grows with its square. */
static int set_silhouette(struct value *to, const struct latents *l, int draws, uint64_t seed,
                          struct error *e)
{
    const size_t n = l->space.n < SPACE_SILHOUETTES ? l->space.n : SPACE_SILHOUETTES;
    struct drawn d = {0};
    autofree double *value = array_new(n, sizeof *value, "silhouettes", e);
    int failed = !value || draw(&d, l, n, seed, "silhouette", e) ||
                 space_silhouette(&d.space, value, e) ||
                 set_mean(to, "silhouette", value, n, draws, seed, e);
    drawn_free(&d);
    return failed ? -1 : 0;
}

static void set_centres(struct value *to, const char *key, const struct space_centres *of,
                        double unit)
{
    struct value *v = value_set_map(to, key);
    set_real(v, "least", "", of->least / unit);
    set_real(v, "most", "", of->most / unit);
    set_real(v, "mean", "", of->mean / unit);
}

static int set_classes(struct value *to, const struct space *s, struct error *e)
{
    struct space_classes of;
    if (space_classes(s, &of, e))
        return -1;
    set_real(to, "scatter", "", of.scatter);
    set_real(to, "radius", "", of.radius);
    set_centres(to, "centroids", &of.means, 1);
    set_centres(to, "centroids_by_radius", &of.means, of.radius);
    set_centres(to, "median_centroids", &of.medians, 1);
    set_centres(to, "median_centroids_by_radius", &of.medians, of.radius);
    return 0;
}

/* ---- hubs: what mining would find ---- */

struct asking {
    struct forest *forest;
    const struct latents *l;
    size_t *order;         /* [n]: room for rows */
    size_t *have;          /* [classes]: members of the subset */
    struct member *member; /* of a subset */
    struct choice *choice;
    uint32_t *count; /* [images]: by entry of the forest */
};

/* SPACE_SUBSET rows of each class, or all that it has; returns how many they are. */
static size_t draw_subset(const struct asking *a, uint64_t seed, uint64_t turn)
{
    struct random r = random_stream(seed, "hubs", turn);
    const int64_t *label = a->l->space.label;
    size_t members = 0;
    random_permutation(&r, a->order, a->l->space.n);
    memset(a->have, 0, (size_t)a->l->space.classes * sizeof *a->have);
    for (size_t i = 0; i < a->l->space.n; i++) {
        const size_t row = a->order[i];
        if (a->have[label[row]]++ < SPACE_SUBSET)
            a->member[members++] = (struct member){a->l->id[row], (int32_t)label[row], 1};
    }
    return members;
}

static int ask(const struct asking *a, bool barred, uint64_t seed, struct error *e)
{
    const struct remine_rules rules = {.ban_subset = barred, .allow_duplicates = !barred};
    struct remine_report report;
    for (uint64_t turn = 0; turn < SPACE_SUBSETS; turn++) {
        const size_t members = draw_subset(a, seed, turn);
        if (remine(a->forest, a->member, members, &rules, a->choice, &report, e))
            return -1;
        for (size_t i = 0; i < members; i++)
            if (!a->choice[i].kept)
                a->count[forest_find(a->forest, a->choice[i].id) - a->forest->entry]++;
    }
    return 0;
}

static int set_hubs(struct value *to, const char *key, const struct asking *a, bool barred,
                    uint64_t seed, struct error *e)
{
    struct space_hubs hubs;
    memset(a->count, 0, a->forest->images * sizeof *a->count);
    if (ask(a, barred, seed, e) || space_hubs(a->count, a->forest->images, &hubs, e))
        return -1;
    struct value *v = value_set_map(to, key);
    value_set_int(v, "answers", (int64_t)hubs.answers);
    value_set_int(v, "distinct", (int64_t)hubs.distinct);
    value_set_int(v, "largest", (int64_t)hubs.largest);
    set_real(v, "top_ten", "", hubs.top_ten);
    set_real(v, "skewness", "", hubs.skewness);
    return 0;
}

static int set_mining(struct value *to, const struct latents *l, uint64_t seed, struct error *e)
{
    const struct space *s = &l->space;
    struct forest forest;
    const size_t most = (size_t)s->classes * SPACE_SUBSET;
    autofree size_t *order = array_new(s->n, sizeof *order, "rows", e);
    autofree size_t *have = order ? array_new((size_t)s->classes, sizeof *have, "rows", e) : NULL;
    autofree struct member *member = have ? array_new(most, sizeof *member, "rows", e) : NULL;
    autofree struct choice *choice = member ? array_new(most, sizeof *choice, "rows", e) : NULL;
    autofree uint32_t *count = choice ? array_new(s->n, sizeof *count, "answers", e) : NULL;
    if (!count || forest_build(&forest, s->n, s->dimension, s->z, l->id, s->label, false, e))
        return -1;
    const struct asking a = {&forest, l, order, have, member, choice, count};
    int failed = set_hubs(to, "hubs", &a, true, seed, e) ||
                 set_hubs(to, "hubs_unbarred", &a, false, seed, e);
    forest_free(&forest);
    return failed ? -1 : 0;
}

struct value *space_report(const struct table *latents, int draws, uint64_t seed, struct error *e)
{
    struct latents l;
    struct value *v = value_map();
    int failed = view(&l, latents, e);
    if (!failed) {
        value_set_int(v, "rows", (int64_t)l.space.n);
        value_set_int(v, "dimension", l.space.dimension);
        value_set_int(v, "classes", l.space.classes);
        failed = set_purity(v, &l, draws, seed, e) || set_silhouette(v, &l, draws, seed, e) ||
                 set_classes(v, &l.space, e) || set_mining(v, &l, seed, e);
    }
    points_free(&l.points);
    free(l.label);
    if (!failed && value_is_whole(v))
        return v;
    if (!failed)
        error_set(e, "out of memory: the report");
    value_free(v);
    return NULL;
}

static void print_number(const char *name, const struct value *x, FILE *to)
{
    if (x->type == VALUE_INT)
        fprintf(to, "%-40s %lld\n", name, (long long)x->integer);
    else
        fprintf(to, "%-40s %.4f\n", name, x->real);
}

int space_print(const struct value *report, FILE *to)
{
    char name[128];
    for (size_t i = 0; i < report->count; i++) {
        const struct value *x = report->item[i];
        if (x->type != VALUE_MAP)
            print_number(report->key[i], x, to);
        for (size_t k = 0; x->type == VALUE_MAP && k < x->count; k++) {
            snprintf(name, sizeof name, "%s %s", report->key[i], x->key[k]);
            print_number(name, x->item[k], to);
        }
    }
    return ferror(to) ? -1 : 0;
}
