/* The spaces of widths and depths: residual networks within a largest one. Each convolution chooses
 * its tenths of the largest network's channels, then each stage its depth. */
#include <string.h>
#include "network/search_space.h"
#include "network/widths_network.h"

static int convolutions(const struct search_space *s)
{
    return widths_convolutions(s->blocks);
}

static int options(const struct search_space *s, int choice)
{
    return choice < convolutions(s) ? WIDTHS_OPTIONS : widths_depths(s->blocks);
}

static int chosen(const struct architecture *a, int choice)
{
    const int stage = choice - convolutions(a->space);
    return stage < 0 ? a->widths.tenths[choice] - WIDTHS_LEAST
                     : widths_depth_option(a->space->blocks, a->widths.depth[stage]);
}

static void choose(struct architecture *a, int choice, int option)
{
    const int stage = choice - convolutions(a->space);
    if (stage < 0)
        a->widths.tenths[choice] = WIDTHS_LEAST + option;
    else
        a->widths.depth[stage] = widths_depth(a->space->blocks, option);
}

static void begin(struct architecture *a)
{
    a->widths.blocks = a->space->blocks;
}

static int parse(struct architecture *a, const char *text, size_t length, struct error *e)
{
    return widths_parse(&a->widths, text, length, e);
}

static int print(const struct architecture *a, FILE *to)
{
    return widths_print(&a->widths, to);
}

static int print_dot(const struct architecture *a, FILE *to)
{
    return widths_print_dot(&a->widths, to);
}

static struct value *value(const struct architecture *a)
{
    return widths_value(&a->widths);
}

static int check(const struct architecture *a, struct error *e)
{
    const struct search_space *s = a->space;
    if (a->widths.blocks != s->blocks)
        return error_set(e, "widths of " WIDTHS_MARK "%d are not of the space %s",
                         widths_layers(a->widths.blocks), s->name);
    for (int k = 0; k < s->choices; k++)
        if (chosen(a, k) < 0 || chosen(a, k) >= options(s, k))
            return k < convolutions(s)
                       ? error_set(e, "convolution %d: %d tenths, expected %d to %d", k,
                                   a->widths.tenths[k], WIDTHS_LEAST, WIDTHS_MOST)
                       : error_set(e, "stage %d: no depth of the space %s is %d",
                                   k - convolutions(s) + 1, s->name,
                                   a->widths.depth[k - convolutions(s)]);
    return 0;
}

/* The widths of what is left out are the largest. */
static void canonical(struct architecture *a)
{
    struct widths *w = &a->widths;
    for (int stage = 0; stage < WIDTHS_STAGES; stage++)
        for (int block = w->depth[stage]; block < w->blocks; block++)
            for (int k = 0; k < 2; k++)
                w->tenths[widths_convolution(w->blocks, stage, block) + k] = WIDTHS_MOST;
}

/* As many as blocks a stage may have, and no fewer than tenths. */
static const char *const numbers[WIDTHS_MOST_BLOCKS + 1] = {
    "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8", "9",
    "10", "11", "12", "13", "14", "15", "16", "17", "18"};

static void row(const struct architecture *a, int i, struct gene_row *to)
{
    const int stage = i - convolutions(a->space);
    const int number = stage < 0 ? a->widths.tenths[i] : a->widths.depth[stage];
    *to = (struct gene_row){.cell = stage < 0 ? "width" : "depth",
                            .op = numbers[number],
                            .node = stage < 0 ? i : stage};
}

static int take_row(struct architecture *a, int i, const struct gene_row *row, struct error *e)
{
    const int stage = i - convolutions(a->space);
    int number = 0;
    while (number <= WIDTHS_MOST_BLOCKS && strcmp(numbers[number], row->op))
        number++;
    if (number > WIDTHS_MOST_BLOCKS)
        return error_set(e, "%s is no number of 0 to %d", row->op, WIDTHS_MOST_BLOCKS);
    if (row->input)
        return error_set(e, "input %d, expected 0", row->input);
    *(stage < 0 ? &a->widths.tenths[i] : &a->widths.depth[stage]) = number;
    return 0;
}

static void edge_ops(const struct architecture *a, struct edge_ops *to)
{
    const int widths = convolutions(a->space);
    memset(to, 0, sizeof *to);
    for (int k = 0; k < a->space->choices; k++)
        to->of[k >= widths][k < widths ? k : k - widths] = chosen(a, k);
}

/* Of each row the largest; ties go to the narrower and the shallower. */
static void derive(struct architecture *a, const struct cell_parameters found[SPACE_MOST_TABLES])
{
    const int widths = convolutions(a->space);
    for (int k = 0; k < a->space->choices; k++) {
        const int columns = options(a->space, k);
        const float *row =
            k < widths ? found[0].op + k * columns : found[1].op + (k - widths) * columns;
        int best = 0;
        for (int option = 1; option < columns; option++)
            best = row[option] > row[best] ? option : best;
        choose(a, k, best);
    }
}

static int build(struct discrete *d, struct graph *g, const struct architecture *a, struct error *e)
{
    return widths_build(d, g, &a->widths, e);
}

static int print_network_dot(const struct discrete *d, const struct architecture *a, FILE *to)
{
    return widths_print_network_dot(d, &a->widths, to);
}

#define CONVOLUTIONS(n) (1 + 2 * WIDTHS_STAGES * (n))
#define SPACE(name_, n, depths)                                                                 \
    {                                                                                           \
        .name = name_, .mark = WIDTHS_MARK, .choices = CONVOLUTIONS(n) + WIDTHS_STAGES,         \
        .rows = CONVOLUTIONS(n) + WIDTHS_STAGES, .stages = WIDTHS_STAGES,                       \
        .cells = WIDTHS_STAGES * (n), .blocks = (n), .tables = 2,                               \
        .table = {{"width_attentions", CONVOLUTIONS(n), WIDTHS_OPTIONS, 0.01},                  \
                  {"depth_attentions", WIDTHS_STAGES, (depths), 0.01}},                         \
        .options = options, .chosen = chosen, .choose = choose, .begin = begin, .parse = parse, \
        .print = print, .print_dot = print_dot, .value = value, .check = check,                 \
        .canonical = canonical, .row = row, .take_row = take_row, .edge_ops = edge_ops,         \
        .derive = derive, .build_supernet = widths_supernet_build, .build = build,              \
        .print_network_dot = print_network_dot,                                                 \
    }

const struct search_space SPACE_RESNET_14 = SPACE("resnet-14", 2, 2);
const struct search_space SPACE_RESNET_20 = SPACE("resnet-20", 3, 3);
const struct search_space SPACE_RESNET_32 = SPACE("resnet-32", 5, 3);
const struct search_space SPACE_RESNET_56 = SPACE("resnet-56", 9, 5);
const struct search_space SPACE_RESNET_110 = SPACE("resnet-110", 18, 10);
