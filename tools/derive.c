/* The architecture that a search arrived at, or others of a search space. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "network/architecture.h"
#include "stream/stage.h"

static const char *format = "stream", *space_name = "darts";
static bool at_random, all, mutate;
static int64_t count = 1;

static const struct option options[] = {
    {"format", 0, OPTION_CHOICE, &format, "FORMAT", "what to write", 0, 0,
     "stream|genotype|json|dot"},
    {"space", 0, OPTION_CHOICE, &space_name, "SPACE",
     "with --random and --all: the search space; else the architecture tells", 0, 0,
     SEARCH_SPACE_WORDS},
    {"random", 0, OPTION_FLAG, &at_random, NULL,
     "draw an architecture at random by --seed, as a baseline; takes no FILE", 0, 0, NULL},
    {"all", 0, OPTION_FLAG, &all, NULL, "all of the space, a text a line; takes no FILE", 0, 0,
     NULL},
    {"mutate", 0, OPTION_FLAG, &mutate, NULL,
     "change one choice of the architecture (an operation, a darts node's inputs, a width, a "
     "depth) "
     "at random by --seed",
     0, 0, NULL},
    {"count", 0, OPTION_INT, &count, "N",
     "of --random, so many, all different; of --mutate, so many of the same one; a text a line", 1,
     1e6, NULL},
    {0},
};

static const struct program program = {
    .name = "derive",
    .summary = "write the discrete architecture of a search, or others of a search space",
    .operands = "[FILE]",
    .most_operands = 1,
    .description =
        "Reads from FILE, or standard input, a search state (search-step --state), an architecture "
        "stream, or the text of an architecture, and writes the architecture: as a stream, as its "
        "text, as JSON, or as a DOT "
        "picture of its cells.\n\n"
        "Of a search state each node keeps the two incoming edges with the largest softmax weight "
        "over operations other than none, each with that operation (Liu et al., ICLR 2019); of the "
        "other spaces each edge, convolution or stage keeps its largest, which of an edge may be "
        "none.\n\n"
        "Spaces: darts, whose text is DARTS' Genotype(...); nasbench201 (Dong and Yang, ICLR "
        "2020), "
        "15625 cells of 4 nodes, of which each sums an operation of every node before: none, "
        "skip_connect, nor_conv_1x1, nor_conv_3x3 or avg_pool_3x3, with the text "
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|; tinycell-125, the same of 3 nodes, and "
        "tinycell-27, the same of none, skip_connect and nor_conv_3x3; resnet-14, -20, -32, -56 "
        "and "
        "-110 (Dong and Yang, NeurIPS 2019), the widths and depths of residual networks, with the "
        "text resnet-14(10|10-7 (3-10)|9-9 10-4|5-5 (4-4)): tenths of the largest network's "
        "channels, of its stem, then stage by stage of each block's two convolutions; blocks in "
        "brackets are left out. resnet-14 alone is the largest.",
    .examples = "derive -o arch search\n"
                "derive --format genotype search\n"
                "derive --format dot search | dot -Tpng >cells.png\n"
                "# a random architecture of the same space\n"
                "derive --random --seed 7 -o arch\n"
                "# a hundred cells to choose from\n"
                "derive --space nasbench201 --random --count 100 --format genotype -o cells",
    .see_also = "score search-step train",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_STREAM,
};

/* Number i of those asked for; `given`: what FILE holds. */
static void make(const struct call *c, const struct architecture *given, uint64_t i,
                 struct architecture *to)
{
    const struct search_space *space = search_space_find(space_name);
    const struct random places = random_stream(c->seed, "architecture", 0);
    struct random changes = random_stream(c->seed, "mutation", i);
    struct random draws = random_stream(c->seed, "architecture", i + 1);
    const uint64_t number = search_space_count(space);
    if (all)
        architecture_at(to, space, i);
    else if (at_random && number < UINT64_MAX)
        architecture_at(to, space, random_place_at(&places, number, i));
    else if (at_random)
        architecture_draw(to, space, &draws);
    else
        *to = *given;
    if (mutate)
        architecture_mutate(to, &changes);
}

