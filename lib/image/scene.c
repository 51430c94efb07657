#include "image/scene.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"

const char *const scene_motions[SCENE_MOTIONS] = {
    "right", "right-down", "down", "left-down", "left", "left-up", "up", "right-up",
};

static int sort_things(struct scene *s, struct error *e)
{
    for (int k = 0; k < SCENE_MOTIONS; k++) {
        if (!(s->of_motion[k] = array_new(s->things.count, sizeof *s->of_motion[k], "things", e)))
            return -1;
        for (size_t i = 0; i < s->things.count; i++)
            if (s->things.label[i] == k)
                s->of_motion[k][s->count[k]++] = i;
        if (!s->count[k])
            return error_set(e, "no thing of class %d, expected some of each from 0 to %d", k,
                             SCENE_MOTIONS - 1);
    }
    return 0;
}

int scene_init(struct scene *s, bool clips, struct error *e)
{
    const int of_things = s->things.shape.channels;
    const int of_grounds = s->grounds.count ? s->grounds.shape.channels : of_things;
    s->channels = of_things > of_grounds ? of_things : of_grounds;
    if ((of_things != 1 && of_things != 3) || (of_grounds != 1 && of_grounds != 3))
        return error_set(e, "things of %d and grounds of %d channels, expected 1 or 3", of_things,
                         of_grounds);
    for (size_t i = 0; i < s->things.count; i++)
        if (s->things.label[i] < 0 || s->things.label[i] >= UINT8_MAX - 1)
            return error_set(e, "row %zu: label %lld, expected 0 to %d", i + 1,
                             (long long)s->things.label[i], UINT8_MAX - 2);
    s->ground = array_new((size_t)s->side * (size_t)s->side, (size_t)s->channels * sizeof(float),
                          "a canvas", e);
    return !s->ground || (clips && sort_things(s, e)) ? -1 : 0;
}

void scene_free(struct scene *s)
{
    for (int k = 0; k < SCENE_MOTIONS; k++)
        free(s->of_motion[k]);
    free(s->ground);
}

/* ---- images between their pixels ---- */

static const uint8_t *pixel_of(const struct scene_images *from, size_t image, int x, int y)
{
    const struct image_shape *h = &from->shape;
    size_t at = (image * (size_t)h->height + (size_t)y) * (size_t)h->width + (size_t)x;
    return from->image + at * (size_t)h->channels;
}

/* Channel c of an image at a place inside it; a grey image has it for all of them. */
static double sample(const struct scene_images *from, size_t image, double x, double y, int c)
{
    const struct image_shape *h = &from->shape;
    const int left = (int)x, top = (int)y;
    const int right = left + 1 < h->width ? left + 1 : left;
    const int bottom = top + 1 < h->height ? top + 1 : top;
    const double across = x - left, down = y - top;
    c = h->channels == 1 ? 0 : c;
    return (1 - down) * ((1 - across) * pixel_of(from, image, left, top)[c] +
                         across * pixel_of(from, image, right, top)[c]) +
           down * ((1 - across) * pixel_of(from, image, left, bottom)[c] +
                   across * pixel_of(from, image, right, bottom)[c]);
}

static double between(struct random *r, double least, double most)
{
    return least + (most - least) * random_uniform(r);
}

/* ---- grounds ---- */

/* A square cut out of a picture: half of its shorter side or more. */
static void draw_real_ground(struct scene *s, struct random *r)
{
    const struct image_shape *h = &s->grounds.shape;
    const size_t image = random_below(r, s->grounds.count);
    const double most = (h->height < h->width ? h->height : h->width) - 1;
    const double size = between(r, most / 2, most), step = s->side > 1 ? size / (s->side - 1) : 0;
    const double left = between(r, 0, h->width - 1 - size);
    const double top = between(r, 0, h->height - 1 - size);
    float *to = s->ground;
    for (int y = 0; y < s->side; y++)
        for (int x = 0; x < s->side; x++)
            for (int c = 0; c < s->channels; c++)
                *to++ = (float)sample(&s->grounds, image, left + x * step, top + y * step, c);
}

/* Clouds: greys on a lattice, straight lines between them, and some noise. */
static void draw_clouds(struct scene *s, struct random *r)
{
    enum { LATTICE = 8 };
    uint8_t grey[LATTICE * LATTICE];
    const struct scene_images lattice = {grey, NULL, 1, {LATTICE, LATTICE, 1}};
    const double step = s->side > 1 ? (LATTICE - 1.) / (s->side - 1) : 0;
    float *to = s->ground;
    for (int i = 0; i < LATTICE * LATTICE; i++)
        grey[i] = (uint8_t)between(r, 30, 150);
    for (int y = 0; y < s->side; y++)
        for (int x = 0; x < s->side; x++) {
            const double shade = sample(&lattice, 0, x * step, y * step, 0) + between(r, -12, 12);
            for (int c = 0; c < s->channels; c++)
                *to++ = (float)shade;
        }
}

