/* Images to the latents of an encoder, or of what needs no training. */
#include <math.h>
#include <string.h>
#include "base/memory.h"
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/embedding.h"
#include "rows/follow.h"

enum { BATCH = 64 };

static const char *method = "encoder", *weights, *fit;
static int64_t latent, landmarks = 256;
static bool unit;

static const struct option options[] = {
    {"method", 0, OPTION_CHOICE, &method, "HOW",
     "by an encoder, principal components, a perceptual hash, or structural similarity", 0, 0,
     "encoder|pca|hash|ssim"},
    {"weights", 'w', OPTION_FILE, &weights, "FILE", "the encoder: what train-encoder wrote", 0, 0,
     NULL},
    {"unit", 0, OPTION_FLAG, &unit, NULL,
     "bring the encoder's latents to length 1, as the losses circle and cosine look at them", 0, 0,
     NULL},
    {"latent", 0, OPTION_INT, &latent, "N",
     "numbers of a latent where no encoder says it: 32, of a hash 64, a square", 1, EMBEDDING_MOST,
     NULL},
    {"fit", 0, OPTION_FILE, &fit, "FILE",
     "samples that pca and ssim learn from; by default the input itself", 0, 0, NULL},
    {"landmarks", 0, OPTION_INT, &landmarks, "N", "images that ssim places all others by", 1, 16384,
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
        "All other fields and the meta pass on; meta `encoder` says what encoded, and of which "
        "size images were, where all are of one. With --unit distances go by direction alone, "
        "the square of one being 2 - 2 cos; what is decoded needs the lengths, and is not made of "
        "such latents.\n\n"
        "Other methods need no training, to be compared with an encoder or to stand in for it. "
        "pca: the coordinates of the pixels, from 0 to 1, along the principal components of "
        "--fit's images; decode-latent turns them back. hash: the bits, 0 or 1, of a perceptual "
        "hash, whether each of the lowest frequencies of the image is stronger than the median of "
        "them; the squared distance of two is the number of bits in which they differ. ssim: "
        "points whose distances are near the root of 1 - SSIM, by classical scaling of "
        "--landmarks of --fit's images, at equal distances as they come; the time grows with "
        "their number.\n\n"
        "What an image becomes depends on nothing but the image and those of --fit, so that a "
        "pool and what is held out lie in one space if both are encoded with the pool as --fit.",
    .examples = "encode-latent --weights encoder -o latents pool\n"
                "encode-latent --method pca --latent 32 pool | build-kdtree -o forest\n"
                "# images that were not learnt from\n"
                "encode-latent --method ssim --fit pool --latent 16 test | evaluate latents",
    .see_also = "build-kdtree decode-latent evaluate train-encoder",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static const char *const own[] = {"image", "z", NULL};

/* The samples' fields but the image, then z; meta `encoder` is `by` (taken over), which says by
 * what. `input`: another stream that was read, or NULL. */
static int create(struct follow *f, int size, struct value *by, const char *input,
                  const char *digest, struct error *e)
{
    struct header h = {0};
    struct value *inputs = NULL;
    int failed = -1;
    if (!value_is_whole(by)) {
        value_free(by);
        return error_set(e, "out of memory");
    }
    if (follow_table(&h, "latents", &f->table, f->own, e) ||
        header_add_field(&h, "z", ELEMENT_F32, 1, (int64_t[]){size}, e) < 0 ||
        (input && stage_note_input(&inputs, input, digest, e)))
        value_free(by);
    else if (!value_set(h.meta, "encoder", by))
        error_set(e, "out of memory");
    else
        failed = follow_create(f, &h, inputs, e);
    value_free(inputs);
    header_free(&h);
    return failed;
}

/* ---- an encoder ---- */

/* Of which size the images were, where the header says that all are alike. */
static void note_size(struct value *by, const struct header *samples)
{
    const int at = header_find(samples, "image");
    const struct field *image = at < 0 ? NULL : &samples->field[at];
    if (image && image->rank == 3 && image->extent[0] > 0 && image->extent[1] > 0) {
        value_set_int(by, "height", image->extent[0]);
        value_set_int(by, "width", image->extent[1]);
    }
}

static int create_encoded(struct follow *f, const struct encoder_half *encoder, struct error *e)
{
    const struct autoencoder *a = &encoder->network;
    struct value *by = value_map();
    value_set_int(by, "latent", a->latent);
    value_set_int(by, "side", a->side);
    value_set_text(by, "digest", encoder->digest);
    if (unit)
        value_set_bool(by, "unit", true);
    note_size(by, &f->table.header);
    return create(f, a->latent, by, weights, encoder->digest, e);
}

/* A latent of length 0 stays what it is. */
static void bring_to_length_1(real *z, size_t count)
{
    double square = 0;
    for (size_t i = 0; i < count; i++)
        square += (double)z[i] * (double)z[i];
    for (size_t i = 0; square > 0 && i < count; i++)
        z[i] = (real)((double)z[i] / sqrt(square));
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
        real *z = node_value(encoder->output) + i * extent;
        if (follow_check(f, i, "z", z, extent, e))
            return -1;
        if (unit)
            bring_to_length_1(z, extent);
        if (follow_write(f, i, cell_tensor(ELEMENT_F32, 1, &extent, z), e))
            return -1;
    }
    return 0;
}

static int by_encoder(struct follow *f, const struct call *call, struct error *e)
{
    const struct stream_limits limits = stage_limits(call);
    struct encoder_half encoder;
    if (encoder_half_open(&encoder, weights, false, BATCH, &limits, e))
        return -1;
    int failed = follow_open(f, call, "samples", own, BATCH, e) || create_encoded(f, &encoder, e) ||
                 follow_all(f, encode, &encoder, e);
    encoder_half_close(&encoder);
    return failed;
}

/* ---- without training ---- */

static int place(struct follow *f, void *context, struct error *e)
{
    const struct embedding *m = context;
    const uint32_t extent = (uint32_t)m->latent;
    struct samples s;
    autofree float *z = array_new(f->table.rows * extent, sizeof *z, "latents", e);
    if (!z || samples_view(&s, &f->table, false, e) || embedding_place(m, &s, z, e))
        return -1;
    for (size_t i = 0; i < s.count; i++)
        if (follow_write(f, i, cell_tensor(ELEMENT_F32, 1, &extent, z + i * extent), e))
            return -1;
    return 0;
}

static int create_placed(struct follow *f, const struct embedding *m, const char *digest,
                         struct error *e)
{
    struct value *by = value_map();
    value_set_text(by, "method", method);
    value_set_int(by, "latent", m->latent);
    if (digest)
        value_set_text(by, "digest", digest);
    if (m->marks)
        value_set_int(by, "landmarks", (int64_t)m->marks);
    if (m->pca.count)
        value_set_real(by, "explained", pca_explained(&m->pca));
    return create(f, m->latent, by, fit, digest, e);
}

/* Learns from --fit, or from all of the input, which is then read at once. */
static int without_training(struct follow *f, const struct call *call, struct error *e)
{
    struct embedding m = {0};
    struct table pool = {0};
    struct samples s;
    const bool all = embedding_fits(method) && !fit;
    int failed = follow_open(f, call, "samples", own, all ? -1 : BATCH, e) ||
                 (fit ? samples_read(call, fit, false, &pool, &s, e)
                      : samples_view(&s, &f->table, false, e) &&
                            error_wrap(e, "%s", stream_path(f->from))) ||
                 (embedding_fit(&m, method, (int)latent, (size_t)landmarks, &s, e) &&
                  error_wrap(e, "%s", fit ? fit : stream_path(f->from))) ||
                 create_placed(f, &m,
                               fit   ? pool.digest
                               : all ? f->table.digest
                                     : NULL,
                               e) ||
                 follow_all(f, place, &m, e);
    embedding_free(&m);
    table_free(&pool);
    return failed;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct follow f = {0};
    program_begin(&program, argc, argv, &call);
    const bool trained = strcmp(method, "encoder") == 0;
    program_forbid(&call, trained, "goes with --method pca, hash or ssim", "latent");
    program_forbid(&call, trained || !embedding_fits(method), "goes with --method pca or ssim",
                   "fit");
    program_forbid(&call, strcmp(method, "ssim"), "goes with --method ssim", "landmarks");
    program_forbid(&call, !trained, "goes with --method encoder", "weights unit");
    if (trained && !weights)
        program_usage(&call, "expected --weights FILE, or --method pca, hash or ssim");
    program_check_inputs(&call, (const char *[]){call.argc ? call.argv[0] : "-",
                                                 weights ? weights : "", fit ? fit : "", NULL});
    if (trained ? by_encoder(&f, &call, &e) : without_training(&f, &call, &e))
        program_fail(&call, &e);
    follow_close(&f);
    return program_end(&call);
}
