/* Fits the auto-encoder whose latents the mining stands on. */
#include <string.h>
#include <unistd.h>
#include "image/prepare.h"
#include "network/encoder_file.h"
#include "rows/samples.h"
#include "search/settings.h"
#include "stream/stage.h"

static const char *loss = "contractive";
static const char *profile = "reference";
static const char *checkpoint;
static int64_t latent = 8, width, side = 32, epochs = 30, batch = 8;
static double lambda = 1e-4, margin = 1, rate = 1e-3;

static const struct option options[] = {
    {"latent", 0, OPTION_INT, &latent, "N", "numbers in a latent", 1, 4096, NULL},
    {"loss", 0, OPTION_CHOICE, &loss, "LOSS", "what is minimised", 0, 0, "mse|contractive|triplet"},
    {"lambda", 0, OPTION_REAL, &lambda, "X", "weight of the contractive loss", 0, 1e9, NULL},
    {"margin", 0, OPTION_REAL, &margin, "X", "margin of the triplet loss", 0, 1e9, NULL},
    {"profile", 0, OPTION_CHOICE, &profile, "NAME",
     "width of the first layer: 64 (reference) or 16 (small)", 0, 0, "reference|small"},
    {"width", 0, OPTION_INT, &width, "N", "width of the first layer, instead of the profile's", 1,
     512, NULL},
    {"side", 0, OPTION_INT, &side, "N", "side that images are brought to, a power of two", 16, 1024,
     NULL},
    {"epochs", 0, OPTION_INT, &epochs, "N", "passes over the images; 0: untrained", 0, 1e6, NULL},
    {"batch", 0, OPTION_INT, &batch, "N", "images a step", 1, 65536, NULL},
    {"rate", 0, OPTION_REAL, &rate, "X", "Adam's learning rate", 0, 10, NULL},
    {"checkpoint", 0, OPTION_FILE, &checkpoint, "FILE",
     "save the state here after every epoch, and go on from it where it exists", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "train-encoder",
    .summary = "fit an auto-encoder to the images of a samples stream",
    .operands = "[SAMPLES]",
    .least_operands = 0,
    .most_operands = 1,
    .description =
        "Trains GANomaly's encoder and decoder (Akcay et al., ACCV 2018; no skip connections, so "
        "that everything passes the latent) by Adam and writes their weights. Images are brought "
        "to --side and to [-1, 1] beforehand.\n\n"
        "Losses: mse, the mean squared error of the reconstruction; contractive, that and --lambda "
        "times the squared Frobenius norm of the encoder's Jacobian, estimated along one random "
        "direction an image and step; triplet, the mean squared error and the triplet margin loss "
        "of random triplets, weighted by learned uncertainties (Kendall et al., CVPR 2018), which "
        "needs labels.\n\n"
        "With --checkpoint a run that was stopped, given the same command again, continues and "
        "ends with the same bytes. Meta of the weights holds the losses of every epoch.",
    .examples = "train-encoder --latent 8 --profile small -o enc < train\n"
                "# CIFAR-10\n"
                "train-encoder --latent 32 --loss triplet --checkpoint enc.part -o enc < train\n"
                "# an encoder that was never trained, as a baseline\n"
                "train-encoder --epochs 0 -o untrained < train",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static struct autoencoder_settings settings_of_call(const struct call *c, const struct samples *s)
{
    int first = width ? (int)width : strcmp(profile, "small") == 0 ? 16 : 64;
    return (struct autoencoder_settings){
        .network = {(int)side, s->shape.channels, first, (int)latent},
        .loss = strcmp(loss, "mse") == 0           ? AUTOENCODER_MSE
                : strcmp(loss, "contractive") == 0 ? AUTOENCODER_CONTRACTIVE
                                                   : AUTOENCODER_TRIPLET,
        .lambda = lambda,
        .margin = margin,
        .rate = rate,
        .batch = (int)batch,
        .seed = c->seed};
}

/* What makes a run the run it is: kept in its files, compared when it goes on. */
static struct value *training_value(const struct call *c, const struct table *t)
{
    struct value *v = value_map();
    bool good = value_set_text(v, "loss", loss) && value_set_real(v, "rate", rate) &&
                value_set_int(v, "batch", batch) && value_set_int(v, "seed", (int64_t)c->seed) &&
                value_set_text(v, "samples", t->digest);
    if (good && strcmp(loss, "contractive") == 0)
        good = value_set_real(v, "lambda", lambda);
    if (good && strcmp(loss, "triplet") == 0)
        good = value_set_real(v, "margin", margin);
    if (good)
        return v;
    value_free(v);
    return NULL;
}

struct job {
    struct call call;
    struct table table;
    struct samples samples;
    struct autoencoder_trainer *trainer;
    struct header header; /* of weights and checkpoints */
    struct value *report; /* in its meta: a map an epoch */
    struct progress progress;
};

static int make_header(struct job *j, const struct autoencoder *network, struct error *e)
{
    struct value *v = autoencoder_value(network);
    int failed = v ? weights_header(&j->header, v, e) : error_set(e, "out of memory");
    value_free(v);
    if (failed)
        return -1;
    if (samples_bequeath(&j->table.header, &j->header) ||
        !value_set(j->header.meta, "training", training_value(&j->call, &j->table)) ||
        !(j->report = value_set(j->header.meta, "report", value_array())))
        return error_set(e, "out of memory");
    return 0;
}

/* Goes on from the checkpoint, which must be of this very run. */
static int resume(struct job *j, struct error *e)
{
    const struct stream_limits limits = stage_limits(&j->call);
    const struct value *meta, *mine = j->header.meta;
    struct weights w;
    int failed;

    if (weights_read(&w, checkpoint, &limits, e))
        return -1;
    meta = w.header.meta;
    failed = settings_agree(value_get(meta, "network"), value_get(mine, "network"), e) ||
             settings_agree(value_get(meta, "training"), value_get(mine, "training"), e) ||
             encoder_file_restore(j->trainer, &w, e);
    if (!failed && *autoencoder_epochs(j->trainer) > epochs)
        failed = error_set(e, "it has %d epochs, more than %d", *autoencoder_epochs(j->trainer),
                           (int)epochs);
    if (!failed && value_get(meta, "report")) {
        j->report = value_set(j->header.meta, "report", value_copy(value_get(meta, "report")));
        failed = j->report ? 0 : error_set(e, "out of memory");
    }
    weights_free(&w);
    return failed ? error_wrap(e, "%s", checkpoint) : 0;
}

static int save_checkpoint(struct job *j, struct error *e)
{
    struct stream_writer *w = stage_create_at(&j->call, checkpoint, &j->header, NULL, e);
    if (!w)
        return -1;
    if (encoder_file_write(w, j->trainer, true, e)) {
        stream_abandon(w);
        return -1;
    }
    return stream_commit(w, e);
}

static int note_epoch(struct job *j, const struct autoencoder_report *r, struct error *e)
{
    struct value *v = value_append(j->report, value_map());
    bool good = value_set_real(v, "loss", r->loss) && value_set_real(v, "mse", r->mse);
    if (good && strcmp(loss, "mse") != 0)
        good = value_set_real(v, strcmp(loss, "triplet") ? "jacobian" : "triplet", r->second);
    program_note(&j->call, "epoch %d: loss %.6g, mse %.6g", *autoencoder_epochs(j->trainer),
                 r->loss, r->mse);
    return good ? 0 : error_set(e, "out of memory");
}

static void fetch(const void *context, size_t i, float *pixels)
{
    const struct samples *s = context;
    struct image_shape shape = s->shape;
    size_t size = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    prepare_encoder_input(s->image + i * size, shape.height, shape.width, shape.channels, (int)side,
                          pixels);
}

static void show(void *to, size_t images)
{
    struct job *j = to;
    double before = (double)*autoencoder_epochs(j->trainer) * (double)j->samples.count;
    progress_at(&j->progress, before + (double)images, NULL);
}

static int train(struct job *j, struct error *e)
{
    struct autoencoder_report report;

    progress_begin(&j->progress, &j->call, "image", (double)epochs * (double)j->samples.count);
    while (*autoencoder_epochs(j->trainer) < epochs)
        if (autoencoder_epoch(j->trainer, &report, show, j, e) || note_epoch(j, &report, e) ||
            (checkpoint && save_checkpoint(j, e)))
            return -1;
    progress_end(&j->progress);
    return 0;
}

int main(int argc, char **argv)
{
    struct job j = {0};
    struct call *c = &j.call;
    struct error e;
    struct stream_writer *w;

    program_begin(&program, argc, argv, c);
    if (samples_read(c, c->argc ? c->argv[0] : NULL, false, &j.table, &j.samples, &e))
        program_fail(c, &e);

    struct autoencoder_settings settings = settings_of_call(c, &j.samples);
    struct autoencoder_data data = {
        .count = j.samples.count, .label = j.samples.label, .fetch = fetch, .context = &j.samples};
    j.trainer = autoencoder_trainer_new(&settings, &data, &e);
    if (!j.trainer || make_header(&j, &settings.network, &e))
        program_fail(c, &e);
    if (checkpoint && access(checkpoint, F_OK) == 0 && resume(&j, &e))
        program_fail(c, &e);

    w = stage_create(c, &j.header, NULL, &e); /* now: a wrong path should not cost a training */
    if (!w || train(&j, &e))
        program_fail(c, &e);
    if (!value_set(stream_writer_header(w)->meta, "report", value_copy(j.report))) {
        error_set(&e, "out of memory");
        program_fail(c, &e);
    }
    if (encoder_file_write(w, j.trainer, false, &e) || stream_commit(w, &e))
        program_fail(c, &e);

    autoencoder_trainer_free(j.trainer);
    header_free(&j.header);
    table_free(&j.table);
    return program_end(c);
}
