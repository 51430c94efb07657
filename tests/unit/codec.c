/* JPEG and PNG as codecs: what the study of compression says must be shown of them. */
#include "tap.h"
#include <string.h>
#include <jpeglib.h>
#include "base/random.h"
#include "image/codec.h"
#include "image/dataset.h"

enum { SIDE = 32, IMAGES = 1000 };
static const char *const CHROMA[] = {"420", "422", "444"};
static const int LEVELS[] = {5, 10, 15, 50, 75, 95};
enum { MODES = 3, N_LEVELS = 6 };

static struct coded coded;

/* Codes an image to a file; and, where `left` is not NULL, to what is left of it. The sizes told
 * then are the file's. */
static bool code(const struct codec *codec, const char *chroma, int level, uint32_t height,
                 uint32_t width, uint32_t channels, const uint8_t *pixels, uint8_t *left)
{
    struct error e;
    struct codec_settings s = {.chroma = chroma};
    const uint32_t extent[] = {height, width, channels};
    void *own = codec->open(&s, &e);
    bool good = own && (!left || !codec->code(own, level, extent, pixels, &coded, left, &e));
    const size_t size = coded.size, scan = coded.scan;
    good = good && !codec->code(own, level, extent, pixels, &coded, NULL, &e) &&
           (!left || (coded.size == size && coded.scan == scan));
    codec->close(own);
    return good;
}

/* The n-th quantisation table of what was coded, in zig-zag order, or NULL. */
static const uint8_t *table_at(int n)
{
    for (size_t at = 2; coded.bytes[at + 1] != 0xda;
         at += 2 + (size_t)(coded.bytes[at + 2] << 8) + coded.bytes[at + 3])
        if (coded.bytes[at + 1] == 0xdb && n-- == 0)
            return coded.bytes + at + 5;
    return NULL;
}

static void test_tables(void)
{
    static const struct {
        int level, row[8], luma, chroma, full;
    } WANTED[] = {
        {5, {160, 110, 100, 160, 240, 255, 255, 255}, 14655, 16010, 45},
        {10, {80, 55, 50, 80, 120, 200, 255, 255}, 12560, 15110, 38},
        {15, {53, 37, 33, 53, 80, 133, 170, 203}, 10714, 14526, 22},
        {50, {16, 11, 10, 16, 24, 40, 51, 61}, 3688, 5505, 0},
        {75, {8, 6, 5, 8, 12, 20, 26, 31}, 1858, 2780, 0},
        {95, {2, 1, 1, 2, 2, 4, 5, 6}, 369, 558, 0},
    };
    static const int ROW_ONE[] = {0, 1, 5, 6, 14, 15, 27, 28}; /* in zig-zag order */
    static const uint8_t pixels[3 * 64];
    for (int i = 0; i < N_LEVELS; i++) {
        const uint8_t *table[2];
        int sum[2] = {0}, full = 0;
        bool row = true;
        code(&CODEC_JPEG, "420", WANTED[i].level, 8, 8, 3, pixels, NULL);
        for (int t = 0; t < 2 && (table[t] = table_at(t)); t++)
            for (int k = 0; k < 64; k++) {
                sum[t] += table[t][k];
                full += t == 0 && table[t][k] == 255;
            }
        for (int k = 0; k < 8; k++)
            row = row && table[0][ROW_ONE[k]] == WANTED[i].row[k];
        ok(row && sum[0] == WANTED[i].luma && sum[1] == WANTED[i].chroma && full == WANTED[i].full,
           "Q %d: row one, sums %d and %d, %d entries at 255", WANTED[i].level, sum[0], sum[1],
           full);
    }
}

static void test_flat(void)
{
    uint8_t flat[3 * 19 * 17], left[sizeof flat];
    bool same = true, near = true;
    for (int level = 1; level <= 100; level++)
        for (int value = 0; value < 256; value += 8) {
            memset(flat, value, sizeof flat);
            near = near && code(&CODEC_JPEG, "420", level, 19, 17, 3, flat, left);
            int most = table_at(0)[0] / 16 + 1;
            for (size_t i = 0; i < sizeof flat; i++)
                near = near && abs(left[i] - value) <= most;
            same = same && (value != 128 || !memcmp(flat, left, sizeof flat));
        }
    ok(same, "a flat image of 128 is the same at every quality");
    ok(near, "a flat image of any value comes within q_DC / 16 + 1");
}

/* ---- real images: CIFAR-10's original pixels, Fashion-MNIST ---- */

