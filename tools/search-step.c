/* Epochs of a DARTS super-net over a subset; its state lives in a file. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "image/augment.h"
#include "search/settings.h"
#include "search/state.h"
#include "stream/stage.h"

enum { MOST_FIELDS = 64 };

static const char *state_path, *validation_path, *image;
static const char *space = "darts", *schedule = "cyclic", *augment = "auto";
static int64_t cells = 8, channels = 16, classes = 10, order = 2, batch = 64, window = 5;
static int64_t total_epochs = 50, epochs = 1, until = -1;
static bool measure, describe, profile;

static const struct option options[] = {
    {"state", 's', OPTION_FILE, &state_path, "FILE",
     "where the search lives: begun where FILE is missing, else gone on with", 0, 0, NULL},
    {"validation", 0, OPTION_FILE, &validation_path, "FILE",
     "samples that the architecture parameters are trained on", 0, 0, NULL},
    {"epochs", 0, OPTION_INT, &epochs, "N", "train N more epochs", 0, 1e6, NULL},
    {"until", 0, OPTION_INT, &until, "N",
     "train until N epochs are done in all: a call that is repeated trains no more", 0, 1e6, NULL},
    {"measure", 0, OPTION_FLAG, &measure, NULL,
     "measure the accuracy on the validation samples, by running statistics, at the end", 0, 0,
     NULL},
    {"space", 0, OPTION_CHOICE, &space, "SPACE", "search space", 0, 0, "darts"},
    {"cells", 0, OPTION_INT, &cells, "N", "cells of the super-net", 1, 200, NULL},
    {"channels", 0, OPTION_INT, &channels, "N", "channels of its first cell", 1, 4096, NULL},
    {"order", 0, OPTION_INT, &order, "1|2", "order of the architecture gradient", 1, 2, NULL},
    {"batch", 0, OPTION_INT, &batch, "N", "images a step", 1, 65536, NULL},
    {"window", 0, OPTION_INT, &window, "N", "epochs that easiness is a mean over", 1, 1000, NULL},
    {"schedule", 0, OPTION_CHOICE, &schedule, "WORD",
     "learning rate: a triangle of 20 epochs that a new subset sets to its peak, or half a cosine "
     "over --total-epochs",
     0, 0, "cyclic|cosine"},
    {"total-epochs", 0, OPTION_INT, &total_epochs, "N", "length of the cosine", 1, 1e6, NULL},
    {"augment", 0, OPTION_CHOICE, &augment, "WORD", "random variants of the images", 0, 0,
     AUGMENT_WORDS},
    {"describe", 0, OPTION_FLAG, &describe, NULL,
     "print the super-net's sizes and read nothing; see --image, --classes", 0, 0, NULL},
    {"image", 0, OPTION_TEXT, &image, "HxWxC", "with --describe: the images (28x28x1)", 0, 0, NULL},
    {"classes", 0, OPTION_INT, &classes, "N", "with --describe: the classes", 1, 100000, NULL},
    {"profile", 0, OPTION_FLAG, &profile, NULL, "print the time of each kind of op to stderr", 0, 0,
     NULL},
    {0},
};

static const struct program program = {
    .name = "search-step",
    .summary = "train a DARTS super-net on a subset and tell which images are easy",
    .operands = "",
    .description =
        "Reads samples, the subset, from standard input, trains the super-net in --state on them, "
        "and writes a hardness stream: a row an image in the order of the input, with easiness, "
        "the mean probability of its true class over the last --window epochs, and epochs, how "
        "many are in that mean. The header's meta `search` tells epochs done, accuracy on the "
        "subset, learning rate, updates of the subset, images and seconds.\n\n"
        "For each batch the architecture parameters take a step by Adam on validation samples, "
        "then the weights a step by SGD on the subset. The state is replaced after every epoch, "
        "whole or not at all, so a call that was killed is simply repeated.\n\n"
        "What a search begins with stays: options that are given later must say the same, and "
        "need not be given at all. A subset that differs from the last one, or says that it was "
        "updated, sets the cyclic learning rate to its peak; images that stay keep their easiness. "
        "Images are normalised as meta `normalisation` says, else by the validation samples' own "
        "mean and deviation.\n\n"
        "With --no-history the outputs hold no seconds either, so that they can be compared byte "
        "by byte.",
    .examples = "search-step --describe --cells 8 --channels 16 --image 28x28x1 --classes 10\n"
                "# one turn of the loop\n"
                "pick --ids D train | search-step --state S --validation V | mine --forest F -o D",
    .options = options,
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM,
};

static bool given(const struct call *c, const char *option)
{
    size_t length = strlen(option);
    for (size_t i = 0; i < c->arguments->count; i++) {
        const char *text = c->arguments->item[i]->text;
        if (!strncmp(text, "--", 2) && !strncmp(text + 2, option, length) &&
            (!text[2 + length] || text[2 + length] == '='))
            return true;
    }
    return false;
}

/* The settings that the command line gives or, with `all`, has. */
static struct value *choices(const struct call *c, bool all, bool network)
{
    int64_t seed = (int64_t)c->seed;
    const struct {
        const char *option, *key;
        bool network;
        const int64_t *number;
        const char *text;
    } table[] = {
        {"space", "space", true, NULL, space},
        {"cells", "cells", true, &cells, NULL},
        {"channels", "channels", true, &channels, NULL},
        {"seed", "seed", false, &seed, NULL},
        {"order", "order", false, &order, NULL},
        {"batch", "batch", false, &batch, NULL},
        {"window", "window", false, &window, NULL},
        {"schedule", "schedule", false, NULL, schedule},
        {"total-epochs", "total_epochs", false, &total_epochs, NULL},
        {"augment", "augment", false, NULL, augment},
    };
    struct value *v = value_map();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].network == network && (all || given(c, table[i].option)))
            value_set(v, table[i].key,
                      table[i].number ? value_int(*table[i].number) : value_text(table[i].text));
    return v;
}

