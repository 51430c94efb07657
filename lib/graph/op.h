/* What an op is, for the files in ops/ and the engine that runs them; users of the engine need
 * graph.h and ops.h alone.
 *
 * Every file in ops/ is compiled once for each instruction set (and once more in double), so no
 * symbol of it may be visible but through OP(): its `struct op` tables. ops/table.c lists them. The
 * builder functions of ops.h live in build.c, compiled once: they only make nodes. */
#ifndef GRAPH_OP_H
#define GRAPH_OP_H
#include "graph/graph.h"
#include "graph/ops.h"

enum op_code {
    OP_INPUT,
    OP_WEIGHT,
    OP_CONV2D,
    OP_POINTWISE,
    OP_CONV_TRANSPOSE2D,
    OP_DEPTHWISE,
    OP_SEPARABLE,
    OP_STATISTICS,
    OP_NORMALISE,
    OP_NORMALISE_TANGENT,
    OP_MAX_POOL,
    OP_MAX_UNPOOL,
    OP_AVG_POOL,
    OP_GLOBAL_AVG_POOL,
    OP_ACTIVATE,
    OP_ACTIVATE_SMOOTH,
    OP_ACTIVATE_TANGENT,
    OP_ADD,
    OP_MULTIPLY,
    OP_SCALE_BY,
    OP_DROP_PATH,
    OP_DROPOUT,
    OP_STOP_GRADIENT,
    OP_CONCAT,
    OP_FIT,
    OP_INTERPOLATE,
    OP_LINEAR,
    OP_SOFTMAX,
    OP_LOG_SOFTMAX,
    OP_L2_NORMALISE,
    OP_MIX,
    OP_CROSS_ENTROPY,
    OP_DISTILLATION,
    OP_PIXEL_CROSS_ENTROPY,
    OP_PIXEL_ABSOLUTE_ERROR,
    OP_MEAN_SQUARED_ERROR,
    OP_MEAN_ABSOLUTE_ERROR,
    OP_SMOOTH_L1,
    OP_BCE_WITH_LOGITS,
    OP_TRIPLET_MARGIN,
    OP_COSINE_EMBEDDING,
    OP_CONTRASTIVE,
    OP_CIRCLE,
    OP_NORMAL_DIVERGENCE,
    OP_MEAN_SQUARE_NORM,
    OP_KENDALL,
    OP_ADD_SCALARS,
    OP_CONCAT_SHUFFLED,
    OP_CHANNELS,
    OP_WEIGH_EDGES,
    OP_CODES
};

struct node {
    struct graph *graph;
    enum op_code code;
    const struct op *op; /* NULL: inputs and parameters, which do nothing */
    int index;           /* place in build order */
    char *name;          /* inputs and parameters */
    int inputs;
    struct node **input; /* members may be NULL where the op allows it */
    struct shape shape;

    /* arguments */
    struct window window;
    int integer;            /* activation, classification, ... */
    double number;          /* factor, margin, rate, smoothing, ... */
    double steepness;       /* circle's gamma */
    enum graph_group group; /* parameters */
    struct initial initial;
    bool kept;           /* value readable after a run */
    bool remade;         /* value made anew for backward, where the plan can */
    bool differentiated; /* inputs: gradient wanted and readable after a run */

    /* set by the plan */
    bool needed;               /* takes part in this plan */
    bool differentiable;       /* some parameter lies below it */
    bool unused;               /* a parameter to which no gradient flows */
    real *value;               /* batch * count, or count */
    real *gradient;            /* the same; NULL where none is needed, or none is written */
    const struct node *source; /* see affine.h; NULL: the gradient is what its users wrote */
    real *affine;              /* [AFFINE_ROWS, channels rounded up] */
    double *moments;           /* of the value, by slices, where statistics want them: moments.h */
    bool leaves_moments;       /* the op's own forward fills them */
    bool deferred;             /* the op's own backward completes the gradient, by affine.h */
    void *saved;      /* what forward leaves for backward (max_pool's choice), op->saved bytes */
    bool *accumulate; /* for each input: add to its gradient (true) or overwrite it */
    int count;        /* argument: of channels */
};

/* The running context handed to the kernels. */
struct context {
    const struct graph_run *run;
    int n; /* images */
    int threads;
    int tasks;     /* that FOR_SLICES makes */
    bool remaking; /* forward for backward's sake: what lasts has been left already */
    real *scratch; /* of the op that runs: scratch_stride reals from slice to slice */
    size_t scratch_stride;
    real *work; /* work_stride reals for each thread */
    size_t work_stride;
};
/* The images of slice s of n: [first, last). Slices differ by one image at most. */
static inline int slice_first(int n, int s)
{
    return (int)((long)n * s / GRAPH_SLICES);
}
static inline size_t slice_begin(const struct context *c, int s)
{
    return (size_t)slice_first(c->n, s);
}
/* for each slice s, in parallel; the body must not let slices meet. Slices are tasks, not shares of
 * a loop: a thread that the system has put aside delays the slice it holds, not all the others, so
 * an engine that shares its cores with other work slows down by their share alone. */
