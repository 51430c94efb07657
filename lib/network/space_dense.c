/* The spaces of densely connected cells: NAS-Bench-201, and small ones of the same cloth. */
#include "network/dense_network.h"
#include "network/search_space.h"

static int options(const struct search_space *s, int choice)
{
    (void)choice;
    return s->ops;
}

static int chosen(const struct architecture *a, int choice)
{
    for (int option = 0; option < a->space->ops; option++)
        if (a->space->op[option] == a->cell.op[choice])
            return option;
    return -1;
}

static void choose(struct architecture *a, int choice, int option)
{
    a->cell.op[choice] = a->space->op[option];
}

static void begin(struct architecture *a)
{
    a->cell.nodes = a->space->nodes;
}

static int parse(struct architecture *a, const char *text, size_t length, struct error *e)
{
    return dense_parse(&a->cell, text, length, e);
}

static int print(const struct architecture *a, FILE *to)
{
    return dense_print(&a->cell, to);
}

static int print_dot(const struct architecture *a, FILE *to)
{
    return dense_print_dot(&a->cell, to);
}

static struct value *value(const struct architecture *a)
{
    return dense_value(&a->cell);
}

static int check(const struct architecture *a, struct error *e)
{
    const struct search_space *s = a->space;
    if (a->cell.nodes != s->nodes)
        return error_set(e, "a cell of %d nodes, expected %d of the space %s", a->cell.nodes,
                         s->nodes, s->name);
    for (int i = 0; i < s->choices; i++)
        if (chosen(a, i) < 0)
            return error_set(e, "%s is no operation of the space %s", dense_op_name(a->cell.op[i]),
                             s->name);
    return 0;
}

static void row(const struct architecture *a, int i, struct gene_row *to)
{
    int node = 1;
    while (dense_edges(node + 1) <= i)
        node++;
    *to = (struct gene_row){.cell = "cell",
                            .op = dense_op_name(a->cell.op[i]),
                            .node = node,
                            .input = i - dense_edges(node)};
}

static int take_row(struct architecture *a, int i, const struct gene_row *to_be, struct error *e)
{
    struct gene_row is;
    const int op = dense_op_find(to_be->op);
    row(a, i, &is);
    if (op < 0)
        return error_set(e, "%s is no operation of the space %s", to_be->op, a->space->name);
    if (to_be->input != is.input)
        return error_set(e, "input %d, expected %d", to_be->input, is.input);
    a->cell.op[i] = (enum dense_op)op;
    return 0;
}

static void edge_ops(const struct architecture *a, struct edge_ops *to)
{
    for (int edge = 0; edge < a->space->choices; edge++)
        to->of[0][edge] = chosen(a, edge);
}

/* Of each edge the largest, as NAS-Bench-201's programs derive, none among them; ties go to the
 * earlier operation. What the edges weigh decides nothing, as all of them stay. */
static void derive(struct architecture *a, const struct cell_parameters found[SPACE_MOST_TABLES])
{
    const struct search_space *s = a->space;
    for (int edge = 0; edge < s->choices; edge++) {
        const float *row = found[0].op + edge * s->ops;
        int best = 0;
        for (int op = 1; op < s->ops; op++)
            best = row[op] > row[best] ? op : best;
        choose(a, edge, best);
    }
}

static int build(struct discrete *d, struct graph *g, const struct architecture *a, struct error *e)
{
    return dense_build(d, g, &a->cell, a->space->stages, e);
}

static int print_network_dot(const struct discrete *d, const struct architecture *a, FILE *to)
{
    return dense_print_network_dot(d, &a->cell, a->space->stages, to);
}

#define DENSE                                                                               \
    .options = options, .chosen = chosen, .choose = choose, .begin = begin, .parse = parse, \
    .print = print, .print_dot = print_dot, .value = value, .check = check, .row = row,     \
    .take_row = take_row, .edge_ops = edge_ops, .derive = derive, .tables = 1, .mark = "|", \
    .edge_table = {"edge_parameters"},                                                      \
    .build_supernet = dense_supernet_build, .build = build, .print_network_dot = print_network_dot
#define ALL_OPS DENSE_NONE, DENSE_SKIP, DENSE_CONV_1, DENSE_CONV_3, DENSE_AVG_POOL_3

const struct search_space SPACE_NASBENCH201 = {.name = "nasbench201",
                                               .choices = 6,
                                               .table = {{"arch_parameters", 6, 5, 1e-3}},
                                               .rows = 6,
                                               .nodes = 4,
                                               .stages = 3,
                                               .ops = 5,
                                               .op = {ALL_OPS},
                                               DENSE};
const struct search_space SPACE_TINYCELL_125 = {.name = "tinycell-125",
                                                .choices = 3,
                                                .table = {{"arch_parameters", 3, 5, 1e-3}},
                                                .rows = 3,
                                                .nodes = 3,
                                                .stages = 2,
                                                .ops = 5,
                                                .op = {ALL_OPS},
                                                DENSE};
const struct search_space SPACE_TINYCELL_27 = {.name = "tinycell-27",
                                               .choices = 3,
                                               .table = {{"arch_parameters", 3, 3, 1e-3}},
                                               .rows = 3,
                                               .nodes = 3,
                                               .stages = 2,
                                               .ops = 3,
                                               .op = {DENSE_NONE, DENSE_SKIP, DENSE_CONV_3},
                                               DENSE};
