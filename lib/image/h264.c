/* H.264 by libx264 in one thread, at a constant rate factor, a stream (Annex B) a clip. What is
 * left is the encoder's own full reconstruction, which is what every decoder makes of the bytes
 * (tests/tools/h264.t sees to it), BT.601 of limited range. Colour is 4:2:0; a clip of an odd side
 * is coded with its last column or row twice. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>
#include "base/library.h"
#include "base/memory.h"
#include "image/codec.h"
#include "image/yuv.h"

enum { MOST_SIDE = 16384 };

struct coder {
    struct codec_settings settings;
    uint8_t *planes; /* of a frame, and of its reconstruction's colour */
    size_t capacity;
};

/* A clip on its way. */
struct clip {
    const uint32_t *extent; /* frames, height, width, channels */
    const uint8_t *pixels;
    uint8_t *left; /* or NULL */
    struct yuv frame, rebuilt;
    x264_t *encoder;
    struct coded *to;
};

static int set_up(x264_param_t *p, const struct codec_settings *s, int level, int height, int width,
                  bool grey, struct error *e)
{
    if (x264_param_default_preset(p, s->preset, s->tune))
        return error_set(e, "x264 has no preset %s with tune %s", s->preset,
                         s->tune ? s->tune : "none");
    p->i_threads = p->i_lookahead_threads = 1;
    p->i_sync_lookahead = 0;
    p->b_deterministic = 1;
    p->b_cpu_independent = 1;
    p->b_full_recon = 1;
    p->b_repeat_headers = p->b_annexb = 1;
    p->i_log_level = X264_LOG_NONE;
    p->i_height = height;
    p->i_width = width;
    p->i_csp = grey ? X264_CSP_I400 : X264_CSP_I420;
    p->b_vfr_input = 0;
    p->i_fps_num = s->rate[0] ? (uint32_t)s->rate[0] : 25;
    p->i_fps_den = s->rate[0] ? (uint32_t)s->rate[1] : 1;
    p->vui.i_colmatrix = 6; /* BT.601 */
    p->rc.i_rc_method = X264_RC_CRF;
    p->rc.f_rf_constant = (float)level;
    return 0;
}

/* ---- one frame in, none or one out ---- */

/* Repeats the last column and the last row of an odd side. */
static void even_out(const struct yuv *f)
{
    uint8_t *luma = f->plane[0];
    for (size_t y = 0; f->width % 2 && y < f->height; y++)
        luma[y * f->stride[0] + f->width] = luma[y * f->stride[0] + f->width - 1];
    if (f->height % 2)
        memcpy(luma + f->height * f->stride[0], luma + (f->height - 1) * f->stride[0],
               f->stride[0]);
}

static void present(const struct clip *c, x264_picture_t *in, uint32_t frame)
{
    const size_t size = (size_t)c->extent[1] * c->extent[2] * c->extent[3];
    yuv_from_rgb(&c->frame, c->pixels + frame * size);
    even_out(&c->frame);
    x264_picture_init(in);
    in->i_pts = frame;
    in->img.i_csp = c->frame.across ? X264_CSP_I420 : X264_CSP_I400;
    in->img.i_plane = c->frame.across ? 3 : 1;
    for (int p = 0; p < in->img.i_plane; p++) {
        in->img.plane[p] = c->frame.plane[p];
        in->img.i_stride[p] = (int)c->frame.stride[p];
    }
}

/* Two planes of samples that lie in turn. */
static void part(const uint8_t *from, size_t samples, uint8_t *restrict u, uint8_t *restrict v)
{
    for (size_t x = 0; x < samples; x++) {
        u[x] = from[2 * x];
        v[x] = from[2 * x + 1];
    }
}

/* The reconstruction, whose two colours lie in turn, to its place among the pixels. */
static void rebuild(struct clip *c, const x264_picture_t *out)
{
    struct yuv *f = &c->rebuilt;
    const size_t rows = f->across ? yuv_rows(f, 1) : 0, columns = yuv_columns(f, 1);
    f->plane[0] = out->img.plane[0];
    f->stride[0] = (size_t)out->img.i_stride[0];
    for (size_t y = 0; y < rows; y++)
        part(out->img.plane[1] + y * (size_t)out->img.i_stride[1], columns,
             f->plane[1] + y * f->stride[1], f->plane[2] + y * f->stride[2]);
    yuv_to_rgb(f, c->left + (size_t)out->i_pts * c->extent[1] * c->extent[2] * c->extent[3]);
}

static int step(struct clip *c, x264_picture_t *in, struct error *e)
{
    x264_picture_t out;
    x264_nal_t *unit;
    int units, size = x264_encoder_encode(c->encoder, &unit, &units, in, &out);
    if (size < 0)
        return error_set(e, "x264 failed");
    if (!size)
        return 0;
    if (coded_append(c->to, unit[0].p_payload, (size_t)size, e))
        return -1;
    for (int i = 0; i < units; i++)
        if (unit[i].i_type >= NAL_SLICE && unit[i].i_type <= NAL_SLICE_IDR)
            c->to->scan += (size_t)unit[i].i_payload;
    if (c->left)
        rebuild(c, &out);
    return 0;
}

