/* The text of a densely connected cell: every node is the sum of one operation of each node before
 * it. NAS-Bench-201 (Dong and Yang, ICLR 2020) has 4 nodes, its input among them. Needs neither
 * weights nor engine. The parser takes all text to be hostile. */
#ifndef NETWORK_DENSE_H
#define NETWORK_DENSE_H
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

enum dense_op { /* order of NAS_BENCH_201 in AutoDL-Projects, cell_operations.py */
                DENSE_NONE,
                DENSE_SKIP,
                DENSE_CONV_1,
                DENSE_CONV_3,
                DENSE_AVG_POOL_3,
                DENSE_OPS
};
const char *dense_op_name(enum dense_op op); /* "none", "skip_connect", "nor_conv_1x1", ... */
int dense_op_find(const char *name);         /* or -1 */

enum { DENSE_MOST_NODES = 4, DENSE_MOST_EDGES = DENSE_MOST_NODES * (DENSE_MOST_NODES - 1) / 2 };

struct dense_cell {
    int nodes;                          /* node 0 is the input, the last the output */
    enum dense_op op[DENSE_MOST_EDGES]; /* by dense_edge */
};
int dense_edges(int nodes);
int dense_edge(int node, int input); /* edges of node 1, then node 2, ...; input < node */

/* The text of NAS-Bench-201's programs, |OP~INPUT| a node's operations in the order of their
 * inputs, nodes parted by '+': |nor_conv_3x3~0|+|none~0|skip_connect~1|+|... White space may stand
 * around it. Errors name the column. */
int dense_parse(struct dense_cell *cell, const char *text, size_t length, struct error *e);
int dense_print(const struct dense_cell *cell, FILE *to);     /* and a line feed */
int dense_print_dot(const struct dense_cell *cell, FILE *to); /* -1 after a write error */
struct value *dense_value(const struct dense_cell *cell);     /* for JSON */

#endif
