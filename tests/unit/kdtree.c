/* The kd-tree against brute force; CHECK_LONG=1 asks the 10^5 queries of the spec and prints how
 * visits grow. */
#include "select/kdtree.h"
#include <omp.h>
#include <string.h>
#include "base/memory.h"
#include "base/processor.h"
#include "base/random.h"
#include "tap.h"

enum kind { UNIFORM, CLUSTERED, DUPLICATED, COLLINEAR, DISTANT, TINY, KINDS };
static const char *const kind_name[] = {"uniform",   "clustered", "duplicated",
                                        "collinear", "distant",   "tiny"};

static void make_points(enum kind kind, size_t n, int d, struct random *r, float *point)
{
    for (size_t i = 0; i < n; i++) {
        double along = random_uniform(r);
        size_t cluster = random_below(r, 5), copied = i ? random_below(r, (i + 9) / 10) : 0;
        for (int k = 0; k < d; k++) {
            float *x = &point[i * d + k];
            switch (kind) {
            case UNIFORM:
                *x = (float)random_uniform(r);
                break;
            case CLUSTERED:
                *x = (float)(((cluster >> (k % 3)) & 1) * 4.0 + 0.1 * random_normal(r));
                break;
            case DUPLICATED: /* few places, on a coarse grid: ties everywhere */
                *x = i > n / 10 ? point[copied * d + k] : (float)random_below(r, 4);
                break;
            case COLLINEAR:
                *x = (float)(along * (k + 1));
                break;
            case DISTANT: /* few digits are left for what tells them apart */
                *x = (float)(1e6 * (k + 1) + random_normal(r));
                break;
            default: /* their squares underflow in float */
                *x = (float)(1e-30 * random_normal(r));
            }
        }
    }
}

static bool before(const struct kdtree_answer *a, const struct kdtree_answer *b)
{
    return a->squared > b->squared || (a->squared == b->squared && a->id < b->id);
}

/* The oracle: all live points, selected one after the other. */
static size_t brute(const struct kdtree *t, const float *q, size_t k, struct kdtree_answer *answer)
{
    size_t found = 0;
    for (; found < k; found++) {
        bool any = false;
        for (size_t p = 0; p < t->points; p++) {
            double sum = 0;
            for (int i = 0; i < t->dimension; i++) {
                double diff = (double)q[i] - t->point[p * t->dimension + i];
                sum += diff * diff;
            }
            struct kdtree_answer a = {p, t->id[p], sum};
            if (t->barred[p] || (found && !before(&answer[found - 1], &a)) ||
                (any && !before(&a, &answer[found])))
                continue;
            answer[found] = a;
            any = true;
        }
        if (!any)
            break;
    }
    return found;
}

struct faults {
    int queries, wrong, wrong_k, beyond_epsilon, wrong_live;
};

static void compare(struct kdtree *t, const float *q, struct random *r, struct faults *f)
{
    struct kdtree_answer got[7], want[7];
    f->queries++;
    size_t n = kdtree_furthest(t, q, 1, 0, got, NULL), m = brute(t, q, 1, want);
    f->wrong += n != m || (n && (got[0].id != want[0].id || got[0].place != want[0].place));
    if (n) {
        kdtree_furthest(t, q, 1, 0.3, got, NULL);
        f->beyond_epsilon += sqrt(got[0].squared) * 1.3 < sqrt(want[0].squared) * (1 - 1e-9);
        f->wrong_live += t->barred[kdtree_live(t, random_below(r, t->live))];
    }
    if (f->queries % 10)
        return;
    n = kdtree_furthest(t, q, 7, 0, got, NULL);
    m = brute(t, q, 7, want);
    f->wrong_k += n != m;
    for (size_t i = 0; i < n && i < m; i++)
        f->wrong_k += got[i].id != want[i].id;
}

