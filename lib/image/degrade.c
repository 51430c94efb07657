#include "image/degrade.h"
#include <math.h>
#include <string.h>
#include "base/memory.h"

enum { WIDEST_BLUR = 64, LOUDEST_NOISE = 1024, HALVINGS = 24 };

double degrade_error(const uint8_t *a, const uint8_t *b, size_t count)
{
    uint64_t square = 0;
    for (size_t i = 0; i < count; i++)
        square += (uint64_t)((a[i] - b[i]) * (a[i] - b[i]));
    return (double)square / (double)count;
}

static uint8_t to_byte(double x)
{
    return (uint8_t)fmin(fmax(nearbyint(x), 0), 255);
}

struct picture {
    const uint8_t *pixels;
    uint32_t height, width, channels;
    float *real, *across; /* the pixels; what the kernel leaves of them along rows */
    const struct random *noise;
};

/* The kernel along one axis: `count` values `step` apart, the ends continued. */
static float weigh(const float *kernel, int radius, const float *x, size_t step, int count, int at)
{
    float sum = kernel[0] * x[at * step];
    for (int k = 1; k <= radius; k++) {
        int before = at < k ? 0 : at - k, after = at + k < count ? at + k : count - 1;
        sum += kernel[k] * (x[before * step] + x[after * step]);
    }
    return sum;
}

static void blur(const struct picture *p, double sigma, uint8_t *to)
{
    float kernel[3 * WIDEST_BLUR + 1] = {1}, sum = 1;
    int radius = (int)ceil(3 * sigma);
    for (int k = 1; k <= radius; k++)
        sum += 2 * (kernel[k] = (float)exp(-k * k / (2 * sigma * sigma)));
    for (int k = 0; k <= radius; k++)
        kernel[k] /= sum;
    size_t row = (size_t)p->width * p->channels;
    int height = (int)p->height, width = (int)p->width;
    for (int y = 0; y < height; y++)
        for (size_t x = 0; x < row; x++)
            p->across[y * row + x] = weigh(kernel, radius, p->real + y * row + x % p->channels,
                                           p->channels, width, (int)(x / p->channels));
    for (int y = 0; y < height; y++)
        for (size_t x = 0; x < row; x++)
            to[y * row + x] = to_byte(weigh(kernel, radius, p->across + x, row, height, y));
}

static void add_noise(const struct picture *p, double sigma, uint8_t *to)
{
    size_t count = (size_t)p->height * p->width * p->channels;
    for (size_t i = 0; i < count; i++)
        to[i] = to_byte(p->pixels[i] + sigma * random_normal_at(p->noise, i));
}

static int bisect(const struct picture *p,
                  void (*degrade)(const struct picture *, double, uint8_t *), double most,
                  double square, uint8_t *to)
{
    size_t count = (size_t)p->height * p->width * p->channels;
    double low = 0, high = most / 64;
    for (;; low = high, high *= 2) {
        degrade(p, high, to);
        if (degrade_error(p->pixels, to, count) > square)
            break;
        if (high >= most)
            return degrade_error(p->pixels, to, count) < square;
    }
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        degrade(p, middle, to);
        *(degrade_error(p->pixels, to, count) <= square ? &low : &high) = middle;
    }
    if (low > 0)
        degrade(p, low, to);
    else
        memcpy(to, p->pixels, count);
    return 0;
}

int degrade_blur(const uint8_t *pixels, uint32_t height, uint32_t width, uint32_t channels,
                 double square, uint8_t *to, struct error *e)
{
    size_t count = (size_t)height * width * channels;
    autofree float *plane = array_new(2 * count, sizeof *plane, "a picture", e);
    if (!plane)
        return -1;
    for (size_t i = 0; i < count; i++)
        plane[i] = pixels[i];
    struct picture p = {pixels, height, width, channels, plane, plane + count, NULL};
    return bisect(&p, blur, WIDEST_BLUR, square, to);
}

int degrade_noise(const uint8_t *pixels, size_t count, double square, const struct random *noise,
                  uint8_t *to)
{
    struct picture p = {pixels, 1, (uint32_t)count, 1, NULL, NULL, noise};
    return bisect(&p, add_noise, LOUDEST_NOISE, square, to);
}

void degrade_shuffle(const uint8_t *pixels, const size_t *order, size_t count, uint32_t channels,
                     uint8_t *to)
{
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * channels, pixels + order[i] * channels, channels);
}
