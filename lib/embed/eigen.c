#include "embed/eigen.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"
#include "base/random.h"

enum {
    LANES = 8,
    ROWS = 4,         /* of the matrix that meet a vector while it is loaded */
    SPARE = 8,        /* the block has so many vectors more than twice those wanted, */
    MOST_SPARE = 40,  /* or so many more than they are */
    TURNS = 500,      /* at most */
    MOST_DEGREE = 20, /* of a filter */
    SWEEPS = 60,      /* at most, of rotations */
};
/* A filter may enlarge one vector over another by so much, that the other is not lost in it. */
static const double GAIN = 1e7;

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

struct block {
    size_t n, count; /* count vectors of n numbers, rows */
    const double *a;
    lanes *packed; /* [vectors / LANES, n] */
};

static double product(const double *a, const double *b, size_t n)
{
    lanes sum = {0};
    double left = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        sum += x * y;
    }
    for (; i < n; i++)
        left += a[i] * b[i];
    for (int l = 0; l < LANES; l++)
        left += sum[l];
    return left;
}

static void add(double *to, double factor, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += factor * x[i];
}

/* ---- products with the matrix ---- */

/* sum[r]: row r of `rows` rows of the matrix times LANES vectors. */
FAST static void multiply_rows(const double *a, size_t rows, size_t n, const lanes *x,
                               lanes sum[ROWS])
{
    memset(sum, 0, ROWS * sizeof *sum);
    if (rows == ROWS)
        for (size_t j = 0; j < n; j++)
            for (size_t r = 0; r < ROWS; r++)
                sum[r] += a[r * n + j] * x[j];
    else
        for (size_t r = 0; r < rows; r++)
            for (size_t j = 0; j < n; j++)
                sum[r] += a[r * n + j] * x[j];
}

/* to = A x, for each vector of the block. */
static void multiply(const struct block *b, const double *x, double *to)
{
    const size_t n = b->n, chunks = (b->count + LANES - 1) / LANES;
    for (size_t k = 0; k < b->count; k++)
        for (size_t j = 0; j < n; j++)
            b->packed[k / LANES * n + j][k % LANES] = x[k * n + j];
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i += ROWS)
        for (size_t c = 0; c < chunks; c++) {
            const size_t rows = n - i < ROWS ? n - i : ROWS;
            lanes sum[ROWS];
            multiply_rows(b->a + i * n, rows, n, b->packed + c * n, sum);
            for (size_t r = 0; r < rows; r++)
                for (size_t l = 0; l < LANES && c * LANES + l < b->count; l++)
                    to[(c * LANES + l) * n + i + r] = sum[r][l];
        }
}

/* ---- small matrices ---- */

/* Zeroes a[p][q] of a symmetric matrix and turns the rows of `vector` alike. */
static void rotate(size_t n, double *a, double *vector, size_t p, size_t q)
{
    const double off = a[p * n + q], t0 = (a[q * n + q] - a[p * n + p]) / (2 * off);
    const double t = (t0 < 0 ? -1 : 1) / (fabs(t0) + sqrt(t0 * t0 + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (size_t k = 0; k < n; k++) {
        const double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (size_t k = 0; k < n; k++) {
        const double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        const double v = vector[p * n + k], w = vector[q * n + k];
        vector[p * n + k] = c * v - s * w;
        vector[q * n + k] = s * v + c * w;
    }
    a[p * n + q] = a[q * n + p] = 0;
}

/* All eigenvalues, on the diagonal of a, and rows of vectors, by Jacobi's rotations. */
static void diagonalise(size_t n, double *a, double *vector)
{
    memset(vector, 0, n * n * sizeof *vector);
    for (size_t i = 0; i < n; i++)
        vector[i * n + i] = 1;
    for (int sweep = 0, turned = 1; turned && sweep < SWEEPS; sweep++) {
        double most = 0;
        for (size_t i = 0; i < n; i++)
            most = fmax(most, fabs(a[i * n + i]));
        turned = 0;
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++)
                if (fabs(a[p * n + q]) > 1e-15 * most) {
                    rotate(n, a, vector, p, q);
                    turned = 1;
                }
    }
}

/* ---- the block ---- */

/* Makes the rows orthonormal; one of which nothing is left becomes a random one. */
static void orthonormalise(const struct block *b, double *row, struct random *random)
{
    const size_t n = b->n;
    for (size_t k = 0; k < b->count; k++)
        for (double *own = row + k * n;;) {
            const double before = product(own, own, n);
            for (int pass = 0; pass < 2; pass++) /* twice is enough */
                for (size_t i = 0; i < k; i++)
                    add(own, -product(own, row + i * n, n), row + i * n, n);
            const double left = product(own, own, n);
            if (left > 1e-24 * before) {
                for (size_t j = 0; j < n; j++)
                    own[j] /= sqrt(left);
                break;
            }
            for (size_t j = 0; j < n; j++)
                own[j] = random_normal(random);
        }
}

/* to = the rows of x turned by the rows of `rotation`, as ordered. */
static void turn(const struct block *b, const double *rotation, const size_t *order,
                 const double *x, double *to)
{
#pragma omp parallel for schedule(static)
    for (size_t k = 0; k < b->count; k++) {
        memset(to + k * b->n, 0, b->n * sizeof *to);
        for (size_t i = 0; i < b->count; i++)
            add(to + k * b->n, rotation[order[k] * b->count + i], x + i * b->n, b->n);
    }
}

/* What all of it needs; one allocation each, freed together. */
struct work {
    double *x, *ax, *spare;           /* [count, n] */
    double *small, *rotation, *value; /* [count, count], the same, [count] */
    size_t *order;                    /* [count] */
    double square;                    /* of the matrix: the sum of all squares */
};

/* x, orthonormal, becomes its best directions, ax follows, values fall. */
static void find_directions(const struct block *b, struct work *w)
{
    const size_t m = b->count;
    multiply(b, w->x, w->ax);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < m; k++)
            w->small[i * m + k] = product(w->x + i * b->n, w->ax + k * b->n, b->n);
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < i; k++)
            w->small[i * m + k] = w->small[k * m + i] =
                (w->small[i * m + k] + w->small[k * m + i]) / 2;
    diagonalise(m, w->small, w->rotation);
    for (size_t i = 0; i < m; i++) {
        size_t at = i; /* the order, by insertion */
        for (; at && w->small[w->order[at - 1] * m + w->order[at - 1]] < w->small[i * m + i]; at--)
            w->order[at] = w->order[at - 1];
        w->order[at] = i;
    }
    for (size_t i = 0; i < m; i++)
        w->value[i] = w->small[w->order[i] * m + w->order[i]];
    turn(b, w->rotation, w->order, w->x, w->spare);
    memcpy(w->x, w->spare, m * b->n * sizeof *w->x);
    turn(b, w->rotation, w->order, w->ax, w->spare);
    memcpy(w->ax, w->spare, m * b->n * sizeof *w->ax);
}

