/* Coded images back to pixels. */
#include "rows/compression.h"

static const struct option options[] = {{0}};

static const struct program program = {
    .name = "decompress",
    .summary = "decode what compress --coded passed on",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Reads the files in the field coded, JPEG or PNG told by their first bytes, of clips H.264 "
        "(by libavcodec, where it is installed), and puts their pixels in its place: what compress "
        "without --coded writes. A file whose pixels are "
        "of other extents than the field extent says is an error, as is a damaged one.",
    .examples = "load fashion-mnist test | compress --jpeg 15 --coded -o small\n"
                "decompress small | mosaic -o sheet.png",
    .see_also = "compress save",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);

    struct stream_reader *r = stage_open(&call, call.argc ? call.argv[0] : NULL, &e);
    if (!r || decompression_run(&call, r, &e))
        program_fail(&call, &e);
    stream_close(r);
    return program_end(&call);
}
