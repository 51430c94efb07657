/* Images to the latents of an encoder. */
#include <stdlib.h>
#include "base/memory.h"
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/samples.h"
#include "stream/stage.h"

enum { BATCH = 64 };

static const char *weights;

static const struct option options[] = {
    {"weights", 'w', OPTION_FILE, &weights, "FILE", "the encoder: what train-encoder wrote", 0, 0,
     NULL},
    {0},
};

static const struct program program = {
    .name = "encode-latent",
    .summary = "embed the images of a samples stream",
    .operands = "[SAMPLES]",
    .least_operands = 0,
    .most_operands = 1,
    .description =
        "Writes for each image its latent z under the encoder, by the running statistics of its "
        "training, so that an image's latent depends on nothing but the image and the weights. "
        "All other fields and the meta pass on; meta `encoder` says what encoded.",
    .examples = "encode-latent --weights enc < train > latents",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static const char *const own[] = {"z", NULL};

struct job {
    struct call call;
    struct encoder_half encoder;
    struct stream_reader *reader;
    struct stream_writer *writer;
    struct cell *row;
};

/* Latents: the samples' fields but the image, then z. */
static int make_header(const struct job *j, const struct table *samples, struct header *h,
                       struct error *e)
{
    const struct autoencoder *a = &j->encoder.network;
    struct value *encoder;

    if (samples_follow(samples, "latents", own, h, e))
        return -1;
    encoder = value_set(h->meta, "encoder", value_map());
    if (!value_set_int(encoder, "latent", a->latent) || !value_set_int(encoder, "side", a->side) ||
        !value_set_text(encoder, "digest", j->encoder.digest))
        return error_set(e, "out of memory");
    return header_add_field(h, "z", ELEMENT_F32, 1, (int64_t[]){a->latent}, e) < 0 ? -1 : 0;
}

static int create(struct job *j, const struct table *samples, struct error *e)
{
    struct header h = {0};
    struct value *inputs = NULL;

    j->row = array_new((size_t)samples->header.fields + 1, sizeof *j->row, "cells of a row", e);
    if (j->row && make_header(j, samples, &h, e) == 0 &&
        stage_note_input(&inputs, weights, j->encoder.digest, e) == 0)
        j->writer = stage_create(&j->call, &h, inputs, e);
    value_free(inputs);
    header_free(&h);
    return j->writer ? 0 : -1;
}

static int encode_rows(struct job *j, const struct table *t, struct error *e)
{
    struct encoder_half *half = &j->encoder;
    const struct autoencoder *a = &half->network;
    uint32_t extent = (uint32_t)a->latent;
    size_t pixels = node_count(half->input), size;
    struct samples s;

    if (samples_view(&s, t, false, e))
        return -1;
    if (s.shape.channels != a->channels)
        return error_set(e, "images of %d channels, the encoder takes %d", s.shape.channels,
                         a->channels);
    size = (size_t)s.shape.height * (size_t)s.shape.width * (size_t)s.shape.channels;
#pragma omp parallel for
    for (size_t i = 0; i < s.count; i++)
        prepare_encoder_input(s.image + i * size, s.shape.height, s.shape.width, s.shape.channels,
                              a->side, node_value(half->input) + i * pixels);
    encoder_half_run(half, (int)s.count);
    for (size_t i = 0; i < s.count; i++) {
        int fields = samples_cells(t, own, i, j->row);
        const real *z = node_value(half->output) + i * (size_t)a->latent;
        j->row[fields] = cell_tensor(ELEMENT_F32, 1, &extent, z);
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
    if (encoder_half_open(&j.encoder, weights, false, BATCH, &limits, &e) ||
        !(j.reader = stage_open(&j.call, j.call.argc ? j.call.argv[0] : NULL, &e)) ||
        header_require_kind(stream_header(j.reader), "samples", &e))
        program_fail(&j.call, &e);

    do {
        if (table_read_rows(&t, j.reader, BATCH, &e) || (!j.writer && create(&j, &t, &e)))
            program_fail(&j.call, &e);
        if (t.rows && encode_rows(&j, &t, &e)) {
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
    encoder_half_close(&j.encoder);
    free(j.row);
    return program_end(&j.call);
}
