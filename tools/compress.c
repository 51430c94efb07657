/* Images and clips through a codec. */
#include "image/video.h"
#include "rows/compression.h"

static int64_t jpeg = -1, h264 = -1, half = -1, reference = -1, epoch;
static const char *chroma = "420", *preset = "medium", *tune, *mix;
static bool png, optimize, coded;

static const struct option options[] = {
    {"jpeg", 'j', OPTION_INT, &jpeg, "Q", "JPEG at this quality", 1, 100, NULL},
    {"chroma", 0, OPTION_CHOICE, &chroma, "MODE",
     "JPEG's colour samples: a quarter of the pixels, half of them (side by side) or all", 0, 0,
     CHROMA_WORDS},
    {"optimize", 0, OPTION_FLAG, &optimize, NULL,
     "JPEG with the Huffman tables that suit each image best", 0, 0, NULL},
    {"png", 0, OPTION_FLAG, &png, NULL, "PNG: nothing is lost", 0, 0, NULL},
    {"h264", 0, OPTION_INT, &h264, "CRF", "of clips: H.264 at this constant rate factor", 1, 51,
     NULL},
    {"preset", 0, OPTION_CHOICE, &preset, "NAME", "x264's: how hard it tries", 0, 0, PRESET_WORDS},
    {"tune", 0, OPTION_CHOICE, &tune, "NAME", "x264's: what it tries to please", 0, 0, TUNE_WORDS},
    {"mix", 0, OPTION_TEXT, &mix, "LEVEL,LEVEL...",
     "each image at one of these qualities of JPEG, drawn at random; each clip at one of these "
     "factors of H.264",
     0, 0, NULL},
    {"half", 0, OPTION_INT, &half, "LEVEL",
     "each image (or clip) at this level or, as likely, at that of --reference", 0, 100, NULL},
    {"reference", 0, OPTION_INT, &reference, "LEVEL",
     "of --half: if not given, quality 95 or rate factor 23", 0, 100, NULL},
    {"epoch", 0, OPTION_INT, &epoch, "N", "of --mix and --half: another draw for each epoch", 0,
     0x1p53, NULL},
    {"coded", 0, OPTION_FLAG, &coded, NULL, "pass on the files that the codec makes, not pixels", 0,
     0, NULL},
    {0},
};

static const struct program program = {
    .name = "compress",
    .summary = "what a codec leaves of each image or clip, and in how many bytes",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Codes every image, decodes it again, and writes the row with these pixels and with bytes, "
        "the size of the file that the codec made; scan, those of its bytes that are entropy-coded "
        "image (small images' files are mostly headers and tables); and level, the quality or rate "
        "factor (-1 of PNG). Labels and all other fields pass on as they are. Meta `codec`, and "
        "the history, "
        "tell codec, library, version and every setting.\n\n"
        "JPEG is that of libjpeg-turbo: baseline, quality by the scale of the Independent JPEG "
        "Group, slow-integer transform, standard Huffman tables (with --optimize, each image's own), "
        "so equal bytes on every machine; "
        "decoded with its default (\"fancy\") upsampling of colour. Of grey images --chroma "
        "changes nothing. Images of any size, of 1 or 3 channels.\n\n"
        "H.264 is that of x264, for clips (load y4m, load video): in one thread a clip, 4:2:0 from "
        "the mean of the pixels' colours, at the rate of meta `rate`, else 25 frames a second; a "
        "clip of an odd side is coded with its last row or column twice. What is left is the "
        "encoder's own reconstruction, to the bit what a decoder makes of the bytes.\n\n"
        "--mix and --half draw by --seed, --epoch and the image's id alone, so the same image gets "
        "the same level in whatever subset it is met. With another --epoch for every epoch of a "
        "training, an image comes at either level in turn; with the same, it keeps its level.\n\n"
        "--coded writes the files themselves, in the field coded, in the place of the pixels: "
        "decompress brings those back, save coded makes files of them.",
    .examples = "load fashion-mnist test | compress --jpeg 15 | predict --weights net | evaluate\n"
                "# half of the images at quality 5, the others at 95, as epoch 3 sees them\n"
                "load fashion-mnist train | compress --half 5 --epoch 3 -o train-5\n"
                "load fashion-mnist test | compress --jpeg 75 --coded | save coded files\n"
                "load y4m street.y4m | compress --h264 40 | save y4m left",
    .see_also = "decompress load save",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static bool given(int64_t level)
{
    return level >= 0;
}

/* Of --mix and --half by what the stream has. */
static const struct codec *choose_codec(const struct header *h)
{
    bool clips = header_find(h, compression_field(CODEC_H264.rank)) >= 0;
    return png                    ? &CODEC_PNG
           : given(jpeg)          ? &CODEC_JPEG
           : given(h264) || clips ? &CODEC_H264
                                  : &CODEC_JPEG;
}

static void read_levels(const struct call *call, struct levels *l)
{
    struct error e;
    if (given(jpeg) + given(h264) + png + (mix != NULL) + given(half) != 1)
        program_usage(call, "expected one of --jpeg, --h264, --png, --mix and --half");
    program_forbid(call, !given(half), "goes with --half", "reference");
    program_forbid(call, !given(half) && !mix, "goes with --mix or --half", "epoch seed");
    program_forbid(call, png || given(h264), "goes with JPEG", "chroma optimize");
    program_forbid(call, png || given(jpeg), "goes with H.264", "preset tune");
    *l = (struct levels){1, {(int)(given(jpeg) ? jpeg : h264)}};
    if (mix && levels_parse(l, mix, &e))
        program_usage(call, "--mix: %s", e.text);
    if (given(half))
        *l = (struct levels){2, {(int)half, (int)reference}};
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    struct compression c = {
        .settings = {chroma, optimize, preset, tune, {0, 0}}, .epoch = (uint64_t)epoch, .coded = coded};
    read_levels(&call, &c.levels);

    struct stream_reader *r = stage_open(&call, call.argc ? call.argv[0] : NULL, &e);
    if (!r)
        program_fail(&call, &e);
    c.codec = choose_codec(stream_header(r));
    program_forbid(&call, c.codec == &CODEC_H264, "goes with JPEG", "chroma optimize");
    program_forbid(&call, c.codec == &CODEC_JPEG, "goes with H.264", "preset tune");
    if (given(half) && !given(reference))
        c.levels.level[1] = c.codec->reference;
    if (c.codec->most && levels_fit(&c.levels, c.codec, &e))
        program_usage(&call, "%s", e.text);
    video_rate(stream_header(r)->meta, c.settings.rate);
    if (compression_run(&c, &call, r, &e))
        program_fail(&call, &e);
    stream_close(r);
    return program_end(&call);
}
