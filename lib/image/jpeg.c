/* JPEG by libjpeg-turbo, with the slow-integer transform: equal pixels on every processor. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include <jerror.h>
#include "image/picture.h"

enum { MOST_SCANS = 200, MOST_LIBRARY_BYTES = 256 << 20 };

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    struct error *e;
};

static void fail(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    d->errors.format_message(jpeg, text);
    error_set(d->e, "JPEG: %s", text);
    longjmp(d->failed, 1);
}

/* Warnings are of damage that libjpeg papers over, but for these two, which cost no pixel. */
static void heed(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM)
        fail(jpeg);
}

/* A small file may hold thousands of progressive scans over a large picture. */
static void watch(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number <= MOST_SCANS)
        return;
    error_set(d->e, "JPEG: more than %d scans", MOST_SCANS);
    longjmp(d->failed, 1);
}

static void read_rows(struct decoder *d, struct picture *p)
{
    size_t row = (size_t)p->width * p->channels;
    jpeg_start_decompress(&d->jpeg);
    while (d->jpeg.output_scanline < d->jpeg.output_height) {
        JSAMPROW to = p->pixels + d->jpeg.output_scanline * row;
        jpeg_read_scanlines(&d->jpeg, &to, 1);
    }
    jpeg_finish_decompress(&d->jpeg);
}

int jpeg_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
                struct error *e)
{
    struct decoder d = {.e = e};
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.jpeg.client_data = &d;
    d.errors.error_exit = fail;
    d.errors.emit_message = heed;
    d.progress.progress_monitor = watch;
    if (setjmp(d.failed)) {
        jpeg_destroy_decompress(&d.jpeg);
        free(p->pixels);
        p->pixels = NULL;
        return -1;
    }
    jpeg_create_decompress(&d.jpeg);
    d.jpeg.progress = &d.progress;
    d.jpeg.mem->max_memory_to_use = MOST_LIBRARY_BYTES;
    jpeg_mem_src(&d.jpeg, bytes, size);
    jpeg_read_header(&d.jpeg, TRUE);
    p->height = d.jpeg.image_height;
    p->width = d.jpeg.image_width;
    bool grey = d.jpeg.jpeg_color_space == JCS_GRAYSCALE;
    p->channels = grey ? 1 : 3;
    if (most_bytes) {
        if (picture_allocate(p, most_bytes, e))
            longjmp(d.failed, 1);
        d.jpeg.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
        d.jpeg.dct_method = JDCT_ISLOW;
        read_rows(&d, p);
    }
    jpeg_destroy_decompress(&d.jpeg);
    return 0;
}
