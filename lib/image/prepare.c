#include "image/prepare.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

static int read_channels(const struct value *v, const char *what, int channels, float *to,
                         struct error *e)
{
    if (!v || v->type != VALUE_ARRAY || v->count != (size_t)channels)
        return error_set(e, "normalisation: expected %d numbers in %s", channels, what);
    for (int c = 0; c < channels; c++) {
        const struct value *x = v->item[c];
        if (x->type != VALUE_REAL && x->type != VALUE_INT)
            return error_set(e, "normalisation: %s holds something that is no number", what);
        to[c] = x->type == VALUE_REAL ? (float)x->real : (float)x->integer;
        if (!isfinite(to[c]))
            return error_set(e, "normalisation: %s holds a number that is not finite", what);
    }
    return 0;
}

int normalisation_from_meta(struct normalisation *n, const struct value *meta, int channels,
                            struct error *e)
{
    const struct value *v = value_get(meta, "normalisation");
    if (!v || v->type == VALUE_NIL)
        return 0;
    if (channels < 1 || channels > IMAGE_MAX_CHANNELS)
        return error_set(e, "images of %d channels, expected 1 to %d", channels,
                         IMAGE_MAX_CHANNELS);
    n->channels = channels;
    if (read_channels(value_get(v, "mean"), "mean", channels, n->mean, e) ||
        read_channels(value_get(v, "sd"), "sd", channels, n->sd, e))
        return -1;
    for (int c = 0; c < channels; c++)
        if (n->sd[c] <= 0)
            return error_set(e, "normalisation: a deviation of %g, expected more than 0",
                             (double)n->sd[c]);
    return 1;
}

/* The shortest decimals that give back this float: 0.2860406, not 0.28604063391685486. */
static struct value *channel_values(const float *x, int channels)
{
    struct value *array = value_array();
    for (int c = 0; c < channels; c++) {
        double real = x[c];
        for (int digits = 1; digits < 9; digits++) {
            char text[32];
            snprintf(text, sizeof text, "%.*g", digits, (double)x[c]);
            if (strtof(text, NULL) == x[c]) {
                real = strtod(text, NULL);
                break;
            }
        }
        if (!value_append(array, value_real(real))) {
            value_free(array);
            return NULL;
        }
    }
    return array;
}

struct value *normalisation_value(const struct normalisation *n)
{
    struct value *map = value_map();
    if (value_set(map, "mean", channel_values(n->mean, n->channels)) &&
        value_set(map, "sd", channel_values(n->sd, n->channels)))
        return map;
    value_free(map);
    return NULL;
}

void normalisation_measure(struct normalisation *n, const uint8_t *data, size_t images,
                           size_t pixels, int channels)
{
    uint64_t sum[IMAGE_MAX_CHANNELS] = {0}, squares[IMAGE_MAX_CHANNELS] = {0};
    size_t all = images * pixels;
    for (size_t i = 0; i < all; i++)
        for (int c = 0; c < channels; c++) {
            uint64_t x = data[i * (size_t)channels + (size_t)c];
            sum[c] += x;
            squares[c] += x * x;
        }
    n->channels = channels;
    for (int c = 0; c < channels; c++) {
        double mean = all ? (double)sum[c] / (double)all : 0;
        double variance = all ? (double)squares[c] / (double)all - mean * mean : 0;
        n->mean[c] = (float)(mean / 255);
        n->sd[c] = variance > 1e-9 ? (float)(sqrt(variance) / 255) : 1;
    }
}

void prepare_normalise(const struct normalisation *n, const uint8_t *image, size_t pixels,
                       float *out)
{
    size_t channels = (size_t)n->channels;
    for (size_t c = 0; c < channels; c++) {
        float table[256]; /* a division a value, not a pixel */
        for (int v = 0; v < 256; v++)
            table[v] = ((float)v / 255 - n->mean[c]) / n->sd[c];
        for (size_t i = c; i < pixels * channels; i += channels)
            out[i] = table[image[i]];
    }
}

/* One axis of a resize: output place `at` is the sum of weight(i) times input i, i in [from, to).
 */
struct axis {
    int in, out;
};

