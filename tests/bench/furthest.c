/* Exact furthest neighbours among clustered points, as ../peers' brute force answers them: the same
 * work, made in the same way, in the same words; or, named a stream of latents, among its first
 * points. A second line tells what the tree alone takes, and what a plain scan of all points does.
 * Named a file VISITS, too, the queries are the stream's last points, and the file gets a line
 * each: points visited by the tree alone.
 * usage: furthest [points] [dims] [queries] [threads]
 *        furthest LATENTS [points] [queries] [threads] [VISITS] */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/memory.h"
#include "base/random.h"
#include "rows/points.h"
#include "select/kdtree.h"

enum { CENTRES = 10 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void make_points(size_t n, int d, float *point)
{
    const struct random centre = random_stream(0, "centres", 0);
    const struct random cluster = random_stream(0, "clusters", 0);
    const struct random noise = random_stream(0, "noise", 0);
#pragma omp parallel for
    for (size_t i = 0; i < n; i++) {
        uint64_t c = random_u64_at(&cluster, i) % CENTRES;
        for (int k = 0; k < d; k++)
            point[i * d + k] = (float)(4 * random_normal_at(&centre, c * d + k) +
                                       random_normal_at(&noise, i * d + k));
    }
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Seconds that the queries take if all points are scanned, or if none are but by the tree. */
static double ask(struct kdtree *t, bool flat, size_t queries, const float *const *query,
                  struct kdtree_answer *found, struct kdtree_visits *visits)
{
    const bool chosen = t->flat;
    const double start = seconds();
    t->flat = flat;
    kdtree_furthest_each(t, queries, query, found, visits);
    t->flat = chosen;
    return seconds() - start;
}

static int write_visits(struct kdtree *t, size_t queries, const float *const *query,
                        const char *path, struct error *e)
{
    FILE *to = fopen(path, "w");
    if (!to)
        return error_set(e, "cannot write %s", path);
    t->flat = false;
    for (size_t i = 0; i < queries; i++) {
        struct kdtree_answer answer;
        struct kdtree_visits visits = {0};
        kdtree_furthest(t, query[i], 1, 0, &answer, &visits);
        fprintf(to, "%llu\n", (unsigned long long)visits.points);
    }
    const bool failed = ferror(to);
    return fclose(to) || failed ? error_set(e, "cannot write %s", path) : 0;
}

/* Queries from `from` [sources, d], in turn. */
static int measure(size_t n, int d, const float *point, size_t sources, const float *from,
                   size_t queries, const char *visits_path, struct error *e)
{
    autofree int64_t *id = array_new(n, sizeof *id, "ids", e);
    autofree const float **query = array_new(queries, sizeof *query, "queries", e);
    autofree struct kdtree_answer *found = array_new(queries, sizeof *found, "answers", e);
    autofree int64_t *answer = array_new(queries, sizeof *answer, "answers", e);
    struct kdtree t;
    struct kdtree_visits visits = {0}, by_tree = {0}, by_scan = {0};
    size_t distinct = 0;
    if (!id || !query || !found || !answer)
        return -1;
    for (size_t i = 0; i < n; i++)
        id[i] = (int64_t)i;
    for (size_t i = 0; i < queries; i++)
        query[i] = from + i % sources * d;
    const double start = seconds();
    if (kdtree_build(&t, n, d, point, id, e))
        return -1;
    const double built = seconds() - start;
    const double asked = ask(&t, t.flat, queries, query, found, &visits);
    for (size_t i = 0; i < queries; i++)
        answer[i] = found[i].id;
    qsort(answer, queries, sizeof *answer, ascending);
    for (size_t i = 0; i < queries; i++)
        distinct += i == 0 || answer[i] != answer[i - 1];
    printf("%s, %zu points x %d, %zu queries: %.4f s, %.0f queries/s, %zu distinct answers, "
           "%.3f %% of the points visited, built in %.2f s\n",
           t.flat ? "brute force" : "kd-tree", n, d, queries, asked, queries / asked, distinct,
           100.0 * visits.points / n / queries, built);
    const double tree = ask(&t, false, queries, query, found, &by_tree);
    const double scan = ask(&t, true, queries, query, found, &by_scan);
    printf("the tree alone: %.3f us a query, %.1f points and %.1f nodes visited; a scan: %.3f us\n",
           1e6 * tree / queries, (double)by_tree.points / queries, (double)by_tree.nodes / queries,
           1e6 * scan / queries);
    const int failed = visits_path ? write_visits(&t, queries, query, visits_path, e) : 0;
    kdtree_free(&t);
    return failed;
}

static int measure_clusters(size_t n, int d, size_t queries, struct error *e)
{
    autofree float *point = array_new(n * d, sizeof *point, "points", e);
    if (!point)
        return -1;
    make_points(n, d, point);
    return measure(n, d, point, n, point, queries, NULL, e);
}

static int measure_latents(const char *path, size_t n, size_t queries, const char *visits,
                           struct error *e)
{
    struct table t;
    struct points p;
    if (table_read(&t, path, &(struct stream_limits){0}, e))
        return -1;
    int failed = points_view(&p, &t, e);
    const size_t others = visits ? queries : 0;
    if (!failed && (p.count < n || p.count - n < others))
        failed = error_set(e, "%s: %zu points, expected %zu", path, p.count, n + others);
    if (!failed)
        failed = measure(n, (int)p.dimension, p.at, visits ? queries : n,
                         p.at + (visits ? p.count - queries : 0) * p.dimension, queries, visits, e);
    points_free(&p);
    table_free(&t);
    return failed;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 && !strchr("0123456789", argv[1][0]) ? argv[1] : NULL;
    long long most[] = {1000000, path ? 1000 : 32, path ? omp_get_num_procs() : 1000,
                        omp_get_num_procs()};
    const int first = path ? 2 : 1, last = path ? 3 : 4;
    const char *visits = path && argc == 6 ? argv[--argc] : NULL;
    struct error e;
    bool good = argc - first <= last;
    for (int i = 0; good && i < argc - first; i++)
        good = (most[i] = atoll(argv[first + i])) > 0;
    if (!good || (!path && most[1] > 100000)) {
        fprintf(stderr, "usage: furthest [points] [dims] [queries] [threads]\n"
                        "       furthest LATENTS [points] [queries] [threads] [VISITS]\n");
        return 2;
    }
    omp_set_num_threads((int)most[last - 1]);
    if (path ? measure_latents(path, (size_t)most[0], (size_t)most[1], visits, &e)
             : measure_clusters((size_t)most[0], (int)most[1], (size_t)most[2], &e)) {
        fprintf(stderr, "furthest: %s\n", e.text);
        return 1;
    }
    return 0;
}