static uint8_t (*cifar)[SIDE * SIDE * 3];
static uint8_t (*fashion)[28 * 28];

static void load_images(void)
{
    char command[1024];
    uint8_t record[1 + SIDE * SIDE * 3];
    const char *shared = getenv("SHARED");
    snprintf(command, sizeof command, "zstd -dcq '%s/data/cifar10-lossless/data_batch_1.bin.zst'",
             shared ? shared : "../shared");
    FILE *from = popen(command, "r");
    uint8_t(*c)[SIDE * SIDE * 3] = malloc(IMAGES * sizeof *c);
    size_t n = 0;
    for (; from && n < IMAGES && fread(record, sizeof record, 1, from); n++)
        for (size_t i = 0; i < sizeof *c; i++) /* planes to pixels */
            c[n][i] = record[1 + i % 3 * SIDE * SIDE + i / 3];
    if (from)
        pclose(from);
    cifar = n == IMAGES ? c : NULL;

    struct error e;
    struct dataset d;
    struct image image;
    const struct dataset_request q = {.split = "test", .most_bytes = 1 << 20};
    if (dataset_open(&d, format_find("fashion-mnist"), &q, &e))
        return;
    fashion = malloc(IMAGES * sizeof *fashion);
    for (n = 0; n < IMAGES && dataset_next(&d, &image, &e) == 1; n++)
        memcpy(fashion[n], image.pixels, sizeof *fashion);
    dataset_close(&d);
}

/* Cb and Cr of JFIF, on the scale of bytes. */
static void chroma_of(const uint8_t *rgb, double *cb, double *cr)
{
    *cb = 128 - 0.168736 * rgb[0] - 0.331264 * rgb[1] + 0.5 * rgb[2];
    *cr = 128 + 0.5 * rgb[0] - 0.418688 * rgb[1] - 0.081312 * rgb[2];
}

static double decibel(double mean_square)
{
    return 10 * log10(255 * 255 / fmax(mean_square, 1e-9));
}

/* The mean over n images of their PSNR, and of their scans' bytes. */
static double mean_psnr(const uint8_t *pixels, uint32_t side, uint32_t channels, int level,
                        double *scan)
{
    size_t count = (size_t)side * side * channels;
    uint8_t *left = malloc(count);
    double sum = *scan = 0;
    for (int n = 0; n < IMAGES; n++) {
        double square = 0;
        const uint8_t *image = pixels + (size_t)n * count;
        code(&CODEC_JPEG, "420", level, side, side, channels, image, left);
        for (size_t i = 0; i < count; i++)
            square += (image[i] - left[i]) * (image[i] - left[i]);
        sum += decibel(square / (double)count) / IMAGES;
        *scan += (double)coded.scan / IMAGES;
    }
    free(left);
    return sum;
}

static void test_monotone(const char *name, const uint8_t *pixels, uint32_t side, uint32_t channels)
{
    double psnr = 0, scan = 0;
    if (!pixels) {
        skip("%s is not here", name);
        return;
    }
    for (int i = 0; i < N_LEVELS; i++) {
        double bytes, now = mean_psnr(pixels, side, channels, LEVELS[i], &bytes);
        ok(now > psnr && bytes > scan, "%s, Q %d: PSNR %.2f dB and %.1f bytes of scan, both more",
           name, LEVELS[i], now, bytes);
        psnr = now;
        scan = bytes;
    }
}

static void test_grey(void)
{
    if (!fashion) {
        skip("Fashion-MNIST is not here");
        return;
    }
    bool same = true;
    for (int n = 0; n < 100; n++) {
        uint8_t left[MODES][sizeof *fashion];
        for (int m = 0; m < MODES; m++)
            same = same && code(&CODEC_JPEG, CHROMA[m], LEVELS[n % N_LEVELS], 28, 28, 1, fashion[n],
                                left[m]);
        same = same && !memcmp(left[0], left[1], sizeof *left) &&
               !memcmp(left[0], left[2], sizeof *left);
    }
    ok(same, "grey images are the same whatever subsampling is asked for");
}

/* Mean square of Cb's and Cr's errors. */
static double chroma_error(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        double x[2], y[2];
        chroma_of(a + 3 * i, &x[0], &x[1]);
        chroma_of(b + 3 * i, &y[0], &y[1]);
        sum += (x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1]);
    }
    return sum / (2 * SIDE * SIDE);
}

