#include "image/yuv.h"
#include <string.h>
#include "base/clones.h"

/* Rows are converted in pieces whose planes the cache holds. */
enum { BITS = 16, ONE = 1 << BITS, HALF = ONE / 2, PIECE = 256 };

uint32_t yuv_rows(const struct yuv *f, int plane)
{
    return plane && f->down == 2 ? f->height / 2 + f->height % 2 : f->height;
}

uint32_t yuv_columns(const struct yuv *f, int plane)
{
    return plane && f->across == 2 ? f->width / 2 + f->width % 2 : f->width;
}

/* The weights of red, green and blue in the brightness, and the ranges. */
struct matrix {
    double weight[3];
    double luma, chroma; /* what 255 levels, and half of them either way, are in the planes */
    int black;           /* the brightness of black */
};

static struct matrix matrix_of(const struct yuv *f)
{
    static const double BT601[] = {0.299, 0.587, 0.114}, BT709[] = {0.2126, 0.7152, 0.0722};
    const double *w = f->bt709 ? BT709 : BT601;
    return (struct matrix){
        {w[0], w[1], w[2]}, f->full ? 1 : 219 / 255., f->full ? 1 : 224 / 255., f->full ? 0 : 16};
}

static int32_t fixed(double x)
{
    return (int32_t)(x * ONE + (x < 0 ? -0.5 : 0.5));
}

