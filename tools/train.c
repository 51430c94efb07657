/* A network trained from scratch: an architecture that was found, or a published design. */
#include <string.h>
#include <unistd.h>
#include "network/architecture.h"
#include "search/profile.h"
#include "search/training.h"
#include "search/watch.h"

static const char *arch_path, *checkpoint, *teacher_path, *augment = "auto", *balance = "median";
static int64_t epochs = 20, until = -1, cutout = 0;
static double rate = 0.025, drop_path_most = 0, distil = 0.9, temperature = 4;
static struct model_options network = {.cells = 8, .channels = 16, .batch = 96, .classes = 10};

static const struct option options[] = {
    {"arch", 'a', OPTION_FILE, &arch_path, "FILE",
     "an architecture stream, a search's state, or an architecture's text, as derive tells", 0, 0,
     NULL},
    {"network", 'n', OPTION_CHOICE, &network.design, "NAME", "a published design instead", 0, 0,
     DESIGN_WORDS},
    {"depth", 0, OPTION_INT, &network.depth, "N",
     "of the design: convolutions of a cnn (by default 4), layers of a resnet (8), levels of a "
     "segnet (3) or a unet (3)",
     1, 10000, NULL},
    {"auxiliary", 0, OPTION_FLAG, &network.auxiliary, NULL,
     "a second classifier after two thirds of the cells, with 0.4 of the loss, while training", 0,
     0, NULL},
    {"epochs", 0, OPTION_INT, &epochs, "N", "epochs in all", 0, 1e6, NULL},
    {"until", 0, OPTION_INT, &until, "N",
     "stop when so many are done; a later call goes on, with other pixels of the same images", 0,
     1e6, NULL},
    {"rate", 0, OPTION_REAL, &rate, "X", "first learning rate; it falls to 0 by half a cosine",
     1e-9, 1e3, NULL},
    {"drop-path", 0, OPTION_REAL, &drop_path_most, "P",
     "probability of dropping a path of an image, reached in a straight line from 0", 0, 0.99,
     NULL},
    {"cutout", 0, OPTION_INT, &cutout, "N", "side of the square cut out of every image, 0 for none",
     0, 65535, NULL},
    {"augment", 0, OPTION_CHOICE, &augment, "WORD", "random variants of the images", 0, 0,
     AUGMENT_WORDS},
    {"balance", 0, OPTION_CHOICE, &balance, "WORD",
     "weights of a segnet's classes in the loss: by their frequencies, or 1 each", 0, 0,
     "median|none"},
    {"teacher", 0, OPTION_FILE, &teacher_path, "FILE",
     "weights of a network whose outputs are to be learnt beside the labels", 0, 0, NULL},
    {"distil", 0, OPTION_REAL, &distil, "X",
     "with --teacher: the share of the loss that is by its outputs, the labels have the rest", 1e-9,
     1, NULL},
    {"temperature", 0, OPTION_REAL, &temperature, "T",
     "with --teacher: what both networks' logits are divided by there", 1e-3, 1e3, NULL},
    {"checkpoint", 0, OPTION_FILE, &checkpoint, "FILE",
     "kept up to date after every epoch; where FILE exists, training goes on from it", 0, 0, NULL},
    MODEL_OPTIONS(network),
    {0},
};

