#include "measure/ranks.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "measure/report.h"
#include "measure/statistics.h"

/* ---- tables ---- */

/* Cuts the next line off, without its end; NULL after the last. */
static char *next_line(char **rest)
{
    char *line = *rest && **rest ? strsep(rest, "\n") : NULL;
    size_t n = line ? strlen(line) : 0;
    if (n && line[n - 1] == '\r')
        line[n - 1] = '\0';
    return line;
}

/* Of the columns of a table; group: -1 for none. */
struct columns {
    int id, value, group, count;
};

static int find_columns(struct columns *c, char *line, const char *column, const char *group,
                        struct error *e)
{
    *c = (struct columns){-1, -1, -1, 0};
    const char *const wanted[] = {"id", column, group};
    int *const place[] = {&c->id, &c->value, &c->group};
    for (char *name; (name = strsep(&line, "\t")); c->count++) {
        for (int i = 0; i < 3; i++) {
            if (!wanted[i] || strcmp(name, wanted[i]))
                continue;
            if (*place[i] >= 0)
                return error_set(e, "two columns %s", name);
            *place[i] = c->count;
        }
    }
    for (int i = 0; i < 3; i++)
        if (wanted[i] && *place[i] < 0)
            return error_set(e, "no column %.40s in the line of names", wanted[i]);
    return 0;
}

static int add_score(struct scores *s, char *line, const char *column, const struct columns *c,
                     struct error *e)
{
    struct score score = {NULL, NULL, NAN};
    int k = 0;
    for (char *cell; (cell = strsep(&line, "\t")); k++) {
        char *end;
        if (k == c->id)
            score.id = cell;
        if (k == c->group)
            score.group = cell;
        if (k != c->value)
            continue;
        score.value = strtod(cell, &end);
        if (end == cell || *end || isnan(score.value))
            return error_set(e, "%.40s \"%.40s\", expected a number", column, cell);
    }
    if (k != c->count)
        return error_set(e, "%d columns, expected %d", k, c->count);
    if (array_grow((void **)&s->each, &s->capacity, s->count + 1, sizeof *s->each, "scores", e))
        return -1;
    s->each[s->count++] = score;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct score *)a)->id, ((const struct score *)b)->id);
}

int scores_read(struct scores *s, char *text, size_t size, const char *column, const char *group,
                struct error *e)
{
    struct columns columns;
    *s = (struct scores){.text = text};
    if (memchr(text, '\0', size))
        return error_set(e, "no text: a zero byte in it");
    char *rest = text, *line = next_line(&rest);
    if (!line)
        return error_set(e, "empty: expected a line of names");
    if (find_columns(&columns, line, column, group, e))
        return -1;
    for (long long row = 1; (line = next_line(&rest)); row++)
        if (add_score(s, line, column, &columns, e))
            return error_wrap(e, "row %lld", row);
    if (s->count)
        qsort(s->each, s->count, sizeof *s->each, by_id);
    for (size_t i = 1; i < s->count; i++)
        if (!strcmp(s->each[i - 1].id, s->each[i].id))
            return error_set(e, "id %.40s twice", s->each[i].id);
    return 0;
}

void scores_free(struct scores *s)
{
    free(s->each);
    free(s->text);
    *s = (struct scores){0};
}

/* ---- correlations ---- */

struct pair {
    double a, b;
    uint32_t rank; /* of b */
    uint32_t of;   /* its number among those given */
};

static int by_a(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    return p->a != q->a ? (p->a > q->a) - (p->a < q->a) : (p->b > q->b) - (p->b < q->b);
}

static int by_b(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    return (p->b > q->b) - (p->b < q->b);
}

