#include "image/augment.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/random.h"

static const struct {
    const char *word;
    const char *sources; /* of which "auto" takes it */
    struct augment augment;
} PRESETS[] = {
    {"none", "", {0}},
    {"crop-flip", "|cifar10|cifar100|", {.pad = 4, .flip = true}},
    {"affine",
     "|mnist|fashion-mnist|",
     {.rotate = 15, .shift = 0.1f, .scale = 0.1f, .shear = 0.1f}},
    {"affine-flip",
     "",
     {.vertical_flip = true, .rotate = 15, .shift = 0.1f, .scale = 0.1f, .shear = 0.1f}},
};

int augment_choose(struct augment *a, const char *word, const char *source, struct error *e)
{
    char among[64];
    bool automatic = !strcmp(word, "auto");
    snprintf(among, sizeof among, "|%s|", source ? source : "");
    for (size_t i = 0; i < sizeof PRESETS / sizeof *PRESETS; i++)
        if (automatic ? source && strstr(PRESETS[i].sources, among)
                      : !strcmp(PRESETS[i].word, word)) {
            *a = PRESETS[i].augment;
            return 0;
        }
    *a = PRESETS[0].augment;
    return automatic ? 0 : error_set(e, "augmentation '%s', expected " AUGMENT_WORDS, word);
}

/* The draws of an image: a fixed place each in the stream of its epoch, so that one kind of
 * variant does not change what another draws. */
enum draw {
    CROP_X,
    CROP_Y,
    FLIP_X,
    FLIP_Y,
    ANGLE,
    SHIFT_X,
    SHIFT_Y,
    SCALE,
    SHEAR,
    CUT_X,
    CUT_Y,
    DRAWS = 16
};

struct dice {
    struct random stream;
    uint64_t first;
};

static double uniform(const struct dice *d, enum draw what)
{
    return random_uniform_at(&d->stream, d->first + (uint64_t)what);
}

static double between(const struct dice *d, enum draw what, double most)
{
    return (2 * uniform(d, what) - 1) * most;
}

static int below(const struct dice *d, enum draw what, int count)
{
    return (int)(uniform(d, what) * count);
}

/* Where an output pixel comes from: source x = xx x + xy y + x0, and so for y. */
struct map {
    double xx, xy, x0, yx, yy, y0;
};

static struct map draw_map(const struct augment *a, const struct dice *d, int height, int width)
{
    double angle = between(d, ANGLE, a->rotate) * (M_PI / 180);
    double scale = 1 + between(d, SCALE, a->scale), shear = between(d, SHEAR, a->shear);
    double cosine = cos(angle) / scale, sine = sin(angle) / scale;
    /* The inverse of scale * rotation * shear. */
    struct map m = {
        .xx = cosine + shear * sine, .xy = sine - shear * cosine, .yx = -sine, .yy = cosine};
    double centre_x = (width - 1) / 2.0, centre_y = (height - 1) / 2.0;
    double to_x = centre_x + between(d, SHIFT_X, (double)a->shift * width);
    double to_y = centre_y + between(d, SHIFT_Y, (double)a->shift * height);
    m.x0 = centre_x - m.xx * to_x - m.xy * to_y;
    m.y0 = centre_y - m.yx * to_x - m.yy * to_y;
    return m;
}

/* Adds the image's value at a place between pixels, background outside, to sum. */
static void sample(const uint8_t *image, int height, int width, int channels, double x, double y,
                   float *sum)
{
    int left = (int)floor(x), top = (int)floor(y);
    float right_weight = (float)(x - left), bottom_weight = (float)(y - top);
    for (int i = 0; i < 4; i++) {
        int sx = left + (i & 1), sy = top + (i >> 1);
        float weight = (i & 1 ? right_weight : 1 - right_weight) *
                       (i >> 1 ? bottom_weight : 1 - bottom_weight);
        if (weight == 0 || sx < 0 || sx >= width || sy < 0 || sy >= height)
            continue;
        const uint8_t *from = image + ((size_t)sy * (size_t)width + (size_t)sx) * (size_t)channels;
        for (int c = 0; c < channels; c++)
            sum[c] += weight * from[c];
    }
}