static int begin(const struct call *c, struct search *s, const struct samples *d,
                 const struct samples *v, struct error *e)
{
    struct normalisation n;
    int most = d->classes > v->classes ? d->classes : v->classes;
    if (samples_normalisation(v, &n, e))
        return error_wrap(e, "%s", validation_path);
    struct value *settings = choices(c, true, false);
    struct value *network =
        model_settings(d->shape, most, (int)cells, (int)channels, &n, NULL, false);
    value_set_text(settings, "source", value_get_text(d->table->header.meta, "source", ""));
    int failed = search_new(s, network, settings, e);
    value_free(network);
    value_free(settings);
    return failed;
}

static int go_on(const struct call *c, struct search *s, struct value **inputs, struct error *e)
{
    struct weights w;
    struct stream_limits limits = stage_limits(c);
    if (weights_read(&w, state_path, &limits, e))
        return -1;
    struct value *network = choices(c, false, true), *settings = choices(c, false, false);
    int failed = state_restore(s, &w, e);
    if (!failed &&
        (settings_agree(s->network, network, e) || settings_agree(s->settings, settings, e) ||
         stage_note_input(inputs, state_path, w.digest, e))) {
        search_free(s);
        failed = -1;
    }
    value_free(network);
    value_free(settings);
    weights_free(&w);
    return failed ? error_wrap(e, "%s", state_path) : 0;
}

