#include "measure/ssim.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"

enum { WINDOW = SSIM_WINDOW };

static void make_window(double weight[WINDOW])
{
    const double sigma = 1.5;
    double sum = 0;
    for (int i = 0; i < WINDOW; i++)
        sum += weight[i] = exp(-(i - WINDOW / 2) * (i - WINDOW / 2) / (2 * sigma * sigma));
    for (int i = 0; i < WINDOW; i++)
        weight[i] /= sum;
}

static size_t windows_of(size_t height, size_t width)
{
    return (height - WINDOW + 1) * (width - WINDOW + 1);
}

size_t ssim_room(size_t height, size_t width)
{
    return width + height * (width - WINDOW + 1) + windows_of(height, width);
}

/* to: the mean of a * b under each window; b NULL: of a. room: width + height * columns. */
FAST static void blur(size_t height, size_t width, const double *a, const double *b, double *room,
                      double *to)
{
    const size_t columns = width - WINDOW + 1, rows = height - WINDOW + 1;
    double weight[WINDOW], *across = room + width;
    make_window(weight);
    memset(across, 0, height * columns * sizeof *across);
    memset(to, 0, rows * columns * sizeof *to);
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++)
            room[x] = b ? a[y * width + x] * b[y * width + x] : a[y * width + x];
        for (size_t i = 0; i < WINDOW; i++)
            for (size_t x = 0; x < columns; x++)
                across[y * columns + x] += weight[i] * room[x + i];
    }
    for (size_t y = 0; y < rows; y++)
        for (size_t i = 0; i < WINDOW; i++)
            for (size_t x = 0; x < columns; x++)
                to[y * columns + x] += weight[i] * across[(y + i) * columns + x];
}

int ssim_measure(struct ssim_plane *p, size_t height, size_t width, const double *pixel,
                 double *room, struct error *e)
{
    const size_t windows = windows_of(height, width);
    *p = (struct ssim_plane){height, width, pixel, NULL, NULL};
    if (!(p->mean = array_new(windows, sizeof *p->mean, "a picture", e)) ||
        !(p->square = array_new(windows, sizeof *p->square, "a picture", e)))
        return -1;
    blur(height, width, pixel, NULL, room, p->mean);
    blur(height, width, pixel, pixel, room, p->square);
    return 0;
}

void ssim_free(struct ssim_plane *p)
{
    free(p->mean);
    free(p->square);
    *p = (struct ssim_plane){0};
}

/* product: means of the product of both under each window. */
FAST static struct ssim compare(const struct ssim_plane *p, const struct ssim_plane *q,
                                const double *product)
{
    const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
    const size_t windows = windows_of(p->height, p->width);
    struct ssim sum = {0};
    for (size_t i = 0; i < windows; i++) {
        const double a = p->mean[i], b = q->mean[i];
        const double aa = p->square[i] - a * a, bb = q->square[i] - b * b;
        const double s = (2 * (product[i] - a * b) + c2) / (aa + bb + c2);
        sum.structure += s;
        sum.whole += s * (2 * a * b + c1) / (a * a + b * b + c1);
    }
    return (struct ssim){sum.whole / (double)windows, sum.structure / (double)windows};
}

struct ssim ssim_compare(const struct ssim_plane *a, const struct ssim_plane *b, double *room)
{
    double *product = room + ssim_room(a->height, a->width) - windows_of(a->height, a->width);
    blur(a->height, a->width, a->pixel, b->pixel, room, product);
    return compare(a, b, product);
}
