/* Normalisation, the encoder's view, resizing, augmentation. */
#include "tap.h"
#include <string.h>
#include "base/random.h"
#include "image/augment.h"
#include "image/prepare.h"

static void fill(uint8_t *image, size_t count, uint64_t seed)
{
    struct random r = random_stream(seed, "test image", 0);
    for (size_t i = 0; i < count; i++)
        image[i] = (uint8_t)random_below(&r, 256);
}

static float furthest(const float *a, const float *b, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(a[i] - b[i]));
    return most;
}

static void test_normalisation(void)
{
    struct error e;
    struct normalisation n = {3, {.25f, .5f, .75f}, {.5f, .25f, 1}}, back;
    const uint8_t image[6] = {0, 0, 0, 255, 255, 51};
    float out[6];
    prepare_normalise(&n, image, 2, out);
    const float wanted[6] = {-.5f, -2, -.75f, 1.5f, 2, -.55f};
    ok(furthest(out, wanted, 6) < 1e-6f, "x / 255, less the mean, over the deviation");

    struct value *meta = value_map();
    ok(normalisation_from_meta(&back, meta, 3, &e) == 0, "no normalisation in an empty meta");
    value_set(meta, "normalisation", normalisation_value(&n));
    ok(normalisation_from_meta(&back, meta, 3, &e) == 1 && !memcmp(&n.sd, &back.sd, 12),
       "through meta and back");
    ok(normalisation_from_meta(&back, meta, 1, &e) == -1, "another number of channels: %s", e.text);
    n.sd[1] = 0;
    value_set(meta, "normalisation", normalisation_value(&n));
    ok(normalisation_from_meta(&back, meta, 3, &e) == -1, "a deviation of zero: %s", e.text);
    value_free(meta);

    normalisation_measure(&n, (const uint8_t[]){0, 7, 255, 7}, 1, 2, 2);
    ok(n.mean[0] == .5f && n.sd[0] == .5f, "measured mean and deviation");
    ok(n.sd[1] == 1, "a channel without spread has deviation 1");
}

static void test_encoder_view(void)
{
    uint8_t image[28 * 28], back[32 * 32];
    float view[32 * 32];
    fill(image, sizeof image, 1);
    prepare_encoder_input(image, 28, 28, 1, 32, view);
    prepare_encoder_output(view, 32 * 32, back);
    int wrong = 0;
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            bool inside = y >= 2 && y < 30 && x >= 2 && x < 30;
            wrong += back[32 * y + x] != (inside ? image[28 * (y - 2) + x - 2] : 0);
        }
    ok(!wrong, "28 x 28 in 32 x 32: two pixels of background around, all bytes back");
    ok(view[0] == -1, "background is -1");

    const float odd[5] = {-2, 2, NAN, 0, 1};
    prepare_encoder_output(odd, 5, back);
    ok(back[0] == 0 && back[1] == 255 && back[2] == 0 && back[3] == 128 && back[4] == 255,
       "out of range is clamped, NaN is 0");
}

static void test_resize(void)
{
    uint8_t image[12 * 9 * 3];
    float out[64 * 64 * 3];
    fill(image, sizeof image, 2);
    prepare_resize(image, 12, 9, 3, 12, 9, out);
    float worst = 0;
    for (size_t i = 0; i < sizeof image; i++)
        worst = fmaxf(worst, fabsf(out[i] - image[i]));
    ok(worst < 1e-4f, "to its own size: itself");

    prepare_resize(image, 12, 9, 3, 4, 3, out);
    double sum = 0;
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            sum += image[3 * (9 * y + x) + 1];
    ok(fabs(out[1] - sum / 9) < 1e-4, "a third: the mean of nine");

    double all = 0, less = 0;
    prepare_resize(image, 12, 9, 3, 5, 4, out);
    for (size_t i = 0; i < sizeof image; i++)
        all += image[i] / (double)sizeof image;
    for (int i = 0; i < 60; i++)
        less += out[i] / 60.0;
    ok(fabs(all - less) < 1e-3, "a reduction by a fraction keeps the mean");

    const uint8_t edge[2] = {0, 100};
    prepare_resize(edge, 1, 2, 1, 1, 4, out);
    const float wanted[4] = {0, 25, 75, 100};
    ok(furthest(out, wanted, 4) < 1e-4f, "growth: bilinear between centres, flat beyond them");

    memset(image, 200, sizeof image);
    prepare_resize(image, 12, 9, 3, 64, 64, out);
    float least = 255, most = 0;
    for (int i = 0; i < 64 * 64 * 3; i++) {
        least = fminf(least, out[i]);
        most = fmaxf(most, out[i]);
    }
    ok(fabsf(least - 200) < 1e-3f && fabsf(most - 200) < 1e-3f, "flat stays flat");
}

