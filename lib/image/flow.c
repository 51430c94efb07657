#include "image/flow.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum {
    RADIUS = 4,     /* of the Gaussian that weighs a fit */
    WINDOW = 5,     /* pixels to each side that move together */
    ITERATIONS = 3, /* a level */
    LEVELS = 5,     /* at most, ... */
    LEAST_SIDE = 16 /* ... and none smaller than this */
};
static const double SIGMA = 1.2;
static const float LEAST_DETERMINANT = 1e-3f; /* where nothing is to be seen, nothing moves */
static const float LEAST_SLOPE = 1;           /* levels a pixel, below which what was found stays */

/* f(x, y) = ... + bx x + by y + axx x^2 + ayy y^2 + 2 axy xy. */
enum { BX, BY, AXX, AYY, AXY, TERMS };

struct level {
    int height, width;
    float *grey[2];   /* of both frames */
    float *fit[2];    /* TERMS a pixel */
    float *equations; /* TERMS a pixel: what is to be solved there */
    float *sums;      /* the same, summed along rows */
    float *motion;    /* 2 a pixel */
};

static size_t pixels_of(const struct level *l)
{
    return (size_t)l->height * (size_t)l->width;
}

/* One array for all of it, which the caller owns. */
static float *level_new(struct level *l, int height, int width, struct error *e)
{
    enum { A_PIXEL = 2 + 2 * TERMS + 2 * TERMS + 2 };
    *l = (struct level){.height = height, .width = width};
    const size_t pixels = pixels_of(l);
    float *room = array_new(pixels, A_PIXEL * sizeof *room, "optical flow", e), *at = room;
    if (!room)
        return NULL;
    for (int i = 0; i < 2; i++, at += pixels)
        l->grey[i] = at;
    for (int i = 0; i < 2; i++, at += TERMS * pixels)
        l->fit[i] = at;
    l->equations = at;
    l->sums = at + TERMS * pixels;
    l->motion = at + 2 * TERMS * pixels;
    return room;
}

static int inside(int i, int count)
{
    return i < 0 ? 0 : i < count ? i : count - 1;
}

/* ---- frames ---- */

static void take_luma(const uint8_t *frame, size_t pixels, int channels, float *grey)
{
    for (size_t i = 0; i < pixels; i++, frame += channels)
        grey[i] = channels == 1 ? (float)*frame
                                : 0.299f * (float)frame[0] + 0.587f * (float)frame[1] +
                                      0.114f * (float)frame[2];
}

/* Each pixel the mean of four. */
static void halve(const struct level *from, int frame, struct level *to)
{
    const float *grey = from->grey[frame];
    for (int y = 0; y < to->height; y++) {
        float *row = to->grey[frame] + (size_t)y * (size_t)to->width;
        const float *above = grey + (size_t)(2 * y) * (size_t)from->width;
        const float *below = grey + (size_t)inside(2 * y + 1, from->height) * (size_t)from->width;
        for (int x = 0; x < to->width; x++) {
            const int right = inside(2 * x + 1, from->width);
            row[x] = (above[2 * x] + above[right] + below[2 * x] + below[right]) / 4;
        }
    }
}

/* ---- polynomial expansion ---- */

/* g, g x and g x^2 over the window, and the moments that part the terms of a fit: the inner
 * products of 1, x, x^2 under g are 1, 0, square; 0, square, 0; square, 0, fourth. */
struct gaussian {
    float g[2 * RADIUS + 1][3];
    float square, fourth;
};

static struct gaussian gaussian_make(void)
{
    struct gaussian k = {.square = 0};
    double all = 0, square = 0, fourth = 0;
    for (int i = -RADIUS; i <= RADIUS; i++)
        all += exp(-i * i / (2 * SIGMA * SIGMA));
    for (int i = -RADIUS; i <= RADIUS; i++) {
        const double g = exp(-i * i / (2 * SIGMA * SIGMA)) / all;
        square += g * i * i;
        fourth += g * i * i * i * i;
        for (int power = 0; power < 3; power++)
            k.g[i + RADIUS][power] = (float)(g * pow(i, power));
    }
    k.square = (float)square;
    k.fourth = (float)fourth;
    return k;
}

/* of += factor * from, so many of them. */
static inline void add_row(float *restrict of, const float *restrict from, float factor, int count)
{
    for (int i = 0; i < count; i++)
        of[i] += factor * from[i];
}

/* Inner products with x^p y^q, p + q < 3, for a row of pixels. */
enum { ONE, X, XX, Y, XY, YY, PRODUCTS };
static const struct {
    int p, q;
} POWERS[PRODUCTS] = {
    [ONE] = {0, 0}, [X] = {1, 0}, [XX] = {2, 0}, [Y] = {0, 1}, [XY] = {1, 1}, [YY] = {0, 2}};

/* Numbers that expand() works with: products down each column, with RADIUS more of them at both
 * ends, and those of a row. */
static size_t expand_scratch(int width)
{
    return 3 * ((size_t)width + 2 * RADIUS) + PRODUCTS * (size_t)width;
}

