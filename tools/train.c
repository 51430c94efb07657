/* A discrete architecture trained from scratch. */
#include <string.h>
#include <unistd.h>
#include "image/augment.h"
#include "network/architecture.h"
#include "search/training.h"
#include "stream/stage.h"

static const char *arch_path, *checkpoint, *image, *augment = "auto";
static int64_t cells = 8, channels = 16, classes = 10, epochs = 20, batch = 96, cutout = 0;
static double rate = 0.025, drop_path_most = 0;
static bool auxiliary, describe;

static const struct option options[] = {
    {"arch", 'a', OPTION_FILE, &arch_path, "FILE",
     "an architecture stream, a search's state, or DARTS Genotype text", 0, 0, NULL},
    {"cells", 0, OPTION_INT, &cells, "N", "cells of the network", 1, 200, NULL},
    {"channels", 0, OPTION_INT, &channels, "N", "channels of its first cell", 1, 4096, NULL},
    {"auxiliary", 0, OPTION_FLAG, &auxiliary, NULL,
     "a second classifier after two thirds of the cells, with 0.4 of the loss, while training", 0,
     0, NULL},
    {"epochs", 0, OPTION_INT, &epochs, "N", "epochs in all", 0, 1e6, NULL},
    {"batch", 0, OPTION_INT, &batch, "N", "images a step", 1, 65536, NULL},
    {"rate", 0, OPTION_REAL, &rate, "X", "first learning rate; it falls to 0 by half a cosine",
     1e-9, 1e3, NULL},
    {"drop-path", 0, OPTION_REAL, &drop_path_most, "P",
     "probability of dropping a path of an image, reached in a straight line from 0", 0, 0.99,
     NULL},
    {"cutout", 0, OPTION_INT, &cutout, "N", "side of the square cut out of every image, 0 for none",
     0, 65535, NULL},
    {"augment", 0, OPTION_CHOICE, &augment, "WORD", "random variants of the images", 0, 0,
     AUGMENT_WORDS},
    {"checkpoint", 0, OPTION_FILE, &checkpoint, "FILE",
     "kept up to date after every epoch; where FILE exists, training goes on from it", 0, 0, NULL},
    {"describe", 0, OPTION_FLAG, &describe, NULL,
     "print the network's sizes and read no samples; see --image, --classes", 0, 0, NULL},
    {"image", 0, OPTION_TEXT, &image, "HxWxC", "with --describe: the images (28x28x1)", 0, 0, NULL},
    {"classes", 0, OPTION_INT, &classes, "N", "with --describe: the classes", 1, 100000, NULL},
    {0},
};

static const struct program program = {
    .name = "train",
    .summary = "train a discrete architecture from scratch",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Reads samples and writes weights, whose header tells the network, its genotype, how "
        "images are normalised, the settings, and loss and accuracy of every epoch, so that "
        "predict needs nothing else.\n\n"
        "SGD with momentum 0.9, weight decay 3e-4 and gradients clipped to norm 5. Images are "
        "normalised as meta `normalisation` says, else by their own mean and deviation.\n\n"
        "With --checkpoint a call that was killed is simply repeated; the weights are those of a "
        "call that was not. A checkpoint of other settings or other samples is an error. With "
        "--no-history the outputs hold no seconds either, so that they can be compared byte by "
        "byte.",
    .examples =
        "train --arch arch --cells 5 --channels 16 --epochs 20 -o net < samples\n"
        "# the published recipe\n"
        "train --arch darts-v2.txt --cells 20 --channels 36 --epochs 600 --auxiliary "
        "--drop-path 0.2 --cutout 16 --checkpoint run -o net < samples\n"
        "train --describe --json --arch arch --cells 20 --channels 36 --image 32x32x3 --classes 10",
    .options = options,
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM,
};

static struct value *settings_chosen(const struct call *c, const struct samples *s)
{
    struct value *v = value_map();
    value_set_int(v, "seed", (int64_t)c->seed);
    value_set_int(v, "epochs", epochs);
    value_set_int(v, "batch", batch);
    value_set_real(v, "rate", rate);
    value_set_real(v, "drop_path", drop_path_most);
    value_set_int(v, "cutout", cutout);
    value_set_text(v, "augment", augment);
    value_set_text(v, "source", value_get_text(s->table->header.meta, "source", ""));
    return v;
}

static int begin(const struct call *c, struct training *t, const struct genotype *genotype,
                 const struct samples *s, struct error *e)
{
    struct normalisation n;
    if (samples_normalisation(s, &n, e))
        return -1;
    struct value *settings = settings_chosen(c, s);
    struct value *network =
        model_settings(s->shape, s->classes, (int)cells, (int)channels, &n, genotype, auxiliary);
    int failed = training_new(t, network, settings, e);
    value_free(network);
    value_free(settings);
    return failed;
}

