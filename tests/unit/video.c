/* Video frames to RGB and back; YUV4MPEG2, good and hostile. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "image/video.h"
#include "image/yuv.h"
#include "tap.h"

enum { MOST = 1 << 20 };

/* ---- frames and RGB ---- */

/* The exact R, G and B of a sample of limited range, by the definition of the matrix. */
static void exact_rgb(const uint8_t yuv[3], bool bt709, double rgb[3])
{
    double r = bt709 ? 0.2126 : 0.299, b = bt709 ? 0.0722 : 0.114;
    double y = (yuv[0] - 16) / 219., pb = (yuv[1] - 128) / 224., pr = (yuv[2] - 128) / 224.;
    rgb[0] = 255 * (y + 2 * (1 - r) * pr);
    rgb[2] = 255 * (y + 2 * (1 - b) * pb);
    rgb[1] = (255 * y - r * rgb[0] - b * rgb[2]) / (1 - r - b);
}

static void test_every_sample(bool bt709)
{
    size_t within = 0, back = 0;
    double worst = 0;
    for (int i = 0; i < 256 * 256 * 256; i += 1) {
        uint8_t in[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}, out[3], rgb[3];
        double exact[3];
        if (i % 3) /* a third of them, of all kinds */
            continue;
        exact_rgb(in, bt709, exact);
        bool inside = true;
        for (int c = 0; c < 3; c++)
            inside = inside && exact[c] > -0.5 && exact[c] < 255.5;
        struct yuv f = {.height = 1, .width = 1, .across = 1, .down = 1, .bt709 = bt709};
        for (int p = 0; p < 3; p++) {
            f.plane[p] = &in[p];
            f.stride[p] = 1;
        }
        yuv_to_rgb(&f, rgb);
        for (int c = 0; c < 3; c++)
            worst = fmax(worst, fabs(rgb[c] - fmin(fmax(exact[c], 0), 255)));
        for (int p = 0; p < 3; p++)
            f.plane[p] = &out[p];
        yuv_from_rgb(&f, rgb);
        within += inside;
        back += inside && !memcmp(in, out, 3);
    }
    const char *name = bt709 ? "BT.709" : "BT.601";
    ok(worst < 0.51, "%s: RGB is the exact value rounded (off by %.4f at most)", name, worst);
    ok(within > 700000 && back == within, "%s: %zu samples within RGB's range go there and back",
       name, within);
}

/* Random frames that a colour sample serves whole blocks of, of any size. */
static void test_blocks(void)
{
    static const int STEPS[][2] = {{2, 2}, {2, 1}, {1, 1}, {0, 0}};
    bool good = true;
    for (uint32_t h = 1; h <= 9; h++)
        for (uint32_t w = 1; w <= 9; w++)
            for (int s = 0; s < 4; s++) {
                uint8_t in[3][81], out[3][81], rgb[243];
                struct yuv f = {
                    .height = h, .width = w, .across = STEPS[s][0], .down = STEPS[s][1]};
                for (int p = 0; p < 3; p++) {
                    f.stride[p] = yuv_columns(&f, p);
                    f.plane[p] = in[p];
                    for (size_t i = 0; i < 81; i++)
                        in[p][i] = (uint8_t)(p ? 118 + (i * 7 + h) % 20 : 70 + (i * 13 + w) % 100);
                }
                yuv_to_rgb(&f, rgb);
                for (int p = 0; p < 3; p++)
                    f.plane[p] = out[p];
                yuv_from_rgb(&f, rgb);
                for (int p = 0; p < (f.across ? 3 : 1); p++)
                    good = good && !memcmp(in[p], out[p], yuv_rows(&f, p) * f.stride[p]);
            }
    ok(good, "4:2:0, 4:2:2, 4:4:4 and grey of 1x1 to 9x9 go to RGB and back");
}

static void test_full_range(void)
{
    bool good = true;
    for (int v = 0; v < 256; v++) {
        uint8_t y = (uint8_t)v, grey;
        struct yuv f = {.height = 1, .width = 1, .full = true, .plane = {&y}, .stride = {1}};
        yuv_to_rgb(&f, &grey);
        good = good && grey == v;
        yuv_from_rgb(&f, &grey);
        good = good && y == v;
    }
    ok(good, "grey of full range is itself");
}

/* ---- files ---- */

/* Reads all frames: how many, or -1. */
static int read_all(const void *bytes, size_t size, struct video *v, struct error *e)
{
    FILE *from = fmemopen((void *)bytes, size, "rb");
    int frames = -1, got;
    if (!y4m_open(v, from, MOST, e)) {
        uint8_t *pixels = malloc((size_t)v->height * v->width * v->channels);
        for (frames = 0; (got = v->read(v, pixels, e)) == 1; frames++)
            ;
        if (got < 0)
            frames = -1;
        v->close(v);
        free(pixels);
    }
    fclose(from);
    return frames;
}

static int read_text(const char *text, struct video *v, struct error *e)
{
    return read_all(text, strlen(text), v, e);
}

