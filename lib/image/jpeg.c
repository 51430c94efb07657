/* JPEG by libjpeg-turbo, with the slow-integer transform: equal pixels on every processor. Coding
 * is baseline, with the standard Huffman tables or a picture's own, and quality by the library's scale of Annex K's
 * quantisation tables. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>
#include "base/library.h"
#include "base/memory.h"
#include "image/codec.h"
#include "image/picture.h"

enum { MOST_SCANS = 200, MOST_LIBRARY_BYTES = 256 << 20 };

/* Where libjpeg's callbacks go on an error; both of its structs have it as client_data. */
struct guard {
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    struct error *e;
};

static void fail(j_common_ptr jpeg)
{
    struct guard *g = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    g->errors.format_message(jpeg, text);
    error_set(g->e, "JPEG: %s", text);
    longjmp(g->failed, 1);
}

/* Warnings are of damage that libjpeg papers over, but for these two, which cost no pixel. */
static void heed(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM)
        fail(jpeg);
}

static struct jpeg_error_mgr *guard_init(struct guard *g)
{
    jpeg_std_error(&g->errors);
    g->errors.error_exit = fail;
    g->errors.emit_message = heed;
    return &g->errors;
}

/* ---- decoding ---- */

/* A small file may hold thousands of progressive scans over a large picture. */
static void watch(j_common_ptr jpeg)
{
    struct guard *g = jpeg->client_data;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= MOST_SCANS)
        return;
    error_set(g->e, "JPEG: more than %d scans", MOST_SCANS);
    longjmp(g->failed, 1);
}

static void read_header(struct jpeg_decompress_struct *j, struct picture *p, const uint8_t *bytes,
                        size_t size)
{
    jpeg_mem_src(j, bytes, size);
    jpeg_read_header(j, TRUE);
    p->height = j->image_height;
    p->width = j->image_width;
    p->channels = j->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
}

enum { ROWS = 16 }; /* that are handed over at once */

/* Points to the picture's rows from `first` on, as many as there are and room is for. */
static JDIMENSION point_to_rows(const struct picture *p, JDIMENSION first, JSAMPROW row[ROWS])
{
    const size_t stride = (size_t)p->width * p->channels;
    const JDIMENSION rows = p->height - first < ROWS ? p->height - first : ROWS;
    for (JDIMENSION i = 0; i < rows; i++)
        row[i] = p->pixels + (first + i) * stride;
    return rows;
}

/* The library gives one or two rows a call, however many are asked for. */
static void read_rows(struct jpeg_decompress_struct *j, const struct picture *p)
{
    JSAMPROW row[ROWS];
    j->out_color_space = p->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    j->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        const JDIMENSION rows = point_to_rows(p, j->output_scanline, row);
        for (JDIMENSION i = 0; i < rows;)
            i += jpeg_read_scanlines(j, row + i, rows - i);
    }
    jpeg_finish_decompress(j);
}

int jpeg_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
                struct error *e)
{
    struct jpeg_decompress_struct j = {0};
    struct jpeg_progress_mgr progress = {.progress_monitor = watch};
    struct guard g = {.e = e};
    j.err = guard_init(&g);
    j.client_data = &g;
    if (setjmp(g.failed)) {
        jpeg_destroy_decompress(&j);
        free(p->pixels);
        p->pixels = NULL;
        return -1;
    }
    jpeg_create_decompress(&j);
    j.progress = &progress;
    j.mem->max_memory_to_use = MOST_LIBRARY_BYTES;
    read_header(&j, p, bytes, size);
    if (most_bytes) {
        if (picture_allocate(p, most_bytes, e))
            longjmp(g.failed, 1);
        read_rows(&j, p);
    }
    jpeg_destroy_decompress(&j);
    return 0;
}

/* ---- coding: both of the library's structs are kept from picture to picture ---- */

struct coder {
    struct jpeg_compress_struct to;
    struct jpeg_decompress_struct from;
    struct jpeg_destination_mgr destination;
    struct guard guard;
    struct coded *coded; /* where the bytes go */
    int across, down;    /* samples of brightness for one of colour */
    bool optimize;       /* tables of each picture's own */
    int level, channels; /* what `to` is set up for; 0: nothing yet */
    size_t tables;       /* bytes of those that `from` has got from a file of that; 0: none yet */
};

/* All the room that there is. */
static void offer_room(j_compress_ptr j)
{
    struct coder *c = (struct coder *)j; /* its first member */
    c->destination.next_output_byte = c->coded->bytes + c->coded->size;
    c->destination.free_in_buffer = c->coded->capacity - c->coded->size;
}

static boolean grow(j_compress_ptr j)
{
    struct coder *c = (struct coder *)j;
    c->coded->size = c->coded->capacity; /* the library has filled it */
    if (coded_append(c->coded, NULL, 1, c->guard.e))
        longjmp(c->guard.failed, 1);
    offer_room(j);
    return TRUE;
}

static void begin(j_compress_ptr j)
{
    struct coder *c = (struct coder *)j;
    c->coded->size = 0;
    if (coded_append(c->coded, NULL, 4096, c->guard.e))
        longjmp(c->guard.failed, 1);
    offer_room(j);
}