enum { H = 17, W = 20, C = 3, COUNT = H * W * C };
static const struct normalisation NORMAL = {C, {.41f, .5f, .61f}, {.2f, .25f, .3f}};

static void variant(const struct augment *a, uint64_t epoch, int64_t id, const uint8_t *image,
                    float *out)
{
    augment_image(a, &NORMAL, 7, epoch, id, image, H, W, C, out);
}

static void test_augment(void)
{
    uint8_t image[COUNT];
    float plain[COUNT], one[COUNT], two[COUNT];
    struct augment a = {0};
    struct error e;
    fill(image, COUNT, 3);
    prepare_normalise(&NORMAL, image, H * W, plain);
    variant(&a, 0, 0, image, one);
    ok(furthest(plain, one, COUNT) < 1e-5f, "no augmentation: the normalised image");

    int same = 0, flipped = 0;
    a.flip = true;
    for (int id = 0; id < 200; id++) {
        variant(&a, 0, id, image, one);
        for (int i = 0; i < H * W; i++)
            memcpy(two + C * i, plain + C * (i / W * W + W - 1 - i % W), C * sizeof *two);
        same += furthest(one, plain, COUNT) < 1e-5f;
        flipped += furthest(one, two, COUNT) < 1e-5f;
    }
    ok(same + flipped == 200 && same > 70 && flipped > 70, "flips about half the time (%d of 200)",
       flipped);

    /* A crop: somewhere in -4 .. 4 both ways the image must match, background elsewhere. */
    int matched = 0;
    bool seen[81] = {false};
    a = (struct augment){.pad = 4};
    for (int id = 0; id < 600; id++) {
        variant(&a, 0, id, image, one);
        for (int s = 0; s < 81; s++) {
            float worst = 0;
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++)
                    for (int c = 0; c < C; c++) {
                        int sy = y + s / 9 - 4, sx = x + s % 9 - 4;
                        bool in = sy >= 0 && sy < H && sx >= 0 && sx < W;
                        float v =
                            in ? plain[C * (W * sy + sx) + c] : -NORMAL.mean[c] / NORMAL.sd[c];
                        worst = fmaxf(worst, fabsf(v - one[C * (W * y + x) + c]));
                    }
            matched += worst < 1e-5f;
            seen[s] |= worst < 1e-5f;
        }
    }
    int places = 0;
    for (int s = 0; s < 81; s++)
        places += seen[s];
    ok(matched == 600 && places > 70, "crops at %d of 81 places, background where there is nothing",
       places);

    a = (struct augment){.cutout = 6};
    int least = COUNT, most = 0;
    for (int id = 0; id < 300; id++) {
        int zeros = 0;
        variant(&a, 0, id, image, one);
        for (int i = 0; i < COUNT; i++)
            zeros += one[i] == 0;
        least = zeros < least ? zeros : least;
        most = zeros > most ? zeros : most;
    }
    ok(most == 6 * 6 * C && least >= 3 * 3 * C && least < most,
       "cutout of 6 x 6, clipped at the border");

    /* A turn by a known small angle: the centre stays, the mean does not move much. */
    memset(image, 0, sizeof image);
    for (int y = 5; y < 12; y++)
        for (int x = 6; x < 14; x++)
            memset(image + C * (W * y + x), 255, C);
    double sum = 0;
    ok(!augment_choose(&a, "affine", NULL, &e) && a.rotate == 15, "a preset by its name");
    for (int id = 0; id < 200; id++) {
        variant(&a, 0, id, image, one);
        for (int i = 0; i < H * W; i++)
            sum += (one[C * i] * NORMAL.sd[0] + NORMAL.mean[0]) / 200;
    }
    ok(fabs(sum - 56) < 3, "affine variants keep the area on average (%.1f of 56)", sum);

    variant(&a, 3, 12345, image, one);
    variant(&a, 3, 99, image, two);
    ok(furthest(one, two, COUNT) > .1f, "another id, another variant");
    variant(&a, 4, 12345, image, two);
    ok(furthest(one, two, COUNT) > .1f, "another epoch, another variant");
    variant(&a, 3, 12345, image, two);
    ok(!memcmp(one, two, sizeof one), "the same again, the same bits");

    ok(!augment_choose(&a, "auto", "cifar10", &e) && a.pad == 4 && a.flip, "auto: cifar10");
    ok(!augment_choose(&a, "auto", "fashion-mnist", &e) && a.rotate == 15 && !a.vertical_flip,
       "auto: fashion-mnist");
    ok(!augment_choose(&a, "auto", "folder", &e) && !a.pad && !a.rotate, "auto: anything else");
    ok(!augment_choose(&a, "auto", NULL, &e) && !a.flip, "auto: no source");
    ok(augment_choose(&a, "wild", "cifar10", &e) == -1, "an unknown word: %s", e.text);
}

int main(void)
{
    test_normalisation();
    test_encoder_view();
    test_resize();
    test_augment();
    return tap_done();
}