static void draw_ground(struct scene *s, struct random *r)
{
    if (s->grounds.count)
        draw_real_ground(s, r);
    else
        draw_clouds(s, r);
}

static void copy_ground(const struct scene *s, uint8_t *to)
{
    const size_t count = (size_t)s->side * (size_t)s->side * (size_t)s->channels;
    for (size_t i = 0; i < count; i++)
        to[i] = (uint8_t)lrintf(s->ground[i]);
}

/* ---- things ---- */

struct place {
    size_t thing;
    double x, y; /* of its centre */
    double side; /* pixels of the canvas that its shorter side takes */
    double bright, depth;
};

/* Draws the thing where it is brighter than SCENE_THRESHOLD; class and depth may be NULL. */
static void put(const struct scene *s, const struct place *p, uint8_t *image, uint8_t *class,
                float *depth)
{
    const struct image_shape *h = &s->things.shape;
    const double step = (h->height < h->width ? h->height : h->width) / p->side;
    for (int y = 0; y < s->side; y++) {
        const double from_y = (y - p->y) * step + (h->height - 1) / 2.;
        for (int x = 0; x < s->side && from_y >= 0 && from_y <= h->height - 1; x++) {
            const double from_x = (x - p->x) * step + (h->width - 1) / 2.;
            double value[3], most = 0;
            if (!(from_x >= 0 && from_x <= h->width - 1))
                continue;
            for (int c = 0; c < s->channels; c++)
                most = fmax(most, value[c] = sample(&s->things, p->thing, from_x, from_y, c));
            if (most <= SCENE_THRESHOLD)
                continue;
            const size_t at = (size_t)y * (size_t)s->side + (size_t)x;
            for (int c = 0; c < s->channels; c++)
                image[at * (size_t)s->channels + (size_t)c] = (uint8_t)lrint(p->bright * value[c]);
            if (class)
                class[at] = (uint8_t)(1 + s->things.label[p->thing]);
            if (depth)
                depth[at] = (float)p->depth;
        }
    }
}

void scene_picture(struct scene *s, int64_t id, uint8_t *image, uint8_t *class, float *depth)
{
    struct random r = random_stream(s->seed, "scene", (uint64_t)id);
    const size_t pixels = (size_t)s->side * (size_t)s->side;
    const int things = 1 + (int)random_below(&r, (uint64_t)s->most);
    draw_ground(s, &r);
    copy_ground(s, image);
    memset(class, 0, pixels);
    for (size_t i = 0; i < pixels; i++)
        depth[i] = 0.9f;
    /* Each is nearer than the ones before it: depths that fall as the order statistics of equally
     * likely ones do, the largest of n being u^(1/n) of the range. */
    double range = 0.5;
    for (int n = things; n > 0; n--) {
        range *= pow(random_uniform(&r), 1. / n);
        struct place p = {.thing = random_below(&r, s->things.count), .depth = 0.3 + range};
        p.side = s->side / (5 * p.depth);
        p.bright = 1.1 - 0.8 * p.depth;
        p.x = between(&r, 0, s->side - 1);
        p.y = between(&r, 0, s->side - 1);
        put(s, &p, image, class, depth);
    }
}

int scene_clip(struct scene *s, int64_t id, int frames, uint8_t *clip)
{
    struct random r = random_stream(s->seed, "clip", (uint64_t)id);
    const int motion = (int)random_below(&r, SCENE_MOTIONS);
    const bool own = random_uniform(&r) < s->habit;
    struct place p = {.bright = 1};
    p.thing = own ? s->of_motion[motion][random_below(&r, s->count[motion])]
                  : random_below(&r, s->things.count);
    const double angle = motion * (2 * M_PI / SCENE_MOTIONS), middle = (s->side - 1) / 2.;
    const double speed = between(&r, 1, 2) * s->side / 64;
    const double x = middle + between(&r, -0.1, 0.1) * s->side;
    const double y = middle + between(&r, -0.1, 0.1) * s->side;
    p.side = between(&r, 0.35, 0.5) * s->side;
    draw_ground(s, &r);
    for (int f = 0; f < frames; f++) {
        const double way = (f - (frames - 1) / 2.) * speed;
        uint8_t *image = clip + (size_t)f * (size_t)s->side * (size_t)s->side * (size_t)s->channels;
        p.x = x + way * cos(angle);
        p.y = y + way * sin(angle);
        copy_ground(s, image);
        put(s, &p, image, NULL, NULL);
    }
    return motion;
}