static struct faults try(enum kind kind, size_t n, int d, bool excluding, int queries)
{
    struct error e;
    struct faults f = {0};
    struct kdtree t;
    struct random r = random_stream(7, kind_name[kind], n * 1000 + d * 2 + excluding);
    autofree float *point = array_new(n * d, sizeof *point, "points", &e);
    autofree int64_t *id = array_new(n, sizeof *id, "ids", &e);
    autofree size_t *order = array_new(n, sizeof *order, "order", &e);
    random_permutation(&r, order, n);
    for (size_t i = 0; i < n; i++)
        id[i] = (int64_t)order[i] * 3 - 50;
    make_points(kind, n, d, &r, point);
    if (kdtree_build(&t, n, d, point, id, &e)) {
        f.wrong = -1;
        return f;
    }
    for (int i = 0; i < queries; i++) {
        float q[100];
        size_t from = random_below(&r, n);
        for (int k = 0; k < d; k++) /* half of the queries are points of the tree */
            q[k] = t.point[from * d + k] * (i % 2 ? 1 : (float)(3 * random_uniform(&r) - 1));
        if (excluding) { /* bar many, admit some */
            for (int k = 0; k < 8; k++)
                kdtree_bar(&t, random_below(&r, n), k < 7);
            struct kdtree_answer best;
            if (kdtree_furthest(&t, q, 1, 0, &best, NULL))
                kdtree_bar(&t, best.place, true);
            if (i % 500 == 499)
                kdtree_admit_all(&t);
        }
        compare(&t, q, &r, &f);
    }
    kdtree_free(&t);
    return f;
}

static void against_brute_force(bool thorough)
{
    static const int dimension[] = {1, 2, 8, 32, 64, 100};
    int queries = thorough ? 2500 : 100;
    struct faults sum = {0};
    for (int kind = 0; kind < KINDS; kind++)
        for (int d = 0; d < 6; d++)
            for (int excluding = 0; excluding < 2; excluding++) {
                size_t n = thorough ? 1500 : 1100; /* too many for a plain scan */
                struct faults f = try(kind, n, dimension[d], excluding, queries);
                if (f.wrong || f.wrong_k || f.beyond_epsilon || f.wrong_live)
                    printf("# %s, %d dimensions%s: %d %d %d %d\n", kind_name[kind], dimension[d],
                           excluding ? ", excluding" : "", f.wrong, f.wrong_k, f.beyond_epsilon,
                           f.wrong_live);
                sum.queries += f.queries;
                sum.wrong += f.wrong != 0;
                sum.wrong_k += f.wrong_k;
                sum.beyond_epsilon += f.beyond_epsilon;
                sum.wrong_live += f.wrong_live;
            }
    ok(sum.wrong == 0, "%d queries answer as brute force does", sum.queries);
    ok(sum.wrong_k == 0, "the seven furthest as well");
    ok(sum.beyond_epsilon == 0, "epsilon 0.3: within a factor of 1.3");
    ok(sum.wrong_live == 0, "no barred point is drawn as a live one");

    struct faults small = {0};
    for (size_t n = 1; n <= 300; n += n < 40 ? 1 : 37) {
        struct faults f = try(DUPLICATED, n, 3, n % 2, 20);
        small.wrong += f.wrong + f.wrong_k;
    }
    ok(small.wrong == 0, "small trees, from a single point on");
}

static bool same_boxes(const struct kdtree *a, const struct kdtree *b)
{
    bool same = true;
    for (int level = 0; level < a->levels; level++) {
        size_t rows = 1 + (level ? 2 : 1) * a->axes.count, n = a->level[level].entries;
        same &= n == b->level[level].entries &&
                memcmp(a->level[level].block, b->level[level].block,
                       (n + CORNERS - 1) / CORNERS * CORNERS * rows * sizeof(float)) == 0;
    }
    return same;
}

/* The mean distance of the points from the first in their leaf. */
static double mean_leaf_width(const struct kdtree *t)
{
    double sum = 0;
    for (size_t p = 0; p < t->points; p++) {
        const float *first = t->point + p / CORNERS * CORNERS * t->dimension;
        sum += sqrt(kdtree_squared(first, t->point + p * t->dimension, t->dimension));
    }
    return sum / t->points;
}

