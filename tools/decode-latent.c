/* Latents to the images of a decoder. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/samples.h"
#include "stream/stage.h"

enum { BATCH = 64 };

static const char *weights;

static const struct option options[] = {
    {"weights", 'w', OPTION_FILE, &weights, "FILE", "the decoder: what train-encoder wrote", 0, 0,
     NULL},
    {0},
};

static const struct program program = {
    .name = "decode-latent",
    .summary = "turn latents back into images",
    .operands = "[LATENTS]",
    .least_operands = 0,
    .most_operands = 1,
    .description =
        "Writes for each latent z the image that the decoder makes of it, by the running "
        "statistics of its training, as bytes. All other fields and the meta pass on.",
    .examples =
        "encode-latent --weights enc < test | decode-latent --weights enc | mosaic -o seen.png",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static const char *const own[] = {"z", NULL};

struct job {
    struct call call;
    struct encoder_half decoder;
    struct stream_reader *reader;
    struct stream_writer *writer;
    struct cell *row;
    uint8_t *image;
};

/* Samples: the latents' fields but z, then the image. */
static int make_header(const struct job *j, const struct table *latents, struct header *h,
                       struct error *e)
{
    const struct autoencoder *a = &j->decoder.network;

    if (samples_follow(latents, "samples", own, h, e) ||
        header_add_field(h, "image", ELEMENT_U8, 3, (int64_t[]){a->side, a->side, a->channels}, e) <
            0)
        return -1;
    return 0;
}

static int create(struct job *j, const struct table *latents, struct error *e)
{
    struct header h = {0};
    struct value *inputs = NULL;

    j->row = array_new((size_t)latents->header.fields + 1, sizeof *j->row, "cells of a row", e);
    j->image = array_new(node_count(j->decoder.output), 1, "image", e);
    if (j->row && j->image && make_header(j, latents, &h, e) == 0 &&
        stage_note_input(&inputs, weights, j->decoder.digest, e) == 0)
        j->writer = stage_create(&j->call, &h, inputs, e);
    value_free(inputs);
    header_free(&h);
    return j->writer ? 0 : -1;
}

static int decode_rows(struct job *j, const struct table *t, struct error *e)
{
    struct encoder_half *half = &j->decoder;
    const struct autoencoder *a = &half->network;
    const uint32_t side = (uint32_t)a->side, extent[] = {side, side, (uint32_t)a->channels};
    size_t pixels = node_count(half->output);
    const struct column *z = table_column(t, "z", ELEMENT_F32, 1, e);

    if (!z)
        return -1;
    if (z->extent[0] != (uint32_t)a->latent)
        return error_set(e, "latents of %u numbers, the decoder takes %d", z->extent[0], a->latent);
    memcpy(node_value(half->input), z->data, t->rows * z->stride * sizeof(float));
    encoder_half_run(half, (int)t->rows);
    for (size_t i = 0; i < t->rows; i++) {
        int fields = samples_cells(t, own, i, j->row);
        prepare_encoder_output(node_value(half->output) + i * pixels, pixels, j->image);
        j->row[fields] = cell_tensor(ELEMENT_U8, 3, extent, j->image);
        if (stream_write(j->writer, j->row, e))
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct job j = {0};
    struct error e;
    struct table t;
    size_t rows;

    program_begin(&program, argc, argv, &j.call);
    if (!weights)
        program_usage(&j.call, "expected --weights FILE");
    const struct stream_limits limits = stage_limits(&j.call);
    if (encoder_half_open(&j.decoder, weights, true, BATCH, &limits, &e) ||
        !(j.reader = stage_open(&j.call, j.call.argc ? j.call.argv[0] : NULL, &e)) ||
        header_require_kind(stream_header(j.reader), "latents", &e))
        program_fail(&j.call, &e);

    do {
        if (table_read_rows(&t, j.reader, BATCH, &e) || (!j.writer && create(&j, &t, &e)))
            program_fail(&j.call, &e);
        if (t.rows && decode_rows(&j, &t, &e)) {
            error_wrap(&e, "%s: rows from %lld", stream_path(j.reader),
                       (long long)(stream_rows(j.reader) - (int64_t)t.rows));
            program_fail(&j.call, &e);
        }
        rows = t.rows;
        table_free(&t);
    } while (rows);

    if (stream_commit(j.writer, &e))
        program_fail(&j.call, &e);
    stream_close(j.reader);
    encoder_half_close(&j.decoder);
    free(j.row);
    free(j.image);
    return program_end(&j.call);
}