static bool is_found(const struct block *b, const struct work *w, size_t count)
{
    const double scale = fmax(fabs(w->value[0]), fabs(w->value[b->count - 1]));
    for (size_t k = 0; k < count; k++) {
        double sum = 0;
        for (size_t j = 0; j < b->n; j++) {
            const double off = w->ax[k * b->n + j] - w->value[k] * w->x[k * b->n + j];
            sum += off * off;
        }
        if (!(sqrt(sum) <= EIGEN_TOLERANCE * scale))
            return false;
    }
    return true;
}

/* Enlarges in x what belongs to eigenvalues above the block's last, over those between it and the
 * least that there may be. ax: A x. */
static void filter(const struct block *b, struct work *w, double least)
{
    const size_t all = b->count * b->n;
    const double high = w->value[b->count - 1];
    double squares = 0;
    for (size_t k = 0; k < b->count; k++)
        squares += w->value[k] * w->value[k];
    double low = fmax(least, -sqrt(fmax(w->square - squares, 0)));
    low = fmin(low, high - 1e-9 * fabs(w->value[0]) - 1e-300);
    const double centre = (high + low) / 2, half = (high - low) / 2;
    const double steepness = acosh(fmax((w->value[0] - centre) / half, 1 + 1e-12));
    const int degree = (int)fmin(MOST_DEGREE, fmax(1, acosh(GAIN) / steepness));
    const double first = half / (w->value[0] - centre);
    double *before = w->x, *now = w->spare, *image = w->ax, sigma = first;
    for (size_t i = 0; i < all; i++)
        now[i] = (image[i] - centre * before[i]) * first / half;
    for (int d = 2; d <= degree; d++) {
        const double next = 1 / (2 / first - sigma);
        multiply(b, now, image);
        for (size_t i = 0; i < all; i++) {
            const double x =
                2 * (image[i] - centre * now[i]) * next / half - sigma * next * before[i];
            before[i] = now[i];
            now[i] = x;
        }
        sigma = next;
    }
    memcpy(w->x, now, all * sizeof *now);
}

static void give(const struct block *b, const struct work *w, size_t count, double *value,
                 double *vector)
{
    memcpy(value, w->value, count * sizeof *value);
    for (size_t k = 0; k < count; k++) {
        const double *x = w->x + k * b->n;
        size_t largest = 0;
        for (size_t j = 1; j < b->n; j++)
            if (fabs(x[j]) > fabs(x[largest]))
                largest = j;
        for (size_t j = 0; j < b->n; j++)
            vector[k * b->n + j] = x[largest] < 0 ? -x[j] : x[j];
    }
}

int eigen_largest(size_t n, const double *a, size_t count, double least, double *value,
                  double *vector, struct error *e)
{
    size_t wide = count + (count + SPARE < MOST_SPARE ? count + SPARE : MOST_SPARE);
    struct block b = {n, wide < n ? wide : n, a, NULL};
    struct work w = {0};
    struct random random = random_stream(1, "eigenvectors", 0);
    const size_t m = b.count;
    autofree lanes *packed = array_new((m + LANES - 1) / LANES * n, sizeof *packed, "vectors", e);
    autofree double *numbers =
        packed ? array_new(3 * m * n + 2 * m * m + m, sizeof *numbers, "vectors", e) : NULL;
    autofree size_t *order = numbers ? array_new(m, sizeof *order, "vectors", e) : NULL;
    if (!order)
        return -1;
    b.packed = packed;
    w = (struct work){numbers, numbers + m * n, numbers + 2 * m * n, .order = order};
    w.small = numbers + 3 * m * n;
    w.rotation = w.small + m * m;
    w.value = w.rotation + m * m;
    w.square = product(a, a, n * n);
    for (size_t i = 0; i < m * n; i++)
        w.x[i] = random_normal(&random);
    for (int turns = 0; turns < TURNS; turns++) {
        orthonormalise(&b, w.x, &random);
        find_directions(&b, &w);
        if (m == n || is_found(&b, &w, count)) {
            give(&b, &w, count, value, vector);
            return 0;
        }
        filter(&b, &w, least);
    }
    return error_set(e, "no convergence: %zu eigenvalues of a matrix of %zu x %zu are too alike",
                     count, n, n);
}