static int go_on(const struct call *c, struct training *t, const struct samples *s, struct error *e)
{
    struct weights w;
    struct stream_limits limits = stage_limits(c);
    if (weights_read(&w, checkpoint, &limits, e))
        return -1;
    const char *digest = value_get_text(w.header.meta, "samples", "");
    int failed = training_resume(t, &w, e);
    if (!failed && strcmp(digest, s->table->digest))
        failed =
            error_set(e, "it began with the samples %s, these are %s", digest, s->table->digest);
    weights_free(&w);
    return failed ? error_wrap(e, "%s", checkpoint) : 0;
}

/* Writes the weights or, where path is the checkpoint's, all that is needed to go on. */
static int save_weights(const struct call *c, const char *path, const struct training *t,
                        const struct samples *s, const struct value *inputs, struct error *e)
{
    struct header h;
    bool to_go_on = path && path == checkpoint;
    if (training_header(t, c->history, &s->table->header, &h, e))
        return -1;
    struct stream_writer *w = NULL;
    if (to_go_on && !value_set_text(h.meta, "samples", s->table->digest))
        error_set(e, "out of memory");
    else
        w = stage_create_at(c, path, &h, inputs, e);
    header_free(&h);
    if (w && !training_write(t, to_go_on, w, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}

struct watch {
    struct progress bar;
    double before;
    char note[80];
};

static void show(void *to, size_t images)
{
    struct watch *w = to;
    progress_at(&w->bar, w->before + (double)images, w->note);
}

static int train(const struct call *c, struct training *t, const struct samples *s,
                 const struct value *inputs, struct error *e)
{
    struct watch watch = {.before = 0};
    progress_begin(&watch.bar, c, "image", (double)(t->epochs - t->epoch) * (double)s->count);
    while (t->epoch < t->epochs) {
        if (training_epoch(t, s, show, &watch, e) ||
            (checkpoint && save_weights(c, checkpoint, t, s, inputs, e)))
            return -1;
        const struct value *point = t->curve->item[t->curve->count - 1];
        watch.before += (double)s->count;
        snprintf(watch.note, sizeof watch.note, "epoch %d, loss %.4f, accuracy %.4f", t->epoch,
                 value_get_real(point, "loss", 0), value_get_real(point, "accuracy", 0));
        program_note(c, "%s", watch.note);
    }
    progress_end(&watch.bar);
    return 0;
}

static int print_sizes(const struct call *c, const struct genotype *genotype, struct error *e)
{
    struct image_shape shape = {28, 28, 1};
    if (image && model_parse_image(image, &shape, e))
        program_usage(c, "--image: %s", e->text);
    struct normalisation n = {.channels = shape.channels, .sd = {1, 1, 1, 1}};
    struct value *network =
        model_settings(shape, (int)classes, (int)cells, (int)channels, &n, genotype, auxiliary);
    struct value *sizes = model_sizes(network, (int)batch, e);
    int failed = !sizes ? -1 : model_print_sizes(sizes, c->json, stdout, e);
    value_free(network);
    value_free(sizes);
    return failed;
}

static void check_call(const struct call *c)
{
    if (!arch_path)
        program_usage(c, "expected --arch FILE");
    if (describe)
        return;
    if (c->json)
        program_usage(c, "--json goes with --describe");
    if (image)
        program_usage(c, "--image goes with --describe: otherwise the samples tell");
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    check_call(&call);

    struct genotype genotype;
    char digest[17];
    struct stream_limits limits = stage_limits(&call);
    if (genotype_read(&genotype, arch_path, &limits, NULL, digest, &e))
        program_fail(&call, &e);
    if (describe) {
        if (print_sizes(&call, &genotype, &e))
            program_fail(&call, &e);
        return program_end(&call);
    }

    struct table table;
    struct samples samples;
    struct training t;
    struct value *inputs = NULL;
    if (samples_read(&call, call.argc ? call.argv[0] : NULL, true, &table, &samples, &e) ||
        stage_note_input(&inputs, arch_path, digest, &e) ||
        begin(&call, &t, &genotype, &samples, &e))
        program_fail(&call, &e);
    if ((checkpoint && access(checkpoint, F_OK) == 0 && go_on(&call, &t, &samples, &e)) ||
        train(&call, &t, &samples, inputs, &e) ||
        save_weights(&call, call.output, &t, &samples, inputs, &e))
        program_fail(&call, &e);

    training_free(&t);
    table_free(&table);
    value_free(inputs);
    return program_end(&call);
}