/* Fits every pixel. Beyond the edges the frame goes on with its last pixel. */
static void expand(const struct gaussian *k, const struct level *l, int frame, float *scratch)
{
    const int width = l->width, padded = width + 2 * RADIUS;
    const float spread = k->fourth - k->square * k->square;
    float *fit = l->fit[frame], *of = scratch + 3 * padded;
    for (int y = 0; y < l->height; y++) {
        memset(scratch, 0, expand_scratch(width) * sizeof *scratch);
        for (int q = 0; q < 3; q++) {
            float *column = scratch + q * padded;
            for (int i = -RADIUS; i <= RADIUS; i++)
                add_row(column + RADIUS,
                        l->grey[frame] + (size_t)inside(y + i, l->height) * (size_t)width,
                        k->g[i + RADIUS][q], width);
            for (int i = 0; i < RADIUS; i++) {
                column[i] = column[RADIUS];
                column[RADIUS + width + i] = column[RADIUS + width - 1];
            }
        }
        for (int n = 0; n < PRODUCTS; n++)
            for (int i = 0; i <= 2 * RADIUS; i++)
                add_row(of + n * width, scratch + POWERS[n].q * padded + i, k->g[i][POWERS[n].p],
                        width);
        for (int x = 0; x < width; x++, fit += TERMS) {
            fit[BX] = of[X * width + x] / k->square;
            fit[BY] = of[Y * width + x] / k->square;
            fit[AXX] = (of[XX * width + x] - k->square * of[ONE * width + x]) / spread;
            fit[AYY] = (of[YY * width + x] - k->square * of[ONE * width + x]) / spread;
            fit[AXY] = of[XY * width + x] / (2 * k->square * k->square);
        }
    }
}

/* ---- displacements ---- */

/* The terms of an array at a place between its pixels, which must be inside. */
static void between(const float *from, int terms, const struct level *l, float x, float y,
                    float *to)
{
    const int left = (int)x, top = (int)y;
    const float across = x - (float)left, down = y - (float)top;
    const float *a = from + ((size_t)top * (size_t)l->width + (size_t)left) * (size_t)terms;
    const float *b = left + 1 < l->width ? a + terms : a;
    const size_t row = top + 1 < l->height ? (size_t)l->width * (size_t)terms : 0;
    for (int i = 0; i < terms; i++)
        to[i] = (1 - down) * ((1 - across) * a[i] + across * b[i]) +
                down * ((1 - across) * a[row + (size_t)i] + across * b[row + (size_t)i]);
}

static bool within(const struct level *l, float x, float y)
{
    return x >= 0 && y >= 0 && x <= (float)(l->width - 1) && y <= (float)(l->height - 1);
}

/* What is seen at (x, y), and at where that is thought to have gone by d, says of the shift: M and
 * h of M d = h, symmetric, as xx, xy, yy, x, y. */
typedef void equation(const struct level *l, int x, int y, const float *d, float *to);

/* The fits: with the mean A of both and h = A d - (b' - b) / 2 it is A d = h; of that A^T A and
 * A^T h. */
static void equate_fits(const struct level *l, int x, int y, const float *d, float *to)
{
    const float *one = l->fit[0] + ((size_t)y * (size_t)l->width + (size_t)x) * TERMS;
    float two[TERMS] = {0};
    between(l->fit[1], TERMS, l, (float)x + d[0], (float)y + d[1], two);
    const float xx = (one[AXX] + two[AXX]) / 2, yy = (one[AYY] + two[AYY]) / 2;
    const float xy = (one[AXY] + two[AXY]) / 2;
    const float hx = xx * d[0] + xy * d[1] - (two[BX] - one[BX]) / 2;
    const float hy = xy * d[0] + yy * d[1] - (two[BY] - one[BY]) / 2;
    to[0] = xx * xx + xy * xy;
    to[1] = xy * (xx + yy);
    to[2] = yy * yy + xy * xy;
    to[3] = xx * hx + xy * hy;
    to[4] = xy * hx + yy * hy;
}

/* Brightness: with the mean slope g of both and e, by how much it is brighter there, it is
 * g' (d - d now) = -e; beside that, weakly, d = d now, for where only an edge, or nothing, is seen.
 */
static void equate_brightness(const struct level *l, int x, int y, const float *d, float *to)
{
    const size_t at = (size_t)y * (size_t)l->width + (size_t)x;
    const float *one = l->fit[0] + at * TERMS;
    float two[TERMS] = {0}, brightness = 0;
    between(l->fit[1], TERMS, l, (float)x + d[0], (float)y + d[1], two);
    between(l->grey[1], 1, l, (float)x + d[0], (float)y + d[1], &brightness);
    const float gx = (one[BX] + two[BX]) / 2, gy = (one[BY] + two[BY]) / 2;
    const float least = LEAST_SLOPE * LEAST_SLOPE;
    const float rest = gx * d[0] + gy * d[1] - (brightness - l->grey[0][at]);
    to[0] = gx * gx + least;
    to[1] = gx * gy;
    to[2] = gy * gy + least;
    to[3] = gx * rest + least * d[0];
    to[4] = gy * rest + least * d[1];
}

