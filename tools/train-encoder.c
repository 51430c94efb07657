/* Fits the auto-encoder whose latents the mining stands on. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "search/encoder_training.h"
#include "search/watch.h"

static const char *loss = "mse+contractive", *weight = "sum";
static const char *profile = "reference";
static const char *checkpoint;
static int64_t latent = 8, width, side = 32, epochs = 30, batch = 8;
static double margin = NAN, steepness = 80, rate = 1e-3;

static const struct option options[] = {
    {"latent", 0, OPTION_INT, &latent, "N", "numbers in a latent", 1, 4096, NULL},
    {"loss", 0, OPTION_TEXT, &loss, "LOSS+LOSS...",
     "what is minimised, some of: mse, contractive, vae, second, triplet, cosine, contrastive, "
     "circle",
     0, 0, NULL},
    {"weight", 0, OPTION_TEXT, &weight, "W,W...",
     "how much each loss counts: numbers; sum, as much as usual; kendall, learned", 0, 0, NULL},
    {"margin", 0, OPTION_REAL, &margin, "X",
     "margin of the losses that have one, by default triplet 1, cosine 0, contrastive 1, circle "
     "0.25",
     0, 1e9, NULL},
    {"gamma", 0, OPTION_REAL, &steepness, "X", "steepness of the circle loss", 0, 1e6, NULL},
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
        "Losses: mse, the mean squared error of the reconstruction; contractive, the squared "
        "Frobenius norm of the encoder's Jacobian, estimated along one random direction an image "
        "and step (Rifai et al., ICML 2011); vae, the divergence of the latent from N(0, 1), given "
        "a second head for its variance, by which what is decoded is drawn (Kingma and Welling, "
        "ICLR 2014); second, the mean squared error of the latent that a second encoder finds in "
        "the reconstruction.\n\n"
        "Of images with labels, each beside others that are drawn at random: triplet, the margin "
        "loss (one of its class, one of another); cosine and contrastive (Hadsell et al., CVPR "
        "2006), of a pair (of its class as often as not); circle (Sun et al., CVPR 2020), by "
        "cosines with one of each image's class in the batch, of which there must be two. Where "
        "one "
        "of these is among the losses, images without a label are left out of all. Without mse or "
        "second nothing trains the decoder.\n\n"
        "--weight sum counts the contractive loss 1e-4, vae one over the numbers of an image "
        "(those that mse is the mean of), all others 1; kendall weights each by an uncertainty "
        "that is learned with the network (Kendall et al., CVPR 2018).\n\n"
        "With --checkpoint a run that was stopped, given the same command again, continues and "
        "ends with the same bytes. Meta of the weights holds the losses of every epoch; a second "
        "head's or encoder's weights are kept beside the others, and whoever encodes passes them "
        "by.",
    .examples = "train-encoder --latent 8 --profile small -o encoder pool\n"
                "# a long run, which goes on where it was stopped\n"
                "train-encoder --latent 32 --profile small --loss mse+triplet --weight kendall "
                "--checkpoint part -o encoder pool\n"
                "# an encoder that was never trained, as a baseline\n"
                "train-encoder --epochs 0 -o untrained pool",
    .files = "The file of --checkpoint is a weights stream with the optimiser's state beside the "
             "weights, replaced whole after every epoch; it may be removed when the work is done.",
    .see_also = "decode-latent encode-latent",
    .options = options,
    .writes = "checkpoint",
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static struct encoder_objective objective_of_call(const struct call *c)
{
    struct encoder_objective o;
    struct error e;
    bool margins = false;
    if (encoder_losses_parse(&o, loss, &e))
        program_usage(c, "--loss: %s", e.text);
    if (encoder_weights_parse(&o, weight, &e))
        program_usage(c, "--weight: %s", e.text);
    for (int i = 0; i < o.count; i++)
        margins |= !isnan(o.loss[i]->margin);
    program_forbid(c, !margins, "goes with a loss that has one", "margin");
    program_forbid(c, !encoder_objective_needs(&o, NEEDS_GAMMA), "goes with --loss circle",
                   "gamma");
    if (batch == 1 && encoder_objective_needs(&o, NEEDS_GAMMA))
        program_usage(c, "--batch: expected at least 2, as circle compares images of a batch");
    o.margin = margin;
    o.gamma = steepness;
    return o;
}

static void tell_unlabelled(const struct call *c, const struct samples *s,
                            const struct encoder_objective *o)
{
    size_t without = 0;
    for (size_t i = 0; i < s->count && encoder_objective_needs(o, NEEDS_LABELS); i++)
        without += s->label[i] < 0;
    if (without)
        program_warn(c, "%zu of %zu images have no label and are left out", without, s->count);
}

static struct autoencoder_settings settings_of_call(const struct call *c, const struct samples *s,
                                                    const struct encoder_objective *o)
{
    int first = width ? (int)width : strcmp(profile, "small") == 0 ? 16 : 64;
    return (struct autoencoder_settings){
        .network = {(int)side, s->shape.channels, first, (int)latent},
        .objective = *o,
        .rate = rate,
        .batch = (int)batch,
        .seed = c->seed};
}

static int train(const struct call *c, struct encoder_training *t, struct error *e)
{
    double images = (double)t->samples->count;
    struct autoencoder_report report;
    struct watch watch;
    char note[128];
    watch_begin(&watch, c, (double)epochs * images, encoder_training_epochs(t) * images);
    while (encoder_training_epochs(t) < epochs) {
        if (encoder_training_epoch(t, &report, watch_images, &watch, e))
            return -1;
        encoder_training_note(t, &report, note, sizeof note);
        watch_epoch(&watch, t->samples->count, "epoch %d: %s", encoder_training_epochs(t), note);
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
    const struct encoder_objective objective = objective_of_call(&call);
    program_forbid(&call, width > 0, "excludes --width", "profile");
    program_check_output(&call, "checkpoint", checkpoint);

    struct table table;
    struct samples samples;
    struct encoder_training t;
    if (samples_read(&call, call.argc ? call.argv[0] : NULL, false, &table, &samples, &e))
        program_fail(&call, &e);
    struct autoencoder_settings settings = settings_of_call(&call, &samples, &objective);
    tell_unlabelled(&call, &samples, &objective);
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
