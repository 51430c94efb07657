#include "network/dense.h"
#include <string.h>
#include "network/scan.h"

static const char *const names[DENSE_OPS] = {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3",
                                             "avg_pool_3x3"};

const char *dense_op_name(enum dense_op op)
{
    return names[op];
}

int dense_op_find(const char *name)
{
    for (int op = 0; op < DENSE_OPS; op++)
        if (!strcmp(names[op], name))
            return op;
    return -1;
}

int dense_edges(int nodes)
{
    return nodes * (nodes - 1) / 2;
}

int dense_edge(int node, int input)
{
    return dense_edges(node) + input;
}

/* ---- parsing ---- */

/* OP~INPUT| */
static int parse_edge(struct scan *p, enum dense_op *to, int input)
{
    for (int op = 0; op < DENSE_OPS; op++) {
        if (!scan_take_word(p, names[op]))
            continue;
        *to = op;
        return scan_need(p, '~') || scan_need(p, (char)('0' + input)) || scan_need(p, '|') ? -1 : 0;
    }
    return scan_expected(p, "none, skip_connect, nor_conv_1x1, nor_conv_3x3 or avg_pool_3x3");
}

int dense_parse(struct dense_cell *cell, const char *text, size_t length, struct error *e)
{
    struct scan p = scan_begin(text, length, e);
    *cell = (struct dense_cell){.nodes = 1};
    do {
        if (cell->nodes == DENSE_MOST_NODES)
            return scan_expected(&p, "the end");
        if (scan_need(&p, '|'))
            return -1;
        for (int input = 0; input < cell->nodes; input++)
            if (parse_edge(&p, &cell->op[dense_edge(cell->nodes, input)], input))
                return -1;
        cell->nodes++;
    } while (scan_take(&p, '+'));
    return scan_ended(&p) ? 0 : scan_expected(&p, "'+' or the end");
}

/* ---- printing ---- */

int dense_print(const struct dense_cell *cell, FILE *to)
{
    for (int node = 1; node < cell->nodes; node++) {
        fputs(node > 1 ? "+|" : "|", to);
        for (int input = 0; input < node; input++)
            fprintf(to, "%s~%d|", names[cell->op[dense_edge(node, input)]], input);
    }
    fputc('\n', to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

int dense_print_dot(const struct dense_cell *cell, FILE *to)
{
    fputs("digraph cell {\n    rankdir=LR;\n"
          "    node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\"];\n"
          "    edge [fontname=\"Helvetica\", fontsize=10];\n",
          to);
    for (int node = 0; node < cell->nodes; node++)
        fprintf(to, "    %d [fillcolor=%s];\n", node,
                node == 0                 ? "darkseagreen2"
                : node == cell->nodes - 1 ? "palegoldenrod"
                                          : "lightblue");
    for (int node = 1; node < cell->nodes; node++)
        for (int input = 0; input < node; input++) {
            enum dense_op op = cell->op[dense_edge(node, input)];
            if (op != DENSE_NONE)
                fprintf(to, "    %d -> %d [label=\"%s\"];\n", input, node, names[op]);
        }
    fputs("}\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

struct value *dense_value(const struct dense_cell *cell)
{
    struct value *v = value_map(), *nodes = value_set(v, "nodes", value_array());
    for (int node = 1; node < cell->nodes; node++) {
        struct value *edges = value_append(nodes, value_array());
        for (int input = 0; input < node; input++) {
            struct value *pair = value_append(edges, value_array());
            value_append(pair, value_text(names[cell->op[dense_edge(node, input)]]));
            value_append(pair, value_int(input));
        }
    }
    if (value_is_whole(v))
        return v;
    value_free(v);
    return NULL;
}