static void test_files(void)
{
    struct error e;
    struct video v;
    ok(read_text("YUV4MPEG2 W2 H2 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG\n"
                 "FRAME\nabcdef"
                 "FRAME Ip\nabcdef",
                 &v, &e) == 2 &&
           v.height == 2 && v.width == 2 && v.channels == 3 && v.rate[0] == 30000 &&
           v.rate[1] == 1001,
       "two frames of 2x2, their rate");
    ok(read_text("YUV4MPEG2 H3 W1 Cmono\nFRAME\nabc", &v, &e) == 1 && v.channels == 1 && !v.rate[0],
       "grey, no rate");
    ok(read_text("YUV4MPEG2 W3 H3\nFRAME\n123456789abcdABCD", &v, &e) == 1, "4:2:0 of an odd size");
    ok(read_text("YUV4MPEG2 W3 H2 C422\nFRAME\n123456abcdABCD", &v, &e) == 1, "4:2:2");
    ok(read_text("YUV4MPEG2 W1 H1 C444 F0:0\n", &v, &e) == 0, "no frames");
    ok(read_text("YUV4MPEG2 W1 H1 Cmono XCOLORRANGE=FULL XCOLORRANGE=LIMITED\nFRAME\na", &v, &e) ==
           1,
       "full range stays");
    static const char *const BAD[] = {
        "",
        "YUV4MPEG2",
        "YUV4MPEG2 W2 H2",
        "YUV4MPEG W2 H2\n",
        "YUV4MPEG2W2 H2\n",
        "YUV4MPEG2 W2\n",
        "YUV4MPEG2 W0 H2\n",
        "YUV4MPEG2 W-1 H2\n",
        "YUV4MPEG2 W2x H2\n",
        "YUV4MPEG2 W70000 H2\n",
        "YUV4MPEG2 W99999999999999999999999 H2\n",
        "YUV4MPEG2 W65535 H65535\n",
        "YUV4MPEG2 W2 H2 C420p10\n",
        "YUV4MPEG2 W2 H2 C\n",
        "YUV4MPEG2 W2 H2 It\n",
        "YUV4MPEG2 W2 H2 F30\n",
        "YUV4MPEG2 W2 H2\nFRAME\nabcde",
        "YUV4MPEG2 W2 H2\nFRAME\nabcdefF",
        "YUV4MPEG2 W2 H2\nFRAMES\nabcdef",
        "YUV4MPEG2 W2 H2\nabcdef",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        ok(read_text(BAD[i], &v, &e) == -1, "refused: %s", e.text);
    char longest[4000];
    memset(longest, 'X', sizeof longest);
    memcpy(longest, "YUV4MPEG2 W2 H2 ", 16);
    ok(read_all(longest, sizeof longest, &v, &e) == -1, "a line without an end: %s", e.text);
}

/* A file that cannot be read beyond its first bytes. */
struct torn {
    const char *text;
    size_t whole, at;
};

static ssize_t read_torn(void *from, char *to, size_t size)
{
    struct torn *t = from;
    if (t->at == t->whole) {
        errno = EIO;
        return -1;
    }
    size = size < t->whole - t->at ? size : t->whole - t->at;
    memcpy(to, t->text + t->at, size);
    t->at += size;
    return (ssize_t)size;
}

static void test_torn(void)
{
    static const char text[] = "YUV4MPEG2 W2 H2 Cmono\nFRAME\nabcdFRAME\nabcd";
    static const size_t whole[] = {22, 25, 30}; /* behind a line, within one, within a frame */
    for (int i = 0; i < 3; i++) {
        struct torn t = {text, whole[i], 0};
        struct error e = {""};
        struct video v;
        uint8_t pixels[4];
        FILE *from = fopencookie(&t, "r", (cookie_io_functions_t){.read = read_torn});
        setbuf(from, NULL);
        ok(!y4m_open(&v, from, MOST, &e) && v.read(&v, pixels, &e) == -1 &&
               strstr(e.text, "cannot read"),
           "torn after %zu bytes: %s", whole[i], e.text);
        v.close(&v);
        fclose(from);
    }
}

static void test_rate(void)
{
    static const struct {
        const char *meta;
        int64_t rate[2];
    } of[] = {
        {"{\"rate\": [30000, 1001]}", {30000, 1001}},
        {"{\"rate\": [1000000000, 1]}", {1000000000, 1}},
        {"{}", {0, 0}},
        {"{\"rate\": 25}", {0, 0}},
        {"{\"rate\": [25]}", {0, 0}},
        {"{\"rate\": [25, \"1\"]}", {0, 0}},
        {"{\"rate\": [0, 1]}", {0, 0}},
        {"{\"rate\": [25, 1000000001]}", {0, 0}},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct error e;
        int64_t rate[2];
        struct value *meta = value_parse_json(of[i].meta, strlen(of[i].meta), &e);
        video_rate(meta, rate);
        ok(rate[0] == of[i].rate[0] && rate[1] == of[i].rate[1], "%s: %lld:%lld", of[i].meta,
           (long long)rate[0], (long long)rate[1]);
        value_free(meta);
    }
}

static void test_write(void)
{
    struct error e;
    struct video v;
    struct output o;
    char path[] = "/tmp/winnow-video-XXXXXX";
    uint8_t pixels[3 * 5 * 3], back[sizeof pixels];
    memset(pixels, 77, sizeof pixels);
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        close(mkstemp(path));
        bool good = !output_open(&o, path, &e) &&
                    !y4m_write_header(&o, 5, 3, channels, (int64_t[]){25, 1}, &e) &&
                    !y4m_write_frame(&o, 5, 3, channels, pixels, &e) && !output_commit(&o, &e);
        FILE *from = fopen(path, "rb");
        good = good && !y4m_open(&v, from, MOST, &e) && v.channels == channels && v.rate[0] == 25 &&
               v.read(&v, back, &e) == 1 && !memcmp(pixels, back, 15 * channels) &&
               v.read(&v, back, &e) == 0;
        ok(good, "written and read: %u channels", channels);
        v.close(&v);
        fclose(from);
        unlink(path);
        strcpy(path, "/tmp/winnow-video-XXXXXX");
    }
}

int main(void)
{
    test_every_sample(false);
    test_every_sample(true);
    test_blocks();
    test_full_range();
    test_files();
    test_torn();
    test_rate();
    test_write();
    return tap_done();
}
