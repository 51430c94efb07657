/* Embeddings without training: eigenvectors, principal components, landmarks, hashes, similarity.
 */
#include "rows/embedding.h"
#include <math.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "embed/eigen.h"
#include "image/hash.h"
#include "measure/quality.h"
#include "measure/statistics.h"
#include "tap.h"

static double product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* ---- eigenvectors ---- */

enum { MOST = 200 };

/* a = sum of value[k] q_k q_k^T with q = the columns of a reflection, whose vectors are known. */
static void make_matrix(size_t n, const double *value, double *a)
{
    double v[MOST], square = 0;
    struct random r = random_stream(3, "reflection", n);
    for (size_t i = 0; i < n; i++) {
        v[i] = random_normal(&r);
        square += v[i] * v[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            a[i * n + j] = 0;
            for (size_t k = 0; k < n; k++)
                a[i * n + j] += value[k] * ((i == k) - 2 * v[i] * v[k] / square) *
                                ((j == k) - 2 * v[j] * v[k] / square);
        }
}

static void check_matrix(const char *what, size_t n, size_t count, double least,
                         const double *wanted)
{
    static double a[MOST * MOST], vector[MOST * MOST], value[MOST], image[MOST];
    double worst = 0, skew = 0, residual = 0;
    bool positive = true;
    struct error e = {""};
    make_matrix(n, wanted, a);
    ok(!eigen_largest(n, a, count, least, value, vector, &e), "%s %s", what, e.text);
    for (size_t k = 0; k < count; k++) {
        const double *x = vector + k * n;
        size_t largest = 0;
        worst = fmax(worst, fabs(value[k] - wanted[k]));
        for (size_t i = 0; i <= k; i++)
            skew = fmax(skew, fabs(product(x, vector + i * n, n) - (i == k)));
        for (size_t i = 0; i < n; i++) {
            image[i] = product(a + i * n, x, n) - value[k] * x[i];
            largest = fabs(x[i]) > fabs(x[largest]) ? i : largest;
        }
        residual = fmax(residual, sqrt(product(image, image, n)));
        positive = positive && x[largest] > 0;
    }
    const double scale = fabs(wanted[0]) + 1e-300;
    ok(worst <= 1e-9 * scale, "%s: values, off by %g", what, worst);
    ok(skew < 1e-12, "%s: vectors are orthonormal, but for %g", what, skew);
    ok(residual <= 2 * EIGEN_TOLERANCE * scale, "%s: residuals, %g at most", what, residual);
    ok(positive, "%s: signs", what);
}

static void eigenvectors(void)
{
    double value[MOST];
    for (int i = 0; i < MOST; i++)
        value[i] = pow(i + 1, -1.5);
    check_matrix("falling as images' do", MOST, 32, 0, value);
    check_matrix("a small one", 5, 5, 0, value);
    check_matrix("1 x 1", 1, 1, 0, value);
    for (int i = 0; i < MOST; i++)
        value[i] = i < 3 ? 4 - i : i < 10 ? 1 : 0;
    check_matrix("several are equal, most are 0", MOST, 12, 0, value);
    for (int i = 0; i < MOST; i++)
        value[i] = 2 - i / 100.; /* the least are as large as the largest, but for their sign */
    value[MOST - 1] = -50;
    value[MOST - 2] = -3;
    check_matrix("negative ones", MOST, 6, -INFINITY, value);
    for (int i = 0; i < MOST; i++)
        value[i] = 1 + 0.01 * (MOST - i) / MOST;
    check_matrix("nearly all alike", MOST, 8, 0, value);
    for (int i = 0; i < MOST; i++)
        value[i] = 0;
    check_matrix("nothing at all", MOST, 3, 0, value);
}

/* ---- principal components ---- */

static void draw(uint8_t *image, size_t n, size_t d)
{
    struct random r = random_stream(5, "images", d);
    for (size_t i = 0; i < n * d; i++)
        image[i] = (uint8_t)(random_below(&r, 200) / (1 + i % d % 7));
}

/* What makes them principal: coordinates that do not go together, of the variances told, and the
 * error of what comes back is the variance left. */
static void check_components(size_t n, size_t d, size_t count)
{
    static uint8_t image[60 * 60];
    float z[60 * 60];
    double together = 0, off = 0, left = 0;
    struct pca p;
    struct error e = {""};
    draw(image, n, d);
    ok(!pca_fit(&p, n, d, image, count, &e), "components of %zu x %zu %s", n, d, e.text);
    for (size_t i = 0; i < n; i++)
        pca_project(&p, image + i * d, z + i * count);
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += (double)z[i * count + a] * z[i * count + b] / (double)n;
            if (a == b)
                off = fmax(off, fabs(sum - p.variance[a]));
            else
                together = fmax(together, fabs(sum));
        }
    ok(together < 1e-6 && off < 1e-6, "they do not go together (%g), variances are told (%g)",
       together, off);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) {
            double x = p.mean[j] - image[i * d + j] / 255.;
            for (size_t c = 0; c < count; c++)
                x += p.axis[j * count + c] * z[i * count + c];
            left += x * x / (double)n;
        }
    ok(fabs(left - p.total * (1 - pca_explained(&p))) < 1e-6, "what is left is told: %g", left);
    pca_free(&p);
}

