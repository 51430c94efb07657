#include "measure/quality.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "measure/classification.h"
#include "measure/ssim.h"

enum { SCALES = 5, MS_SIDE = SSIM_WINDOW << (SCALES - 1), LEVELS = 256 };

/* ---- structural similarity ---- */

/* Two pictures of one channel, as numbers. */
struct pair {
    size_t height, width;
    double *a, *b;
};

static int similarity(const struct pair *p, struct ssim *s, struct error *e)
{
    struct ssim_plane a = {0}, b = {0};
    autofree double *room = array_new(ssim_room(p->height, p->width), sizeof *room, "sums", e);
    int failed = !room || ssim_measure(&a, p->height, p->width, p->a, room, e) ||
                 ssim_measure(&b, p->height, p->width, p->b, room, e);
    if (!failed)
        *s = ssim_compare(&a, &b, room);
    ssim_free(&a);
    ssim_free(&b);
    return failed ? -1 : 0;
}

/* Half the size, by means of 2 x 2; an odd border counts twice. */
static void halve(struct pair *p)
{
    const size_t height = (p->height + 1) / 2, width = (p->width + 1) / 2;
    for (int k = 0; k < 2; k++) {
        double *x = k ? p->b : p->a;
        for (size_t i = 0; i < height * width; i++) {
            const size_t top = i / width * 2, left = i % width * 2;
            const size_t below = top + (top + 1 < p->height), right = left + (left + 1 < p->width);
            x[i] = (x[top * p->width + left] + x[top * p->width + right] +
                    x[below * p->width + left] + x[below * p->width + right]) /
                   4;
        }
    }
    p->height = height;
    p->width = width;
}

static int measure_channel(struct pair *p, struct quality_of *q, struct error *e)
{
    static const double WEIGHT[SCALES] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
    const bool many = p->height >= MS_SIDE && p->width >= MS_SIDE;
    double product = 1;
    struct ssim s;
    if (p->height < SSIM_WINDOW || p->width < SSIM_WINDOW) {
        q->ssim = q->ms_ssim = NAN;
        return 0;
    }
    for (int scale = 0; scale < (many ? SCALES : 1); scale++) {
        if (scale)
            halve(p);
        if (similarity(p, &s, e))
            return -1;
        if (!scale)
            q->ssim += s.whole;
        product *= pow(fmax(scale == SCALES - 1 ? s.whole : s.structure, 0), WEIGHT[scale]);
    }
    q->ms_ssim += many ? product : NAN;
    return 0;
}

int quality_measure(const uint8_t *reference, const uint8_t *picture, uint32_t height,
                    uint32_t width, uint32_t channels, struct quality_of *q, struct error *e)
{
    const size_t pixels = (size_t)height * width;
    autofree double *a = array_new(2 * pixels, sizeof *a, "a picture", e);
    if (!a)
        return -1;
    *q = (struct quality_of){0};
    for (uint32_t c = 0; c < channels; c++) {
        struct pair p = {height, width, a, a + pixels};
        for (size_t i = 0; i < pixels; i++) {
            p.a[i] = reference[i * channels + c];
            p.b[i] = picture[i * channels + c];
            q->square += (p.a[i] - p.b[i]) * (p.a[i] - p.b[i]);
        }
        if (measure_channel(&p, q, e))
            return -1;
    }
    q->square /= (double)pixels * channels;
    q->psnr = 10 * log10(255 * 255 / q->square);
    q->ssim /= channels;
    q->ms_ssim /= channels;
    return 0;
}

/* ---- many ---- */

static int level_of(double x)
{
    return x < 0 ? 0 : x > LEVELS - 1 ? LEVELS - 1 : (int)lrint(x);
}

static void count_levels(struct quality *q, int which, const uint8_t *p, size_t pixels,
                         uint32_t channels)
{
    for (size_t i = 0; i < pixels; i++, p += channels)
        if (channels == 3) {
            q->histogram[which][0][level_of(0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2])]++;
            q->histogram[which][1]
                        [level_of(128 - 0.168736 * p[0] - 0.331264 * p[1] + 0.5 * p[2])]++;
            q->histogram[which][2]
                        [level_of(128 + 0.5 * p[0] - 0.418688 * p[1] - 0.081312 * p[2])]++;
        } else {
            q->histogram[which][0][p[0]]++;
        }
}

static void add_mean(double *sum, int64_t *count, double x)
{
    if (!isfinite(x))
        return;
    *sum += x;
    ++*count;
}

/* What r2 is made of. */
static int add_spread(struct quality *q, const uint8_t *reference, const uint32_t extent[3],
                      double error, struct error *e)
{
    const size_t numbers = (size_t)extent[0] * extent[1] * extent[2];
    const size_t count = (size_t)q->pictures;
    if (!count) {
        memcpy(q->extent, extent, sizeof q->extent);
        if (!(q->sum = array_new(numbers, sizeof *q->sum, "sums", e)))
            return -1;
    }
    q->unlike = q->unlike || memcmp(q->extent, extent, sizeof q->extent);
    if (q->unlike)
        return 0;
    if (array_grow((void **)&q->error, &q->capacity, count + 1, sizeof *q->error, "errors", e))
        return -1;
    q->error[count] = error;
    for (size_t i = 0; i < numbers; i++) {
        q->sum[i] += reference[i];
        q->squares += (double)reference[i] * reference[i];
    }
    return 0;
}

