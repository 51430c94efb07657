/* Epochs of a super-net over a subset; its state lives in a file. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/words.h"
#include "search/profile.h"
#include "search/report.h"
#include "search/stages.h"
#include "search/state.h"
#include "search/strategy.h"
#include "search/watch.h"

static const char *state_path, *validation_path;
static const char *strategy = "darts", *schedule = "cyclic", *augment = "auto";
static int64_t order = 2, partial = 4, frozen = -1, candidates = 8, population = 20, sample = 5;
static int64_t stage_epochs = 25, most_skips = 2, noise, judge;
static const char *stages = "5:8:0,11:5:0.4,17:3:0.7";
static int64_t window = 5, total_epochs = 50, epochs = 1, until = -1;
static int64_t most_images;
static double most_seconds, macs = 0.47;
static bool measure;
static struct model_options network = {
    .space = "darts", .cells = 8, .channels = 16, .batch = 64, .classes = 10};

static const struct option options[] = {
    {"state", 's', OPTION_FILE, &state_path, "FILE",
     "where the search lives: begun where FILE is missing, else gone on with", 0, 0, NULL},
    {"validation", 0, OPTION_FILE, &validation_path, "FILE",
     "samples that the architecture parameters are trained on", 0, 0, NULL},
    {"epochs", 0, OPTION_INT, &epochs, "N", "train N more epochs", 0, 1e6, NULL},
    {"until", 0, OPTION_INT, &until, "N",
     "train until N epochs are done in all: a call that is repeated trains no more", 0, 1e6, NULL},
    {"most-images", 0, OPTION_INT, &most_images, "N",
     "end before an epoch by which the search would have trained on more images than N", 1, 1e15,
     NULL},
    {"most-seconds", 0, OPTION_REAL, &most_seconds, "S",
     "end with the epoch by which the search has trained for S seconds", 1e-3, 1e9, NULL},
    {"measure", 0, OPTION_FLAG, &measure, NULL,
     "measure the accuracy on the validation samples, by running statistics, at the end", 0, 0,
     NULL},
    {"space", 0, OPTION_CHOICE, &network.space, "SPACE", "search space", 0, 0, SEARCH_SPACE_WORDS},
    {"strategy", 0, OPTION_CHOICE, &strategy, "WORD", "how the search moves", 0, 0, STRATEGY_WORDS},
    {"order", 0, OPTION_INT, &order, "1|2", "of darts: the order of the architecture gradient", 1,
     2, NULL},
    {"partial", 0, OPTION_INT, &partial, "K",
     "of pc-darts: one Kth of the channels goes through the operations; divides --channels", 1,
     NETWORK_MOST_CHANNELS, NULL},
    {"frozen", 0, OPTION_INT, &frozen, "N",
     "of pc-darts (15) and p-darts (10): the architecture parameters stay for the first N epochs, "
     "of p-darts those of each stage",
     0, 1e6, NULL},
    {"stages", 0, OPTION_TEXT, &stages, "C:O:D,...",
     "of p-darts: for each stage the cells, the operations of an edge, all in the first, and the "
     "rate of dropout behind skips that it begins with",
     0, 0, NULL},
    {"stage-epochs", 0, OPTION_INT, &stage_epochs, "N", "of p-darts: epochs of each stage", 1, 1e6,
     NULL},
    {"most-skips", 0, OPTION_INT, &most_skips, "N",
     "of p-darts: derive lets the normal cell have at most N skips", 0, GENOTYPE_PAIRS, NULL},
    {"candidates", 0, OPTION_INT, &candidates, "N",
     "of random, evolution and reinforce: architectures that are tried at the end of an epoch", 1,
     SEARCH_MOST_CANDIDATES, NULL},
    {"judge", 0, OPTION_INT, &judge, "N",
     "of random, evolution, reinforce and tas: validation images, not augmented, that all which an "
     "epoch tries is judged by, or all there are; as many as a batch unless told",
     1, SEARCH_MOST_JUDGED, NULL},
    {"population", 0, OPTION_INT, &population, "N", "of evolution: architectures that live at once",
     1, SEARCH_MOST_CANDIDATES, NULL},
    {"sample", 0, OPTION_INT, &sample, "N",
     "of evolution: how many are drawn, the best of whom has a child; at most --population", 1,
     SEARCH_MOST_CANDIDATES, NULL},
    {"macs", 0, OPTION_REAL, &macs, "X",
     "of tas: what is to be found has this share of the largest network's multiply-adds", 0.01, 1,
     NULL},
    {"noise", 0, OPTION_INT, &noise, "N",
     "of darts: tell in the state how noisy each weight step was, and every Nth one's gradients", 1,
     1e6, NULL},
    {"window", 0, OPTION_INT, &window, "N", "epochs that easiness is a mean over", 1, 1000, NULL},
    {"schedule", 0, OPTION_CHOICE, &schedule, "WORD",
     "learning rate: a triangle of 20 epochs that a new subset sets to its peak, the same whatever "
     "the subset (steady), or half a cosine over --total-epochs, as p-darts and tas have it unless "
     "told",
     0, 0, "cyclic|steady|cosine"},
    {"total-epochs", 0, OPTION_INT, &total_epochs, "N",
     "length of the cosine, and of the time in which gdas and tas cool", 1, 1e6, NULL},
    {"augment", 0, OPTION_CHOICE, &augment, "WORD", "random variants of the images", 0, 0,
     AUGMENT_WORDS},
    MODEL_OPTIONS(network),
    {0},
};

static const struct program program = {
    .name = "search-step",
    .summary = "train a super-net on a subset and tell which images are easy",
    .operands = "",
    .description =
        "Reads samples, the subset, from standard input, trains the super-net in --state on them, "
        "and writes a hardness stream: a row an image in the order of the input, with easiness, "
        "the mean probability of its true class over the last --window epochs, and epochs, how "
        "many are in that mean. The header's meta `search` tells epochs done, accuracy on the "
        "subset, learning rate, updates of the subset, images and seconds; where architectures are "
        "tried, judged: on how many validation images, each time counted.\n\n"
        "Spaces (derive tells more of them). darts: two kinds of cells, the architecture a table "
        "of 14 edges x 8 operations for each; cells at one and two thirds of the network halve the "
        "images. nasbench201 (Dong and Yang 2020), tinycell-125 and tinycell-27: one kind of cell, "
        "a table of 6 or 3 edges x 5 or 3 operations; --cells are all of that kind, in 3 stages "
        "(nasbench201) or 2 of equally many, between which a residual block halves the images. "
        "resnet-14, resnet-20, resnet-32, resnet-56 and resnet-110 (Dong and Yang 2019, TAS): how "
        "wide each convolution of such a residual network is, 3 to 10 tenths of the channels that "
        "it has in the largest, which begins with --channels, and how many of its blocks each of "
        "the three stages has; a table of as many convolutions x 8 widths, another of 3 stages x "
        "the depths 1, 3, 5, ... and all (up to three blocks, any). Their --cells are their "
        "own.\n\n"
        "Budgets. --most-images and --most-seconds bound what a search may cost over all its "
        "calls, "
        "however many epochs are asked for. Where one is used up, meta `search` has `over`, its "
        "name, so that a loop can end; a call with a larger one, or none, goes on.\n\n"
        "Strategies. darts (Liu et al. 2019): for each batch the architecture parameters take a "
        "step by Adam on validation samples, then the weights a step by SGD on the subset. "
        "pc-darts (Xu et al. 2020): the same, to first order, of cells connected in part: of what "
        "goes into a node one --partial'th of the channels goes through the operations and the "
        "rest passes by, which costs a fraction; the edges of a node have parameters of their own "
        "beside those of the operations, and derive chooses by the product of both. p-darts (Chen "
        "et al. 2019), of the space darts: the same, to first order, of whole cells, in --stages "
        "of --stage-epochs each, after which nothing is trained and meta search has `over`; each "
        "begins with a new super-net, of more cells, whose edges have left the operations that "
        "weighed most in the one before. Dropout behind skips, which falls with the epochs, holds "
        "them back, and derive replaces those beyond --most-skips. mine's --warm-up counts anew in "
        "each stage. Its --schedule, unless told, is cosine, from 0.025 to 0 over each stage. gdas "
        "(Dong and Yang 2019): the same of paths alone, an operation of every edge drawn by its "
        "architecture parameters (a hard Gumbel-softmax, from temperature 10 to 0.1 over "
        "--total-epochs), at a fraction of the cost; --measure is of the architecture that derive "
        "finds, while predict mixes all operations. random (Li and Talwalkar 2019): for each batch "
        "an architecture is drawn, and its path through the super-net alone takes a step, at a "
        "fraction of the cost; at the end of an epoch the best of --candidates others and of the "
        "one found so far, by the loss on --judge validation images with the shared weights, "
        "is what derive will find. evolution (Real et al. 2019): weights are trained as random "
        "does; at the end of an epoch the architectures of a population, at first drawn, are "
        "judged likewise, all by the same; then, --candidates times, the best of --sample of "
        "them, drawn with repetition, has a child, another option of one of its choices, which is "
        "judged, too, and takes the place of the oldest. derive will find the best of the "
        "population, which the state tells in meta search, kept. reinforce (Pham et al. 2018, with "
        "the independent choices of Ying et al. 2019 for a controller): a policy draws each choice "
        "of an architecture by probabilities of its own. For each batch an architecture that it "
        "draws takes a step; at the end of an epoch it draws --candidates others, and learns by "
        "the accuracy of each on --judge validation images with the shared weights, by "
        "REINFORCE (Williams 1992) with a moving average for a baseline and a bonus for entropy. "
        "derive will find the most probable architecture. tas (Dong and Yang 2019), of the "
        "resnets: for each batch two widths of every convolution are drawn, the narrower "
        "interpolated along its channels, and mixed by a Gumbel-softmax, as are all depths of "
        "every stage, from temperature 5 to 0.1 by half a cosine over --total-epochs; the weights "
        "take a step by Nesterov's SGD (its --schedule, unless told, is cosine, from 0.1 to 0), "
        "then, by another draw, the parameters of the architecture theirs on validation samples, "
        "where the logarithm of the expected multiply-adds, twice, counts against what is wider "
        "than --macs, and for what is narrower by more than a twentieth of the largest network. "
        "derive finds the best, judged as random judges, of what epochs ended with within a "
        "twentieth of --macs; where none did, what the last ended with; its share the state tells "
        "in meta search, kept. Easiness and accuracy are of what was drawn; as each draw puts "
        "channels elsewhere, images are mastered far later than by as many steps of one network. "
        "The other strategies know no costs.\n\n"
        "The state is replaced after every epoch, whole or not at all, so a call that was killed "
        "is simply repeated.\n\n"
        "What a search begins with stays: options that are given later must say the same, and need "
        "not be given at all. A subset that differs from the last one, or says that it was "
        "updated, sets the cyclic learning rate to its peak; images that stay keep their easiness. "
        "Images are normalised as meta `normalisation` says, else by the validation samples' own "
        "mean and deviation.\n\n"
        "With --no-history the outputs hold no seconds either, so that they can be compared byte "
        "by byte.",
    .examples = "# one turn of the loop\n"
                "pick --ids subset pool |\n"
                "    search-step --state search --validation validation |\n"
                "    mine --forest forest -o subset\n"
                "# the same by another strategy\n"
                "pick --ids subset pool |\n"
                "    search-step --strategy random --cells 5 --channels 8 --state other \\\n"
                "        --validation validation | mine --forest forest -o ids\n"
                "# the cells of NAS-Bench-201\n"
                "pick --ids subset pool |\n"
                "    search-step --space nasbench201 --cells 6 --channels 8 --state cells \\\n"
                "        --validation validation | mine --forest forest -o ids.cells\n"
                "# the widths and depths of a residual network, a half of its multiply-adds\n"
                "pick --ids subset pool |\n"
                "    search-step --space resnet-14 --strategy tas --macs 0.5 --channels 8 \\\n"
                "        --state narrow --validation validation | mine --forest forest -o ids.tas\n"
                "# how large a super-net is\n"
                "search-step --describe --cells 8 --channels 16 --image 28x28x1",
    .files =
        "The file of --state is a weights stream: the super-net's weights, the architecture "
        "parameters, both optimisers, the easiness of every image of the subset, and in meta "
        "the settings and the curve. peek shows it, derive and predict read it. With --noise it "
        "has a tensor noise of 12 columns, a row a weight step: epoch, images of the batch, mean "
        "and sample deviation of their losses before the step, by how much the mean falls with "
        "it; the mean loss of a batch of validation images, always the same, and its fall; and "
        "where the eighth is 1, of the gradient g, the mean of those on the batch's halves: its "
        "norm, half the distance of the halves', their cosine, and the cosine of g with the "
        "gradient on up to 16 batches of validation images. All by batch statistics, losses by "
        "the weights alone: architecture parameters take their step before. save npy reads it.",
    .see_also = "derive mine pick",
    .options = options,
    .writes = "state",
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM,
};

/* What a search begins with, beside its network and where the samples come from. */
#define SETTINGS "batch window schedule total-epochs augment"
/* Of these a strategy has its own. */
#define OWN(X)                                                             \
    X("order", "goes with --strategy darts")                               \
    X("frozen", "goes with --strategy pc-darts or p-darts")                \
    X("stages", "goes with --strategy p-darts")                            \
    X("stage-epochs", "goes with --strategy p-darts")                      \
    X("candidates", "goes with --strategy random, evolution or reinforce") \
    X("population", "goes with --strategy evolution")                      \
    X("sample", "goes with --strategy evolution")                          \
    X("macs", "goes with --strategy tas")                                  \
    X("judge", "goes with --strategy random, evolution, reinforce or tas")