static void components(void)
{
    uint8_t image[40 * 12], back[12];
    struct pca p;
    struct error e = {""};
    check_components(60, 20, 7);
    check_components(20, 60, 7);
    check_components(20, 60, 19);

    draw(image, 40, 12);
    float z[40];
    int wrong = 0;
    pca_fit(&p, 40, 12, image, 12, &e);
    for (size_t i = 0; i < 40; i++) {
        pca_project(&p, image + i * 12, z);
        pca_restore(&p, z, back);
        wrong += memcmp(back, image + i * 12, 12) != 0;
    }
    ok(!wrong, "all components tell all of an image");
    for (size_t k = 0; k < 12; k++)
        z[k] = (float)(1e6 * (k + 1));
    pca_restore(&p, z, back);
    for (size_t k = 0; k < 12; k++)
        wrong += back[k] != 0 && back[k] != 255;
    ok(!wrong, "what bytes cannot tell is cut");
    pca_free(&p);

    memset(image, 77, sizeof image);
    ok(!pca_fit(&p, 40, 12, image, 3, &e), "images that are all alike %s", e.text);
    pca_project(&p, image, z);
    pca_restore(&p, z, back);
    ok(z[0] == 0 && z[2] == 0 && back[5] == 77 && pca_explained(&p) == 1, "lie in one place");
    pca_free(&p);
    ok(pca_fit(&p, 2, 12, image, 3, &e) && strstr(e.text, "expected at most 2"), "too many: %s",
       e.text);
    pca_free(&p);
}

/* ---- landmarks ---- */

static void landmarks(void)
{
    enum { N = 30, MARKS = 12 };
    double at[N][2], squared[MARKS * MARKS], from[MARKS], worst = 0;
    float z[N][3];
    struct landmarks l;
    struct error e = {""};
    struct random r = random_stream(7, "places", 0);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 2; k++)
            at[i][k] = random_normal(&r) * (k + 1);
    for (int i = 0; i < MARKS; i++)
        for (int j = 0; j < MARKS; j++)
            squared[i * MARKS + j] = pow(at[i][0] - at[j][0], 2) + pow(at[i][1] - at[j][1], 2);
    ok(!landmarks_fit(&l, MARKS, squared, 3, &e), "landmarks %s", e.text);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < MARKS; j++)
            from[j] = pow(at[i][0] - at[j][0], 2) + pow(at[i][1] - at[j][1], 2);
        landmarks_place(&l, from, z[i]);
        for (int j = 0; j < i; j++)
            worst = fmax(worst, fabs(hypot(at[i][0] - at[j][0], at[i][1] - at[j][1]) -
                                     hypot(z[i][0] - z[j][0], z[i][1] - z[j][1])));
        worst = fmax(worst, fabs(z[i][2]));
    }
    ok(worst < 1e-5, "places in a plane are had back, landmarks or not: off by %g", worst);
    landmarks_free(&l);
    ok(landmarks_fit(&l, 2, squared, 3, &e), "more dimensions than landmarks: %s", e.text);
    landmarks_free(&l);
}

/* ---- pictures ---- */

enum { SIDE = 28, PIXELS = SIDE * SIDE, PICTURES = 48, POOL = 36, LATENT = 24 };

/* A few soft blobs, several pictures alike but for how strong they are. */
static void paint(uint8_t *to, uint64_t which)
{
    struct random r = random_stream(11, "blobs", which / 4);
    double sum[PIXELS] = {0};
    for (int blob = 0; blob < 4; blob++) {
        const double x = SIDE * random_uniform(&r), y = SIDE * random_uniform(&r);
        const double wide = 3 + 5 * random_uniform(&r), strong = 40 + 60 * random_uniform(&r);
        const struct random own = random_stream(13, "blobs", which);
        for (int i = 0; i < PIXELS; i++)
            sum[i] += strong * (0.6 + 0.6 * random_uniform_at(&own, (uint64_t)blob)) *
                      exp(-(pow(i % SIDE - x, 2) + pow(i / SIDE - y, 2)) / (2 * wide * wide));
    }
    for (int i = 0; i < PIXELS; i++)
        to[i] = (uint8_t)fmin(sum[i], 255);
}

