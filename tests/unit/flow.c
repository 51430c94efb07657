/* Optical flow of textures whose motion is known, and of a film. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/random.h"
#include "image/flow.h"
#include "image/video.h"
#include "tap.h"

enum { HEIGHT = 48, WIDTH = 61, PIXELS = HEIGHT * WIDTH, WAVES = 24, EDGE = 6 };

/* A sum of waves: smooth, and known between pixels. */
static double texture(double x, double y)
{
    static double wave[WAVES][4];
    if (!wave[0][3]) {
        struct random r = random_stream(1, "waves", 0);
        for (int i = 0; i < WAVES; i++) {
            wave[i][0] = random_normal(&r) * 0.25;
            wave[i][1] = random_normal(&r) * 0.25;
            wave[i][2] = random_uniform(&r) * 2 * M_PI;
            wave[i][3] = 1 + random_uniform(&r);
        }
    }
    double sum = 0, all = 0;
    for (int i = 0; i < WAVES; i++) {
        sum += wave[i][3] * sin(wave[i][0] * x + wave[i][1] * y + wave[i][2]);
        all += wave[i][3] * wave[i][3] / 2;
    }
    return fmin(fmax(128 + 40 * sum / sqrt(all), 0), 255);
}

/* Where what is seen at (x, y) of the second frame was in the first. */
struct motion {
    double x, y, turn; /* turn: radians, about the middle */
};

static void draw(uint8_t *frame, struct motion m, int channels)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            double cx = x - m.x - WIDTH / 2., cy = y - m.y - HEIGHT / 2.;
            double from_x = WIDTH / 2. + cos(m.turn) * cx + sin(m.turn) * cy;
            double from_y = HEIGHT / 2. - sin(m.turn) * cx + cos(m.turn) * cy;
            for (int c = 0; c < channels; c++)
                *frame++ = (uint8_t)lrint(texture(from_x, from_y));
        }
}

static void moved(enum flow_method method, const char *what, struct motion m, int channels,
                  double most)
{
    static uint8_t one[3 * PIXELS], two[3 * PIXELS];
    static float flow[2 * PIXELS];
    struct error e = {""};
    double sum = 0;
    int count = 0;
    draw(one, (struct motion){0, 0, 0}, channels);
    draw(two, m, channels);
    if (!ok(!flow_between(method, one, two, HEIGHT, WIDTH, channels, flow, &e), "%s %s", what,
            e.text))
        return;
    for (int y = EDGE; y < HEIGHT - EDGE; y++)
        for (int x = EDGE; x < WIDTH - EDGE; x++) {
            double cx = x - WIDTH / 2., cy = y - HEIGHT / 2.;
            double to_x = m.x + cos(m.turn) * cx - sin(m.turn) * cy - cx;
            double to_y = m.y + sin(m.turn) * cx + cos(m.turn) * cy - cy;
            const float *d = flow + 2 * (y * WIDTH + x);
            sum += hypot(d[0] - to_x, d[1] - to_y);
            count++;
        }
    ok(sum / count < most, "%s: mean error of %.4f pixels, at most %g", what, sum / count, most);
}

/* The green of a frame at a place between its pixels, or at the nearest edge. */
static double look(const uint8_t *frame, const struct video *v, double x, double y)
{
    x = fmin(fmax(x, 0), v->width - 1.001);
    y = fmin(fmax(y, 0), v->height - 1.001);
    const double across = x - floor(x), down = y - floor(y);
    const uint8_t *at = frame + ((size_t)y * v->width + (size_t)x) * v->channels + 1;
    const size_t row = (size_t)v->width * v->channels;
    return (1 - down) * ((1 - across) * at[0] + across * at[v->channels]) +
           down * ((1 - across) * at[row] + across * at[row + v->channels]);
}

/* Real frames: each foretold by the next one, moved back, is far nearer than by the next one as it
 * is. */
