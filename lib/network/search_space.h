/* Search spaces: what an architecture may be, each space a row of one table, whose file is
 * space_FAMILY.c. An architecture is a text (DARTS' Genotype, NAS-Bench-201's cells) and a list of
 * choices, by which spaces are counted, enumerated, drawn from and moved about in; none of that
 * needs weights. */
#ifndef NETWORK_SEARCH_SPACE_H
#define NETWORK_SEARCH_SPACE_H
#include "base/random.h"
#include "network/dense.h"
#include "network/genotype.h"
#include "network/widths.h"

struct discrete; /* network.h */
struct supernet;
struct graph;

struct architecture {
    const struct search_space *space;
    union {
        struct genotype genotype; /* of darts */
        struct dense_cell cell;   /* of nasbench201 and the tinycells */
        struct widths widths;     /* of the resnets */
    };
};

/* A row of a stream of kind "architecture". */
struct gene_row {
    const char *cell, *op;
    int node, input;
};

/* A table of architecture parameters of a super-net, whose rows each choose a column: of cells,
 * edges an operation, of which column 0 is none. */
struct space_table {
    const char *name;
    int rows, columns;
    double deviation; /* they start at N(0, deviation) */
};
enum {
    SPACE_MOST_TABLES = 2,
    SPACE_MOST_ROWS = WIDTHS_MOST_CONVOLUTIONS,
    SPACE_MOST_COLUMNS = 10, /* depths of resnet-110 */
    SPACE_NONE = 0
};
/* A path through a super-net: a column of each row. */
struct edge_ops {
    int of[SPACE_MOST_TABLES][SPACE_MOST_ROWS];
    unsigned also[SPACE_MOST_TABLES][SPACE_MOST_ROWS]; /* gated paths of resnets alone: a bit for each
                                                          column that is mixed with it */
};

struct search_space {
    const char *name;
    const char *mark; /* by which its texts alone begin; "": they may begin by anything else */
    int choices;
    int rows;   /* of its stream */
    int stages; /* of equally many cells, between which the images are halved */
    int cells;  /* that its networks have; 0: as many as are asked for */
    int tables; /* of the super-net; of cells one for each kind */
    struct space_table table[SPACE_MOST_TABLES];
    const char *edge_table[SPACE_MOST_TABLES]; /* of cells alone: what edges weigh, by their names */
    /* Dense cells alone: their nodes, and which operations the columns are. */
    int nodes, ops;
    enum dense_op op[DENSE_OPS];
    int blocks; /* resnets alone: of a stage of the largest */

    int (*options)(const struct search_space *s, int choice); /* how many choice has */
    /* Which option the architecture has, -1: none of them. */
    int (*chosen)(const struct architecture *a, int choice);
    void (*choose)(struct architecture *a, int choice, int option);
    /* Of a->space, zeroed beforehand: fills in what nothing chooses. */
    void (*begin)(struct architecture *a);

    int (*parse)(struct architecture *a, const char *text, size_t length, struct error *e);
    int (*print)(const struct architecture *a, FILE *to); /* one line */
    int (*print_dot)(const struct architecture *a, FILE *to);
    struct value *(*value)(const struct architecture *a);
    int (*check)(const struct architecture *a, struct error *e);
    void (*canonical)(struct architecture *a); /* one of those that make the same network */

    void (*row)(const struct architecture *a, int i, struct gene_row *to);
    /* Takes op and input, which may be anything. */
    int (*take_row)(struct architecture *a, int i, const struct gene_row *row, struct error *e);

    /* The architecture's path. */
    void (*edge_ops)(const struct architecture *a, struct edge_ops *to);
    /* The rest of `a` is begun. */
    void (*derive)(struct architecture *a, const struct cell_parameters found[SPACE_MOST_TABLES]);
    int (*build_supernet)(const struct search_space *s, struct supernet *net, struct graph *g,
                          struct error *e);
    int (*build)(struct discrete *d, struct graph *g, const struct architecture *a,
                 struct error *e);
    /* The whole network in DOT; of d the settings alone are looked at, which are valid. */
    int (*print_network_dot)(const struct discrete *d, const struct architecture *a, FILE *to);
};

/* Their names. */
#define SEARCH_SPACE_WORDS                                                       \
    "darts|nasbench201|tinycell-125|tinycell-27|resnet-14|resnet-20|resnet-32|" \
    "resnet-56|resnet-110"
const struct search_space *search_space_find(const char *name); /* NULL: there is none */
/* How many architectures it has; the choices are independent. UINT64_MAX: so many or more. */
uint64_t search_space_count(const struct search_space *s);

/* DARTS (Liu et al., ICLR 2019): two cells of 4 nodes of two inputs each (genotype.h). */
extern const struct search_space SPACE_DARTS;
/* 15625 cells of 4 nodes and 5 operations, in 3 stages (dense.h). */
extern const struct search_space SPACE_NASBENCH201;
/* The same of 3 nodes in 2 stages; the smaller one without 1x1 convolutions and pools. */
extern const struct search_space SPACE_TINYCELL_125, SPACE_TINYCELL_27;
/* The widths and depths of residual networks within a largest one (widths_network.h). Its blocks are
 * the cells. */
extern const struct search_space SPACE_RESNET_14, SPACE_RESNET_20, SPACE_RESNET_32, SPACE_RESNET_56,
    SPACE_RESNET_110;

/* ---- architectures ---- */

/* Number i of the space's, where they can be counted. */
void architecture_at(struct architecture *a, const struct search_space *s, uint64_t i);
/* One of all, each as likely. */
void architecture_draw(struct architecture *a, const struct search_space *s, struct random *r);
/* What a search arrived at, whose super-net has these. */
void architecture_derive(struct architecture *a, const struct search_space *s,
                         const struct cell_parameters found[SPACE_MOST_TABLES]);
/* Another option of one choice, both at random. */
void architecture_mutate(struct architecture *a, struct random *r);

/* space: NULL for the first of the table that has such a text. */
int architecture_parse(struct architecture *a, const struct search_space *space, const char *text,
                       size_t length, struct error *e);
/* The text, without a line feed; malloc'd, or NULL with the error set. */
char *architecture_text(const struct architecture *a, struct error *e);
/* 16 hexadecimal digits of the space's canonical text. */
int architecture_id(const struct architecture *a, char id[17], struct error *e);

/* Checks the settings, then builds the space's super-net, or a path of it (network.h). Both take the
 * cells of a space that has its own. */
int search_space_supernet(const struct search_space *s, struct supernet *net, struct graph *g,
                          struct error *e);
/* Checks the settings and the architecture, then builds the discrete network. Of cells that the
 * space has in stages there must be equally many a stage. */
int architecture_build(const struct architecture *a, struct discrete *d, struct graph *g,
                       struct error *e);

#endif