/* The brightness alone of what was coded, as libjpeg decodes it. */
static void decode_luma(uint8_t *to)
{
    struct jpeg_decompress_struct j;
    struct jpeg_error_mgr errors;
    j.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&j);
    jpeg_mem_src(&j, coded.bytes, coded.size);
    jpeg_read_header(&j, TRUE);
    j.out_color_space = JCS_GRAYSCALE;
    jpeg_start_decompress(&j);
    while (j.output_scanline < j.output_height) {
        JSAMPROW row = to + j.output_scanline * SIDE;
        jpeg_read_scanlines(&j, &row, 1);
    }
    jpeg_finish_decompress(&j);
    jpeg_destroy_decompress(&j);
}

static void test_subsampling(void)
{
    if (!cifar) {
        skip("CIFAR-10's original pixels are not here");
        return;
    }
    bool luma = true;
    for (int l = 0; l < N_LEVELS; l++) {
        double psnr[MODES] = {0};
        for (int n = 0; n < IMAGES; n++) {
            uint8_t left[sizeof *cifar], y[MODES][SIDE * SIDE];
            for (int m = 0; m < MODES; m++) {
                code(&CODEC_JPEG, CHROMA[m], LEVELS[l], SIDE, SIDE, 3, cifar[n], left);
                psnr[m] += decibel(chroma_error(cifar[n], left)) / IMAGES;
                decode_luma(y[m]);
                luma = luma && !memcmp(y[0], y[m], sizeof *y);
            }
        }
        ok(LEVELS[l] < 50 || (psnr[2] >= psnr[1] && psnr[1] >= psnr[0]),
           "Q %d: PSNR of Cb and Cr %.2f dB in 4:2:0, %.2f in 4:2:2, %.2f in 4:4:4", LEVELS[l],
           psnr[0], psnr[1], psnr[2]);
    }
    ok(luma, "the brightness is the same in all three");
}

/* Plug-in entropy of a histogram of so many values. */
static double entropy(const double histogram[256], double count)
{
    double sum = 0;
    for (int i = 0; i < 256; i++)
        if (histogram[i] > 0)
            sum -= histogram[i] / count * log2(histogram[i] / count);
    return sum;
}

static void test_entropy(void)
{
    if (!cifar) {
        skip("CIFAR-10's original pixels are not here");
        return;
    }
    double histogram[3][2][256] = {0}; /* original, Q 5, PNG; Cb, Cr */
    bool same = true;
    for (int n = 0; n < IMAGES; n++) {
        uint8_t left[2][sizeof *cifar];
        code(&CODEC_JPEG, "420", 5, SIDE, SIDE, 3, cifar[n], left[0]);
        code(&CODEC_PNG, NULL, -1, SIDE, SIDE, 3, cifar[n], left[1]);
        const uint8_t *const from[] = {cifar[n], left[0], left[1]};
        same = same && !memcmp(from[0], from[2], sizeof *cifar);
        for (int k = 0; k < 3; k++)
            for (int i = 0; i < SIDE * SIDE; i++) {
                double cb, cr;
                chroma_of(from[k] + 3 * i, &cb, &cr);
                histogram[k][0][(int)fmin(lrint(cb), 255)]++;
                histogram[k][1][(int)fmin(lrint(cr), 255)]++;
            }
    }
    double h[3][2];
    for (int k = 0; k < 6; k++)
        h[k / 2][k % 2] = entropy(histogram[k / 2][k % 2], (double)IMAGES * SIDE * SIDE);
    ok(h[1][0] < h[0][0] && h[1][1] < h[0][1],
       "entropy of Cb %.3f and Cr %.3f bits; at Q 5 %.3f and %.3f, less", h[0][0], h[0][1], h[1][0],
       h[1][1]);
    ok(same && h[2][0] == h[0][0] && h[2][1] == h[0][1], "PNG: every pixel is the same");
}

/* ---- patterns in Cb alone, about grey ---- */

typedef double pattern(int x, int y, double frequency);

static double checkers(int x, int y, double frequency)
{
    (void)frequency;
    return (x + y) % 2 ? -1 : 1;
}
static double columns(int x, int y, double frequency)
{
    (void)y;
    (void)frequency;
    return x % 2 ? -1 : 1;
}
static double rows(int x, int y, double frequency)
{
    (void)x;
    (void)frequency;
    return y % 2 ? -1 : 1;
}
static double sinusoid(int x, int y, double frequency)
{
    (void)y;
    return sin(2 * M_PI * frequency * (x + 0.25)); /* not in step with the pixels */
}

/* How much of the pattern's variance in Cb is there after coding at Q 95; with `in_phase` by what
 * of the pattern itself is there. */