static int bits_apart(const float *a, const float *b, int bits)
{
    int apart = 0;
    for (int i = 0; i < bits; i++)
        apart += a[i] != b[i];
    return apart;
}

static void hashes(void)
{
    uint8_t image[3 * PIXELS], other[3 * PIXELS];
    float bit[64], again[64];
    int set = 0;
    struct random r = random_stream(17, "noise", 0);
    paint(image, 0);
    hash_perceptual(image, SIDE, SIDE, 1, 8, bit);
    for (int i = 0; i < 64; i++)
        set += bit[i] == 1;
    ok(set > 20 && set <= 32, "half of the bits are set: %d", set);
    for (int i = 0; i < PIXELS; i++)
        other[i] = (uint8_t)(image[i] / 2 + 20);
    hash_perceptual(other, SIDE, SIDE, 1, 8, again);
    ok(bits_apart(bit, again, 64) <= 8, "weaker and brighter: %d bits", bits_apart(bit, again, 64));
    for (int i = 0; i < PIXELS; i++)
        other[i] = (uint8_t)fmin(image[i] + random_below(&r, 4), 255);
    hash_perceptual(other, SIDE, SIDE, 1, 8, again);
    ok(bits_apart(bit, again, 64) <= 16, "noise: %d bits", bits_apart(bit, again, 64));
    paint(other, 20);
    hash_perceptual(other, SIDE, SIDE, 1, 8, again);
    ok(bits_apart(bit, again, 64) >= 24, "another picture: %d bits", bits_apart(bit, again, 64));
    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < 3; c++)
            other[i * 3 + c] = image[i];
    hash_perceptual(other, SIDE, SIDE, 3, 8, again);
    ok(bits_apart(bit, again, 64) == 0, "grey in colours is grey");
    memset(other, 200, sizeof other);
    hash_perceptual(other, 5, 90, 3, 8, again);
    for (int i = set = 0; i < 64; i++)
        set += again[i] != 0;
    ok(set == 0, "a picture of nothing has no bits: %d", set);
}

static void similarity(void)
{
    static uint8_t image[PICTURES * PIXELS];
    static double far[PICTURES * PICTURES / 2], unlike[PICTURES * PICTURES / 2];
    float z[PICTURES * LATENT];
    size_t pairs = 0;
    struct quality_of q;
    struct embedding m;
    struct error e = {""};
    for (uint64_t i = 0; i < PICTURES; i++)
        paint(image + i * PIXELS, i);
    const struct samples all = {.count = PICTURES, .shape = {SIDE, SIDE, 1}, .image = image};
    const struct samples pool = {.count = POOL, .shape = {SIDE, SIDE, 1}, .image = image};
    ok(!embedding_fit(&m, "ssim", LATENT, POOL, &pool, &e) && !embedding_place(&m, &all, z, &e),
       "by similarity %s", e.text);
    for (size_t i = 0; i < PICTURES; i++)
        for (size_t j = 0; j < i; j++) {
            double square = 0;
            for (size_t k = 0; k < LATENT; k++)
                square += pow(z[i * LATENT + k] - z[j * LATENT + k], 2);
            quality_measure(image + i * PIXELS, image + j * PIXELS, SIDE, SIDE, 1, &q, &e);
            far[pairs] = sqrt(square);
            unlike[pairs++] = sqrt(1 - q.ssim);
        }
    const double rank = spearman(far, unlike, pairs);
    ok(rank > 0.8, "distances go with the root of 1 - SSIM: rank correlation %.3f", rank);
    embedding_free(&m);
    ok(embedding_fit(&m, "ssim", 12, 11, &pool, &e), "%s", e.text);
    embedding_free(&m);
    const struct samples small = {.count = 9, .shape = {10, 28, 1}, .image = image};
    ok(embedding_fit(&m, "ssim", 2, 9, &small, &e), "%s", e.text);
    embedding_free(&m);
    ok(embedding_fit(&m, "hash", 8, 0, &pool, &e), "%s", e.text);
    ok(!embedding_fit(&m, "hash", 16, 0, &pool, &e) && embedding_place(&m, &small, z, &e), "%s",
       e.text);
    embedding_free(&m);
}

int main(void)
{
    eigenvectors();
    components();
    landmarks();
    hashes();
    similarity();
    return tap_done();
}