#define OWN_ROW(option, why) {option, why},
#define OWN_NAME(option, why) option " "
#define OWN_SETTINGS OWN(OWN_NAME)
static const struct {
    const char *option, *why;
} own[] = {OWN(OWN_ROW)};

static void check_own(const struct call *c, const struct strategy *s)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        program_forbid(c, !words_have(s->options, own[i].option), own[i].why, own[i].option);
    program_forbid(c, s != &STRATEGY_DARTS, "goes with --strategy darts", "noise");
    program_forbid(c, !s->partial, "goes with --strategy pc-darts, and --describe", "partial");
    program_forbid(c, !s->staged, "goes with --strategy p-darts", "most-skips");
    program_forbid(c, s->staged, "does nothing with --strategy p-darts: its --stages tell",
                   "cells total-epochs");
    if (s == &STRATEGY_EVOLUTION && sample > population)
        program_usage(c, "--sample %lld: more than --population %lld", (long long)sample,
                      (long long)population);
    if (s == &STRATEGY_TAS && !search_space_find(network.space)->blocks)
        program_usage(c, "--strategy tas goes with --space resnet-14 and the like");
}

/* What strategies have of their own in place of what is usual. */
static void set_usual(const struct call *c, const struct strategy *s)
{
    struct stages all;
    struct error e;
    if (!program_given(c, "frozen"))
        frozen = s->frozen;
    if (!program_given(c, "schedule") && s->cosine)
        schedule = "cosine";
    if (!judge)
        judge = network.batch;
    network.partial = s->partial ? partial : 0;
    if (!s->staged)
        return;
    if (strcmp(network.space, SPACE_DARTS.name))
        program_usage(c, "--space %s: p-darts is of the space darts", network.space);
    if (stages_parse(&all, stages, PRIMITIVES, &e))
        program_usage(c, "--stages: %s", e.text);
    network.staged = true;
    network.most_skips = most_skips;
    network.cells = all.stage[0].cells;
}

