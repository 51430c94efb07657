/* t-SNE: neighbours and affinities by their definitions, the gradient by finite differences, the
 * grid against all with all, and what a map is for: blobs come apart. */
#include "embed/tsne.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/random.h"
#include "tap.h"

static float *normals(size_t count, const char *purpose)
{
    struct random r = random_stream(1, purpose, 0);
    float *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)random_normal(&r);
    return x;
}

/* ---- neighbours ---- */

static double squared_distance(const float *a, const float *b, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sum;
}

/* How many others are nearer to i than j is, or as near with a lower index. */
static size_t rank_of(const float *x, size_t n, size_t d, size_t i, size_t j)
{
    size_t rank = 0;
    const double own = squared_distance(x + i * d, x + j * d, d);
    for (size_t o = 0; o < n; o++) {
        const double other = squared_distance(x + i * d, x + o * d, d);
        rank += o != i && o != j && (other < own || (other == own && o < j));
    }
    return rank;
}

static void neighbours(size_t n, size_t d, size_t k, bool integers)
{
    struct neighbours found;
    struct error e = {""};
    float *x = normals(n * d, "neighbours");
    size_t wrong = 0;
    for (size_t i = 0; i < n * d && integers; i++) /* distances are exact, and many are equal */
        x[i] = roundf(x[i]);
    ok(!neighbours_find(&found, n, d, x, k, NULL, NULL, &e), "%zu of %zu neighbours %s", k, n,
       e.text);
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < k; r++) {
            const size_t j = found.index[i * k + r];
            wrong +=
                j == i || rank_of(x, n, d, i, j) != r ||
                fabs(found.squared[i * k + r] - squared_distance(x + i * d, x + j * d, d)) > 1e-4;
        }
    ok(!wrong, "of %zu points in %zu dimensions%s: %zu of %zu are wrong", n, d,
       integers ? ", equals among them" : "", wrong, n * k);
    neighbours_free(&found);
    free(x);
}

/* ---- affinities ---- */

static void perplexity(double wanted)
{
    enum { N = 400, D = 4, K = 120 };
    struct neighbours found;
    struct error e = {""};
    float *x = normals(N * D, "perplexity"), p[K];
    double worst = 0;
    neighbours_find(&found, N, D, x, K, NULL, NULL, &e);
    for (size_t i = 0; i < N; i++) {
        double entropy = 0;
        affinity_conditional(found.squared + i * K, K, wanted, p);
        for (size_t j = 0; j < K; j++)
            entropy -= p[j] > 0 ? p[j] * log(p[j]) : 0;
        worst = fmax(worst, fabs(exp(entropy) - wanted));
    }
    ok(worst < 1e-3, "perplexity %g: off by %g at most", wanted, worst);
    neighbours_free(&found);
    free(x);
}

static void symmetry(void)
{
    enum { N = 150, K = 20 };
    struct neighbours found;
    struct affinity a;
    struct error e = {""};
    float *x = normals(N * 3, "symmetry");
    double sum = 0;
    size_t wrong = 0;
    static float dense[N][N];
    neighbours_find(&found, N, 3, x, K, NULL, NULL, &e);
    ok(!affinity_of(&a, &found, 7, &e), "affinities %s", e.text);
    for (size_t i = 0; i < N; i++)
        for (size_t j = a.first[i]; j < a.first[i + 1]; j++) {
            wrong += a.column[j] == i || (j > a.first[i] && a.column[j] <= a.column[j - 1]);
            dense[i][a.column[j]] = a.p[j];
            sum += a.p[j];
        }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++)
            wrong += dense[i][j] != dense[j][i];
    ok(!wrong && fabs(sum - 1) < 1e-5, "symmetric, in order, 1 together: %zu wrong, sum %.7f",
       wrong, sum);
    affinity_free(&a);
    neighbours_free(&found);
    free(x);
}

/* ---- the gradient ---- */

static double divergence(const struct affinity *a, const double *y)
{
    double sum = 0, kl = 0;
    for (size_t i = 0; i < a->points; i++)
        for (size_t j = 0; j < a->points; j++) {
            const double dx = y[2 * i] - y[2 * j], dy = y[2 * i + 1] - y[2 * j + 1];
            sum += i == j ? 0 : 1 / (1 + dx * dx + dy * dy);
        }
    for (size_t i = 0; i < a->points; i++)
        for (size_t at = a->first[i]; at < a->first[i + 1]; at++) {
            const size_t j = a->column[at];
            const double dx = y[2 * i] - y[2 * j], dy = y[2 * i + 1] - y[2 * j + 1];
            kl += a->p[at] * log(a->p[at] * (1 + dx * dx + dy * dy) * sum);
        }
    return kl;
}

