/* A contact sheet of a samples stream. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "rows/gallery.h"
#include "stream/stage.h"

static int64_t columns = 16, scale = 2, most = -1, gap = 4, background = 24;
static bool by_class;
static const char *field = "image", *pairs_path, *pairs_field;

static const struct option options[] = {
    {"columns", 'c', OPTION_INT, &columns, "N", "images a row", 1, 4096, NULL},
    {"most", 'n', OPTION_INT, &most, "N", "show at most N images (256; 65536 with --by-class)", 1,
     65536, NULL},
    {"scale", 's', OPTION_INT, &scale, "N", "pixels of the sheet a pixel of an image", 1, 64, NULL},
    {"gap", 0, OPTION_INT, &gap, "N", "pixels between images", 0, 256, NULL},
    {"background", 0, OPTION_INT, &background, "GREY", "brightness between images", 0, 255, NULL},
    {"by-class", 0, OPTION_FLAG, &by_class, NULL,
     "a row for each class, with the first images of it that fit", 0, 0, NULL},
    {"pairs", 0, OPTION_FILE, &pairs_path, "FILE",
     "second samples stream: below each image the one of the same id there", 0, 0, NULL},
    {"field", 0, OPTION_TEXT, &field, "NAME",
     "what is drawn, an image or numbers from 0 to 1 (depth, prediction), black to white", 0, 0,
     NULL},
    {"pairs-field", 0, OPTION_TEXT, &pairs_field, "NAME",
     "what is drawn of --pairs; by default the same", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "mosaic",
    .summary = "draw a contact sheet of images",
    .operands = "[STREAM]",
    .most_operands = 1,
    .description =
        "Writes a PNG to standard output or to the file of -o: the stream's first images in "
        "rows, in their order, or a row a class. Images of different sizes are centred in "
        "places as large as the largest. The stream is read to its end.",
    .examples = "load fashion-mnist test | mosaic --by-class -o classes.png\n"
                "# originals above their reconstructions\n"
                "decode-latent --weights encoder <latents | mosaic --pairs - -o sheet.png pool\n"
                "# depths above what a network makes of them\n"
                "mosaic --field depth --pairs predictions --pairs-field prediction -o d.png test",
    .see_also = "decode-latent load pick",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_STREAM,
};

static int read_images(struct gallery *g, const struct call *c, const char *path, struct error *e)
{
    struct stream_reader *r = stage_open(c, path, e);
    int failed = r ? gallery_gather(g, r, e) : -1;
    stream_close(r);
    if (failed || !g->paired)
        return failed;
    r = stage_open(c, pairs_path, e);
    failed = r ? gallery_pair(g, r, e) : -1;
    stream_close(r);
    return failed;
}

static int draw(struct gallery *g, struct sheet *s, struct picture *p, const char *path,
                size_t most_bytes, struct error *e)
{
    if (gallery_lay_out(g, s, e) || sheet_draw(s, p, most_bytes, e))
        return error_wrap(e, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
    return 0;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct output o;
    struct picture p;
    program_begin(&program, argc, argv, &call);
    if (most < 0)
        most = by_class ? 65536 : 256;
    const char *path = call.argc ? call.argv[0] : "-";
    program_forbid(&call, !pairs_path, "goes with --pairs", "pairs-field");
    program_check_inputs(&call, (const char *[]){path, pairs_path ? pairs_path : "", NULL});
    if (output_refuse_terminal(call.output, "a PNG", &e))
        program_fail(&call, &e);

    struct gallery g = {.columns = (size_t)columns,
                        .most = (size_t)most,
                        .most_bytes = call.most_tensor_bytes,
                        .by_class = by_class,
                        .paired = pairs_path != NULL,
                        .field = field,
                        .pair_field = pairs_field ? pairs_field : field};
    struct sheet s = {
        .scale = (uint32_t)scale, .gap = (uint32_t)gap, .background = (uint8_t)background};
    if (read_images(&g, &call, path, &e) || draw(&g, &s, &p, path, call.most_tensor_bytes, &e) ||
        output_open(&o, call.output, &e) ||
        png_write(&o, p.height, p.width, p.channels, p.pixels, &e) || output_commit(&o, &e))
        program_fail(&call, &e);

    gallery_free(&g);
    free(p.pixels);
    return program_end(&call);
}