static void structure(void)
{
    enum { N = 1000, D = 3 };
    struct error e;
    struct kdtree t, shuffled, again;
    struct random r = random_stream(1, "structure", 0);
    float point[N * D], moved[N * D];
    int64_t id[N], moved_id[N];
    size_t order[N];
    make_points(UNIFORM, N, D, &r, point);
    random_permutation(&r, order, N);
    for (size_t i = 0; i < N; i++)
        id[i] = (int64_t)i;
    for (size_t i = 0; i < N; i++) {
        memcpy(moved + i * D, point + order[i] * D, sizeof(float) * D);
        moved_id[i] = id[order[i]];
    }
    ok(kdtree_build(&t, N, D, point, id, &e) == 0 &&
           kdtree_build(&shuffled, N, D, moved, moved_id, &e) == 0 &&
           memcmp(t.id, shuffled.id, sizeof id) == 0 &&
           memcmp(t.point, shuffled.point, sizeof point) == 0,
       "the tree does not depend on the order of its points");
    ok(kdtree_restore(&again, N, D, t.point, t.id, &e) == 0 && again.levels == t.levels &&
           t.axes.count == D && same_boxes(&t, &again),
       "restored, it has the same boxes along as many axes");
    ok(mean_leaf_width(&t) < 0.5, "a leaf holds points that are near each other");

    /* A hostile order of the points: answers stay right. */
    struct kdtree hostile;
    int wrong = 0;
    ok(kdtree_restore(&hostile, N, D, point, id, &e) == 0, "points in no order at all are taken");
    for (int i = 0; i < 200; i++) {
        struct kdtree_answer a, b;
        kdtree_furthest(&t, point + i * D, 1, 0, &a, NULL);
        kdtree_furthest(&hostile, point + i * D, 1, 0, &b, NULL);
        wrong += a.id != b.id;
    }
    ok(wrong == 0, "and answer as an ordered tree does");

    struct kdtree_answer a;
    for (size_t p = 0; p < N; p++)
        kdtree_bar(&t, p, true);
    ok(t.live == 0 && kdtree_furthest(&t, point, 1, 0, &a, NULL) == 0, "all barred: nothing found");
    kdtree_bar(&t, 17, false);
    kdtree_bar(&t, 17, false);
    ok(kdtree_live(&t, 0) == 17 && kdtree_furthest(&t, point, 1, 0, &a, NULL) == 1 && a.place == 17,
       "one admitted: found");
    kdtree_admit_all(&t);
    int misplaced = 0;
    for (size_t p = 0; p < N; p++)
        misplaced += kdtree_live(&t, p) != p;
    ok(misplaced == 0, "all admitted: the k-th live point is the k-th");
    kdtree_free(&t);
    kdtree_free(&shuffled);
    kdtree_free(&again);
    kdtree_free(&hostile);

    point[5] = NAN;
    ok(kdtree_build(&t, N, D, point, id, &e) == -1 && strstr(e.text, "id 1"),
       "a point that is no number is refused by id: %s", e.text);
    ok(kdtree_restore(&t, 0, D, point, id, &e) == -1, "no points: %s", e.text);
    float far[] = {-3e38f, 3e38f};
    int64_t far_id[] = {2, 1};
    ok(kdtree_build(&t, 2, 1, far, far_id, &e) == 0 &&
           kdtree_furthest(&t, far, 1, 0, &a, NULL) == 1 && a.id == 1,
       "the largest floats do not overflow");
    kdtree_free(&t);
}

/* The least-squares line a + b x; returns its sum of squared residuals. */
static double fit(const double *x, const double *y, int n, double *a, double *b)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, rest = 0;
    for (int i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        sxy += x[i] * y[i];
    }
    *b = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    *a = (sy - *b * sx) / n;
    for (int i = 0; i < n; i++)
        rest += (y[i] - *a - *b * x[i]) * (y[i] - *a - *b * x[i]);
    return rest;
}

static void growth(void)
{
    static const size_t size[] = {500, 1000, 2000, 5000, 10000, 20000, 50000};
    double linear[7], logarithm[7], visited[7], points = 0, a, b;
    struct error e;
    for (int s = 0; s < 7; s++) {
        size_t n = size[s];
        struct kdtree t;
        struct kdtree_visits v = {0};
        struct kdtree_answer answer;
        struct random r = random_stream(3, "growth", n);
        autofree float *point = array_new(2 * n, sizeof *point, "points", &e);
        autofree int64_t *id = array_new(n, sizeof *id, "ids", &e);
        make_points(UNIFORM, n, 2, &r, point);
        for (size_t i = 0; i < n; i++)
            id[i] = (int64_t)i;
        kdtree_build(&t, n, 2, point, id, &e);
        for (int i = 0; i < 2000; i++)
            kdtree_furthest(&t, point + 2 * random_below(&r, n), 1, 0, &answer, &v);
        linear[s] = n;
        logarithm[s] = log(n);
        visited[s] = (double)v.nodes / v.queries;
        points = (double)v.points / v.queries;
        printf("# n = %5zu: %6.1f points and %5.1f nodes visited a query\n", n, points, visited[s]);
        kdtree_free(&t);
    }
    double by_log = fit(logarithm, visited, 7, &a, &b);
    printf("# nodes = %.1f + %.2f log n, squared residuals %.1f\n", a, b, by_log);
    double by_n = fit(linear, visited, 7, &a, &b);
    printf("# nodes = %.1f + %.6f n, squared residuals %.1f\n", a, b, by_n);
    ok(by_log < by_n, "visits grow more like log n than like n");
    ok(b > 0 && points < 0.001 * size[6], "of 50000 points, under a thousandth are visited");
}

