/* Latents to the images of a decoder, or of principal components. */
#include <string.h>
#include "base/memory.h"
#include "embed/pca.h"
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/follow.h"
#include "rows/samples.h"

enum {
    BATCH = 64,
    MOST_SIDE = 4096, /* of images that are brought back to their size */
};

static const char *method = "decoder", *weights, *fit;

static const struct option options[] = {
    {"method", 0, OPTION_CHOICE, &method, "HOW", "by a decoder, or principal components", 0, 0,
     "decoder|pca"},
    {"weights", 'w', OPTION_FILE, &weights, "FILE", "the decoder: what train-encoder wrote", 0, 0,
     NULL},
    {"fit", 0, OPTION_FILE, &fit, "FILE", "samples that encode-latent --method pca learnt from", 0,
     0, NULL},
    {0},
};

static const struct program program = {
    .name = "decode-latent",
    .summary = "turn latents back into images",
    .operands = "[LATENTS]",
    .most_operands = 1,
    .description =
        "Writes for each latent z the image that the decoder makes of it, by the running "
        "statistics of its training, as bytes: of the size that went into the encoder, where the "
        "latents' meta `encoder` tells it (to 4096 a side), or else of the decoder's own. All "
        "other fields and the "
        "meta pass on.\n\n"
        "With --method pca it is the image that has these coordinates along the principal "
        "components of --fit's images, which are found anew, cut to what bytes can tell. No image "
        "can be had back from a hash or from --method ssim.",
    .examples =
        "encode-latent --weights encoder <test | decode-latent --weights encoder -o decoded\n"
        "mosaic --pairs decoded -o sheet.png test\n"
        "evaluate images test decoded\n"
        "# what as many numbers can tell without training\n"
        "encode-latent --method pca --fit pool --latent 8 test |\n"
        "    decode-latent --method pca --fit pool | evaluate images test",
    .see_also = "encode-latent evaluate mosaic train-encoder",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

/* What makes images: one half of the network, or the components. */
struct maker {
    struct encoder_half decoder;
    struct pca pca;
    int latent;
    struct image_shape shape; /* of what comes out */
    const char *from;         /* weights or pool, */
    char digest[17];          /* and theirs */
};

static const char *maker_name(const char *by)
{
    return strcmp(by, "decoder") ? by : "an encoder";
}

/* Where the latents tell what made them, it must be what brings them back. */
static int check_maker(const struct maker *m, const struct follow *f, struct error *e)
{
    const struct value *encoder = value_get(f->table.header.meta, "encoder");
    const char *told = value_get_text(encoder, "method", "decoder");
    const char *digest = value_get_text(encoder, "digest", m->digest);
    if (!encoder)
        return 0;
    if (strcmp(told, method))
        return error_set(e, "%s: latents by %s, expected those by %s", stream_path(f->from),
                         maker_name(told), maker_name(method));
    if (strcmp(digest, m->digest) == 0)
        return 0;
    if (m->decoder.graph)
        return error_set(e, "%s: latents by other weights than %s (digest %s, not %s)",
                         stream_path(f->from), m->from, digest, m->digest);
    /* The same images in other parts, or with another history, have another digest, too. */
    program_warn(f->call, "%s: latents by other images than %s, or by these in another file",
                 stream_path(f->from), m->from);
    return 0;
}

/* The latents' fields but z, then the image. */
static int create(struct follow *f, const struct maker *m, struct error *e)
{
    const int64_t extent[] = {m->shape.height, m->shape.width, m->shape.channels};
    struct header h = {0};
    struct value *inputs = NULL;
    int failed = -1;

    if (follow_table(&h, "samples", &f->table, f->own, e) == 0 &&
        header_add_field(&h, "image", ELEMENT_U8, 3, extent, e) >= 0 &&
        stage_note_input(&inputs, m->from, m->digest, e) == 0)
        failed = follow_create(f, &h, inputs, e);
    value_free(inputs);
    header_free(&h);
    return failed;
}

/* The z of the rows at hand, checked. */
static const float *latents_at_hand(const struct follow *f, int latent, struct error *e)
{
    const struct column *z = table_column(&f->table, "z", ELEMENT_F32, 1, e);
    if (!z)
        return NULL;
    if (z->extent[0] != (uint32_t)latent) {
        error_set(e, "latents of %u numbers, the decoder takes %d", z->extent[0], latent);
        return NULL;
    }
    for (size_t i = 0; i < f->table.rows; i++)
        if (follow_check(f, i, "z", (const float *)z->data + i * z->stride, z->stride, e))
            return NULL;
    return z->data;
}

static int write_image(struct follow *f, const struct maker *m, size_t row, const uint8_t *image,
                       struct error *e)
{
    const uint32_t extent[] = {(uint32_t)m->shape.height, (uint32_t)m->shape.width,
                               (uint32_t)m->shape.channels};
    return follow_write(f, row, cell_tensor(ELEMENT_U8, 3, extent, image), e);
}

static size_t numbers_of(const struct maker *m)
{
    return (size_t)m->shape.height * (size_t)m->shape.width * (size_t)m->shape.channels;
}

/* ---- a decoder ---- */

/* The size that was encoded, where the latents tell it and it is sane. */
static void choose_size(struct maker *m, const struct header *latents)
{
    const struct autoencoder *a = &m->decoder.network;
    const struct value *by = value_get(latents->meta, "encoder");
    const int64_t height = value_get_int(by, "height", 0), width = value_get_int(by, "width", 0);
    const bool told = height >= 1 && width >= 1 && height <= MOST_SIDE && width <= MOST_SIDE;
    m->latent = a->latent;
    m->shape = (struct image_shape){told ? (int)height : a->side, told ? (int)width : a->side,
                                    a->channels};
}

static int decode(struct follow *f, void *context, struct error *e)
{
    struct maker *m = context;
    const struct encoder_half *decoder = &m->decoder;
    const struct autoencoder *a = &decoder->network;
    const size_t numbers = node_count(decoder->output), rows = f->table.rows;
    const float *z = latents_at_hand(f, m->latent, e);
    autofree uint8_t *view = z ? array_new(numbers, 1, "an image", e) : NULL;
    autofree uint8_t *image = view ? array_new(numbers_of(m), 1, "an image", e) : NULL;
    if (!image)
        return -1;
    memcpy(node_value(decoder->input), z, rows * (size_t)m->latent * sizeof *z);
    encoder_half_run(&m->decoder, (int)rows);
    for (size_t i = 0; i < rows; i++) {
        const real *made = node_value(decoder->output) + i * numbers;
        if (follow_check(f, i, "image", made, numbers, e))
            return -1;
        prepare_encoder_output(made, numbers, view);
        if (prepare_encoder_restore(view, a->side, a->channels, m->shape.height, m->shape.width,
                                    image, e) ||
            write_image(f, m, i, image, e))
            return -1;
    }
    return 0;
}

/* ---- principal components ---- */

static int restore(struct follow *f, void *context, struct error *e)
{
    const struct maker *m = context;
    const size_t numbers = numbers_of(m);
    const float *z = latents_at_hand(f, m->latent, e);
    autofree uint8_t *image = z ? array_new(f->table.rows * numbers, 1, "images", e) : NULL;
    if (!image)
        return -1;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < f->table.rows; i++)
        pca_restore(&m->pca, z + i * (size_t)m->latent, image + i * numbers);
    for (size_t i = 0; i < f->table.rows; i++)
        if (write_image(f, m, i, image + i * numbers, e))
            return -1;
    return 0;
}

