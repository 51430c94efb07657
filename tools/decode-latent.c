/* Latents to the images of a decoder. */
#include <string.h>
#include "base/memory.h"
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/follow.h"

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
    .most_operands = 1,
    .description =
        "Writes for each latent z the image that the decoder makes of it, by the running "
        "statistics of its training, as bytes. All other fields and the meta pass on.",
    .examples =
        "encode-latent --weights encoder <test | decode-latent --weights encoder -o decoded\n"
        "mosaic --pairs decoded -o sheet.png test",
    .see_also = "encode-latent mosaic train-encoder",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

/* The latents' fields but z, then the image. */
static int create(struct follow *f, const struct encoder_half *decoder, struct error *e)
{
    const struct autoencoder *a = &decoder->network;
    const int64_t extent[] = {a->side, a->side, a->channels};
    struct header h = {0};
    struct value *inputs = NULL;
    int failed = -1;

    if (follow_table(&h, "samples", &f->table, f->own, e) == 0 &&
        header_add_field(&h, "image", ELEMENT_U8, 3, extent, e) >= 0 &&
        stage_note_input(&inputs, weights, decoder->digest, e) == 0)
        failed = follow_create(f, &h, inputs, e);
    value_free(inputs);
    header_free(&h);
    return failed;
}

static int decode(struct follow *f, void *context, struct error *e)
{
    struct encoder_half *decoder = context;
    const struct autoencoder *a = &decoder->network;
    const uint32_t side = (uint32_t)a->side, extent[] = {side, side, (uint32_t)a->channels};
    size_t pixels = node_count(decoder->output);
    const struct column *z = table_column(&f->table, "z", ELEMENT_F32, 1, e);
    autofree uint8_t *image = z ? array_new(pixels, 1, "image", e) : NULL;
    if (!image)
        return -1;
    if (z->extent[0] != (uint32_t)a->latent)
        return error_set(e, "latents of %u numbers, the decoder takes %d", z->extent[0], a->latent);
    for (size_t i = 0; i < f->table.rows; i++)
        if (follow_check(f, i, "z", (const float *)z->data + i * z->stride, z->stride, e))
            return -1;
    memcpy(node_value(decoder->input), z->data, f->table.rows * z->stride * sizeof(float));
    encoder_half_run(decoder, (int)f->table.rows);
    for (size_t i = 0; i < f->table.rows; i++) {
        const real *made = node_value(decoder->output) + i * pixels;
        if (follow_check(f, i, "image", made, pixels, e))
            return -1;
        prepare_encoder_output(made, pixels, image);
        if (follow_write(f, i, cell_tensor(ELEMENT_U8, 3, extent, image), e))
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"z", "image", NULL};
    struct call call;
    struct error e;
    struct encoder_half decoder;
    struct follow f;

    program_begin(&program, argc, argv, &call);
    if (!weights)
        program_usage(&call, "expected --weights FILE");
    program_check_inputs(&call, (const char *[]){call.argc ? call.argv[0] : "-", weights, NULL});
    const struct stream_limits limits = stage_limits(&call);
    if (encoder_half_open(&decoder, weights, true, BATCH, &limits, &e) ||
        follow_open(&f, &call, "latents", own, BATCH, &e) || create(&f, &decoder, &e) ||
        follow_all(&f, decode, &decoder, &e))
        program_fail(&call, &e);
    follow_close(&f);
    encoder_half_close(&decoder);
    return program_end(&call);
}