/* Points of as many dimensions as these are all as far away as each other: no box helps. */
static void flat(void)
{
    enum { N = 1000, D = 64, Q = 37 };
    struct error e;
    struct kdtree t;
    struct kdtree_answer got[Q], want;
    struct kdtree_visits visits = {0};
    const float *query[Q];
    struct random r = random_stream(1, "flat", 0);
    static float point[N * D];
    int64_t id[N];
    int wrong = 0;
    for (int i = 0; i < N * D; i++)
        point[i] = (float)random_normal(&r);
    for (int i = 0; i < N; i++)
        id[i] = i;
    kdtree_build(&t, N, D, point, id, &e);
    for (int i = 0; i < Q; i++) {
        query[i] = t.point + i * D;
        kdtree_bar(&t, 3 * i, true);
    }
    kdtree_furthest_each(&t, Q, query, got, &visits);
    for (int i = 0; i < Q; i++)
        wrong += brute(&t, query[i], 1, &want) != 1 || got[i].id != want.id;
    ok(t.flat && wrong == 0 && visits.queries == Q && visits.nodes == 0,
       "where boxes are of no use, a plain scan, right for many queries at once");
    kdtree_free(&t);
    make_points(CLUSTERED, N, 2, &r, point);
    kdtree_build(&t, N, 2, point, id, &e);
    for (int i = 0; i < Q; i++)
        query[i] = t.point + i * 2;
    kdtree_furthest_each(&t, Q, query, got, NULL);
    wrong = 0;
    for (int i = 0; i < Q; i++)
        wrong += brute(&t, query[i], 1, &want) != 1 || got[i].id != want.id;
    ok(!t.flat && wrong == 0, "where they are, the tree");
    kdtree_free(&t);
}

/* Twice as many points as directions are judged by, in clusters: the sample must be of all of the
 * tree, not of its first half. By two threads the tree is the same. */
static void crowded(void)
{
    enum { N = 8000, D = 32, Q = 200, CENTRES = 10 };
    struct error e;
    struct kdtree t, again;
    struct kdtree_visits visits = {0};
    struct kdtree_answer answer;
    const struct random centre = random_stream(0, "centres", 0);
    struct random r = random_stream(0, "crowded", 0);
    static float point[N * D];
    static int64_t id[N];
    for (uint64_t i = 0; i < N; i++) {
        const uint64_t c = random_below(&r, CENTRES);
        id[i] = (int64_t)i;
        for (uint64_t k = 0; k < D; k++)
            point[i * D + k] =
                (float)(4 * random_normal_at(&centre, c * D + k) + random_normal(&r));
    }
    omp_set_num_threads(1);
    kdtree_build(&t, N, D, point, id, &e);
    omp_set_num_threads(2);
    kdtree_build(&again, N, D, point, id, &e);
    ok(!memcmp(t.id, again.id, sizeof id) && t.hubs == again.hubs &&
           !memcmp(t.level[0].block, again.level[0].block, N * sizeof(float)),
       "two threads build the tree of one");
    for (int i = 0; i < Q; i++)
        kdtree_furthest(&t, point + i * D, 1, 0, &answer, &visits);
    const double share = (double)visits.points / Q / N;
    ok(!t.flat && share < 0.2, "of clusters in 32 dimensions %.1f %% of the points are visited",
       100 * share);
    kdtree_free(&t);
    kdtree_free(&again);
}

static void on_every_processor(void)
{
    struct error e;
    for (int p = 0; p < PROCESSORS; p++) {
        setenv("WINNOW_CPU", processor_name[p], 1);
        if (processor_choose(&e) < 0)
            continue;
        struct faults f = try(CLUSTERED, 1100, 8, true, 200);
        ok(f.wrong + f.wrong_k + f.beyond_epsilon == 0, "the same by the kernel for %s",
           processor_name[p]);
    }
    unsetenv("WINNOW_CPU");
}

int main(void)
{
    const char *text = getenv("CHECK_LONG");
    bool thorough = text && *text && *text != '0';
    structure();
    against_brute_force(thorough);
    flat();
    crowded();
    on_every_processor();
    growth();
    return tap_done();
}
