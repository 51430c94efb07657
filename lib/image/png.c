#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <png.h>
#include <zlib.h>
#include "base/library.h"
#include "base/memory.h"
#include "image/codec.h"
#include "image/picture.h"

static const char *libpng_version(void)
{
    return png_get_libpng_ver(NULL);
}
LIBRARY(libpng, "libpng", libpng_version);
LIBRARY(zlib, "zlib", zlibVersion);

enum { LEVEL = 6, MOST_SIDE = 1 << 20, MOST_CHUNK_BYTES = 16 << 20, MOST_CHUNKS = 256 };

/* What libpng's callbacks are given. */
struct context {
    const uint8_t *bytes; /* reading */
    size_t size, at;
    struct coded *to; /* writing */
    png_infop info;
    png_bytep *row; /* reading: where each row goes */
    jmp_buf failed;
    struct error *e;
};

static void fail(png_structp png, png_const_charp text)
{
    struct context *c = png_get_error_ptr(png);
    error_set(c->e, "PNG: %s", text);
    longjmp(c->failed, 1);
}

static void ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t count)
{
    struct context *c = png_get_io_ptr(png);
    if (count > c->size - c->at)
        png_error(png, "ends too early");
    memcpy(to, c->bytes + c->at, count);
    c->at += count;
}

static void write_bytes(png_structp png, png_bytep from, size_t count)
{
    struct context *c = png_get_io_ptr(png);
    if (coded_append(c->to, from, count, c->e))
        longjmp(c->failed, 1);
}

static void flush(png_structp png)
{
    (void)png;
}

/* Everything as 8-bit grey or RGB, values as they are stored. */
static void ask_for_bytes(png_structp png, png_infop info)
{
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

int png_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
               struct error *e)
{
    struct context c = {.bytes = bytes, .size = size, .e = e};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &c, fail, ignore);
    if (!png)
        return error_set(e, "PNG: out of memory");
    if (setjmp(c.failed)) {
        png_destroy_read_struct(&png, &c.info, NULL);
        free(c.row);
        free(p->pixels);
        p->pixels = NULL;
        return -1;
    }
    c.info = png_create_info_struct(png);
    if (!c.info)
        png_error(png, "out of memory");
    png_set_read_fn(png, &c, read_bytes);
    png_set_user_limits(png, MOST_SIDE, MOST_SIDE);
    png_set_chunk_malloc_max(png, MOST_CHUNK_BYTES);
    png_set_chunk_cache_max(png, MOST_CHUNKS);
    png_read_info(png, c.info);
    p->height = png_get_image_height(png, c.info);
    p->width = png_get_image_width(png, c.info);
    p->channels = png_get_color_type(png, c.info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
    if (most_bytes) {
        if (picture_allocate(p, most_bytes, e))
            longjmp(c.failed, 1);
        ask_for_bytes(png, c.info);
        size_t stride = (size_t)p->width * p->channels;
        if (png_get_rowbytes(png, c.info) != stride)
            png_error(png, "rows of an unexpected size");
        c.row = calloc(p->height, sizeof *c.row);
        if (!c.row)
            png_error(png, "out of memory");
        for (size_t y = 0; y < p->height; y++)
            c.row[y] = p->pixels + y * stride;
        png_read_image(png, c.row);
        png_read_end(png, NULL);
    }
    free(c.row);
    png_destroy_read_struct(&png, &c.info, NULL);
    return 0;
}

/* What the IDAT chunks of a whole PNG hold. */
static size_t scan_bytes(const struct coded *c)
{
    enum { SIGNATURE = 8, AROUND = 12 }; /* bytes before the chunks, and of a chunk's own */
    size_t scan = 0, length;
    for (size_t at = SIGNATURE; at + AROUND <= c->size; at += AROUND + length) {
        length = png_get_uint_32(c->bytes + at);
        if (!memcmp(c->bytes + at + 4, "IDAT", 4))
            scan += length;
    }
    return scan;
}

int png_encode(struct coded *to, uint32_t height, uint32_t width, uint32_t channels,
               const uint8_t *pixels, struct error *e)
{
    static const int COLOURS[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                  PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    if (!height || !width || height > MOST_SIDE || width > MOST_SIDE || !channels || channels > 4)
        return error_set(e, "cannot write a PNG of %u x %u x %u", height, width, channels);
    struct context c = {.to = to, .e = e};
    to->size = 0;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, fail, ignore);
    if (!png)
        return error_set(e, "PNG: out of memory");
    if (setjmp(c.failed)) {
        png_destroy_write_struct(&png, &c.info);
        return -1;
    }
    c.info = png_create_info_struct(png);
    if (!c.info)
        png_error(png, "out of memory");
    png_set_write_fn(png, &c, write_bytes, flush);
    png_set_IHDR(png, c.info, width, height, 8, COLOURS[channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, LEVEL);
    png_write_info(png, c.info);
    for (size_t y = 0; y < height; y++)
        png_write_row(png, pixels + y * width * channels);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &c.info);
    to->scan = scan_bytes(to);
    return 0;
}

int png_write(struct output *o, uint32_t height, uint32_t width, uint32_t channels,
              const uint8_t *pixels, struct error *e)
{
    struct coded c = {0};
    int failed =
        png_encode(&c, height, width, channels, pixels, e) || output_write(o, c.bytes, c.size, e);
    free(c.bytes);
    return failed ? -1 : 0;
}

/* ---- as a codec: the lossless control ---- */

static void *open_coder(const struct codec_settings *s, struct error *e)
{
    (void)s;
    return array_new(0, 1, "a PNG coder", e); /* it keeps nothing */
}

static int code(void *own, int level, const uint32_t *extent, const uint8_t *pixels,
                struct coded *to, uint8_t *left, struct error *e)
{
    (void)own;
    (void)level;
    if (extent[2] != 1 && extent[2] != 3)
        return error_set(e, "PNG takes 1 or 3 channels, found %u", extent[2]);
    if (png_encode(to, extent[0], extent[1], extent[2], pixels, e))
        return -1;
    return left ? coded_decode(to->bytes, to->size, 3, extent, left, e) : 0;
}

static void describe(const struct codec_settings *s, struct value *to)
{
    (void)s;
    char library[64];
    snprintf(library, sizeof library, "libpng %s, zlib %s", png_get_libpng_ver(NULL),
             zlibVersion());
    value_set_text(to, "library", library);
    value_set_int(to, "compression", LEVEL);
}

const struct codec CODEC_PNG = {
    .name = "png",
    .rank = 3,
    .describe = describe,
    .open = open_coder,
    .code = code,
    .close = free,
};