static int begin(const struct call *c, struct search *s, const struct samples *d,
                 const struct samples *v, struct error *e)
{
    struct normalisation n;
    const struct strategy *how = strategy_find(strategy);
    check_own(c, how);
    set_usual(c, how);
    program_forbid(c, strcmp(schedule, "cosine") && how != &STRATEGY_GDAS && how != &STRATEGY_TAS,
                   "goes with --schedule cosine and --strategy gdas or tas", "total-epochs");
    if (samples_normalisation(v, &n, e))
        return error_wrap(e, "%s", validation_path);
    char names[256];
    /* A state of darts has no `strategy`. */
    if (snprintf(names, sizeof names, "seed %s%s%s%s" SETTINGS,
                 how == &STRATEGY_DARTS ? "" : "strategy ", how->options, *how->options ? " " : "",
                 noise ? "noise " : "") >= (int)sizeof names)
        return error_set(e, "more settings than there is room for");
    struct value *settings = program_settings(c, names, false);
    int classes = d->classes > v->classes ? d->classes : v->classes;
    struct value *net = model_settings(&network, d->shape, classes, &n, NULL);
    value_set_text(settings, "source", value_get_text(d->table->header.meta, "source", ""));
    int failed = search_new(s, net, settings, e);
    value_free(net);
    value_free(settings);
    return failed;
}