/* Where an output pixel comes from, flips and crop included. */
struct variant {
    struct map map;
    bool flip_x, flip_y;
    int shift_x, shift_y;
};

static struct variant draw_variant(const struct augment *a, const struct dice *d, int height,
                                   int width)
{
    bool affine = a->rotate != 0 || a->shift != 0 || a->scale != 0 || a->shear != 0;
    return (struct variant){.map = affine ? draw_map(a, d, height, width)
                                          : (struct map){.xx = 1, .yy = 1},
                            .flip_x = a->flip && uniform(d, FLIP_X) < 0.5,
                            .flip_y = a->vertical_flip && uniform(d, FLIP_Y) < 0.5,
                            .shift_x = below(d, CROP_X, 2 * a->pad + 1) - a->pad,
                            .shift_y = below(d, CROP_Y, 2 * a->pad + 1) - a->pad};
}

static void source_of(const struct variant *v, int height, int width, int x, int y, double *from_x,
                      double *from_y)
{
    const struct map *m = &v->map;
    int px = (v->flip_x ? width - 1 - x : x) + v->shift_x;
    int py = (v->flip_y ? height - 1 - y : y) + v->shift_y;
    *from_x = m->xx * px + m->xy * py + m->x0;
    *from_y = m->yx * px + m->yy * py + m->y0;
}

static void transform(const struct augment *a, const struct dice *d, const uint8_t *image,
                      int height, int width, int channels, float *out)
{
    const struct variant v = draw_variant(a, d, height, width);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, out += channels) {
            double from_x, from_y;
            source_of(&v, height, width, x, y, &from_x, &from_y);
            memset(out, 0, (size_t)channels * sizeof *out);
            sample(image, height, width, channels, from_x, from_y, out);
        }
}

static void cut_out(const struct augment *a, const struct dice *d, int height, int width,
                    int channels, float *out)
{
    int left = below(d, CUT_X, width) - a->cutout / 2, right = left + a->cutout;
    int top = below(d, CUT_Y, height) - a->cutout / 2, bottom = top + a->cutout;
    for (int y = top < 0 ? 0 : top; y < bottom && y < height; y++)
        for (int x = left < 0 ? 0 : left; x < right && x < width; x++)
            memset(out + ((size_t)y * (size_t)width + (size_t)x) * (size_t)channels, 0,
                   (size_t)channels * sizeof *out);
}

void augment_image(const struct augment *a, const struct normalisation *n, uint64_t seed,
                   uint64_t epoch, int64_t id, const uint8_t *image, int height, int width,
                   int channels, float *out)
{
    struct dice dice = {random_stream(seed, "augment", epoch), (uint64_t)id * DRAWS};
    size_t count = (size_t)height * (size_t)width * (size_t)channels;
    float factor[IMAGE_MAX_CHANNELS], shift[IMAGE_MAX_CHANNELS];
    for (int c = 0; c < channels; c++) {
        factor[c] = 1 / (255 * n->sd[c]);
        shift[c] = -n->mean[c] / n->sd[c];
    }
    transform(a, &dice, image, height, width, channels, out);
    for (size_t i = 0; i < count; i += (size_t)channels)
        for (int c = 0; c < channels; c++)
            out[i + (size_t)c] = out[i + (size_t)c] * factor[c] + shift[c];
    if (a->cutout > 0)
        cut_out(a, &dice, height, width, channels, out);
}

void augment_map(const struct augment *a, uint64_t seed, uint64_t epoch, int64_t id,
                 const void *map, size_t size, int height, int width, const void *outside,
                 void *out)
{
    struct dice dice = {random_stream(seed, "augment", epoch), (uint64_t)id * DRAWS};
    const struct variant v = draw_variant(a, &dice, height, width);
    const char *from = map;
    char *to = out;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, to += size) {
            double from_x, from_y;
            source_of(&v, height, width, x, y, &from_x, &from_y);
            long fx = lround(from_x), fy = lround(from_y);
            bool inside = fx >= 0 && fx < width && fy >= 0 && fy < height;
            memcpy(to, inside ? from + (size_t)(fy * width + fx) * size : outside, size);
        }
}