int ranks_new(struct ranks *r, const double *a, const double *b, size_t n, struct error *e)
{
    *r = (struct ranks){.n = n};
    autofree struct pair *pair = array_new(n, sizeof *pair, "pairs", e);
    r->a = array_new(n, sizeof *r->a, "ranks", e);
    r->b = array_new(n, sizeof *r->b, "ranks", e);
    r->of = array_new(n, sizeof *r->of, "ranks", e);
    if (n > UINT32_MAX / 2)
        error_set(e, "%zu pairs are too many", n);
    if (!pair || !r->a || !r->b || !r->of || n > UINT32_MAX / 2) {
        ranks_free(r);
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        pair[i] = (struct pair){.a = a[i], .b = b[i], .of = (uint32_t)i};
    qsort(pair, n, sizeof *pair, by_b);
    for (size_t i = 0; i < n; i++)
        pair[i].rank = i && pair[i].b == pair[i - 1].b ? r->bs - 1 : r->bs++;
    qsort(pair, n, sizeof *pair, by_a);
    for (size_t i = 0; i < n; i++) {
        r->a[i] = i && pair[i].a == pair[i - 1].a ? r->as - 1 : r->as++;
        r->b[i] = pair[i].rank;
        r->of[i] = pair[i].of;
    }
    return 0;
}

void ranks_free(struct ranks *r)
{
    free(r->a);
    free(r->b);
    free(r->of);
    *r = (struct ranks){0};
}

/* Fenwick's tree of counts by rank. */
static void tree_add(uint64_t *tree, uint32_t size, uint32_t rank, uint64_t count)
{
    for (uint32_t i = rank + 1; i <= size; i += i & -i)
        tree[i] += count;
}

/* How many are below the rank. */
static uint64_t tree_below(const uint64_t *tree, uint32_t rank)
{
    uint64_t count = 0;
    for (uint32_t i = rank; i; i -= i & -i)
        count += tree[i];
    return count;
}

/* Counts by rank to twice the mean rank of each, from 1, less one (whole numbers); returns the
 * pairs that are tied. */
static double mean_ranks(uint64_t *count, size_t ranks)
{
    double tied = 0;
    uint64_t before = 0;
    for (size_t k = 0; k < ranks; k++) {
        const uint64_t own = count[k];
        tied += (double)own * ((double)own - 1) / 2;
        count[k] = 2 * before + own;
        before += own;
    }
    return tied;
}

struct correlations ranks_correlate(const struct ranks *r, const uint32_t *times, uint64_t *work)
{
    uint64_t *of_a = work, *of_b = of_a + r->as, *tree = of_b + r->bs + 1, total = 0;
    double more = 0, both = 0, aa = 0, bb = 0;
    memset(work, 0, RANKS_WORK(r) * sizeof *work);
    for (size_t first = 0, next; first < r->n; first = next) { /* those of one a */
        for (next = first; next < r->n && r->a[next] == r->a[first]; next++) {
            const uint64_t below = tree_below(tree, r->b[next]);
            const uint64_t above = total - below - of_b[r->b[next]];
            more += times[next] * ((double)below - (double)above);
        }
        for (size_t i = first; i < next; i++) {
            tree_add(tree, r->bs, r->b[i], times[i]);
            of_b[r->b[i]] += times[i];
            of_a[r->a[i]] += times[i];
            total += times[i];
        }
    }
    const double n = (double)total, pairs = n * (n - 1) / 2;
    const double tied_a = mean_ranks(of_a, r->as), tied_b = mean_ranks(of_b, r->bs);
    for (size_t i = 0; i < r->n; i++) {
        const double x = (double)of_a[r->a[i]] - n, y = (double)of_b[r->b[i]] - n;
        both += times[i] * x * y;
        aa += times[i] * x * x;
        bb += times[i] * y * y;
    }
    return (struct correlations){more / sqrt((pairs - tied_a) * (pairs - tied_b)),
                                 both / sqrt(aa * bb)};
}

/* ---- the report ---- */

static int set_interval(struct value *v, const char *name, double *drawn, size_t draws,
                        struct error *e)
{
    char key[32];
    size_t n = 0;
    for (size_t i = 0; i < draws; i++)
        if (!isnan(drawn[i]))
            drawn[n++] = drawn[i];
    if (n)
        qsort(drawn, n, sizeof *drawn, ascending_doubles);
    const size_t cut = n / 40;
    for (int high = 0; high < 2; high++) {
        snprintf(key, sizeof key, "%s_%s", name, high ? "high" : "low");
        if (!value_set_real(v, key, !n ? NAN : drawn[high ? n - 1 - cut : cut]))
            return error_set(e, "out of memory: the report");
    }
    return 0;
}

/* What is drawn together: pair i, in the order of ranks, is of group of[i]. */
struct groups {
    uint32_t *of; /* owned */
    uint32_t count;
};

struct member {
    const char *group;
    uint32_t pair;
};

static int by_group(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->group, ((const struct member *)b)->group);
}

/* name: of the pairs as they were given; NULL: each is drawn alone. */
static int groups_new(struct groups *g, const struct ranks *r, const char *const *name,
                      struct error *e)
{
    g->count = (uint32_t)r->n;
    g->of = array_new(r->n, sizeof *g->of, "groups", e);
    autofree struct member *member = array_new(r->n, sizeof *member, "groups", e);
    if (!g->of || !member) {
        free(g->of);
        return -1;
    }
    for (uint32_t i = 0; i < r->n; i++)
        g->of[i] = i;
    if (!name)
        return 0;
    for (uint32_t i = 0; i < r->n; i++)
        member[i] = (struct member){name[r->of[i]], i};
    qsort(member, r->n, sizeof *member, by_group);
    g->count = 0;
    for (size_t i = 0; i < r->n; i++) {
        g->count += !i || by_group(&member[i - 1], &member[i]);
        g->of[member[i].pair] = g->count - 1;
    }
    return 0;
}

