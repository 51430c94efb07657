/* Fits the auto-encoder whose latents the mining stands on. */
#include <string.h>
#include <unistd.h>
#include "search/encoder_training.h"
#include "search/watch.h"

static const char *loss = "contractive";
static const char *profile = "reference";
static const char *checkpoint;
static int64_t latent = 8, width, side = 32, epochs = 30, batch = 8;
static double lambda = 1e-4, margin = 1, rate = 1e-3;

static const struct option options[] = {
    {"latent", 0, OPTION_INT, &latent, "N", "numbers in a latent", 1, 4096, NULL},
    {"loss", 0, OPTION_CHOICE, &loss, "LOSS", "what is minimised", 0, 0, ENCODER_LOSSES},
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
    .examples = "train-encoder --latent 8 --profile small -o encoder pool\n"
                "# a long run, which goes on where it was stopped\n"
                "train-encoder --latent 32 --profile small --loss triplet --checkpoint part -o "
                "encoder pool\n"
                "# an encoder that was never trained, as a baseline\n"
                "train-encoder --epochs 0 -o untrained pool",
    .files = "The file of --checkpoint is a weights stream with the optimiser's state beside the "
             "weights, replaced whole after every epoch; it may be removed when the work is done.",
    .see_also = "decode-latent encode-latent",
    .options = options,
    .writes = "checkpoint",
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static struct autoencoder_settings settings_of_call(const struct call *c, const struct samples *s)
{
    int first = width ? (int)width : strcmp(profile, "small") == 0 ? 16 : 64;
    return (struct autoencoder_settings){
        .network = {(int)side, s->shape.channels, first, (int)latent},
        .loss = encoder_loss(loss),
        .lambda = lambda,
        .margin = margin,
        .rate = rate,
        .batch = (int)batch,
        .seed = c->seed};
}

static int train(const struct call *c, struct encoder_training *t, struct error *e)
{
    double images = (double)t->samples->count;
    struct autoencoder_report report;
    struct watch watch;
    watch_begin(&watch, c, (double)epochs * images, encoder_training_epochs(t) * images);
    while (encoder_training_epochs(t) < epochs) {
        if (encoder_training_epoch(t, &report, watch_images, &watch, e))
            return -1;
        watch_epoch(&watch, t->samples->count, "epoch %d: loss %.6g, mse %.6g",
                    encoder_training_epochs(t), report.loss, report.mse);
        program_note(c, "%s", watch.note);
        if (checkpoint && encoder_training_save(t, c, checkpoint, e))
            return -1;
    }
    watch_end(&watch);
    return 0;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    if (side & (side - 1))
        program_usage(&call, "--side: expected a power of two, found %lld", (long long)side);
    program_forbid(&call, strcmp(loss, "contractive") != 0, "goes with --loss contractive",
                   "lambda");
    program_forbid(&call, strcmp(loss, "triplet") != 0, "goes with --loss triplet", "margin");
    program_forbid(&call, width > 0, "excludes --width", "profile");
    program_check_output(&call, "checkpoint", checkpoint);

    struct table table;
    struct samples samples;
    struct encoder_training t;
    if (samples_read(&call, call.argc ? call.argv[0] : NULL, false, &table, &samples, &e))
        program_fail(&call, &e);
    struct autoencoder_settings settings = settings_of_call(&call, &samples);
    if (encoder_training_new(&t, &settings, &samples, &e) ||
        (checkpoint && access(checkpoint, F_OK) == 0 &&
         encoder_training_resume(&t, &call, checkpoint, epochs, &e)))
        program_fail(&call, &e);

    /* Opened now: a wrong path should not cost a training. */
    struct stream_writer *w = stage_create(&call, &t.header, NULL, &e);
    if (!w || train(&call, &t, &e) || encoder_training_finish(&t, w, &e))
        program_fail(&call, &e);

    encoder_training_free(&t);
    table_free(&table);
    return program_end(&call);
}
