/* jpeg QUALITY THREADS: what libjpeg alone makes of Fashion-MNIST's training images, coded and
 * decoded one by one in memory, its structs kept: images/s. What compress is measured by. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include "base/program.h"
#include "image/dataset.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, ROOM = 1 << 14 };

static void fail(const struct error *e)
{
    fprintf(stderr, "%s\n", e->text);
    exit(1);
}

static uint8_t *read_images(size_t *count)
{
    struct error e;
    struct dataset d;
    struct image image;
    const struct dataset_request q = {.split = "train", .most_bytes = PIXELS};
    if (dataset_open(&d, format_find("fashion-mnist"), &q, &e))
        fail(&e);
    uint8_t *pixels = malloc((size_t)d.rows * PIXELS);
    for (*count = 0; dataset_next(&d, &image, &e) == 1; ++*count)
        memcpy(pixels + *count * PIXELS, image.pixels, PIXELS);
    dataset_close(&d);
    return pixels;
}

struct coder {
    struct jpeg_compress_struct to;
    struct jpeg_decompress_struct from;
    struct jpeg_error_mgr errors;
    unsigned char room[ROOM];
};

static void begin(struct coder *c, int quality)
{
    c->to.err = c->from.err = jpeg_std_error(&c->errors);
    jpeg_create_compress(&c->to);
    jpeg_create_decompress(&c->from);
    c->to.image_width = c->to.image_height = SIDE;
    c->to.input_components = 1;
    c->to.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&c->to);
    jpeg_set_quality(&c->to, quality, TRUE);
    c->to.dct_method = JDCT_ISLOW;
}

static void code(struct coder *c, uint8_t *pixels)
{
    JSAMPROW row[SIDE];
    unsigned char *bytes = c->room;
    unsigned long size = ROOM;
    for (int y = 0; y < SIDE; y++)
        row[y] = pixels + y * SIDE;
    jpeg_mem_dest(&c->to, &bytes, &size);
    jpeg_start_compress(&c->to, TRUE);
    jpeg_write_scanlines(&c->to, row, SIDE);
    jpeg_finish_compress(&c->to);
    jpeg_mem_src(&c->from, bytes, size);
    jpeg_read_header(&c->from, TRUE);
    c->from.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&c->from);
    while (c->from.output_scanline < SIDE)
        jpeg_read_scanlines(&c->from, row + c->from.output_scanline,
                            SIDE - c->from.output_scanline);
    jpeg_finish_decompress(&c->from);
}

int main(int argc, char **argv)
{
    size_t count;
    if (argc != 3)
        return 2;
    omp_set_num_threads(atoi(argv[2]));
    uint8_t *pixels = read_images(&count);
    double began = clock_seconds();
#pragma omp parallel
    {
        struct coder c;
        begin(&c, atoi(argv[1]));
#pragma omp for schedule(dynamic, 64)
        for (size_t i = 0; i < count; i++)
            code(&c, pixels + i * PIXELS);
        jpeg_destroy_compress(&c.to);
        jpeg_destroy_decompress(&c.from);
    }
    printf("%.0f images/s\n", (double)count / (clock_seconds() - began));
    free(pixels);
    return 0;
}