/* ---- a clip ---- */

/* Rooms for the frame, of even sides, and for the colour of the reconstruction. */
static int lay_out(struct coder *c, struct clip *k, struct error *e)
{
    const bool grey = k->extent[3] == 1;
    const size_t height = k->extent[1] + k->extent[1] % 2, width = k->extent[2] + k->extent[2] % 2;
    const size_t luma = height * width, colour = luma / 4;
    if (array_grow((void **)&c->planes, &c->capacity, luma + 4 * colour, 1, "a frame", e))
        return -1;
    k->frame = (struct yuv){.height = k->extent[1],
                            .width = k->extent[2],
                            .across = grey ? 0 : 2,
                            .down = grey ? 0 : 2,
                            .plane = {c->planes, c->planes + luma, c->planes + luma + colour},
                            .stride = {width, width / 2, width / 2}};
    k->rebuilt = k->frame;
    for (int p = 1; p < 3; p++)
        k->rebuilt.plane[p] += 2 * colour;
    return 0;
}

static int code(void *own, int level, const uint32_t *extent, const uint8_t *pixels,
                struct coded *to, uint8_t *left, struct error *e)
{
    struct coder *c = own;
    struct clip k = {.extent = extent, .pixels = pixels, .left = left, .to = to};
    x264_param_t p;
    x264_picture_t in;
    if ((extent[3] != 1 && extent[3] != 3) || extent[1] > MOST_SIDE || extent[2] > MOST_SIDE)
        return error_set(e, "H.264 takes 1 or 3 channels and sides to %d, found %u x %u x %u",
                         MOST_SIDE, extent[1], extent[2], extent[3]);
    to->size = to->scan = 0;
    if (lay_out(c, &k, e) || set_up(&p, &c->settings, level, (int)(extent[1] + extent[1] % 2),
                                    (int)(extent[2] + extent[2] % 2), extent[3] == 1, e))
        return -1;
    k.encoder = x264_encoder_open(&p);
    if (!k.encoder)
        return error_set(e, "x264 takes no clip of %u x %u", extent[1], extent[2]);
    int failed = 0;
    for (uint32_t f = 0; f < extent[0] && !failed; f++) {
        present(&k, &in, f);
        failed = step(&k, &in, e);
    }
    while (!failed && x264_encoder_delayed_frames(k.encoder))
        failed = step(&k, NULL, e);
    x264_encoder_close(k.encoder);
    return failed;
}

static void *open_coder(const struct codec_settings *s, struct error *e)
{
    struct coder *c = array_new(1, sizeof *c, "an H.264 coder", e);
    if (c)
        c->settings = *s;
    return c;
}

static void close_coder(void *own)
{
    struct coder *c = own;
    if (c)
        free(c->planes);
    free(c);
}

/* What follows `before` in x264's own words, that it puts into the headers of a stream: "x264 -
 * core 164 r3095 baee400 - H.264/MPEG-4 AVC codec - ... - options: cabac=1 ..."; false where memory
 * is out. */
static bool tell(const struct codec_settings *s, const char *before, char *text, size_t size)
{
    struct error e;
    x264_param_t p;
    x264_nal_t *unit;
    int units;
    x264_t *encoder =
        set_up(&p, s, CODEC_H264.reference, 64, 64, false, &e) ? NULL : x264_encoder_open(&p);
    int bytes = encoder ? x264_encoder_headers(encoder, &unit, &units) : 0;
    const char *at =
        bytes > 0 ? memmem(unit[0].p_payload, (size_t)bytes, before, strlen(before)) : NULL;
    if (at)
        snprintf(text, size, "%s", at + strlen(before)); /* x264 ends it by a NUL */
    if (encoder)
        x264_encoder_close(encoder);
    return at != NULL;
}

/* All that x264 was told but the level; NULL where memory is out. */
static struct value *options_value(const struct codec_settings *s)
{
    static const char level[] = " crf=23.0";
    char text[1024];
    if (!tell(s, "options: ", text, sizeof text))
        return NULL;
    char *cut = strstr(text, level);
    if (cut)
        memmove(cut, cut + strlen(level), strlen(cut + strlen(level)) + 1);
    return value_text(text);
}

static const char *x264_version(void)
{
    static char text[64]; /* "164 r3095 baee400" */
    if (!tell(&(struct codec_settings){.preset = "medium"}, "core ", text, sizeof text))
        return NULL;
    char *end = strstr(text, " - ");
    if (end)
        *end = 0;
    return text;
}
LIBRARY(x264, "x264", x264_version);

static void describe(const struct codec_settings *s, struct value *to)
{
    value_set_text(to, "library", "x264 " X264_POINTVER);
    value_set_text(to, "preset", s->preset);
    if (s->tune)
        value_set_text(to, "tune", s->tune);
    value_set_text(to, "chroma", "420");
    value_set(to, "options", options_value(s));
}

const struct codec CODEC_H264 = {
    .name = "h264",
    .rank = 4,
    .least = 1, /* 0 is another mode, without loss */
    .most = 51,
    .reference = 23,
    .describe = describe,
    .open = open_coder,
    .code = code,
    .close = close_coder,
};