static void end(j_compress_ptr j)
{
    struct coder *c = (struct coder *)j;
    c->coded->size = c->coded->capacity - c->destination.free_in_buffer;
}

static void close_coder(void *own)
{
    struct coder *c = own;
    if (!c)
        return;
    jpeg_destroy_compress(&c->to);
    jpeg_destroy_decompress(&c->from);
    free(c);
}

static void *open_coder(const struct codec_settings *s, struct error *e)
{
    struct coder *c = array_new(1, sizeof *c, "a JPEG coder", e);
    if (!c)
        return NULL;
    c->guard.e = e;
    c->to.err = c->from.err = guard_init(&c->guard);
    c->to.client_data = c->from.client_data = &c->guard;
    if (setjmp(c->guard.failed)) {
        close_coder(c);
        return NULL;
    }
    jpeg_create_compress(&c->to);
    jpeg_create_decompress(&c->from);
    c->destination = (struct jpeg_destination_mgr){
        .init_destination = begin, .empty_output_buffer = grow, .term_destination = end};
    c->to.dest = &c->destination;
    c->across = strcmp(s->chroma, "444") ? 2 : 1;
    c->down = strcmp(s->chroma, "420") ? 1 : 2;
    c->optimize = s->optimize;
    c->guard.e = NULL; /* each picture has its own */
    return c;
}

static void set_up(struct coder *c, int level, int channels)
{
    struct jpeg_compress_struct *j = &c->to;
    if (level == c->level && channels == c->channels)
        return;
    c->level = 0;
    j->input_components = channels;
    j->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(j);
    jpeg_set_quality(j, level, TRUE);
    j->dct_method = JDCT_ISLOW;
    j->optimize_coding = c->optimize;
    if (channels == 3) {
        j->comp_info[0].h_samp_factor = c->across;
        j->comp_info[0].v_samp_factor = c->down;
    }
    c->level = level;
    c->channels = channels;
    c->tables = 0;
}

static void write_rows(struct jpeg_compress_struct *j, const struct picture *p, bool tables)
{
    JSAMPROW row[ROWS];
    j->image_height = p->height;
    j->image_width = p->width;
    jpeg_start_compress(j, tables);
    while (j->next_scanline < j->image_height)
        jpeg_write_scanlines(j, row, point_to_rows(p, j->next_scanline, row));
    jpeg_finish_compress(j);
}

/* Tells of what we have written the one scan, behind the header that begins it and before the end
 * marker; returns the bytes of its tables. */
static size_t measure(struct coded *c)
{
    enum { MARKER = 2, HUFFMAN = 0xc4, QUANTISATION = 0xdb, START_OF_SCAN = 0xda };
    size_t at = MARKER, tables = 0;
    for (int kind = 0; kind != START_OF_SCAN;) {
        size_t size = MARKER + (size_t)(c->bytes[at + 2] << 8) + c->bytes[at + 3];
        kind = c->bytes[at + 1];
        tables += kind == HUFFMAN || kind == QUANTISATION ? size : 0;
        at += size;
    }
    c->scan = c->size - at - MARKER;
    return tables;
}

/* Files of small pictures are tables for the most part, the same in all of a level. Where it is but
 * pixels that are asked for, both structs keep them, and only the first file has any. */
static int code(void *own, int level, const uint32_t *extent, const uint8_t *pixels,
                struct coded *to, uint8_t *left, struct error *e)
{
    struct coder *c = own;
    struct picture p = {extent[0], extent[1], extent[2], (uint8_t *)pixels};
    if (p.channels != 1 && p.channels != 3)
        return error_set(e, "JPEG takes 1 or 3 channels, found %u", p.channels);
    c->guard.e = e;
    c->coded = to;
    if (setjmp(c->guard.failed)) {
        jpeg_abort_compress(&c->to);
        jpeg_abort_decompress(&c->from);
        c->tables = 0;
        return -1;
    }
    set_up(c, level, (int)p.channels);
    const bool whole = !left || !c->tables || c->optimize;
    write_rows(&c->to, &p, whole);
    const size_t tables = measure(to);
    if (left) {
        p.pixels = left;
        read_header(&c->from, &p, to->bytes, to->size);
        read_rows(&c->from, &p);
    }
    if (left && whole)
        c->tables = tables;
    else if (left)
        to->size += c->tables;
    return 0;
}

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

/* What we were compiled with: the library has no call that tells. */
static const char *jpeg_version(void)
{
    return TEXT_OF(LIBJPEG_TURBO_VERSION);
}
LIBRARY(jpeg, "libjpeg-turbo", jpeg_version);

static void describe(const struct codec_settings *s, struct value *to)
{
    value_set_text(to, "library", "libjpeg-turbo " TEXT_OF(LIBJPEG_TURBO_VERSION));
    value_set_text(to, "chroma", s->chroma);
    value_set_text(to, "upsampling", "fancy");
    value_set_text(to, "dct", "slow integer");
    value_set_text(to, "huffman", s->optimize ? "a picture's own tables" : "standard tables");
}

const struct codec CODEC_JPEG = {
    .name = "jpeg",
    .rank = 3,
    .least = 1,
    .most = 100,
    .reference = 95,
    .describe = describe,
    .open = open_coder,
    .code = code,
    .close = close_coder,
};
