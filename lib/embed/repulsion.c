#include "embed/repulsion.h"
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/library.h"
#include "base/memory.h"

static const char *fftw_number(void)
{
    return fftw_version + strlen("fftw-"); /* "fftw-3.3.10-sse2-avx": with what it was built for */
}
LIBRARY(fftw, "FFTW", fftw_number);

enum {
    EXACT_MOST = 5000, /* points for which all with all costs less than the grid */
    LANES = 16,
    PAIR = 2 * LANES,
    QUERIES = 4,
};
#define FAR 1e6f /* where points that are none push nobody: 1e-12 of a neighbour */

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* ---- the grid ---- */

/* In each of boxes x boxes equal squares NODES x NODES evenly placed nodes, each the charge of what
 * lies around it by Lagrange's polynomials. */
enum { NODES = 3, LEAST_BOXES = 50, MOST_BOXES = 333, CHARGES = 4 };

struct grid {
    int boxes, side;       /* side: twice the nodes, so that the convolution does not wrap around */
    double low[2], width;  /* the lower corner; of a box */
    double *real[CHARGES]; /* [side, side]; owned, as the rest */
    fftw_complex *wave[CHARGES], *kernel; /* [side, side / 2 + 1] */
    fftw_plan forward, back;
};

struct repulsion {
    size_t n;
    bool exact;
    lanes *x, *y; /* exact: coordinates, filled up with points far away */
    double *sum;  /* [n]: of each point's q */
    struct grid grid;
};

/* ---- all with all ---- */

struct around { /* what a few points feel */
    float x[QUERIES], y[QUERIES], sum[QUERIES];
};

static float add_up(const lanes *v)
{
    float sum = 0;
    for (int l = 0; l < LANES; l++)
        sum += (*v)[l];
    return sum;
}

/* Two reciprocals cost one division: 1 / a = b / ab. */
FAST static void feel(const lanes *x, const lanes *y, size_t blocks, const float *own_x,
                      const float *own_y, struct around *to)
{
    lanes push_x[QUERIES] = {0}, push_y[QUERIES] = {0}, sum[QUERIES] = {0};
    for (size_t b = 0; b < blocks; b += 2)
        for (int q = 0; q < QUERIES; q++) {
            const lanes dx0 = own_x[q] - x[b], dy0 = own_y[q] - y[b];
            const lanes dx1 = own_x[q] - x[b + 1], dy1 = own_y[q] - y[b + 1];
            const lanes d0 = 1 + dx0 * dx0 + dy0 * dy0, d1 = 1 + dx1 * dx1 + dy1 * dy1;
            const lanes both = 1 / (d0 * d1), q0 = both * d1, q1 = both * d0;
            const lanes s0 = q0 * q0, s1 = q1 * q1;
            sum[q] += q0 + q1;
            push_x[q] += s0 * dx0 + s1 * dx1;
            push_y[q] += s0 * dy0 + s1 * dy1;
        }
    for (int q = 0; q < QUERIES; q++) {
        to->x[q] = add_up(&push_x[q]);
        to->y[q] = add_up(&push_y[q]);
        to->sum[q] = add_up(&sum[q]);
    }
}

static void run_exact(struct repulsion *r, const float *y, float *push)
{
    const size_t n = r->n, blocks = (n + PAIR - 1) / PAIR * 2;
    float *to_x = (float *)r->x, *to_y = (float *)r->y;
    for (size_t i = 0; i < blocks * LANES; i++) {
        to_x[i] = i < n ? y[2 * i] : FAR;
        to_y[i] = i < n ? y[2 * i + 1] : FAR;
    }
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i += QUERIES) {
        struct around a = {0};
        feel(r->x, r->y, blocks, to_x + i, to_y + i, &a);
        for (size_t q = 0; q < QUERIES && i + q < n; q++) {
            push[2 * (i + q)] = a.x[q];
            push[2 * (i + q) + 1] = a.y[q];
            r->sum[i + q] = a.sum[q] - 1.; /* but for the point itself */
        }
    }
}

/* ---- by the grid ---- */

