/* Images to the latents of an encoder. */
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/follow.h"
#include "rows/samples.h"

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
    .most_operands = 1,
    .description =
        "Writes for each image its latent z under the encoder, by the running statistics of its "
        "training, so that an image's latent depends on nothing but the image and the weights. "
        "All other fields and the meta pass on; meta `encoder` says what encoded.",
    .examples = "encode-latent --weights encoder -o latents pool",
    .see_also = "build-kdtree decode-latent train-encoder",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

/* The samples' fields but the image, then z; meta says by what. */
static int create(struct follow *f, const struct encoder_half *encoder, struct error *e)
{
    const struct autoencoder *a = &encoder->network;
    struct header h = {0};
    struct value *inputs = NULL;
    int failed = -1;

    if (follow_table(&h, "latents", &f->table, f->own, e) == 0 &&
        header_add_field(&h, "z", ELEMENT_F32, 1, (int64_t[]){a->latent}, e) >= 0 &&
        stage_note_input(&inputs, weights, encoder->digest, e) == 0) {
        struct value *by = value_set(h.meta, "encoder", value_map());
        if (value_set_int(by, "latent", a->latent) && value_set_int(by, "side", a->side) &&
            value_set_text(by, "digest", encoder->digest))
            failed = follow_create(f, &h, inputs, e);
        else
            error_set(e, "out of memory");
    }
    value_free(inputs);
    header_free(&h);
    return failed;
}

static int encode(struct follow *f, void *context, struct error *e)
{
    struct encoder_half *encoder = context;
    const struct autoencoder *a = &encoder->network;
    const uint32_t extent = (uint32_t)a->latent;
    size_t pixels = node_count(encoder->input), size;
    struct samples s;

    if (samples_view(&s, &f->table, false, e))
        return -1;
    if (s.shape.channels != a->channels)
        return error_set(e, "images of %d channels, the encoder takes %d", s.shape.channels,
                         a->channels);
    size = (size_t)s.shape.height * (size_t)s.shape.width * (size_t)s.shape.channels;
#pragma omp parallel for
    for (size_t i = 0; i < s.count; i++)
        prepare_encoder_input(s.image + i * size, s.shape.height, s.shape.width, s.shape.channels,
                              a->side, node_value(encoder->input) + i * pixels);
    encoder_half_run(encoder, (int)s.count);
    for (size_t i = 0; i < s.count; i++) {
        const real *z = node_value(encoder->output) + i * extent;
        if (follow_check(f, i, "z", z, extent, e) ||
            follow_write(f, i, cell_tensor(ELEMENT_F32, 1, &extent, z), e))
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"image", "z", NULL};
    struct call call;
    struct error e;
    struct encoder_half encoder;
    struct follow f;

    program_begin(&program, argc, argv, &call);
    if (!weights)
        program_usage(&call, "expected --weights FILE");
    program_check_inputs(&call, (const char *[]){call.argc ? call.argv[0] : "-", weights, NULL});
    const struct stream_limits limits = stage_limits(&call);
    if (encoder_half_open(&encoder, weights, false, BATCH, &limits, &e) ||
        follow_open(&f, &call, "samples", own, BATCH, &e) || create(&f, &encoder, &e) ||
        follow_all(&f, encode, &encoder, &e))
        program_fail(&call, &e);
    follow_close(&f);
    encoder_half_close(&encoder);
    return program_end(&call);
}