static int draw(const struct ranks *r, const struct groups *g, int draws, uint64_t seed,
                double *kendall, double *spearman, struct error *e)
{
    const size_t threads = (size_t)omp_get_max_threads(), room = RANKS_WORK(r);
    autofree uint64_t *work = array_new(threads * room, sizeof *work, "bootstrap draws", e);
    autofree uint32_t *times = array_new(threads * 2 * r->n, sizeof *times, "bootstrap draws", e);
    if (!work || !times)
        return -1;
#pragma omp parallel for schedule(dynamic)
    for (int d = 0; d < draws; d++) {
        const size_t thread = (size_t)omp_get_thread_num();
        struct random random = random_stream(seed, "bootstrap", (uint64_t)d);
        uint32_t *own = times + thread * 2 * r->n, *drawn = own + r->n;
        memset(drawn, 0, g->count * sizeof *drawn);
        for (uint32_t i = 0; i < g->count; i++)
            drawn[random_below(&random, g->count)]++;
        for (size_t i = 0; i < r->n; i++)
            own[i] = drawn[g->of[i]];
        const struct correlations c = ranks_correlate(r, own, work + thread * room);
        kendall[d] = c.kendall;
        spearman[d] = c.spearman;
    }
    return 0;
}

static int set_correlations(struct value *v, const struct ranks *r, const struct groups *g,
                            int draws, uint64_t seed, struct error *e)
{
    autofree uint64_t *work = array_new(RANKS_WORK(r), sizeof *work, "ranks", e);
    autofree uint32_t *once = array_new(r->n, sizeof *once, "ranks", e);
    autofree double *drawn = array_new(2 * (size_t)draws, sizeof *drawn, "bootstrap draws", e);
    if (!work || !once || !drawn)
        return -1;
    for (size_t i = 0; i < r->n; i++)
        once[i] = 1;
    const struct correlations c = ranks_correlate(r, once, work);
    if (draws && draw(r, g, draws, seed, drawn, drawn + draws, e))
        return -1;
    const struct {
        const char *name;
        double value;
    } each[] = {{"kendall", c.kendall}, {"spearman", c.spearman}};
    for (int i = 0; i < 2; i++) {
        if (!value_set_real(v, each[i].name, each[i].value))
            return error_set(e, "out of memory: the report");
        if (draws && set_interval(v, each[i].name, drawn + i * draws, (size_t)draws, e))
            return -1;
    }
    return 0;
}

/* x, y and group of the ids that both have; how many. */
static size_t match(const struct scores *a, const struct scores *b, double *x, double *y,
                    const char **group)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        const int order = strcmp(a->each[i].id, b->each[k].id);
        if (!order) {
            group[n] = a->each[i].group;
            x[n] = a->each[i].value;
            y[n++] = b->each[k].value;
        }
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

/* Of pairs that are ranked; group: NULL for none. */
static int set_report(struct value *v, const struct ranks *r, const char *const *group,
                      size_t unmatched, int draws, uint64_t seed, struct error *e)
{
    struct groups g;
    if (groups_new(&g, r, group, e))
        return -1;
    const bool counted = value_set_int(v, "pairs", (int64_t)r->n) &&
                         value_set_int(v, "unmatched", (int64_t)unmatched) &&
                         (!group || value_set_int(v, "groups", g.count));
    if (!counted)
        error_set(e, "out of memory: the report");
    const int failed = !counted || set_correlations(v, r, &g, draws, seed, e);
    free(g.of);
    return failed ? -1 : 0;
}

struct value *ranks_report(const struct scores *a, const struct scores *b, int draws, uint64_t seed,
                           struct error *e)
{
    struct ranks r;
    autofree double *x = array_new(a->count, sizeof *x, "pairs", e);
    autofree double *y = array_new(a->count, sizeof *y, "pairs", e);
    autofree const char **group = array_new(a->count, sizeof *group, "pairs", e);
    if (!x || !y || !group)
        return NULL;
    const size_t n = match(a, b, x, y, group);
    if (n < 2) {
        error_set(e, "%zu ids that both tables have, expected two at least", n);
        return NULL;
    }
    if (ranks_new(&r, x, y, n, e))
        return NULL;
    struct value *v = value_map();
    const int failed =
        set_report(v, &r, group[0] ? group : NULL, a->count + b->count - 2 * n, draws, seed, e);
    ranks_free(&r);
    if (!failed)
        return v;
    value_free(v);
    return NULL;
}

int ranks_print(const struct value *report, FILE *to)
{
    static const char *const count[] = {"pairs", "unmatched", "groups"};
    static const char *const number[] = {"kendall", "spearman"};
    for (int i = 0; i < 3; i++)
        if (value_get(report, count[i]))
            fprintf(to, "%-12s %9lld\n", count[i], (long long)value_get_int(report, count[i], 0));
    for (int i = 0; i < 2; i++)
        report_print_metric(report, number[i], to);
    return ferror(to) ? -1 : 0;
}
