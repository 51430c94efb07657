/* The space of DARTS: of both cells each node chooses two different inputs and an operation other
 * than none for each; the output is all nodes. */
#include <string.h>
#include "network/network.h"
#include "network/search_space.h"

enum { PARTS = 3 /* of a node: the inputs, the first's operation, the second's */ };

static struct cell_genotype *cell_at(struct architecture *a, int i)
{
    return i ? &a->genotype.reduce : &a->genotype.normal;
}

static const struct cell_genotype *cell_of(const struct architecture *a, int i)
{
    return i ? &a->genotype.reduce : &a->genotype.normal;
}

static int cell_index(int choice)
{
    return choice / (PARTS * CELL_NODES);
}

static int node_index(int choice)
{
    return choice / PARTS % CELL_NODES;
}

static int options(const struct search_space *s, int choice)
{
    (void)s;
    const int inputs = CELL_INPUTS + node_index(choice);
    return choice % PARTS ? PRIMITIVES - 1 : inputs * (inputs - 1) / 2;
}

/* Pairs of inputs low < high are counted (0, 1), (0, 2), (1, 2), (0, 3), ... */
static int chosen(const struct architecture *a, int choice)
{
    const struct gene *two = &cell_of(a, cell_index(choice))->gene[2 * node_index(choice)];
    const bool swapped = two[0].input > two[1].input;
    const struct gene *low = &two[swapped], *high = &two[!swapped];
    if (choice % PARTS)
        return (int)(choice % PARTS == 1 ? low : high)->op - 1;
    return low->input == high->input ? -1 : high->input * (high->input - 1) / 2 + low->input;
}

static void choose(struct architecture *a, int choice, int option)
{
    struct gene *two = &cell_at(a, cell_index(choice))->gene[2 * node_index(choice)];
    const bool swapped = two[0].input > two[1].input;
    struct gene *low = &two[swapped], *high = &two[!swapped];
    if (choice % PARTS) {
        (choice % PARTS == 1 ? low : high)->op = (enum primitive)(option + 1);
        return;
    }
    high->input = 1;
    while (high->input * (high->input + 1) / 2 <= option)
        high->input++;
    low->input = option - high->input * (high->input - 1) / 2;
}

static void begin(struct architecture *a)
{
    for (int i = 0; i < 2; i++) {
        cell_at(a, i)->concats = CELL_NODES;
        for (int k = 0; k < CELL_NODES; k++)
            cell_at(a, i)->concat[k] = CELL_INPUTS + k;
    }
}

static int parse(struct architecture *a, const char *text, size_t length, struct error *e)
{
    return genotype_parse(&a->genotype, text, length, e);
}

static int print(const struct architecture *a, FILE *to)
{
    return genotype_print(&a->genotype, to);
}

static int print_dot(const struct architecture *a, FILE *to)
{
    return genotype_print_dot(&a->genotype, to);
}

static struct value *value(const struct architecture *a)
{
    return genotype_value(&a->genotype);
}

static int check(const struct architecture *a, struct error *e)
{
    return genotype_check(&a->genotype, e);
}

/* The two of a node by input, then operation; outputs in order. */
static void canonical(struct architecture *a)
{
    for (int i = 0; i < 2; i++) {
        struct cell_genotype *c = cell_at(a, i);
        unsigned outputs = 0;
        for (int k = 0; k < GENOTYPE_PAIRS; k += 2) {
            struct gene x = c->gene[k], y = c->gene[k + 1];
            if (x.input > y.input || (x.input == y.input && x.op > y.op)) {
                c->gene[k] = y;
                c->gene[k + 1] = x;
            }
        }
        for (int k = 0; k < c->concats; k++)
            outputs |= 1u << c->concat[k];
        c->concats = 0;
        for (int k = 0; k < GENOTYPE_MOST_CONCAT; k++)
            if (outputs >> k & 1)
                c->concat[c->concats++] = k;
    }
}

static void row(const struct architecture *a, int i, struct gene_row *to)
{
    const int k = i % GENOTYPE_PAIRS;
    const struct gene *gene = &cell_of(a, i / GENOTYPE_PAIRS)->gene[k];
    *to = (struct gene_row){.cell = i / GENOTYPE_PAIRS ? "reduce" : "normal",
                            .op = primitive_name(gene->op),
                            .node = k / 2,
                            .input = gene->input};
}

static int take_row(struct architecture *a, int i, const struct gene_row *row, struct error *e)
{
    const int primitive = primitive_find(row->op);
    if (primitive < 0)
        return error_set(e, "%s is no operation of the DARTS space", row->op);
    cell_at(a, i / GENOTYPE_PAIRS)->gene[i % GENOTYPE_PAIRS] =
        (struct gene){(enum primitive)primitive, row->input};
    return 0;
}

static void edge_ops(const struct architecture *a, struct edge_ops *to)
{
    memset(to, 0, sizeof *to);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < GENOTYPE_PAIRS; k++) {
            const struct gene *gene = &cell_of(a, i)->gene[k];
            to->of[i][cell_edge(k / 2, gene->input)] = (int)gene->op;
        }
}

static void derive(struct architecture *a, const struct cell_parameters found[SPACE_MOST_TABLES])
{
    genotype_derive(&a->genotype, &found[0], &found[1]);
}

static int build_supernet(const struct search_space *s, struct supernet *net, struct graph *g,
                          struct error *e)
{
    (void)s;
    return supernet_build(net, g, e);
}

static int build(struct discrete *d, struct graph *g, const struct architecture *a, struct error *e)
{
    return discrete_build(d, g, &a->genotype, e);
}

static int print_network_dot(const struct discrete *d, const struct architecture *a, FILE *to)
{
    return discrete_print_dot(d, &a->genotype, to);
}

const struct search_space SPACE_DARTS = {
    .name = "darts",
    .mark = "",
    .choices = 2 * CELL_NODES * PARTS,
    .rows = 2 * GENOTYPE_PAIRS,
    .stages = 1,
    .tables = 2,
    .table = {{"an", CELL_EDGES, PRIMITIVES, 1e-3}, {"ar", CELL_EDGES, PRIMITIVES, 1e-3}},
    .edge_table = {"bn", "br"},
    .options = options,
    .chosen = chosen,
    .choose = choose,
    .begin = begin,
    .parse = parse,
    .print = print,
    .print_dot = print_dot,
    .value = value,
    .check = check,
    .canonical = canonical,
    .row = row,
    .take_row = take_row,
    .edge_ops = edge_ops,
    .derive = derive,
    .build_supernet = build_supernet,
    .build = build,
    .print_network_dot = print_network_dot,
};