static void gradient(void)
{
    enum { N = 50 };
    const struct tsne_settings s = {.rate = 200, .seed = 2};
    const double step = 1e-4;
    struct neighbours found;
    struct affinity a;
    struct tsne t;
    struct error e = {""};
    float *x = normals(N * 6, "points"), *at = normals(2 * N, "map");
    double y[2 * N], kl, worst = 0, largest = 0;
    neighbours_find(&found, N, 6, x, N - 1, NULL, NULL, &e);
    affinity_of(&a, &found, 10, &e);
    tsne_begin(&t, &a, &s, &e);
    for (size_t i = 0; i < 2 * N; i++)
        y[i] = t.y[i] = 2 * at[i];
    tsne_gradient(&t, 1, &e);
    tsne_divergence(&t, &kl, &e);
    ok(fabs(kl - divergence(&a, y)) < 1e-6, "KL %.7f, by its definition %.7f", kl,
       divergence(&a, y));
    for (size_t i = 0; i < 2 * N; i++) {
        const double here = y[i];
        y[i] = here + step;
        const double above = divergence(&a, y);
        y[i] = here - step;
        const double slope = (above - divergence(&a, y)) / (2 * step);
        y[i] = here;
        worst = fmax(worst, fabs(slope - t.gradient[i]));
        largest = fmax(largest, fabs(slope));
    }
    ok(worst < 1e-5 * largest, "finite differences: %g of the largest, %g", worst / largest,
       largest);
    tsne_free(&t);
    affinity_free(&a);
    neighbours_free(&found);
    free(x);
    free(at);
}

static void grid(float deviation, double tolerance)
{
    enum { N = 7000 };
    struct error e = {""};
    struct repulsion *all = repulsion_new(N, true, &e), *some = repulsion_new(N, false, &e);
    float *y = normals(2 * N, "map");
    static float one[2 * N], other[2 * N], again[2 * N];
    double sum[2], off = 0, size = 0;
    for (size_t i = 0; i < 2 * N; i++)
        y[i] *= deviation;
    ok(repulsion_is_exact(all) && !repulsion_is_exact(some) &&
           !repulsion_run(all, y, one, &sum[0], &e) && !repulsion_run(some, y, other, &sum[1], &e),
       "all with all, and by the grid %s", e.text);
    for (size_t i = 0; i < 2 * N; i++) {
        off += (one[i] - other[i]) * (double)(one[i] - other[i]);
        size += (double)one[i] * one[i];
    }
    ok(sqrt(off / size) < tolerance && fabs(sum[1] / sum[0] - 1) < tolerance / 5,
       "a map of deviation %g: the push is off by %.2g, the sum by %.2g", deviation,
       sqrt(off / size), sum[1] / sum[0] - 1);
    omp_set_num_threads(1);
    repulsion_run(some, y, again, &sum[0], &e);
    omp_set_num_threads(2);
    repulsion_run(some, y, one, &sum[1], &e);
    ok(!memcmp(one, again, sizeof one) && sum[0] == sum[1], "one thread or two: the same");
    y[5] = NAN;
    ok(!repulsion_run(some, y, one, &sum[0], &e) && isnan(sum[0]), "a point that is lost is told");
    repulsion_free(all);
    repulsion_free(some);
    free(y);
}

/* ---- a map ---- */

enum { BLOB = 100, BLOBS = 3, POINTS = BLOB * BLOBS, DIMENSION = 8, STEPS = 500, EARLY = 250 };

static float *blobs(void)
{
    float *x = normals(POINTS * DIMENSION, "blobs");
    for (size_t i = 0; i < POINTS; i++)
        x[i * DIMENSION + i / BLOB] += 8;
    return x;
}

static void map(int threads, float y[2 * POINTS], double kl[STEPS])
{
    const struct tsne_settings s = {EARLY, 12, 200, false, 5};
    struct neighbours found;
    struct affinity a;
    struct tsne t;
    struct error e = {""};
    float *x = blobs();
    bool good;
    omp_set_num_threads(threads);
    good = !neighbours_find(&found, POINTS, DIMENSION, x, 90, NULL, NULL, &e) &&
           !affinity_of(&a, &found, 30, &e) && !tsne_begin(&t, &a, &s, &e);
    for (int i = 0; i < STEPS && good; i++) {
        good = !tsne_step(&t, &e) && !tsne_divergence(&t, &kl[i], &e);
    }
    ok(good, "a map with %d threads %s", threads, e.text);
    memcpy(y, t.y, 2 * POINTS * sizeof *y);
    tsne_free(&t);
    affinity_free(&a);
    neighbours_free(&found);
    free(x);
}

static void maps(void)
{
    static float y[2][2 * POINTS];
    static double kl[2][STEPS];
    struct neighbours found;
    struct error e;
    size_t pure = 0;
    map(1, y[0], kl[0]);
    map(2, y[1], kl[1]);
    ok(!memcmp(y[0], y[1], sizeof *y), "the same bytes from one thread and two");
    ok(kl[0][STEPS - 1] < kl[0][EARLY + 20] && kl[0][STEPS - 1] < 1,
       "KL falls after exaggeration ends: %.3f, %.3f", kl[0][EARLY + 20], kl[0][STEPS - 1]);
    neighbours_find(&found, POINTS, 2, y[0], 1, NULL, NULL, &e);
    for (size_t i = 0; i < POINTS; i++)
        pure += found.index[i] / BLOB == i / BLOB;
    ok(pure >= 0.99 * POINTS, "three blobs in 8 dimensions: %zu of %d by their own", pure, POINTS);
    neighbours_free(&found);
}

int main(void)
{
    neighbours(300, 5, 40, false);
    neighbours(131, 3, 130, true);
    neighbours(2, 1, 1, false);
    neighbours(70, 100, 7, false);
    perplexity(30);
    perplexity(5);
    symmetry();
    gradient();
    grid(0.01f, 1e-6);
    grid(3, 1e-2);
    grid(40, 0.05); /* as thin as maps get */
    unless_brief(maps());
    return tap_done();
}
