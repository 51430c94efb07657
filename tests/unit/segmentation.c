/* Metrics of classes of pixels, on cases worked out by hand; balance and variants of targets. */
#include <math.h>
#include <string.h>
#include "image/augment.h"
#include "measure/segmentation.h"
#include "rows/samples.h"
#include "tap.h"

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void by_hand(void)
{
    /* confusion [[3, 1], [2, 4]], and a pixel of class 9, which is none */
    const uint8_t truth[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 9};
    const uint8_t told[] = {0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1}, none[] = {2};
    struct segmentation s;
    struct error e = {""};
    ok(!segmentation_init(&s, 2, &e) && !segmentation_add(&s, truth, told, 6, &e) &&
           !segmentation_add(&s, truth + 6, told + 6, 5, &e),
       "two images %s", e.text);
    struct segmentation_summary m = segmentation_summary(&s);
    ok(s.pixels == 10 && s.images == 2, "a pixel of no class is left out: %zu", s.pixels);
    ok(near(m.accuracy, 0.7), "accuracy %g", m.accuracy);
    ok(near(m.class_accuracy, 17. / 24), "mean class accuracy %g", m.class_accuracy);
    ok(near(m.miou, (1. / 2 + 4. / 7) / 2), "mean IoU %g", m.miou);
    ok(s.image[0].pixels == 6 && s.image[0].right == 3 && s.image[1].pixels == 4 &&
           s.image[1].right == 4,
       "image by image: %lld, %lld right", (long long)s.image[0].right,
       (long long)s.image[1].right);
    ok(segmentation_add(&s, truth, none, 1, &e) == -1, "refused: %s", e.text);
    segmentation_free(&s);

    segmentation_init(&s, 3, &e);
    m = segmentation_summary(&s);
    ok(isnan(m.accuracy) && isnan(m.class_accuracy) && isnan(m.miou), "of nothing: no number");
    segmentation_add(&s, truth, truth, 10, &e);
    m = segmentation_summary(&s);
    ok(near(m.miou, 1) && near(m.class_accuracy, 1), "a class that is nowhere is left out");
    segmentation_free(&s);
    ok(segmentation_init(&s, 1, &e) == -1 && segmentation_init(&s, 256, &e) == -1, "refused: %s",
       e.text);
    segmentation_free(&s);
}

static void balance(void)
{
    /* Of two images of 4: class 0 has 3 of 4 and 1 of 4, class 1 nothing and 2 of 4, 2 the rest. */
    const uint8_t target[] = {0, 0, 0, 2, 0, 1, 1, 7};
    struct samples s = {.count = 2, .shape = {2, 2, 3}, .target = target, .classes = 4};
    double w[4] = {0};
    struct error e = {""};
    /* frequencies 4/8, 2/4, 1/4: their median 1/2 */
    int failed = samples_balance(&s, w, &e);
    ok(!failed && near(w[0], 1) && near(w[1], 1) && near(w[2], 2) && w[3] == 0,
       "median frequency balancing: %g %g %g %g %s", w[0], w[1], w[2], w[3], e.text);
    s.classes = 2;
    s.target = (const uint8_t[]){2, 2, 2, 2, 2, 2, 2, 2};
    ok(!samples_balance(&s, w, &e) && w[0] == 0 && w[1] == 0, "of none of the pixels %s", e.text);
}

/* Where an image's pixel goes its class goes with it. */
static void variants(void)
{
    enum { SIDE = 9, PIXELS = SIDE * SIDE };
    const struct normalisation n = {.channels = 1, .sd = {1}};
    const struct augment flips = {.pad = 2, .flip = true, .vertical_flip = true};
    const uint8_t none = 0;
    uint8_t image[PIXELS], map[PIXELS];
    float moved[PIXELS];
    int apart = 0, outside = 0, changed = 0;
    for (int i = 0; i < PIXELS; i++)
        image[i] = (uint8_t)(i + 1);
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        augment_image(&flips, &n, 1, epoch, 5, image, SIDE, SIDE, 1, moved);
        augment_map(&flips, 1, epoch, 5, image, 1, SIDE, SIDE, &none, map);
        for (int i = 0; i < PIXELS; i++) {
            apart += lrintf(moved[i] * 255) != map[i];
            outside += map[i] == 0;
            changed += map[i] != image[i];
        }
    }
    ok(!apart && outside && changed, "flips and crops: %d pixels apart, %d outside, %d moved",
       apart, outside, changed);
    augment_map(&(struct augment){0}, 1, 3, 5, image, 1, SIDE, SIDE, &none, map);
    ok(!memcmp(map, image, PIXELS), "without: the map itself");
}

int main(void)
{
    by_hand();
    balance();
    variants();
    return tap_done();
}