static void free_grid(struct grid *g)
{
    for (int c = 0; c < CHARGES; c++) {
        free(g->real[c]);
        free(g->wave[c]);
    }
    free(g->kernel);
    fftw_destroy_plan(g->forward);
    fftw_destroy_plan(g->back);
    *g = (struct grid){0};
}

static int make_grid(struct grid *g, int boxes, struct error *e)
{
    const size_t side = 2 * NODES * (size_t)boxes, waves = side * (side / 2 + 1);
    bool good = true;
    free_grid(g);
    g->boxes = boxes;
    g->side = (int)side;
    for (int c = 0; c < CHARGES && good; c++)
        good = (g->real[c] = array_new(side * side, sizeof(double), "a grid", e)) &&
               (g->wave[c] = array_new(waves, sizeof(fftw_complex), "a grid", e));
    if (!good || !(g->kernel = array_new(waves, sizeof(fftw_complex), "a grid", e)))
        return -1;
    /* Estimated: a plan by measuring would differ from run to run, and so would the last digits. */
    g->forward = fftw_plan_dft_r2c_2d(g->side, g->side, g->real[0], g->wave[0], FFTW_ESTIMATE);
    g->back = fftw_plan_dft_c2r_2d(g->side, g->side, g->wave[0], g->real[0], FFTW_ESTIMATE);
    return g->forward && g->back ? 0 : error_set(e, "out of memory: a Fourier transform");
}

/* The next number without a prime factor above 5, of which transforms are fast. */
static int smooth(int n)
{
    for (;; n++) {
        int rest = n;
        for (int prime = 2; prime <= 5; prime++)
            while (rest % prime == 0)
                rest /= prime;
        if (rest == 1)
            return n;
    }
}

/* Boxes of about the kernel's width, 1, as far as there may be so many. */
static int fit_grid(struct repulsion *r, const float *y, struct error *e)
{
    struct grid *g = &r->grid;
    double low[2] = {y[0], y[1]}, high[2] = {y[0], y[1]};
    for (size_t i = 0; i < 2 * r->n; i++) {
        low[i % 2] = fmin(low[i % 2], y[i]);
        high[i % 2] = fmax(high[i % 2], y[i]);
    }
    const double span = fmax(fmax(high[0] - low[0], high[1] - low[1]), 1e-6);
    const int boxes = smooth((int)fmin(MOST_BOXES, fmax(LEAST_BOXES, ceil(span))));
    if (boxes != g->boxes && make_grid(g, boxes, e))
        return -1;
    g->width = span / boxes;
    g->low[0] = low[0];
    g->low[1] = low[1];
    return 0;
}

/* The transform of 1 / (1 + d^2)^2 between nodes. */
static void transform_kernel(struct grid *g)
{
    const double step = g->width / NODES;
    const int side = g->side;
    double *at = g->real[0];
#pragma omp parallel for
    for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++) {
            const double down = step * (i < side / 2 ? i : side - i);
            const double across = step * (j < side / 2 ? j : side - j);
            const double q = 1 / (1 + down * down + across * across);
            at[(size_t)i * (size_t)side + (size_t)j] = q * q;
        }
    fftw_execute_dft_r2c(g->forward, at, g->kernel);
}

/* Where a coordinate lies: its box, and what share of it each node there has. */
static int place(const struct grid *g, int axis, double at, double share[NODES])
{
    const double boxes = (at - g->low[axis]) / g->width;
    const int box = boxes < 0 || isnan(boxes) ? 0 : boxes < g->boxes ? (int)boxes : g->boxes - 1;
    const double t = (boxes - box) * NODES - 0.5; /* 0, 1, 2 at the nodes */
    share[0] = (t - 1) * (t - 2) / 2;
    share[1] = t * (2 - t);
    share[2] = t * (t - 1) / 2;
    return box * NODES;
}

/* The charges: 1, the two coordinates, and their squares' sum. */
static double charge(int c, double x, double y)
{
    return c == 0 ? 1 : c == 1 ? x : c == 2 ? y : x * x + y * y;
}