static uint8_t clamp(int32_t x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- to RGB ---- */

struct to_rgb {
    int32_t black, luma, red, green_of_u, green_of_v, blue;
};

static struct to_rgb to_rgb_of(const struct yuv *f)
{
    const struct matrix m = matrix_of(f);
    const double *w = m.weight;
    return (struct to_rgb){.black = m.black,
                           .luma = fixed(1 / m.luma),
                           .red = fixed(2 * (1 - w[0]) / m.chroma),
                           .green_of_u = fixed(2 * (1 - w[2]) * w[2] / w[1] / m.chroma),
                           .green_of_v = fixed(2 * (1 - w[0]) * w[0] / w[1] / m.chroma),
                           .blue = fixed(2 * (1 - w[2]) / m.chroma)};
}

FAST static void grey_piece(const struct to_rgb *k, const uint8_t *luma, size_t n, uint8_t *pixels)
{
    for (size_t x = 0; x < n; x++)
        pixels[x] = clamp((k->luma * (luma[x] - k->black) + HALF) >> BITS);
}

/* u and v: a sample a pixel. */
FAST static void rgb_piece(const struct to_rgb *k, const uint8_t *luma, const uint8_t *u,
                           const uint8_t *v, size_t n, uint8_t *restrict pixels)
{
    for (size_t x = 0; x < n; x++) {
        const int32_t grey = k->luma * (luma[x] - k->black) + HALF;
        const int32_t cb = u[x] - 128, cr = v[x] - 128;
        pixels[3 * x] = clamp((grey + k->red * cr) >> BITS);
        pixels[3 * x + 1] = clamp((grey - k->green_of_u * cb - k->green_of_v * cr) >> BITS);
        pixels[3 * x + 2] = clamp((grey + k->blue * cb) >> BITS);
    }
}

static void spread(const uint8_t *from, size_t samples, uint8_t to[PIECE])
{
    for (size_t i = 0; i < samples; i++)
        to[2 * i] = to[2 * i + 1] = from[i];
}

void yuv_to_rgb(const struct yuv *f, uint8_t *pixels)
{
    const struct to_rgb k = to_rgb_of(f);
    const size_t channels = f->across ? 3 : 1;
    uint8_t u[PIECE], v[PIECE];
    for (size_t y = 0; y < f->height; y++)
        for (size_t x = 0; x < f->width; x += PIECE) {
            const size_t n = min(PIECE, f->width - x);
            const uint8_t *luma = f->plane[0] + y * f->stride[0] + x;
            uint8_t *to = pixels + (y * f->width + x) * channels;
            if (!f->across) {
                grey_piece(&k, luma, n, to);
                continue;
            }
            const size_t down = y / (size_t)f->down, across = x / (size_t)f->across;
            const uint8_t *from_u = f->plane[1] + down * f->stride[1] + across;
            const uint8_t *from_v = f->plane[2] + down * f->stride[2] + across;
            if (f->across == 2) {
                spread(from_u, (n + 1) / 2, u);
                spread(from_v, (n + 1) / 2, v);
            }
            rgb_piece(&k, luma, f->across == 2 ? u : from_u, f->across == 2 ? v : from_v, n, to);
        }
}

/* ---- from RGB ---- */

struct from_rgb {
    int32_t black, luma[3], u[3], v[3];
};

/* The weights of a colour sample: the difference of blue (2) or red (0) from the brightness, of the
 * sum over the pixels that it stands for. They sum to 0, as those of luma do to its range. */
static void difference(const struct yuv *f, const struct matrix *m, int of, int32_t weight[3])
{
    const double scale = m->chroma / (2 * (1 - m->weight[of])) / (f->across * f->down);
    weight[of] = fixed((1 - m->weight[of]) * scale);
    weight[2 - of] = fixed(-m->weight[2 - of] * scale);
    weight[1] = -weight[of] - weight[2 - of];
}

static struct from_rgb from_rgb_of(const struct yuv *f)
{
    const struct matrix m = matrix_of(f);
    struct from_rgb k = {.black = m.black};
    k.luma[0] = fixed(m.weight[0] * m.luma);
    k.luma[2] = fixed(m.weight[2] * m.luma);
    k.luma[1] = fixed(m.luma) - k.luma[0] - k.luma[2];
    if (f->across) {
        difference(f, &m, 2, k.u);
        difference(f, &m, 0, k.v);
    }
    return k;
}

FAST static void luma_of_grey(const struct from_rgb *k, const uint8_t *pixels, size_t n,
                              uint8_t *luma)
{
    const int32_t weight = k->luma[0] + k->luma[1] + k->luma[2];
    for (size_t x = 0; x < n; x++)
        luma[x] = (uint8_t)(k->black + ((weight * pixels[x] + HALF) >> BITS));
}

/* Also adds the colours to their sums, of four pixels at most. */
FAST static void luma_of_rgb(const struct from_rgb *k, const uint8_t *pixels, size_t n,
                             uint8_t *restrict luma, uint16_t sum[restrict 3][PIECE])
{
    for (size_t x = 0; x < n; x++) {
        const int32_t r = pixels[3 * x], g = pixels[3 * x + 1], b = pixels[3 * x + 2];
        luma[x] = (uint8_t)(k->black +
                            ((k->luma[0] * r + k->luma[1] * g + k->luma[2] * b + HALF) >> BITS));
        sum[0][x] = (uint16_t)(sum[0][x] + r);
        sum[1][x] = (uint16_t)(sum[1][x] + g);
        sum[2][x] = (uint16_t)(sum[2][x] + b);
    }
}

FAST static void halve(const uint16_t *restrict sum, size_t n, uint16_t *restrict to)
{
    for (size_t x = 0; x < n; x++)
        to[x] = (uint16_t)(sum[2 * x] + sum[2 * x + 1]);
}

FAST static void chroma_of_sums(const int32_t weight[3], uint16_t sum[3][PIECE], size_t n,
                                uint8_t *to)
{
    for (size_t x = 0; x < n; x++)
        to[x] = clamp(
            128 + ((weight[0] * sum[0][x] + weight[1] * sum[1][x] + weight[2] * sum[2][x] + HALF) >>
                   BITS));
}

/* A piece of as many rows as a colour sample stands for; the last one again where one is missing.
 */
static void convert_piece(const struct yuv *f, const struct from_rgb *k, const uint8_t *pixels,
                          size_t top, size_t x, size_t n)
{
    uint16_t sum[3][PIECE], half[3][PIECE];
    memset(sum, 0, sizeof sum);
    for (size_t i = 0; i < (size_t)f->down; i++) {
        const size_t y = min(top + i, f->height - 1);
        luma_of_rgb(k, pixels + 3 * (y * f->width + x), n, f->plane[0] + y * f->stride[0] + x, sum);
    }
    if (f->across == 2) {
        for (int c = 0; c < 3; c++) {
            if (n % 2)
                sum[c][n] = sum[c][n - 1];
            halve(sum[c], (n + 1) / 2, half[c]);
        }
        n = (n + 1) / 2;
    }
    for (int p = 1; p < 3; p++)
        chroma_of_sums(p == 1 ? k->u : k->v, f->across == 2 ? half : sum, n,
                       f->plane[p] + top / (size_t)f->down * f->stride[p] + x / (size_t)f->across);
}

void yuv_from_rgb(const struct yuv *f, const uint8_t *pixels)
{
    const struct from_rgb k = from_rgb_of(f);
    for (size_t y = 0; y < f->height; y += f->across ? (size_t)f->down : 1)
        for (size_t x = 0; x < f->width; x += PIECE) {
            const size_t n = min(PIECE, f->width - x);
            if (f->across)
                convert_piece(f, &k, pixels, y, x, n);
            else
                luma_of_grey(&k, pixels + y * f->width + x, n, f->plane[0] + y * f->stride[0] + x);
        }
}