/* As many components as the latents have numbers. */
static int find_components(struct maker *m, const struct follow *f, struct error *e)
{
    struct table pool = {0};
    struct samples s;
    const struct column *z = table_column(&f->table, "z", ELEMENT_F32, 1, e);
    if (!z)
        return error_wrap(e, "%s", stream_path(f->from));
    m->latent = (int)z->extent[0];
    int failed =
        samples_read(f->call, fit, false, &pool, &s, e) ||
        (pca_fit(&m->pca, s.count, s.table->column[header_find(&pool.header, "image")].stride,
                 s.image, z->extent[0], e) &&
         error_wrap(e, "%s", fit));
    if (!failed)
        m->shape = s.shape;
    memcpy(m->digest, pool.digest, sizeof m->digest);
    table_free(&pool);
    return failed ? failed : check_maker(m, f, e);
}

static int open_decoder(struct maker *m, const struct follow *f, struct error *e)
{
    const struct stream_limits limits = stage_limits(f->call);
    if (value_get_bool(value_get(f->table.header.meta, "encoder"), "unit", false))
        return error_set(e, "%s: latents of length 1 (--unit), expected those as encoded",
                         stream_path(f->from));
    if (encoder_half_open(&m->decoder, weights, true, BATCH, &limits, e))
        return -1;
    choose_size(m, &f->table.header);
    memcpy(m->digest, m->decoder.digest, sizeof m->digest);
    return check_maker(m, f, e);
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"z", "image", NULL};
    struct call call;
    struct error e;
    struct follow f;

    program_begin(&program, argc, argv, &call);
    const bool trained = strcmp(method, "decoder") == 0;
    struct maker m = {.from = trained ? weights : fit};
    program_forbid(&call, trained, "goes with --method pca", "fit");
    program_forbid(&call, !trained, "goes with --method decoder", "weights");
    if (!m.from)
        program_usage(&call, trained ? "expected --weights FILE" : "expected --fit FILE");
    program_check_inputs(&call, (const char *[]){call.argc ? call.argv[0] : "-", m.from, NULL});
    if (follow_open(&f, &call, "latents", own, BATCH, &e) ||
        (trained ? open_decoder(&m, &f, &e) : find_components(&m, &f, &e)) || create(&f, &m, &e) ||
        follow_all(&f, trained ? decode : restore, &m, &e))
        program_fail(&call, &e);
    follow_close(&f);
    encoder_half_close(&m.decoder);
    pca_free(&m.pca);
    return program_end(&call);
}
