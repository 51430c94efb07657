/* A contact sheet of a samples stream, or a map of one. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "rows/gallery.h"
#include "stream/stage.h"

static int64_t columns = 16, scale, most = -1, gap = 4, background = 24, side = 1200;
static bool by_class;
static const char *field = "image", *pairs_path, *pairs_field, *map_path;

static const struct option options[] = {
    {"columns", 'c', OPTION_INT, &columns, "N", "images a row", 1, 4096, NULL},
    {"most", 'n', OPTION_INT, &most, "N",
     "show at most N images (256; 65536 with --by-class or --map)", 1, 65536, NULL},
    {"scale", 's', OPTION_INT, &scale, "N",
     "pixels of the sheet a pixel of an image (2; 1 of a map)", 1, 64, NULL},
    {"gap", 0, OPTION_INT, &gap, "N", "pixels between images", 0, 256, NULL},
    {"background", 0, OPTION_INT, &background, "GREY", "brightness between images", 0, 255, NULL},
    {"by-class", 0, OPTION_FLAG, &by_class, NULL,
     "a row for each class, with the first images of it that fit", 0, 0, NULL},
    {"pairs", 0, OPTION_FILE, &pairs_path, "FILE",
     "second samples stream: below each image the one of the same id there", 0, 0, NULL},
    {"map", 0, OPTION_FILE, &map_path, "FILE",
     "no rows: each image stands where this stream of latents, as embed-2d writes it, has it", 0, 0,
     NULL},
    {"side", 0, OPTION_INT, &side, "N", "pixels of a map's side", 1, 32768, NULL},
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
        "places as large as the largest. The stream is read to its end.\n\n"
        "With --map the images lie in the plane, those left out that have no place there; of two "
        "that meet the later one is seen.",
    .examples = "load fashion-mnist test | mosaic --by-class -o classes.png\n"
                "# originals above their reconstructions\n"
                "decode-latent --weights encoder <latents | mosaic --pairs - -o sheet.png pool\n"
                "# what t-SNE makes of latents\n"
                "embed-2d latents | mosaic --map - -o map.png pool\n"
                "# depths\n"
                "load fashion-mnist test | compose --count 64 | mosaic --field depth -o depths.png",
    .see_also = "compose decode-latent embed-2d load pick",
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

static int draw_map(struct gallery *g, const struct call *c, struct picture *p, struct error *e)
{
    struct sheet_map m = {
        .side = (uint32_t)side, .scale = (uint32_t)scale, .background = (uint8_t)background};
    struct stream_reader *r = stage_open(c, map_path, e);
    int failed = r ? gallery_map(g, r, &m, e) : -1;
    stream_close(r);
    return failed ? -1 : sheet_draw_map(&m, p, c->most_tensor_bytes, e);
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
        most = by_class || map_path ? 65536 : 256;
    if (!scale)
        scale = map_path ? 1 : 2;
    const char *path = call.argc ? call.argv[0] : "-";
    program_forbid(&call, !pairs_path, "goes with --pairs", "pairs-field");
    program_forbid(&call, map_path != NULL, "excludes --map", "columns gap by-class pairs");
    program_forbid(&call, !map_path, "goes with --map", "side");
    const char *second = pairs_path ? pairs_path : map_path;
    program_check_inputs(&call, (const char *[]){path, second ? second : "", NULL});
    if (output_refuse_terminal(call.output, "a PNG", &e))
        program_fail(&call, &e);

    struct gallery g = {.columns = (size_t)columns,
                        .most = (size_t)most,
                        .most_bytes = call.most_tensor_bytes,
                        .by_class = by_class,
                        .paired = pairs_path != NULL,
                        .mapped = map_path != NULL,
                        .field = field,
                        .pair_field = pairs_field ? pairs_field : field};
    struct sheet s = {
        .scale = (uint32_t)scale, .gap = (uint32_t)gap, .background = (uint8_t)background};
    if (read_images(&g, &call, path, &e) ||
        (map_path ? draw_map(&g, &call, &p, &e)
                  : draw(&g, &s, &p, path, call.most_tensor_bytes, &e)) ||
        output_open(&o, call.output, &e) ||
        png_write(&o, p.height, p.width, p.channels, p.pixels, &e) || output_commit(&o, &e))
        program_fail(&call, &e);

    gallery_free(&g);
    free(p.pixels);
    return program_end(&call);
}
