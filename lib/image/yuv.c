#include "image/yuv.h"

enum { BITS = 16, ONE = 1 << BITS, HALF = ONE / 2 };

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

static void grey_from_luma(const struct yuv *f, const struct matrix *m, uint8_t *pixels)
{
    const int32_t luma = fixed(1 / m->luma);
    for (uint32_t y = 0; y < f->height; y++, pixels += f->width)
        for (uint32_t x = 0; x < f->width; x++)
            pixels[x] =
                clamp((luma * (f->plane[0][y * f->stride[0] + x] - m->black) + HALF) >> BITS);
}

void yuv_to_rgb(const struct yuv *f, uint8_t *pixels)
{
    const struct matrix m = matrix_of(f);
    if (!f->across) {
        grey_from_luma(f, &m, pixels);
        return;
    }
    const double *w = m.weight;
    const int32_t luma = fixed(1 / m.luma), red = fixed(2 * (1 - w[0]) / m.chroma),
                  blue = fixed(2 * (1 - w[2]) / m.chroma),
                  green_of_u = fixed(2 * (1 - w[2]) * w[2] / w[1] / m.chroma),
                  green_of_v = fixed(2 * (1 - w[0]) * w[0] / w[1] / m.chroma);
    const uint32_t shift = f->across == 2;
    for (uint32_t y = 0; y < f->height; y++, pixels += (size_t)f->width * 3) {
        const uint32_t down = f->down == 2 ? y / 2 : y;
        const uint8_t *of = f->plane[0] + y * f->stride[0];
        const uint8_t *u = f->plane[1] + down * f->stride[1];
        const uint8_t *v = f->plane[2] + down * f->stride[2];
        for (uint32_t x = 0; x < f->width; x++) {
            const int32_t grey = luma * (of[x] - m.black) + HALF;
            const int32_t cb = u[x >> shift] - 128, cr = v[x >> shift] - 128;
            pixels[3 * x] = clamp((grey + red * cr) >> BITS);
            pixels[3 * x + 1] = clamp((grey - green_of_u * cb - green_of_v * cr) >> BITS);
            pixels[3 * x + 2] = clamp((grey + blue * cb) >> BITS);
        }
    }
}

/* ---- from RGB ---- */

static void luma_from(const struct yuv *f, const struct matrix *m, const uint8_t *pixels)
{
    const int32_t r = fixed(m->weight[0] * m->luma), b = fixed(m->weight[2] * m->luma),
                  g = fixed(m->luma) - r - b;
    for (uint32_t y = 0; y < f->height; y++) {
        uint8_t *to = f->plane[0] + y * f->stride[0];
        for (uint32_t x = 0; x < f->width; x++)
            if (f->across) {
                const uint8_t *p = pixels + 3 * ((size_t)y * f->width + x);
                to[x] = (uint8_t)(m->black + ((r * p[0] + g * p[1] + b * p[2] + HALF) >> BITS));
            } else {
                const int32_t p = pixels[(size_t)y * f->width + x];
                to[x] = (uint8_t)(m->black + (((r + g + b) * p + HALF) >> BITS));
            }
    }
}

/* The sum of what a colour sample stands for: across x down pixels, the border's repeated. */
static void sum_block(const struct yuv *f, const uint8_t *pixels, uint32_t x, uint32_t y,
                      int32_t sum[3])
{
    sum[0] = sum[1] = sum[2] = 0;
    for (int j = 0; j < f->down; j++)
        for (int i = 0; i < f->across; i++) {
            uint32_t row = y * (uint32_t)f->down + (uint32_t)j;
            uint32_t column = x * (uint32_t)f->across + (uint32_t)i;
            row -= row == f->height;
            column -= column == f->width;
            const uint8_t *p = pixels + 3 * ((size_t)row * f->width + column);
            for (int c = 0; c < 3; c++)
                sum[c] += p[c];
        }
}

/* A plane of colour: the difference of blue (2) or red (0) from the brightness. */
static void chroma_from(const struct yuv *f, const struct matrix *m, const uint8_t *pixels,
                        int plane, int of)
{
    const double *w = m->weight;
    const double scale = m->chroma / (2 * (1 - w[of])) / (f->across * f->down);
    const int other = 2 - of;
    const int32_t own = fixed((1 - w[of]) * scale), far = fixed(-w[other] * scale),
                  green = -own - far;
    for (uint32_t y = 0; y < yuv_rows(f, plane); y++) {
        uint8_t *to = f->plane[plane] + y * f->stride[plane];
        for (uint32_t x = 0; x < yuv_columns(f, plane); x++) {
            int32_t sum[3];
            sum_block(f, pixels, x, y, sum);
            to[x] =
                clamp(128 + ((own * sum[of] + far * sum[other] + green * sum[1] + HALF) >> BITS));
        }
    }
}

void yuv_from_rgb(const struct yuv *f, const uint8_t *pixels)
{
    const struct matrix m = matrix_of(f);
    luma_from(f, &m, pixels);
    if (f->across) {
        chroma_from(f, &m, pixels, 1, 2);
        chroma_from(f, &m, pixels, 2, 0);
    }
}