static const struct {
    const char *name;
    equation *equate;
} METHODS[] = {
    [FARNEBACK] = {"farneback", equate_fits}, [LUCAS_KANADE] = {"lucas-kanade", equate_brightness}};

enum flow_method flow_method_of(const char *name)
{
    enum flow_method m = FARNEBACK;
    while (strcmp(METHODS[m].name, name))
        m++;
    return m;
}

/* How many places of a window at `at` there are. */
static int places(int at, int count)
{
    return inside(at + WINDOW, count) - inside(at - WINDOW, count) + 1;
}

/* The equations of each window are summed along rows, then down columns, and solved. What has gone
 * out of the picture has none. */
static void improve(const struct level *l, equation *equate)
{
    const int row = l->width * TERMS;
    for (int y = 0; y < l->height; y++) {
        float *equations = l->equations + (size_t)y * (size_t)row;
        float *sums = l->sums + (size_t)y * (size_t)row;
        memset(equations, 0, (size_t)row * sizeof *equations);
        for (int x = 0; x < l->width; x++) {
            const float *d = l->motion + 2 * ((size_t)y * (size_t)l->width + (size_t)x);
            if (within(l, (float)x + d[0], (float)y + d[1]))
                equate(l, x, y, d, equations + x * TERMS);
        }
        memset(sums, 0, (size_t)row * sizeof *sums);
        for (int i = -WINDOW; i <= WINDOW; i++) {
            const int shift = i * TERMS, first = shift < 0 ? -shift : 0;
            if (abs(shift) < row)
                add_row(sums + first, equations + first + shift, 1, row - abs(shift));
        }
    }
    float *s = l->equations; /* which are summed: their first row is free */
    for (int y = 0; y < l->height; y++) {
        float *d = l->motion + 2 * (size_t)y * (size_t)l->width;
        memset(s, 0, (size_t)row * sizeof *s);
        for (int i = inside(y - WINDOW, l->height); i <= inside(y + WINDOW, l->height); i++)
            add_row(s, l->sums + (size_t)i * (size_t)row, 1, row);
        for (int x = 0; x < l->width; x++, d += 2) {
            const float *e = s + x * TERMS;
            const float count = (float)(places(x, l->width) * places(y, l->height));
            const float determinant = e[0] * e[2] - e[1] * e[1] + LEAST_DETERMINANT * count * count;
            d[0] = (e[2] * e[3] - e[1] * e[4]) / determinant;
            d[1] = (e[0] * e[4] - e[1] * e[3]) / determinant;
        }
    }
}

/* The motion of a coarser level, as a first guess. */
static void refine(const struct level *coarse, const struct level *l)
{
    for (int y = 0; y < l->height; y++)
        for (int x = 0; x < l->width; x++) {
            const float from_x = fminf(fmaxf(((float)x - 0.5f) / 2, 0), (float)(coarse->width - 1));
            const float from_y =
                fminf(fmaxf(((float)y - 0.5f) / 2, 0), (float)(coarse->height - 1));
            float *d = l->motion + 2 * ((size_t)y * (size_t)l->width + (size_t)x);
            between(coarse->motion, 2, coarse, from_x, from_y, d);
            d[0] *= 2;
            d[1] *= 2;
        }
}

int flow_between(enum flow_method method, const uint8_t *from, const uint8_t *to, int height,
                 int width, int channels, float *motion, struct error *e)
{
    const struct gaussian k = gaussian_make();
    struct level level[LEVELS];
    float *room[LEVELS] = {NULL};
    int levels = 0, failed = 0;
    autofree float *scratch = array_new(expand_scratch(width), sizeof *scratch, "optical flow", e);
    failed = scratch ? 0 : -1;
    for (int h = height, w = width; !failed && levels < LEVELS; h = (h + 1) / 2, w = (w + 1) / 2) {
        if (levels && (h < LEAST_SIDE || w < LEAST_SIDE))
            break;
        struct level *l = &level[levels];
        if (!(room[levels] = level_new(l, h, w, e))) {
            failed = -1;
            break;
        }
        for (int i = 0; i < 2; i++)
            if (levels)
                halve(l - 1, i, l);
            else
                take_luma(i ? to : from, pixels_of(l), channels, l->grey[i]);
        levels++;
    }
    for (int n = levels - 1; n >= 0 && !failed; n--) {
        if (n < levels - 1)
            refine(&level[n + 1], &level[n]);
        for (int i = 0; i < 2; i++)
            expand(&k, &level[n], i, scratch);
        for (int i = 0; i < ITERATIONS; i++)
            improve(&level[n], METHODS[method].equate);
    }
    if (!failed)
        memcpy(motion, level[0].motion, 2 * pixels_of(&level[0]) * sizeof *motion);
    for (int n = 0; n < LEVELS; n++)
        free(room[n]);
    return failed;
}

void flow_to_bytes(const float *motion, size_t count, double range, uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        const double part = fmin(fmax((double)motion[i] / range, -1), 1);
        bytes[i] = (uint8_t)(128 + lrint(127 * part));
    }
}
