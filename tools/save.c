/* A stream to files of other tools' formats. */
#include <string.h>
#include <unistd.h>
#include "rows/export.h"
#include "search/export_network.h"
#include "stream/stage.h"

static const struct option options[] = {{0}};

static const struct program program = {
    .name = "save",
    .summary = "write a stream's rows to files for other tools",
    .operands = "FORMAT [DEST] [STREAM]",
    .least_operands = 1,
    .most_operands = 3,
    .words = EXPORT_WORDS "|" EXPORT_NETWORK_WORDS,
    .description =
        "npy DIR: DIR/FIELD.npy, one array a field with a leading axis of rows; where a field's "
        "extents vary, DIR/FIELD/ROW.npy; texts to DIR/FIELD.txt, a line a row. Of weights and "
        "states: DIR/NAME.npy for every tensor by its name (a later one of the same name replaces "
        "an earlier).\n\n"
        "png DIR: DIR/ID.png for every image; of rows of one id (frames of a clip) the second is "
        "DIR/ID-2.png and so on, here and below.\n\n"
        "y4m DIR: DIR/ID.y4m for every clip: grey, or 4:2:0 (a colour sample is the mean of its "
        "pixels), BT.601 of limited range, with the rate of the stream's meta.\n\n"
        "coded DIR: the files that compress --coded passed on, DIR/ID.jpg and the like.\n\n"
        "idx DIR: DIR/images-idx3-ubyte (idx4 with colour) and DIR/labels-idx1-ubyte.\n\n"
        "tsv [FILE]: tab-separated values with a line of names; a tensor is columns NAME0, NAME1 "
        "and so on. To standard output unless a FILE is named.\n\n"
        "json [FILE]: a JSON object a row, one on each line. Likewise.\n\n"
        "safetensors [FILE]: of weights, which load safetensors brings back to the bit. "
        "Likewise.\n\n"
        "onnx [FILE]: of weights, the network of train or the encoder of train-encoder, for other "
        "runtimes: pixels [n, channels, height, width] from 0 to 255, which it normalises itself, "
        "to logits [n, classes] (of every pixel where that is what it tells) or to z [n, latent]; "
        "segnet's unpooling is not exported. Likewise.\n\n"
        "dot [FILE]: of weights that train made of an architecture, a picture of the network. "
        "Likewise.\n\n"
        "Folders are made where they are missing. Every file appears whole or not at all, and none "
        "before the stream has come to its proper end, but for those of which a row makes one "
        "(png, y4m, coded, weights, varying extents).",
    .examples = "load fashion-mnist train | pick --random 1000 | save npy arrays\n"
                "save tsv <latents | sort -k2n\n"
                "# the trained weights, for NumPy\n"
                "save npy weights <net\n"
                "save onnx net.onnx <net\n"
                "save dot <net | dot -Tsvg >net.svg",
    .see_also = "load peek",
    .options = options,
    .writes = "2",
    .common = COMMON_STREAM,
};

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct export x;
    const struct cell *row;
    int got;
    program_begin(&program, argc, argv, &call);
    const struct export_format *f = export_find(call.argv[0]);
    if (!f) /* one of networks, so not of lib/rows */
        f = export_network_find(call.argv[0]);
    if (f->folder && call.argc < 2)
        program_usage(&call, "expected: save %s DIR", f->name);
    const char *to = call.argc > 1 ? call.argv[1] : "-";
    if (f->binary && output_refuse_terminal(to, f->name, &e))
        program_fail(&call, &e);

    struct stream_reader *r = stage_open(&call, call.argc > 2 ? call.argv[2] : NULL, &e);
    if (!r)
        program_fail(&call, &e);
    if (export_begin(&x, f, to, stream_header(r), &e)) {
        error_wrap(&e, "%s", stream_path(r));
        program_fail(&call, &e);
    }
    while ((got = stream_read(r, &row, &e)) == 1)
        if (export_row(&x, row, &e)) {
            error_wrap(&e, "%s", stream_path(r));
            program_fail(&call, &e);
        }
    if (got < 0 || export_end(&x, &e))
        program_fail(&call, &e);

    export_free(&x);
    stream_close(r);
    return program_end(&call);
}