static int go_on(const struct call *c, struct search *s, struct value **inputs, struct error *e)
{
    struct value *given = program_settings(
        c, "space cells channels partial most-skips seed strategy noise " OWN_SETTINGS SETTINGS,
        true);
    int failed = state_resume(s, c, state_path, given, inputs, e);
    value_free(given);
    return failed;
}

/* An epoch at least must fit, or there would be no state. */
static int set_budget(struct search *s, struct error *e)
{
    s->most_images = most_images;
    s->most_seconds = most_seconds;
    if (most_seconds > 0 && isnan(s->seconds))
        return error_set(e,
                         "--most-seconds, but a call before left out its seconds by --no-history");
    if (s->images || !search_over(s))
        return 0;
    return error_set(e, "--most-images %lld, but an epoch has %zu", (long long)most_images,
                     s->subset_count);
}

static int train(const struct call *c, struct search *s, const struct samples *d,
                 const struct samples *v, const struct value *inputs, struct error *e)
{
    const int64_t *done = &s->curriculum.epoch, end = until >= 0 ? until : *done + epochs;
    struct watch watch;
    struct profile profile;
    if (network.profile && profile_begin(&profile, s->model.graph, e))
        return -1;
    watch_begin(&watch, c, (double)(end - *done) * (double)d->count, 0);
    while (*done < end && !search_over(s)) {
        if (search_epoch(s, d, v, watch_images, &watch, e) ||
            (measure && (*done == end || search_over(s)) && search_measure(s, v, e)) ||
            state_save(s, c, state_path, d, inputs, e))
            return -1;
        watch_epoch(&watch, d->count, "epoch %lld, accuracy %.3f", (long long)*done,
                    s->curriculum.accuracy);
    }
    watch_end(&watch);
    if (measure && isnan(s->validation) && search_measure(s, v, e))
        return -1;
    return network.profile ? profile_print(&profile, c->json, stderr, e) : 0;
}

