/* Images through a codec. */
#include <string.h>
#include "rows/compression.h"

static int64_t jpeg = -1, epoch;
static int64_t half = -1, reference = -1;
static const char *chroma = "420", *mix;
static bool png, coded;

static const struct option options[] = {
    {"jpeg", 'j', OPTION_INT, &jpeg, "Q", "JPEG at this quality", 1, 100, NULL},
    {"chroma", 0, OPTION_CHOICE, &chroma, "MODE",
     "JPEG's colour samples: a quarter of the pixels, half of them (side by side) or all", 0, 0,
     CHROMA_WORDS},
    {"png", 0, OPTION_FLAG, &png, NULL, "PNG: nothing is lost", 0, 0, NULL},
    {"mix", 0, OPTION_TEXT, &mix, "LEVEL,LEVEL...",
     "JPEG, each image at one of these qualities, drawn at random", 0, 0, NULL},
    {"half", 0, OPTION_INT, &half, "LEVEL",
     "JPEG, each image at this quality or, as likely, at that of --reference", 0, 100, NULL},
    {"reference", 0, OPTION_INT, &reference, "LEVEL", "of --half: quality 95 if not given", 0, 100,
     NULL},
    {"epoch", 0, OPTION_INT, &epoch, "N", "of --mix and --half: another draw for each epoch", 0,
     0x1p53, NULL},
    {"coded", 0, OPTION_FLAG, &coded, NULL, "pass on the files that the codec makes, not pixels", 0,
     0, NULL},
    {0},
};

static const struct program program = {
    .name = "compress",
    .summary = "what a codec leaves of each image, and in how many bytes",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Codes every image, decodes it again, and writes the row with these pixels and with bytes, "
        "the size of the file that the codec made; scan, those of its bytes that are entropy-coded "
        "image (small images' files are mostly headers and tables); and level, the quality (-1 of "
        "PNG). Labels and all other fields pass on as they are. Meta `codec`, and the history, "
        "tell codec, library, version and every setting.\n\n"
        "JPEG is that of libjpeg-turbo: baseline, quality by the scale of the Independent JPEG "
        "Group, slow-integer transform, standard Huffman tables, so equal bytes on every machine; "
        "decoded with its default (\"fancy\") upsampling of colour. Of grey images --chroma "
        "changes nothing. Images of any size, of 1 or 3 channels.\n\n"
        "--mix and --half draw by --seed, --epoch and the image's id alone, so the same image gets "
        "the same level in whatever subset it is met. With another --epoch for every epoch of a "
        "training, an image comes at either level in turn; with the same, it keeps its level.\n\n"
        "--coded writes the files themselves, in the field coded, in the place of the pixels: "
        "decompress brings those back, save coded makes files of them.",
    .examples = "load fashion-mnist test | compress --jpeg 15 | predict --weights net | evaluate\n"
                "# half of the images at quality 5, the others at 95, as epoch 3 sees them\n"
                "load fashion-mnist train | compress --half 5 --epoch 3 -o train-5\n"
                "load fashion-mnist test | compress --jpeg 75 --coded | save coded files",
    .see_also = "decompress load save",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static void read_levels(const struct call *call, struct compression *c)
{
    struct error e;
    int ways = (jpeg >= 0) + png + (mix != NULL) + (half >= 0);
    if (ways != 1)
        program_usage(call, "expected one of --jpeg, --png, --mix and --half");
    program_forbid(call, half < 0, "goes with --half", "reference");
    program_forbid(call, half < 0 && !mix, "goes with --mix or --half", "epoch seed");
    program_forbid(call, png, "goes with JPEG", "chroma");
    c->codec = png ? &CODEC_PNG : &CODEC_JPEG;
    if (mix && levels_parse(&c->levels, mix, &e))
        program_usage(call, "--mix: %s", e.text);
    if (jpeg >= 0)
        c->levels = (struct levels){1, {(int)jpeg}};
    if (half >= 0)
        c->levels =
            (struct levels){2, {(int)half, reference >= 0 ? (int)reference : c->codec->reference}};
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    struct compression c = {.settings.chroma = chroma, .epoch = (uint64_t)epoch, .coded = coded};
    read_levels(&call, &c);

    struct stream_reader *r = stage_open(&call, call.argc ? call.argv[0] : NULL, &e);
    if (!r || compression_run(&c, &call, r, &e))
        program_fail(&call, &e);
    stream_close(r);
    return program_end(&call);
}