static const struct program program = {
    .name = "train",
    .summary = "train a network from scratch",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Reads samples and writes weights, whose header tells the network, its genotype, how "
        "images are normalised, the settings, and loss and accuracy of every epoch, so that "
        "predict needs nothing else.\n\n"
        "SGD with momentum 0.9, weight decay 3e-4 and gradients clipped to norm 5. Images are "
        "normalised as meta `normalisation` says, else by their own mean and deviation.\n\n"
        "--arch trains what derive wrote: of darts (Liu et al. 2019) --cells in all, of "
        "nasbench201 (Dong and Yang 2020) and the tinycells equally many in each of three, or two, "
        "stages; the resnets of chosen widths and depths (Dong and Yang 2019) have their own, and "
        "`resnet-20` alone is the largest of such. --network a design as it was published, "
        "--channels wide "
        "at its first layer and --depth deep. cnn: pairs of 3x3 convolutions, a max pool and twice "
        "the channels after each. resnet: 8, 14, 20, ... layers in three stages (He et al. 2016). "
        "segnet: a class for every pixel, by 1 to 5 levels of VGG-16 and their mirror image, which "
        "unpools to where the maxima were (Badrinarayanan et al. 2017); the samples need a field "
        "target. unet: how far away every pixel is, by 1 to 8 levels and their mirror image, which "
        "sees beside what comes up to it what went down there (Ronneberger et al. 2015), to the "
        "mean absolute error; the samples need a field depth, numbers from 0 to 1, of which those "
        "below 0.001 are unknown and count for nothing.\n\n"
        "With --teacher the loss is (1 - X) times the cross-entropy with the labels and X T^2 "
        "times "
        "the divergence of the network's softmax, at temperature T, from the teacher's (Hinton et "
        "al. 2015), which sees the same variants of the images, normalised as it is used to: any "
        "network of the same classes, or a search's super-net.\n\n"
        "With --checkpoint a call that was killed is simply repeated; the weights are those of a "
        "call that was not. A checkpoint of other settings or other samples is an error; with "
        "--until the samples need only have the same ids and labels, so that every epoch can see "
        "variants of its own. With --no-history the outputs hold no seconds either, so that they "
        "can be compared byte by byte.",
    .examples = "train --arch arch --cells 5 --channels 16 --epochs 20 -o net pool\n"
                "# the published recipe, from Genotype text\n"
                "train --arch genotype.txt --cells 20 --channels 36 --epochs 600 --auxiliary \\\n"
                "    --drop-path 0.2 --cutout 16 --checkpoint part -o net pool\n"
                "# a published design\n"
                "train --network resnet --depth 20 --channels 16 --epochs 30 -o net pool\n"
                "# a small network that learns from a large one\n"
                "train --network resnet --depth 8 --channels 8 --epochs 30 --teacher net \\\n"
                "    --distil 0.9 --temperature 4 -o small pool\n"
                "# epoch by epoch, half of the images at quality 15, another half each time: 1, "
                "then 2, ...\n"
                "compress --half 15 --epoch 1 pool | \\\n"
                "    train --network cnn --until 1 --checkpoint going -o net\n"
                "# how large it is\n"
                "train --describe --arch arch --cells 20 --channels 36 --image 32x32x3",
    .files = "The file of --checkpoint is a weights stream with the optimiser's state and the "
             "settings beside the weights, replaced whole after every epoch; it may be removed "
             "when the work is done.",
    .see_also = "compress derive evaluate predict",
    .options = options,
    .writes = "checkpoint",
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM,
};

static enum task task_of(void)
{
    return network.design ? design_find(network.design)->task : TASK_CLASS;
}

static int read_samples(const struct call *c, struct table *t, struct samples *s, struct error *e)
{
    const char *path = c->argc ? c->argv[0] : "-";
    const enum task task = task_of();
    if (samples_read(c, path, task == TASK_CLASS, t, s, e))
        return -1;
    if ((task == TASK_PIXELS && samples_check_targets(s, e)) ||
        (task == TASK_DEPTH && samples_check_depths(s, e)))
        return error_wrap(e, "%s", strcmp(path, "-") ? path : "standard input");
    return 0;
}

/* Beside its settings, which must tell the teacher's digest before the network is built. */
static int read_teacher(const struct call *c, struct model *teacher, char digest[17],
                        struct value **inputs, struct error *e)
{
    const struct stream_limits limits = stage_limits(c);
    return model_read(teacher, teacher_path, &limits, (int)network.batch, NULL, digest, e) ||
                   stage_note_input(inputs, teacher_path, digest, e)
               ? -1
               : 0;
}

#define SETTINGS "seed epochs batch rate drop-path cutout augment"

/* a: NULL of a design. */
static int begin(const struct call *c, struct training *t, const struct architecture *a,
                 const struct samples *s, struct value **inputs, struct error *e)
{
    struct normalisation n;
    struct model teacher;
    char digest[17];
    if (samples_normalisation(s, &n, e) ||
        (teacher_path && read_teacher(c, &teacher, digest, inputs, e)))
        return -1;
    struct value *settings =
        program_settings(c, teacher_path ? SETTINGS " distil temperature" : SETTINGS, false);
    if (teacher_path)
        value_set_text(settings, "teacher", digest);
    struct value *net = model_settings(&network, s->shape, s->classes, &n, a);
    const bool weigh = task_of() == TASK_PIXELS;
    if (weigh)
        value_set_text(settings, "balance", balance);
    value_set_text(settings, "source", value_get_text(s->table->header.meta, "source", ""));
    int failed = training_new(t, net, settings, e);
    if (failed && teacher_path)
        model_free(&teacher);
    if (!failed && teacher_path && training_teach(t, &teacher, e)) {
        training_free(t);
        failed = error_wrap(e, "%s", teacher_path);
    }
    if (!failed && weigh && !strcmp(balance, "median") && training_balance(t, s, e)) {
        training_free(t);
        failed = -1;
    }
    value_free(net);
    value_free(settings);
    return failed;
}