static void check_call(const struct call *c)
{
    struct error e;
    if (model_check_options(&network, c, &e))
        program_usage(c, "%s", e.text);
    program_forbid(c, search_space_find(network.space)->cells, "is told by the space", "cells");
    program_forbid(
        c, network.describe, "does nothing with --describe",
        "state validation epochs until most-images most-seconds measure noise most-skips "
        "strategy " OWN_SETTINGS
        "window schedule total-epochs augment profile seed threads no-history "
        "max-tensor");
    if (network.describe)
        return;
    if (!state_path)
        program_usage(c, "expected --state FILE");
    if (!validation_path)
        program_usage(c, "expected --validation FILE");
    program_check_inputs(c, (const char *[]){"-", validation_path, NULL});
    program_check_output(c, "state", state_path);
    program_forbid(c, until >= 0, "excludes --until", "epochs");
    program_forbid(c, !c->history, "needs the seconds that --no-history leaves out",
                   "most-seconds");
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    check_call(&call);
    if (network.describe) {
        network.partial = program_given(&call, "partial") ? partial : 0;
        if (model_describe(&network, NULL, &call, &e))
            program_fail(&call, &e);
        return program_end(&call);
    }

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

    program_forbid(&call, !s.strategy->whole || s.strategy->staged,
                   "goes with --strategy darts and pc-darts", "profile");
    const struct value *said = value_get(subset.header.meta, "subset");
    if (samples_fit(&d, "standard input", s.model.image, s.model.classes, &e) ||
        samples_fit(&v, validation_path, s.model.image, s.model.classes, &e) ||
        search_take_subset(&s, &d, said, &e) || set_budget(&s, &e) ||
        train(&call, &s, &d, &v, inputs, &e) || search_write_hardness(&s, &call, &d, inputs, &e))
        program_fail(&call, &e);

    search_free(&s);
    table_free(&subset);
    table_free(&held_out);
    value_free(inputs);
    return program_end(&call);
}