static void axis_range(struct axis a, int at, double *left, double *right, int *from, int *to)
{
    double ratio = (double)a.in / a.out;
    if (a.in >= a.out) { /* the stretch of input that the output pixel covers */
        *left = at * ratio;
        *right = (at + 1) * ratio;
        *from = (int)floor(*left);
        *to = (int)ceil(*right - 1e-9);
    } else { /* the two input pixels whose centres are around the output's */
        *left = (at + 0.5) * ratio - 0.5;
        *right = *left;
        *from = (int)floor(*left);
        *to = *from + 2;
    }
}

static double axis_weight(struct axis a, double left, double right, int i)
{
    if (a.in >= a.out)
        return fmax(0, fmin(right, i + 1) - fmax(left, i)) / (right - left);
    return 1 - fabs(left - i);
}

static int clamp(int i, int count)
{
    return i < 0 ? 0 : i >= count ? count - 1 : i;
}

void prepare_resize(const uint8_t *image, int height, int width, int channels, int out_height,
                    int out_width, float *out)
{
    struct axis rows = {height, out_height}, columns = {width, out_width};
    for (int y = 0; y < out_height; y++) {
        double top, bottom;
        int y0, y1;
        axis_range(rows, y, &top, &bottom, &y0, &y1);
        for (int x = 0; x < out_width; x++, out += channels) {
            double left, right, sum[IMAGE_MAX_CHANNELS];
            int x0, x1;
            memset(sum, 0, (size_t)channels * sizeof *sum);
            axis_range(columns, x, &left, &right, &x0, &x1);
            for (int i = y0; i < y1; i++)
                for (int j = x0; j < x1; j++) {
                    double weight =
                        axis_weight(rows, top, bottom, i) * axis_weight(columns, left, right, j);
                    size_t at = (size_t)clamp(i, height) * (size_t)width + (size_t)clamp(j, width);
                    for (int c = 0; c < channels; c++)
                        sum[c] += weight * image[at * (size_t)channels + (size_t)c];
                }
            for (int c = 0; c < channels; c++)
                out[c] = (float)sum[c];
        }
    }
}

/* Whether an image is centred on background, not resized. */
static bool is_centred(int height, int width, int side)
{
    const int least = (3 * side + 3) / 4;
    return height <= side && width <= side && height >= least && width >= least;
}

void prepare_encoder_input(const uint8_t *image, int height, int width, int channels, int side,
                           float *out)
{
    size_t count = (size_t)side * (size_t)side * (size_t)channels;
    if (is_centred(height, width, side)) {
        size_t row = (size_t)width * (size_t)channels;
        size_t left = (size_t)((side - width) / 2), top = (size_t)((side - height) / 2);
        memset(out, 0, count * sizeof *out);
        for (size_t y = 0; y < (size_t)height; y++)
            for (size_t i = 0; i < row; i++)
                out[((y + top) * (size_t)side + left) * (size_t)channels + i] = image[y * row + i];
    } else {
        prepare_resize(image, height, width, channels, side, side, out);
    }
    for (size_t i = 0; i < count; i++)
        out[i] = out[i] / 127.5f - 1;
}

void prepare_encoder_output(const float *x, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        float v = (x[i] + 1) * 127.5f + 0.5f;
        out[i] = v >= 255 ? 255 : v >= 0 ? (uint8_t)v : 0; /* NaN fails both */
    }
}

int prepare_encoder_restore(const uint8_t *view, int side, int channels, int height, int width,
                            uint8_t *image, struct error *e)
{
    const size_t row = (size_t)width * (size_t)channels, numbers = (size_t)height * row;
    if (is_centred(height, width, side)) {
        const size_t left = (size_t)((side - width) / 2), top = (size_t)((side - height) / 2);
        for (size_t y = 0; y < (size_t)height; y++)
            memcpy(image + y * row, view + ((y + top) * (size_t)side + left) * (size_t)channels,
                   row);
        return 0;
    }
    autofree float *resized = array_new(numbers, sizeof *resized, "an image", e);
    if (!resized)
        return -1;
    prepare_resize(view, side, side, channels, height, width, resized);
    for (size_t i = 0; i < numbers; i++)
        image[i] = (uint8_t)(resized[i] + 0.5f); /* a mean of bytes */
    return 0;
}

void prepare_luma(const uint8_t *pixels, size_t count, uint8_t *grey)
{
    for (size_t i = 0; i < count; i++, pixels += 3)
        grey[i] = (uint8_t)((299 * pixels[0] + 587 * pixels[1] + 114 * pixels[2] + 500) / 1000);
}
