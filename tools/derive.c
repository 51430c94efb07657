/* The architecture that a search arrived at. */
#include <string.h>
#include "base/file.h"
#include "network/architecture.h"
#include "base/random.h"
#include "stream/stage.h"

static const char *format = "stream";
static bool at_random;

static const struct option options[] = {
    {"format", 0, OPTION_CHOICE, &format, "FORMAT", "what to write", 0, 0,
     "stream|genotype|json|dot"},
    {"random", 0, OPTION_FLAG, &at_random, NULL,
     "draw a genotype at random by --seed, as a baseline; takes no FILE", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "derive",
    .summary = "write the discrete architecture of a search",
    .operands = "[FILE]",
    .most_operands = 1,
    .description =
        "Reads a search state (search-step --state), an architecture stream, or a file of DARTS "
        "Genotype text, and writes the architecture: as a stream, as Genotype text, as JSON, or as "
        "a DOT picture of both cells.\n\n"
        "Of a search state each node keeps the two incoming edges with the largest softmax weight "
        "over operations other than none, each with that operation (Liu et al., ICLR 2019).",
    .examples = "derive -o arch search\n"
                "derive --format genotype search\n"
                "derive --format dot search | dot -Tpng >cells.png\n"
                "# a random architecture of the same space\n"
                "derive --random --seed 7 -o arch",
    .see_also = "search-step train",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_STREAM,
};

/* Every node: two different inputs and an operation other than none for each, all equally likely:
 * deriving from independent normal architecture parameters. */
static void draw(struct genotype *g, uint64_t seed)
{
    float table[2][CELL_EDGES * PRIMITIVES];
    struct random r = random_stream(seed, "genotype", 0);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < CELL_EDGES * PRIMITIVES; k++)
            table[i][k] = (float)random_normal(&r);
    genotype_derive(g, table[0], table[1]);
}

static int write_text(const struct call *c, const struct genotype *g, struct error *e)
{
    struct text_output t;
    struct value *json = NULL;
    if (strcmp(format, "json") == 0 && !(json = genotype_value(g)))
        return error_set(e, "out of memory: the genotype");
    int failed = text_output_begin(&t, e);
    if (!failed && json)
        failed = value_print_json(json, t.to) ? error_set(e, "out of memory: the genotype") : 0;
    else if (!failed && strcmp(format, "dot") == 0)
        genotype_print_dot(g, t.to);
    else if (!failed)
        genotype_print(g, t.to);
    value_free(json);
    return failed ? -1 : text_output_commit(&t, c->output, e);
}

static int write_stream(const struct call *c, const struct genotype *g, const struct header *from,
                        struct error *e)
{
    struct header h;
    struct stream_writer *w;

    if (architecture_header(&h, g, e))
        return -1;
    value_free(h.history);
    h.history = value_copy(from->history);
    w = h.history ? stage_create(c, &h, NULL, e) : (error_set(e, "out of memory"), NULL);
    header_free(&h);
    if (!w)
        return -1;
    if (architecture_write(w, g, e)) {
        stream_abandon(w);
        return -1;
    }
    return stream_commit(w, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct genotype g;
    struct header from;

    program_begin(&program, argc, argv, &call);
    if (at_random == (call.argc == 1))
        program_usage(&call, at_random ? "--random takes no FILE" : "expected a FILE");
    program_forbid(&call, !at_random, "goes with --random", "seed");
    program_forbid(&call, at_random, "does nothing with --random", "max-tensor");
    program_forbid(&call, strcmp(format, "stream") != 0, "goes with --format stream", "no-history");
    struct stream_limits limits = stage_limits(&call);

    if (at_random) {
        draw(&g, call.seed);
        if (header_init(&from, "architecture", &e))
            program_fail(&call, &e);
    } else if (genotype_read(&g, call.argv[0], &limits, &from, NULL, &e)) {
        program_fail(&call, &e);
    }
    if (strcmp(format, "stream") == 0 ? write_stream(&call, &g, &from, &e)
                                      : write_text(&call, &g, &e))
        program_fail(&call, &e);
    header_free(&from);
    return program_end(&call);
}
