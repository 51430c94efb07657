/* Metrics of depths in closed form; variants of maps of numbers; scenes, which know their depths
 * and their motions. */
#include <math.h>
#include <string.h>
#include "image/augment.h"
#include "image/scene.h"
#include "measure/depth.h"
#include "tap.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE, FRAMES = 6, THINGS = 8, THING = 9 };

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static void metrics(void)
{
    const float is[] = {0.1f, 0.5f, 0.4f, 0, 0.0009f}, twice[] = {0.2f, 1, 0.8f, 0.7f, 0.3f};
    const float outside[] = {1.5f}, none[] = {NAN};
    struct depth_error m = {0};
    struct error e = {""};
    struct depth_summary s = depth_summary(&m);
    ok(isnan(s.abs_rel) && isnan(s.sq_rel) && isnan(s.rmse), "of nothing: no number");
    ok(!depth_add(&m, is, twice, 2, &e) && !depth_add(&m, is + 2, twice + 2, 3, &e),
       "two images %s", e.text);
    s = depth_summary(&m);
    ok(m.images == 2 && m.pixels == 3, "pixels of unknown depth are left out: %zu", m.pixels);
    ok(near(s.abs_rel, 1), "d = 2 d*: abs_rel %g", s.abs_rel);
    ok(near(s.sq_rel, 1. / 3), "sq_rel %g, the mean of d*", s.sq_rel);
    ok(near(s.rmse, sqrt(0.42 / 3)), "rmse %g, the root of the mean of d* squared", s.rmse);
    m = (struct depth_error){0};
    ok(!depth_add(&m, is, is, 3, &e), "d = d*");
    s = depth_summary(&m);
    ok(s.abs_rel == 0 && s.sq_rel == 0 && s.rmse == 0, "all are 0");
    ok(depth_add(&m, outside, is, 1, &e) == -1, "refused: %s", e.text);
    ok(depth_add(&m, is, none, 1, &e) == -1, "refused: %s", e.text);
}

/* Where an image's pixel goes its depth goes with it. */
static void variants(void)
{
    const struct normalisation n = {.channels = 1, .sd = {1}};
    const struct augment flips = {.pad = 2, .flip = true, .vertical_flip = true};
    const float unknown = 0;
    uint8_t image[PIXELS];
    float moved[PIXELS], depth[PIXELS], map[PIXELS];
    int apart = 0, outside = 0;
    for (int i = 0; i < PIXELS; i++)
        depth[i] = (float)(image[i] = (uint8_t)(i % 255 + 1)) / 255;
    for (uint64_t epoch = 0; epoch < 10; epoch++) {
        augment_image(&flips, &n, 1, epoch, 5, image, SIDE, SIDE, 1, moved);
        augment_map(&flips, 1, epoch, 5, depth, sizeof *depth, SIDE, SIDE, &unknown, map);
        for (int i = 0; i < PIXELS; i++) {
            apart += !near(moved[i], map[i]);
            outside += map[i] == 0;
        }
    }
    ok(!apart && outside, "flips and crops: %d depths apart, %d outside", apart, outside);
}

/* Bright squares, which grow with their class. */
static uint8_t things[THINGS][THING * THING];
static const int64_t labels[THINGS] = {0, 1, 2, 3, 4, 5, 6, 7};

static struct scene begin(bool clips)
{
    struct error e = {""};
    struct scene s = {.things = {things[0], labels, THINGS, {THING, THING, 1}},
                      .side = SIDE,
                      .most = 3,
                      .habit = 1,
                      .seed = 7};
    for (int k = 0; k < THINGS; k++)
        memset(things[k], 250, THING * (THING - THINGS + k + 1));
    ok(!scene_init(&s, clips, &e), "a scene of %s %s", clips ? "clips" : "pictures", e.text);
    return s;
}

static void pictures(void)
{
    struct scene s = begin(false);
    uint8_t image[PIXELS], again[PIXELS], class[PIXELS];
    float depth[PIXELS];
    int apart = 0, bright = 0, dazzling = 0, seen = 0;
    for (int64_t id = 0; id < 50; id++) {
        scene_picture(&s, id, image, class, depth);
        for (int i = 0; i < PIXELS; i++) {
            bool ground = class[i] == 0;
            seen += !ground;
            apart += ground != (depth[i] == 0.9f) || depth[i] < 0.3f || class[i] > THINGS;
            double off = image[i] - 250 * (1.1 - 0.8 * (double)depth[i]);
            bright += !ground && fabs(off) <= 1;
            dazzling += !ground && off > 1; /* edges are between thing and nothing */
        }
    }
    ok(seen > 50 * 20 && !apart, "%d pixels of things, which are nearer than the ground (%d apart)",
       seen, apart);
    ok(bright > seen * 3 / 4 && !dazzling,
       "things are as bright as they are near: %d of %d, %d more", bright, seen, dazzling);
    scene_picture(&s, 3, image, class, depth);
    scene_picture(&s, 4, again, class, depth);
    bool differ = memcmp(image, again, PIXELS) != 0;
    scene_picture(&s, 3, again, class, depth);
    ok(differ && !memcmp(image, again, PIXELS),
       "a scene depends on its id, not on those before it");
    scene_free(&s);
}

/* The middle of what is as bright as a thing. */
static void middle_of(const uint8_t *frame, double *x, double *y)
{
    double count = 0;
    *x = *y = 0;
    for (int i = 0; i < PIXELS; i++)
        if (frame[i] > 200) {
            *x += i % SIDE;
            *y += i / SIDE;
            count++;
        }
    *x /= count;
    *y /= count;
}

static void clips(void)
{
    struct scene s = begin(true);
    uint8_t clip[FRAMES * PIXELS];
    int wrong = 0, still = 0, seen[SCENE_MOTIONS] = {0}, kinds = 0;
    for (int64_t id = 0; id < 60; id++) {
        double x0, y0, x1, y1;
        int motion = scene_clip(&s, id, FRAMES, clip);
        kinds += !seen[motion]++;
        middle_of(clip, &x0, &y0);
        middle_of(clip + (FRAMES - 1) * PIXELS, &x1, &y1);
        double angle = atan2(y1 - y0, x1 - x0), off = angle - motion * M_PI / 4;
        wrong += !(cos(off) > cos(M_PI / 8));
        still += hypot(x1 - x0, y1 - y0) < (FRAMES - 1) * SIDE / 64. * 0.8;
    }
    ok(kinds == SCENE_MOTIONS && !wrong && !still,
       "things move as the label says: %d kinds, %d wrong, %d too slow", kinds, wrong, still);
    scene_free(&s);
    struct error e = {""};
    struct scene few = {.things = {things[0], labels, 7, {THING, THING, 1}}, .side = 8};
    ok(scene_init(&few, true, &e) == -1, "refused: %s", e.text);
    scene_free(&few);
}

int main(void)
{
    metrics();
    variants();
    pictures();
    clips();
    return tap_done();
}