static double kept(const char *chroma, pattern *of, double frequency, bool in_phase)
{
    enum { S = 64, AMPLITUDE = 40 };
    uint8_t pixels[3 * S * S], left[sizeof pixels];
    for (int i = 0; i < S * S; i++) {
        double cb = AMPLITUDE * of(i % S, i / S, frequency);
        pixels[3 * i] = 128;
        pixels[3 * i + 1] = (uint8_t)lrint(128 - 0.344136 * cb);
        pixels[3 * i + 2] = (uint8_t)lrint(128 + 1.772 * cb);
    }
    code(&CODEC_JPEG, chroma, 95, S, S, 3, pixels, left);
    double variance[2] = {0}, product = 0, mean[2] = {0};
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < S * S; i++) {
            double before, after, cr;
            chroma_of(pixels + 3 * i, &before, &cr);
            chroma_of(left + 3 * i, &after, &cr);
            if (pass == 0) {
                mean[0] += before / (S * S);
                mean[1] += after / (S * S);
                continue;
            }
            variance[0] += (before - mean[0]) * (before - mean[0]);
            variance[1] += (after - mean[1]) * (after - mean[1]);
            product += (before - mean[0]) * (after - mean[1]);
        }
    return in_phase ? product / variance[0] : variance[1] / variance[0];
}

static void test_patterns(void)
{
    double share[] = {kept("444", checkers, 0, false), kept("420", checkers, 0, false),
                      kept("422", rows, 0, false), kept("422", columns, 0, false)};
    ok(share[0] > 0.8, "4:4:4 keeps %.3f of a checkerboard in Cb", share[0]);
    ok(share[1] < 0.05, "4:2:0 keeps %.4f", share[1]);
    ok(share[2] > 0.8 && share[3] < 0.05,
       "4:2:2 keeps %.3f of alternate rows, %.4f of alternate columns", share[2], share[3]);
    static const double FREQUENCY[] = {1 / 32., 1 / 16., 1 / 8., 5 / 16., 3 / 8., 7 / 16.};
    for (int i = 0; i < 6; i++) {
        double half = kept("420", sinusoid, FREQUENCY[i], true);
        double full = kept("444", sinusoid, FREQUENCY[i], true);
        ok(full > 0.9 && (i < 3 ? half > 0.7 : half < 0.5),
           "a wave of %.4f cycles a pixel: 4:4:4 keeps %.3f, 4:2:0 %.3f", FREQUENCY[i], full, half);
    }
}

/* ---- sizes, levels, refusals ---- */

static void test_sizes(void)
{
    bool good = true;
    uint8_t pixels[3 * 40 * 40], left[sizeof pixels], again[sizeof pixels];
    struct error e;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i / 7);
    for (uint32_t h = 1; h <= 40; h += h < 4 ? 1 : 9)
        for (uint32_t w = 1; w <= 40; w += w < 4 ? 1 : 7)
            for (uint32_t c = 1; c <= 3; c += 2)
                for (int m = 0; m < MODES + 1; m++) {
                    const struct codec *codec = m < MODES ? &CODEC_JPEG : &CODEC_PNG;
                    good = good && code(codec, CHROMA[m % MODES], 75, h, w, c, pixels, left) &&
                           coded.scan > 0 && coded.scan < coded.size &&
                           !coded_decode(coded.bytes, coded.size, 3, (uint32_t[]){h, w, c}, again,
                                         &e) &&
                           !memcmp(left, again, h * w * c);
                }
    ok(good, "sizes from 1x1 to 40x40, grey and colour: coded, and decoded to the same");

    struct codec_settings s = {.chroma = "420"};
    void *own = CODEC_JPEG.open(&s, &e);
    uint8_t *wide = calloc(1, 70000);
    ok(CODEC_JPEG.code(own, 50, (uint32_t[]){1, 70000, 1}, wide, &coded, NULL, &e), "too wide: %s",
       e.text);
    ok(CODEC_JPEG.code(own, 50, (uint32_t[]){1, 1, 2}, pixels, &coded, NULL, &e), "%s", e.text);
    ok(!CODEC_JPEG.code(own, 50, (uint32_t[]){5, 5, 3}, pixels, &coded, left, &e) &&
           !CODEC_JPEG.code(own, 50, (uint32_t[]){5, 5, 3}, pixels, &coded, NULL, &e) &&
           !coded_decode(coded.bytes, coded.size, 3, (uint32_t[]){5, 5, 3}, again, &e) &&
           !memcmp(left, again, 75),
       "after an error it codes on");
    ok(coded_decode(coded.bytes, coded.size, 3, (uint32_t[]){5, 6, 3}, again, &e), "%s", e.text);
    CODEC_JPEG.close(own);
    free(wide);
}