static void film(enum flow_method method)
{
    char path[4096];
    const char *shared = getenv("SHARED");
    struct video v;
    struct error e = {""};
    snprintf(path, sizeof path, "%s/data/raw-video/CiscoVT2people_320x192_12fps.y4m",
             shared ? shared : "../shared");
    FILE *from = fopen(path, "rb");
    if (!from) {
        skip("no raw video; set SHARED to the folder that holds it");
        return;
    }
    if (!ok(!y4m_open(&v, from, 1 << 20, &e), "a film %s", e.text)) {
        fclose(from);
        return;
    }
    const size_t pixels = (size_t)v.width * v.height;
    uint8_t *frame[2] = {malloc(3 * pixels), malloc(3 * pixels)};
    float *flow = malloc(2 * pixels * sizeof *flow);
    double moved = 0, still = 0;
    bool good = v.channels == 3 && v.read(&v, frame[0], &e) == 1;
    for (int f = 0; good && v.read(&v, frame[~f & 1], &e) == 1; f++) {
        const uint8_t *one = frame[f & 1], *two = frame[~f & 1];
        good = !flow_between(method, one, two, (int)v.height, (int)v.width, 3, flow, &e);
        for (size_t i = 0; good && i < pixels; i++) {
            const double is = one[3 * i + 1];
            const double x = (double)(i % v.width), y = (double)(i / v.width);
            still += pow(is - look(two, &v, x, y), 2);
            moved += pow(is - look(two, &v, x + flow[2 * i], y + flow[2 * i + 1]), 2);
        }
    }
    ok(good && moved < still / 2, "real frames, moved back: %.2f of the squared error %s",
       moved / still, e.text);
    v.close(&v);
    fclose(from);
    free(frame[0]);
    free(frame[1]);
    free(flow);
}

static void as_bytes(void)
{
    const float motion[] = {0, 8, -8, 80, -80, 4, 0.04f};
    uint8_t b[7];
    flow_to_bytes(motion, 7, 8, b);
    ok(b[0] == 128 && b[1] == 255 && b[2] == 1 && b[3] == 255 && b[4] == 1 && b[5] == 192 &&
           b[6] == 129,
       "as bytes: %d %d %d %d %d %d %d", b[0], b[1], b[2], b[3], b[4], b[5], b[6]);
}

static void finds(enum flow_method method, const char *name)
{
    static uint8_t frame[PIXELS], flat[PIXELS];
    static float flow[2 * PIXELS], none[2 * PIXELS];
    struct error e = {""};
    printf("# %s\n", name);
    draw(frame, (struct motion){0, 0, 0}, 1);
    ok(!flow_between(method, frame, frame, HEIGHT, WIDTH, 1, flow, &e) &&
           !memcmp(flow, none, sizeof flow),
       "the same frame twice: nothing moves");
    ok(!flow_between(method, flat, flat, HEIGHT, WIDTH, 1, flow, &e) &&
           !memcmp(flow, none, sizeof flow),
       "nothing to be seen: nothing moves");
    moved(method, "half a pixel", (struct motion){0.5, 0, 0}, 1, 0.05);
    moved(method, "to the right and up", (struct motion){1.3, -0.7, 0}, 1, 0.05);
    moved(method, "to the left and down, in colour", (struct motion){-2.2, 1.6, 0}, 3, 0.05);
    moved(method, "far", (struct motion){5.5, -4, 0}, 1, 0.15);
    moved(method, "a turn", (struct motion){0, 0, 0.06}, 1, 0.2);
    ok(!flow_between(method, frame, frame + 1, 1, 1, 1, flow, &e) &&
           !flow_between(method, frame, frame + 1, 1, 40, 1, flow, &e),
       "a pixel, a row");
    film(method);
}

int main(void)
{
    finds(FARNEBACK, "Farneback");
    finds(LUCAS_KANADE, "Lucas and Kanade");
    as_bytes();
    return tap_done();
}
