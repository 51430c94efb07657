/* What the engine's own files share; op.h has the node. */
#ifndef GRAPH_INTERNAL_H
#define GRAPH_INTERNAL_H
#include "graph/op.h"

/* A stretch of the arena, held from time `first` to time `last`, both included. Of N ordered nodes,
 * node p runs forward at time p and backward at time 2N - 1 - p. */
struct block {
    size_t bytes, offset; /* bytes 0: no block */
    int first, last;
    int again, until; /* and anew from `again` to `until`; again 0: not so */
};
enum { BLOCK_VALUE, BLOCK_GRADIENT, BLOCK_AFFINE, BLOCK_MOMENTS, BLOCK_SAVED, BLOCKS };

/* What is to be run, one pass of one op; and stretches of them, which run slice by slice (struct
 * pass). */
struct action {
    struct node *node;
    bool backward, remaking; /* remaking: forward, for a backward that follows */
    int time;                /* see struct block; remaking: of the backward that follows */
    size_t scratch;          /* where its own begins in each slice's, in reals */
    int next;                /* set in the first of a stretch: the first of the next */
    double whole, sliced;    /* seconds, those in slices over all threads; while profiling */
};

struct plan {
    struct node *loss; /* may be NULL for inference */
    int batch;
    enum graph_use use;
    int ordered; /* ops that run, in `order` */
    struct node **order;
    bool *needed, *differentiable, *flows; /* by node index; flows: has a gradient */
    struct node **source;                  /* by node index; see affine.h */
    bool *deferred, *remade;
    struct node **root;                    /* the first of those that share its arrays; or itself */
    struct block *block;                   /* BLOCKS a node */
    struct action *action;
    int actions, forwards;                 /* the forward pass has the first of them */
    size_t scratch_stride, work_stride;    /* reals a slice, reals a thread */
    size_t scratch_offset;                 /* bytes; work follows */
    size_t arena_bytes;
};
int plan_make(struct plan *p, const struct graph *g, struct node *loss, int batch,
              enum graph_use use, struct error *e);
void plan_free(struct plan *p);
static inline struct block *plan_block(const struct plan *p, const struct node *n, int kind)
{
    bool shared = kind == BLOCK_VALUE || kind == BLOCK_GRADIENT;
    return &p->block[(shared ? p->root[n->index] : n)->index * BLOCKS + kind];
}

/* For a run of n images by the graph's plan. */
struct context graph_context(const struct graph *g, const struct graph_run *run);
/* Runs the stretch whose first action that is; returns the next one's. */
int graph_stretch(struct graph *g, const struct context *c, int first);

struct graph {
    struct error error; /* the builder's first */
    bool failed;
    const struct kernels *kernels;
    struct node **node; /* in build order, inputs before users */
    size_t nodes, capacity;
    struct group group[GRAPH_GROUPS];
    struct plan plan;
    char *arena;
    bool profiling;
    struct op_profile profile[OP_CODES];
    int profiles;
};
static inline const struct pass *action_pass(const struct action *a)
{
    return a->backward ? &a->node->op->backward : &a->node->op->forward;
}

/* Makes a node of the graph from a template whose code, inputs and arguments are set; takes copies.
 * Bit i of `optional`: input i may be NULL (bit 31: all from 31 on). NULL with the graph's error
 * noted where it does not fit. */
struct node *graph_build(const struct node *t, unsigned optional);
struct node *graph_append(struct graph *g, const struct node *t, const char *name);
void graph_note(struct graph *g, const struct error *e);
const struct kernels *kernels_choose(struct error *e);
/* The op of a node whose shape is known: of those kernels or, for few channels, of such with
 * shorter vectors. */
const struct op *kernels_op(const struct kernels *k, const struct node *n);

/* The elements of one value of a batch. */
static inline size_t node_elements(const struct node *n, int batch)
{
    return node_count(n) * (n->shape.batched ? (size_t)batch : 1);
}

#endif