static int save_state(const struct call *c, const struct search *s, const struct samples *d,
                      const struct value *inputs, struct error *e)
{
    struct header h;
    if (state_header(s, c->history, &d->table->header, &h, e))
        return -1;
    struct stream_writer *w = stage_create_at(c, state_path, &h, inputs, e);
    header_free(&h);
    if (!w)
        return -1;
    if (!state_write(s, w, e))
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

static int train(const struct call *c, struct search *s, const struct samples *d,
                 const struct samples *v, const struct value *inputs, struct error *e)
{
    int64_t end = until >= 0 ? until : s->curriculum.epoch + epochs;
    struct watch watch = {.before = 0};
    progress_begin(&watch.bar, c, "image", (double)(end - s->curriculum.epoch) * (double)d->count);
    bool measured = !isnan(s->validation);
    while (s->curriculum.epoch < end) {
        if (search_epoch(s, d, v, show, &watch, e))
            return -1;
        watch.before += (double)d->count;
        snprintf(watch.note, sizeof watch.note, "epoch %lld, accuracy %.3f",
                 (long long)s->curriculum.epoch, s->curriculum.accuracy);
        measured = measure && s->curriculum.epoch == end;
        if ((measured && search_measure(s, v, e)) || save_state(c, s, d, inputs, e))
            return -1;
    }
    progress_end(&watch.bar);
    return measure && !measured ? search_measure(s, v, e) : 0;
}

static int write_rows(const struct search *s, const struct samples *d, const char *const *own,
                      struct stream_writer *w, struct error *e)
{
    struct cell row[MOST_FIELDS];
    for (size_t i = 0; i < d->count; i++) {
        int seen = 0, n = samples_cells(d->table, own, i, row);
        double easiness = easiness_mean(&s->easiness, d->id[i], &seen);
        row[n] = cell_real(ELEMENT_F32, easiness);
        row[n + 1] = cell_int(ELEMENT_I32, seen);
        if (stream_write(w, row, e))
            return -1;
    }
    return 0;
}

static int write_hardness(const struct call *c, const struct search *s, const struct samples *d,
                          const struct value *inputs, struct error *e)
{
    static const char *const own[] = {"easiness", "epochs", NULL};
    struct header h = {0};
    if (d->table->header.fields > MOST_FIELDS - 2)
        return error_set(e, "%d fields, expected at most %d", d->table->header.fields,
                         MOST_FIELDS - 2);
    struct stream_writer *w = NULL;
    if (!samples_follow(d->table, "hardness", own, &h, e) &&
        header_add_field(&h, "easiness", ELEMENT_F32, 0, NULL, e) >= 0 &&
        header_add_field(&h, "epochs", ELEMENT_I32, 0, NULL, e) >= 0) {
        if (value_set(h.meta, "search", search_report(s, c->history)))
            w = stage_create(c, &h, inputs, e);
        else
            error_set(e, "out of memory");
    }
    header_free(&h);
    if (w && !write_rows(s, d, own, w, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}

static int print_sizes(const struct call *c, struct error *e)
{
    struct image_shape shape = {28, 28, 1};
    if (image && model_parse_image(image, &shape, e))
        program_usage(c, "--image: %s", e->text);
    struct normalisation n = {.channels = shape.channels, .sd = {1, 1, 1, 1}};
    struct value *network =
        model_settings(shape, (int)classes, (int)cells, (int)channels, &n, NULL, false);
    struct value *sizes = model_sizes(network, (int)batch, e);
    int failed = !sizes ? -1 : model_print_sizes(sizes, c->json, stdout, e);
    value_free(network);
    value_free(sizes);
    return failed;
}

static void print_profile(const struct search *s)
{
    const struct op_profile *row;
    int rows = graph_profile_rows(s->model.graph, &row);
    fprintf(stderr, "%-20s %8s %10s %10s %10s %10s\n", "op", "calls", "forward s", "backward s",
            "GMAC", "GB");
    for (int i = 0; i < rows; i++)
        if (row[i].calls)
            fprintf(stderr, "%-20s %8ld %10.3f %10.3f %10.3f %10.3f\n", row[i].name, row[i].calls,
                    row[i].forward_seconds, row[i].backward_seconds, row[i].macs / 1e9,
                    row[i].bytes / 1e9);
}

static void check_call(const struct call *c)
{
    if (!state_path)
        program_usage(c, "expected --state FILE");
    if (!validation_path)
        program_usage(c, "expected --validation FILE");
    if (c->json)
        program_usage(c, "--json goes with --describe");
    if (image || given(c, "classes"))
        program_usage(c, "--image and --classes go with --describe: otherwise the samples tell");
    if (until >= 0 && given(c, "epochs"))
        program_usage(c, "--epochs and --until exclude each other");
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    if (describe) {
        if (print_sizes(&call, &e))
            program_fail(&call, &e);
        return program_end(&call);
    }
    check_call(&call);

    struct table subset, held_out;
    struct samples d, v;
    struct search s;
    struct value *inputs = NULL;
    bool exists = access(state_path, F_OK) == 0;
    if (samples_read(&call, NULL, true, &subset, &d, &e) ||
        samples_read(&call, validation_path, true, &held_out, &v, &e) ||
        stage_note_input(&inputs, validation_path, held_out.digest, &e) ||
        (exists ? go_on(&call, &s, &inputs, &e) : begin(&call, &s, &d, &v, &e)))
        program_fail(&call, &e);

    int64_t update = value_get_int(value_get(subset.header.meta, "subset"), "update", -1);
    graph_profile(s.model.graph, profile);
    if (samples_fit(&d, "standard input", s.model.image, s.model.classes, &e) ||
        samples_fit(&v, validation_path, s.model.image, s.model.classes, &e) ||
        search_take_subset(&s, &d, update, &e) || train(&call, &s, &d, &v, inputs, &e) ||
        write_hardness(&call, &s, &d, inputs, &e))
        program_fail(&call, &e);
    if (profile)
        print_profile(&s);

    search_free(&s);
    table_free(&subset);
    table_free(&held_out);
    value_free(inputs);
    return program_end(&call);
}