static int print(const struct architecture *a, FILE *to, struct error *e)
{
    if (!strcmp(format, "json")) {
        struct value *json = a->space->value(a);
        const int failed = !json || value_print_json(json, to);
        value_free(json);
        return failed ? error_set(e, "out of memory: the architecture") : 0;
    }
    /* What cannot be written shows when the text is committed. */
    (void)(!strcmp(format, "dot") ? a->space->print_dot(a, to) : a->space->print(a, to));
    return 0;
}

static int write_text(const struct call *c, const struct architecture *given, uint64_t number,
                      struct error *e)
{
    struct text_output t;
    bool failed = text_output_begin(&t, e);
    for (uint64_t i = 0; i < number && !failed; i++) {
        struct architecture a;
        make(c, given, i, &a);
        failed = print(&a, t.to, e);
    }
    return text_output_end(&t, failed, c->output, e);
}

/* inputs: NULL where what is known of the architecture goes on in the history of `from`. */
static int write_stream(const struct call *c, const struct architecture *given,
                        const struct header *from, const struct value *inputs, struct error *e)
{
    struct header h;
    struct stream_writer *w;
    struct architecture a;

    make(c, given, 0, &a);
    if (architecture_header(&h, &a, e))
        return -1;
    value_free(h.history);
    h.history = value_copy(from->history);
    w = h.history ? stage_create(c, &h, inputs, e) : (error_set(e, "out of memory"), NULL);
    header_free(&h);
    if (!w)
        return -1;
    if (architecture_write(w, &a, e)) {
        stream_abandon(w);
        return -1;
    }
    return stream_commit(w, e);
}

static void check_call(const struct call *c)
{
    const bool drawn = at_random || all;
    if (drawn && c->argc)
        program_usage(c, "%s takes no FILE", all ? "--all" : "--random");
    program_forbid(c, all, "excludes --all", "random mutate count seed");
    program_forbid(c, !at_random && !mutate, "goes with --random and --mutate", "seed count");
    program_forbid(c, !drawn, "goes with --random and --all", "space");
    program_forbid(c, drawn, all ? "does nothing with --all" : "does nothing with --random",
                   "max-tensor");
    program_forbid(c, strcmp(format, "stream") != 0, "goes with --format stream", "no-history");
    const uint64_t most = search_space_count(search_space_find(space_name));
    if ((all || count > 1) && strcmp(format, "genotype"))
        program_usage(c, "%s goes with --format genotype", all ? "--all" : "--count");
    if (all && most > UINT32_MAX)
        program_usage(c, "--all: %s has %llu architectures", space_name, (unsigned long long)most);
    if (at_random && (uint64_t)count > most)
        program_usage(c, "--count: %s has %llu architectures", space_name,
                      (unsigned long long)most);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct architecture given;
    struct header from;
    struct value *inputs = NULL;
    char digest[17];

    program_begin(&program, argc, argv, &call);
    check_call(&call);
    const struct stream_limits limits = stage_limits(&call);
    const bool drawn = at_random || all;
    const char *path = call.argc ? call.argv[0] : "-";
    if (drawn ? header_init(&from, "architecture", &e)
              : architecture_read(&given, path, &limits, &from, digest, &e))
        program_fail(&call, &e);
    if (!drawn && !from.history->count && stage_note_input(&inputs, path, digest, &e))
        program_fail(&call, &e);
    const uint64_t number =
        all ? search_space_count(search_space_find(space_name)) : (uint64_t)count;
    if (!strcmp(format, "stream") ? write_stream(&call, &given, &from, inputs, &e)
                                  : write_text(&call, &given, number, &e))
        program_fail(&call, &e);
    header_free(&from);
    value_free(inputs);
    return program_end(&call);
}