static int train(const struct call *c, struct training *t, const struct samples *s,
                 const struct value *inputs, struct error *e)
{
    struct watch watch;
    struct profile profile;
    if (network.profile && profile_begin(&profile, t->model.graph, e))
        return -1;
    int end = until >= 0 && until < t->epochs ? (int)until : t->epochs;
    watch_begin(&watch, c, (double)(end - t->epoch) * (double)s->count, 0);
    while (t->epoch < end) {
        if (training_epoch(t, s, watch_images, &watch, e) ||
            (checkpoint && training_save(t, c, checkpoint, true, s, inputs, e)))
            return -1;
        const struct value *point = t->curve->item[t->curve->count - 1];
        const double accuracy = value_get_real(point, "accuracy", 0);
        watch_epoch(&watch, s->count,
                    t->model.task == TASK_DEPTH ? "epoch %d, loss %.4f"
                                                : "epoch %d, loss %.4f, accuracy %.4f",
                    t->epoch, value_get_real(point, "loss", 0), accuracy);
        program_note(c, "%s", watch.note);
    }
    watch_end(&watch);
    return network.profile ? profile_print(&profile, c->json, stderr, e) : 0;
}

static void check_call(const struct call *c)
{
    struct error e;
    if (!arch_path == !network.design)
        program_usage(c, "expected either --arch FILE or --network NAME");
    program_forbid(c, network.design, "goes with --arch", "cells auxiliary drop-path");
    program_forbid(c, arch_path, "goes with --network", "depth");
    program_forbid(c, !checkpoint, "goes with --checkpoint", "until");
    program_forbid(c, !teacher_path, "goes with --teacher", "distil temperature");
    program_forbid(c, task_of() != TASK_CLASS, "goes with networks that tell the class of an image",
                   "teacher");
    program_forbid(c, task_of() != TASK_PIXELS, "goes with --network segnet", "balance");
    if (model_check_options(&network, c, &e))
        program_usage(c, "%s", e.text);
    network.drop_path = drop_path_most > 0;
    program_forbid(c, network.describe, "does nothing with --describe",
                   "epochs until rate cutout augment balance teacher distil temperature checkpoint "
                   "profile seed threads no-history");
    if (network.describe && c->argc)
        program_usage(c, "--describe reads no samples, found '%s'", c->argv[0]);
    if (network.describe)
        return;
    program_check_inputs(c, (const char *[]){c->argc ? c->argv[0] : "-", arch_path ? arch_path : "",
                                             teacher_path ? teacher_path : "", NULL});
    program_check_output(c, "checkpoint", checkpoint);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    check_call(&call);

    struct architecture a, *found = arch_path ? &a : NULL;
    char digest[17];
    struct stream_limits limits = stage_limits(&call);
    if (found && architecture_read(found, arch_path, &limits, NULL, digest, &e))
        program_fail(&call, &e);
    program_forbid(&call, found && a.space->cells, "is told by the architecture", "cells");
    if (network.describe) {
        if (model_describe(&network, found, &call, &e))
            program_fail(&call, &e);
        return program_end(&call);
    }

    struct table table;
    struct samples samples;
    struct training t;
    struct value *inputs = NULL;
    if (read_samples(&call, &table, &samples, &e) ||
        (found && stage_note_input(&inputs, arch_path, digest, &e)) ||
        begin(&call, &t, found, &samples, &inputs, &e) ||
        (checkpoint && access(checkpoint, F_OK) == 0 &&
         training_resume(&t, &call, checkpoint, until >= 0, &samples, &e)) ||
        train(&call, &t, &samples, inputs, &e) ||
        training_save(&t, &call, call.output, false, &samples, inputs, &e))
        program_fail(&call, &e);

    training_free(&t);
    table_free(&table);
    value_free(inputs);
    return program_end(&call);
}