/* After this real[c] is, at each node, the sum over all charges of kernel times charge. */
static void spread(struct repulsion *r, const float *y, int c)
{
    struct grid *g = &r->grid;
    const size_t side = (size_t)g->side, waves = side * (side / 2 + 1);
    double share[2][NODES], *to = g->real[c];
    memset(to, 0, side * side * sizeof *to);
    for (size_t i = 0; i < r->n; i++) {
        const double of = charge(c, y[2 * i], y[2 * i + 1]);
        const int across = place(g, 0, y[2 * i], share[0]);
        const int down = place(g, 1, y[2 * i + 1], share[1]);
        for (int k = 0; k < NODES; k++)
            for (int j = 0; j < NODES; j++)
                to[(size_t)(down + k) * side + (size_t)(across + j)] +=
                    of * share[1][k] * share[0][j];
    }
    fftw_execute_dft_r2c(g->forward, to, g->wave[c]);
    const double scale = 1. / (double)(side * side);
    for (size_t i = 0; i < waves; i++) {
        const double *k = g->kernel[i];
        double *w = g->wave[c][i];
        const double real = w[0] * k[0] - w[1] * k[1], imaginary = w[0] * k[1] + w[1] * k[0];
        w[0] = real * scale;
        w[1] = imaginary * scale;
    }
    fftw_execute_dft_c2r(g->back, g->wave[c], to);
}

/* q_ij = q_ij^2 (1 + |y_i|^2 - 2 y_i y_j + |y_j|^2), so that four sums with q^2 hold all. */
static void feel_grid(const struct repulsion *r, const float *y, size_t i, float *push)
{
    const struct grid *g = &r->grid;
    const double own_x = y[2 * i], own_y = y[2 * i + 1];
    double share[2][NODES], sum[CHARGES] = {0};
    const int across = place(g, 0, own_x, share[0]), down = place(g, 1, own_y, share[1]);
    for (int k = 0; k < NODES; k++)
        for (int j = 0; j < NODES; j++) {
            const size_t at = (size_t)(down + k) * (size_t)g->side + (size_t)(across + j);
            for (int c = 0; c < CHARGES; c++)
                sum[c] += share[1][k] * share[0][j] * g->real[c][at];
        }
    push[2 * i] = (float)(own_x * sum[0] - sum[1]);
    push[2 * i + 1] = (float)(own_y * sum[0] - sum[2]);
    r->sum[i] = (1 + own_x * own_x + own_y * own_y) * sum[0] -
                2 * (own_x * sum[1] + own_y * sum[2]) + sum[3] - 1;
}

static int run_grid(struct repulsion *r, const float *y, float *push, struct error *e)
{
    if (fit_grid(r, y, e))
        return -1;
    transform_kernel(&r->grid);
#pragma omp parallel for schedule(static, 1)
    for (int c = 0; c < CHARGES; c++)
        spread(r, y, c);
#pragma omp parallel for
    for (size_t i = 0; i < r->n; i++)
        feel_grid(r, y, i, push);
    return 0;
}

/* ---- either ---- */

struct repulsion *repulsion_new(size_t n, bool exact, struct error *e)
{
    const size_t blocks = (n + PAIR - 1) / PAIR * 2;
    struct repulsion *r = array_new(1, sizeof *r, "a map", e);
    if (!r)
        return NULL;
    r->n = n;
    r->exact = exact || n <= EXACT_MOST;
    r->sum = array_new(n, sizeof *r->sum, "a map", e);
    bool good = r->sum;
    if (good && r->exact)
        good = (r->x = array_new(blocks, sizeof *r->x, "a map", e)) &&
               (r->y = array_new(blocks, sizeof *r->y, "a map", e));
    if (good)
        return r;
    repulsion_free(r);
    return NULL;
}

void repulsion_free(struct repulsion *r)
{
    if (!r)
        return;
    free_grid(&r->grid);
    free(r->sum);
    free(r->x);
    free(r->y);
    free(r);
}

bool repulsion_is_exact(const struct repulsion *r)
{
    return r->exact;
}

int repulsion_run(struct repulsion *r, const float *y, float *push, double *sum, struct error *e)
{
    *sum = 0;
    if (r->exact)
        run_exact(r, y, push);
    else if (run_grid(r, y, push, e))
        return -1;
    for (size_t i = 0; i < r->n; i++)
        *sum += r->sum[i];
    return 0;
}