#define OP_PRAGMA(x) _Pragma(#x)
#define FOR_SLICES(c, s)                                          \
    OP_PRAGMA(omp taskloop default(shared) num_tasks((c)->tasks)) \
    for (int s = 0; s < GRAPH_SLICES; s++)
/* What an op makes for all slices (in slice 0's), or gathers in each, until it ends. */
static inline real *slice_scratch(const struct context *c, int s)
{
    return c->scratch + (size_t)s * c->scratch_stride;
}
/* Should backward compute the gradient of input i? (It has a gradient array, and, for a parameter,
 * its group is wanted in this run.) */
static inline bool wants(const struct node *n, const struct context *c, int i)
{
    const struct node *in = n->input[i];
    return in && in->gradient && (in->code != OP_WEIGHT || (c->run->gradients >> in->group & 1u));
}

/* Extents of scratch and of rows of channels: whole cache lines. */
static inline size_t scratch_round(size_t reals)
{
    return (reals + 15) & ~(size_t)15;
}
static inline int node_channels(const struct node *n)
{
    return n->shape.extent[n->shape.rank - 1];
}
static inline bool same_shape(const struct shape *a, const struct shape *b)
{
    bool same = a->batched == b->batched && a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->extent[i] == b->extent[i];
    return same;
}
enum {
    READS_OUTPUT = 1 << 30
}; /* op.reads: bit i = backward reads the value of input i (i < 30;
      bit 29 stands for all inputs from 29 on) */

/* One direction of an op. begin and end run once, with all threads at their call; between them slice
 * runs for each slice of images, in parallel. Ops in a row that all have a slice run together
 * (internal.h): all begin, then each slice goes through all of them, so that what one makes the next
 * finds in the cache, then all end. So, where there is a slice, begin and end leave alone what has
 * an entry an image, slice reads and writes that of its own images, and it reads nothing that an
 * end writes. */
struct pass {
    void (*begin)(const struct node *n, const struct context *c);
    void (*slice)(const struct node *n, const struct context *c, int slice);
    void (*end)(const struct node *n, const struct context *c);
};

struct op {
    const char *name;
    /* Fills n->shape from n->input; a message where they do not fit. */
    int (*shape)(struct node *n, struct error *e);
    struct pass forward;
    /* Reads n->gradient; for each input i that is wanted writes, or adds to, its gradient as
     * n->accumulate[i] says. A parameter's gradient is reduced over slices in order. Where one node
     * is several inputs of n, accumulate is set for all but the first. */
    struct pass backward;
    /* The tangent node given the inputs' tangents (members NULL where constant); NULL op: none. */
    struct node *(*tangent)(struct node *n, struct node *const *t);
    double (*macs)(const struct node *n);               /* forward, one image; NULL: 0 */
    size_t (*saved)(const struct node *n, int batch);   /* bytes kept for backward; NULL: 0 */
    size_t (*scratch)(const struct node *n, int batch); /* reals a slice; NULL: 0 */
    size_t (*work)(const struct node *n);               /* reals a thread; NULL: 0 */
    unsigned reads;                                     /* what backward reads */
    int extends; /* the input whose array the output goes on with; 0: none. The input must have
                    no other user; its gradient is the output's */
    bool leaves_moments; /* forward gathers its output's (moments.h) */
    bool takes_affine;   /* backward reads its gradient by gradient_pixels alone (affine.h) */
    bool by_channels;    /* its vectors run along the channels: where these are few, short vectors
                            do as much as long ones, of which the rest is idle */
    unsigned reads_saved; /* bit i: forward and backward read what input i's op has saved */
    unsigned constant; /* bit i: input i never gets a gradient from this op (labels, ...); backward
                          must then leave it alone, whatever wants() says */
};

/* Kernels for one instruction set. */
struct kernels {
    const char *name;
    int lanes; /* of its vectors */
    const struct op *op[OP_CODES];
};

#ifndef GRAPH_LEVEL
#define GRAPH_LEVEL baseline
#endif
#define OP_PASTE2(a, b) a##_##b
#define OP_PASTE(a, b) OP_PASTE2(a, b)
/* const struct op OP(conv2d) = {...}; is conv2d_op_avx512 in that level's object. */
#define OP(name) OP_PASTE(name##_op, GRAPH_LEVEL)

#endif
