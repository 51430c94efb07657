/* The text of an architecture: DARTS cells (Liu et al., ICLR 2019). Needs neither weights nor
 * engine. A parser never evaluates text, and takes all of it to be hostile. */
#ifndef NETWORK_GENOTYPE_H
#define NETWORK_GENOTYPE_H
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

enum primitive { /* order of DARTS' PRIMITIVES: columns of the architecture parameters */
    PRIMITIVE_NONE, PRIMITIVE_MAX_POOL_3, PRIMITIVE_AVG_POOL_3, PRIMITIVE_SKIP, PRIMITIVE_SEP_3,
    PRIMITIVE_SEP_5, PRIMITIVE_DIL_3, PRIMITIVE_DIL_5, PRIMITIVES
};
const char *primitive_name(enum primitive p); /* "none", "max_pool_3x3", ... "dil_conv_5x5" */
int primitive_find(const char *name);         /* or -1 */

enum { CELL_NODES = 4, CELL_INPUTS = 2, CELL_EDGES = 14, GENOTYPE_PAIRS = 2 * CELL_NODES,
       GENOTYPE_MOST_CONCAT = CELL_INPUTS + CELL_NODES };

struct gene {
    enum primitive op;
    int input; /* 0 and 1: the two cells before; 2 + i: node i */
};
struct cell_genotype {
    struct gene gene[GENOTYPE_PAIRS]; /* two for each node, node 0 first */
    int concat[GENOTYPE_MOST_CONCAT];
    int concats;
};
struct genotype {
    struct cell_genotype normal, reduce;
};

/* Row of edge (node, input) in an architecture table: edges of node 0, then node 1, ... */
int cell_edge(int node, int input);

/* What a search has of one kind of cell, finite, before any softmax. */
struct cell_parameters {
    const float *op;   /* edges x operations */
    const float *edge; /* edges, where those of a node have weights of their own, too; or NULL */
    int fewest_others; /* of the GENOTYPE_PAIRS operations at least so many are to be no skips */
};
/* For each node the two edges with the largest softmax weight over operations other than none,
 * times the softmax weight of the edge among the node's, each with that operation; ties go to the
 * lower edge and the earlier operation; the two are listed by input. While there are too many skips,
 * the one with the least weight is banned from its edge, and all is derived anew (P-DARTS: Chen et
 * al., ICCV 2019, section 3.3.2). */
void genotype_derive(struct genotype *g, const struct cell_parameters *normal,
                     const struct cell_parameters *reduce);

/* DARTS' Genotype text: Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=[2, 3, 4, 5],
 * reduce=[...], reduce_concat=range(2, 6)). Accepts either quote, [] or (), range(a, b), white
 * space, an assignment in front ("DARTS_V2 = "). Errors name the column. */
int genotype_parse(struct genotype *g, const char *text, size_t length, struct error *e);
int genotype_print(const struct genotype *g, FILE *to);
/* DOT, one cluster a cell; -1 after a write error. */
int genotype_print_dot(const struct genotype *g, FILE *to);
struct value *genotype_value(const struct genotype *g); /* for JSON */
/* Valid operations, inputs that come before the node, concat within bounds. */
int genotype_check(const struct genotype *g, struct error *e);

#endif