/* A coder that is used again, be it as before, at another level or for other channels, leaves what
 * decoding the file of a new one gives back, and tells its size; whatever it was asked for before,
 * and where that failed. */
static void test_used_again(void)
{
    enum { TURNS = 400, MOST = 24 };
    struct error e;
    struct codec_settings s = {.chroma = "420"};
    static uint8_t pixels[MOST * MOST * 3], wide[70000];
    uint8_t left[sizeof pixels], again[sizeof pixels];
    struct random r = random_stream(7, "images", 0);
    void *own = CODEC_JPEG.open(&s, &e);
    bool good = own != NULL;
    for (int i = 0; i < TURNS && good; i++) {
        static uint32_t extent[] = {MOST, MOST, 3};
        static int level = 50;
        struct coded told = {0};
        for (size_t k = 0; k < sizeof pixels; k++)
            pixels[k] = (uint8_t)random_below(&r, 256);
        if (random_below(&r, 3) == 0)
            level = LEVELS[random_below(&r, N_LEVELS)];
        if (random_below(&r, 3) == 0)
            extent[2] = 4 - extent[2];
        extent[0] = 1 + (uint32_t)random_below(&r, MOST);
        const bool file = random_below(&r, 4) == 0;
        if (random_below(&r, 8) == 0)
            good = CODEC_JPEG.code(own, level, (uint32_t[]){1, 70000, 1}, wide, &told, wide, &e);
        good = good &&
               !CODEC_JPEG.code(own, level, extent, pixels, &told, file ? NULL : left, &e) &&
               code(&CODEC_JPEG, "420", level, extent[0], extent[1], extent[2], pixels, NULL) &&
               !coded_decode(coded.bytes, coded.size, 3, extent, again, &e) &&
               told.size == coded.size && told.scan == coded.scan &&
               !memcmp(file ? told.bytes : left, file ? coded.bytes : again,
                       file ? coded.size : (size_t)extent[0] * extent[1] * extent[2]);
        free(told.bytes);
    }
    CODEC_JPEG.close(own);
    ok(good, "a coder that is used again makes what a new one does");
}

static void test_levels(void)
{
    enum { N = 100000 };
    struct error e;
    struct levels half = {2, {5, 95}}, six = {6, {5, 10, 15, 50, 75, 95}}, l;
    int counted = 0, other_seed = 0, other_epoch = 0, of[6] = {0};
    for (int64_t id = 0; id < N; id++) {
        int level = levels_draw(&half, 1, 0, id);
        counted += level == 5;
        other_seed += level != levels_draw(&half, 2, 0, id);
        other_epoch += level != levels_draw(&half, 1, 1, id);
        for (int i = 0; i < 6; i++)
            of[i] += levels_draw(&six, 1, 0, id) == six.level[i];
    }
    double most = 3 * sqrt(0.25 * N);
    ok(fabs(counted - N / 2.) <= most, "half of %d images: %d", N, counted);
    ok(fabs(other_seed - N / 2.) <= most && fabs(other_epoch - N / 2.) <= most,
       "another seed, another epoch: an independent draw (%d, %d differ)", other_seed, other_epoch);
    bool equal = true;
    for (int i = 0; i < 6; i++)
        equal = equal && fabs(of[i] - N / 6.) <= 3.5 * sqrt(N * 5 / 36.);
    ok(equal, "six levels: %d %d %d %d %d %d", of[0], of[1], of[2], of[3], of[4], of[5]);
    ok(!levels_parse(&l, "5,10,95", &e) && l.count == 3 && l.level[2] == 95, "levels as text");
    static const char *const BAD[] = {"", "5,", ",5", "5;6", "-1", "5,x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        ok(levels_parse(&l, BAD[i], &e), "'%s': %s", BAD[i], e.text);
    ok(levels_fit(&(struct levels){1, {0}}, &CODEC_JPEG, &e), "%s", e.text);
}

int main(void)
{
    load_images();
    test_tables();
    test_flat();
    test_monotone("CIFAR-10", (const uint8_t *)cifar, SIDE, 3);
    test_monotone("Fashion-MNIST", (const uint8_t *)fashion, 28, 1);
    test_grey();
    test_subsampling();
    test_entropy();
    test_patterns();
    test_sizes();
    test_used_again();
    test_levels();
    free(coded.bytes);
    free(cifar);
    free(fashion);
    return tap_done();
}
