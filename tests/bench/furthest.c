/* Exact furthest neighbours among clustered points, as ../peers' brute force answers them: the same
 * work, made in the same way, in the same words.
 * usage: furthest [points] [dims] [queries] [threads] */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/memory.h"
#include "base/random.h"
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

static int measure(size_t n, int d, size_t queries, struct error *e)
{
    autofree float *point = array_new(n * d, sizeof *point, "points", e);
    autofree int64_t *id = array_new(n, sizeof *id, "ids", e);
    autofree const float **query = array_new(queries, sizeof *query, "queries", e);
    autofree struct kdtree_answer *found = array_new(queries, sizeof *found, "answers", e);
    autofree int64_t *answer = array_new(queries, sizeof *answer, "answers", e);
    struct kdtree t;
    struct kdtree_visits visits = {0};
    size_t distinct = 0;
    if (!point || !id || !query || !found || !answer)
        return -1;
    make_points(n, d, point);
    for (size_t i = 0; i < n; i++)
        id[i] = (int64_t)i;
    for (size_t i = 0; i < queries; i++)
        query[i] = point + i % n * d;
    const double start = seconds();
    if (kdtree_build(&t, n, d, point, id, e))
        return -1;
    const double built = seconds();
    kdtree_furthest_each(&t, queries, query, found, &visits);
    const double asked = seconds() - built;
    for (size_t i = 0; i < queries; i++)
        answer[i] = found[i].id;
    qsort(answer, queries, sizeof *answer, ascending);
    for (size_t i = 0; i < queries; i++)
        distinct += i == 0 || answer[i] != answer[i - 1];
    printf("%s, %zu points x %d, %zu queries: %.4f s, %.0f queries/s, %zu distinct answers, "
           "%.3f %% of the points visited, built in %.2f s\n",
           t.flat ? "brute force" : "kd-tree", n, d, queries, asked, queries / asked, distinct,
           100.0 * visits.points / n / queries, built - start);
    kdtree_free(&t);
    return 0;
}

int main(int argc, char **argv)
{
    long long most[] = {1000000, 32, 1000, omp_get_num_procs()};
    struct error e;
    for (int i = 1; i < argc && i <= 4; i++)
        most[i - 1] = atoll(argv[i]);
    if (argc > 5 || most[0] < 1 || most[1] < 1 || most[1] > 100000 || most[2] < 1 || most[3] < 1) {
        fprintf(stderr, "usage: furthest [points] [dims] [queries] [threads]\n");
        return 2;
    }
    omp_set_num_threads((int)most[3]);
    if (measure((size_t)most[0], (int)most[1], (size_t)most[2], &e)) {
        fprintf(stderr, "furthest: %s\n", e.text);
        return 1;
    }
    return 0;
}