void quality_free(struct quality *q)
{
    free(q->sum);
    free(q->error);
    *q = (struct quality){0};
}

int quality_add(struct quality *q, const uint8_t *reference, const uint8_t *picture,
                uint32_t height, uint32_t width, uint32_t channels, struct error *e)
{
    struct quality_of of;
    const size_t pixels = (size_t)height * width;
    if (channels != 1 && channels != 3)
        return error_set(e, "pictures of %u channels, expected 1 or 3", channels);
    if (quality_measure(reference, picture, height, width, channels, &of, e))
        return -1;
    if (add_spread(q, reference, (uint32_t[]){height, width, channels},
                   of.square * (double)pixels * channels, e))
        return -1;
    q->pictures++;
    q->same += of.square == 0;
    q->pixels += (double)pixels;
    q->samples += (double)pixels * channels;
    q->square += of.square * (double)pixels * channels;
    add_mean(&q->psnr, &q->with_psnr, of.psnr);
    add_mean(&q->ssim, &q->with_ssim, of.ssim);
    add_mean(&q->ms_ssim, &q->with_ms_ssim, of.ms_ssim);
    q->colour = q->colour || channels == 3;
    q->grey = q->grey || channels == 1;
    count_levels(q, 0, reference, pixels, channels);
    count_levels(q, 1, picture, pixels, channels);
    return 0;
}

static double entropy(const int64_t histogram[LEVELS])
{
    double count = 0, sum = 0;
    for (int i = 0; i < LEVELS; i++)
        count += (double)histogram[i];
    for (int i = 0; i < LEVELS; i++)
        if (histogram[i])
            sum -= (double)histogram[i] / count * log2((double)histogram[i] / count);
    return sum;
}

static int report_spread(struct value *v, const struct quality *q, int draws, uint64_t seed,
                         struct error *e)
{
    const size_t numbers = (size_t)q->extent[0] * q->extent[1] * q->extent[2];
    const double count = (double)q->pictures;
    double apart = q->squares, low, high;
    for (size_t i = 0; !q->unlike && i < numbers; i++)
        apart -= q->sum[i] * q->sum[i] / count;
    if (q->unlike || !(apart > 1e-9 * q->squares))
        return 0;
    value_set_real(v, "r2", 1 - q->square / apart);
    if (!draws)
        return 0;
    if (bootstrap_mean(q->error, (size_t)q->pictures, draws, 0.95, seed, &low, &high, e))
        return -1;
    value_set_real(v, "r2_low", 1 - high * count / apart);
    value_set_real(v, "r2_high", 1 - low * count / apart);
    return 0;
}

struct value *quality_report(const struct quality *q, int draws, uint64_t seed, struct error *e)
{
    static const char *const CHANNEL[2][3][2] = {
        {{"entropy_y", "reference_entropy_y"}, {NULL}, {NULL}},
        {{"entropy_y", "reference_entropy_y"},
         {"entropy_cb", "reference_entropy_cb"},
         {"entropy_cr", "reference_entropy_cr"}}};
    struct value *v = value_map();
    value_set_int(v, "rows", q->rows);
    value_set_int(v, "pictures", q->pictures);
    value_set_int(v, "same", q->same);
    value_set_real(v, "mse", q->square / q->samples);
    int failed = report_spread(v, q, draws, seed, e);
    if (q->with_psnr) {
        value_set_real(v, "psnr", q->psnr / (double)q->with_psnr);
        value_set_real(v, "psnr_of_mse", 10 * log10(255 * 255 * q->samples / q->square));
    }
    if (q->with_ssim)
        value_set_real(v, "ssim", q->ssim / (double)q->with_ssim);
    if (q->with_ms_ssim)
        value_set_real(v, "ms_ssim", q->ms_ssim / (double)q->with_ms_ssim);
    if (q->coded) {
        value_set_real(v, "bytes", q->bytes / (double)q->rows);
        value_set_real(v, "bits_per_pixel", 8 * q->bytes / q->pixels);
        value_set_real(v, "scan", q->scan / (double)q->rows);
        value_set_real(v, "scan_bits_per_pixel", 8 * q->scan / q->pixels);
    }
    for (int c = 0; c < 3 && q->colour != q->grey; c++)
        for (int which = 1; which >= 0 && CHANNEL[q->colour][c][0]; which--)
            value_set_real(v, CHANNEL[q->colour][c][which == 0], entropy(q->histogram[which][c]));
    if (!failed && value_is_whole(v))
        return v;
    if (!failed)
        error_set(e, "out of memory: the report");
    value_free(v);
    return NULL;
}

int quality_print(const struct value *report, FILE *to)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct value *x = report->item[i];
        if (x->type == VALUE_INT)
            fprintf(to, "%-21s %lld\n", report->key[i], (long long)x->integer);
        else
            fprintf(to, "%-21s %.4f\n", report->key[i], x->real);
    }
    return ferror(to) ? -1 : 0;
}
