#include "graph/op.h"
#include <math.h>
#include "base/random.h"

static int shape_same(struct node *n, struct error *e)
{
    n->shape = n->input[0]->shape;
    for (int i = 1; i < n->inputs; i++)
        if (!same_shape(&n->input[i]->shape, &n->shape))
            return error_set(e, "inputs of different shapes");
    return 0;
}

/* The elements of a slice: of its images, or its share of what has no images. */
struct range {
    size_t first, last;
};
static struct range range(const struct node *n, const struct context *c, int slice)
{
    size_t count = node_count(n);
    if (n->shape.batched)
        return (struct range){count * slice_begin(c, slice), count * slice_begin(c, slice + 1)};
    return (struct range){count * (size_t)slice / GRAPH_SLICES,
                          count * (size_t)(slice + 1) / GRAPH_SLICES};
}

static inline void give(real *g, size_t i, bool add, real x)
{
    g[i] = add ? g[i] + x : x;
}

/* ---- activations ---- */

static const real leak = (real)0.2;

static inline real sigmoid(real x)
{
    return 1 / (1 + (real)exp(-(double)x));
}

static inline real activation(int a, real x)
{
    switch (a) {
    case ACT_RELU:
        return x <= 0 ? 0 : x;
    case ACT_LEAKY:
        return x <= 0 ? leak * x : x;
    case ACT_SIGMOID:
        return sigmoid(x);
    case ACT_TANH:
        return (real)tanh((double)x);
    case ACT_SOFTPLUS:
        return (real)((x > 0 ? (double)x : 0) + log1p(exp(-fabs((double)x))));
    case ACT_EXP:
        return (real)exp((double)x);
    case ACT_GELU:
        return (real)(0.5 * (double)x * (1 + erf((double)x * M_SQRT1_2)));
    case ACT_HARDSWISH:
        return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
    case ACT_SWISH:
        return x * sigmoid(x);
    default:
        return x;
    }
}

/* The derivative: told from the output y, for the last three from the input. */
static inline real slope(int a, real y)
{
    switch (a) {
    case ACT_RELU:
        return y <= 0 ? 0 : 1;
    case ACT_LEAKY:
        return y <= 0 ? leak : 1;
    case ACT_SIGMOID:
        return y * (1 - y);
    case ACT_TANH:
        return 1 - y * y;
    case ACT_SOFTPLUS:
        return (real)-expm1(-(double)y);
    case ACT_EXP:
        return y;
    case ACT_GELU: {
        double x = (double)y;
        return (real)(0.5 * (1 + erf(x * M_SQRT1_2)) +
                      x * exp(-x * x / 2) * M_2_SQRTPI * M_SQRT1_2 / 2);
    }
    case ACT_HARDSWISH:
        return y <= -3 ? 0 : y >= 3 ? 1 : (2 * y + 3) / 6;
    case ACT_SWISH:
        return sigmoid(y) * (1 + y * (1 - sigmoid(y)));
    default:
        return 1;
    }
}

/* Each activation's loop is compiled on its own, so that the cheap ones become vectors. */
#define EACH_ACTIVATION(a, loop) \
    switch (a) {                 \
    case ACT_RELU:               \
        loop(ACT_RELU);          \
        break;                   \
    case ACT_LEAKY:              \
        loop(ACT_LEAKY);         \
        break;                   \
    case ACT_HARDSWISH:          \
        loop(ACT_HARDSWISH);     \
        break;                   \
    default:                     \
        loop(a);                 \
    }

static int activate_shape(struct node *n, struct error *e)
{
    if (n->integer < ACT_IDENTITY || n->integer > ACT_SWISH)
        return error_set(e, "no activation has number %d", n->integer);
    return shape_same(n, e);
}

static void activate_forward(const struct node *n, const struct context *c, int s)
{
    const real *x = n->input[0]->value;
    real *y = n->value;
    struct range r = range(n, c, s);
#define LOOP(a)                               \
    for (size_t i = r.first; i < r.last; i++) \
    y[i] = activation(a, x[i])
    EACH_ACTIVATION(n->integer, LOOP)
#undef LOOP
}

/* Adds g * f'(at) to, or writes it into, the gradient of one input. */
static void through(const struct node *n, const struct context *c, int s, int input, const real *at)
{
    if (!wants(n, c, input))
        return;
    const real *g = n->gradient;
    real *to = n->input[input]->gradient;
    bool add = n->accumulate[input];
    struct range r = range(n, c, s);
#define LOOP(a)                               \
    for (size_t i = r.first; i < r.last; i++) \
    give(to, i, add, g[i] * slope(a, at[i]))
    EACH_ACTIVATION(n->integer, LOOP)
#undef LOOP
}

static void activate_backward(const struct node *n, const struct context *c, int s)
{
    through(n, c, s, 0, n->value);
}

static void activate_smooth_backward(const struct node *n, const struct context *c, int s)
{
    through(n, c, s, 0, n->input[0]->value);
}

static struct node *minus(struct node *a, struct node *b)
{
    return add(a, scale_by(b, -1));
}

static struct node *activate_tangent_rule(struct node *n, struct node *const *tangents)
{
    struct node *t = tangents[0], *ty = multiply(t, n), *s;
    switch (n->integer) {
    case ACT_SIGMOID: /* t (y - y^2) */
        return minus(ty, multiply(ty, n));
    case ACT_TANH:
        return minus(t, multiply(ty, n));
    case ACT_EXP:
        return ty;
    case ACT_SOFTPLUS:
        return multiply(t, activate(n->input[0], ACT_SIGMOID));
    case ACT_SWISH: /* t (s + y - y s) */
        s = activate(n->input[0], ACT_SIGMOID);
        return add(multiply(t, s), minus(ty, multiply(ty, s)));
    case ACT_IDENTITY:
    case ACT_RELU:
    case ACT_LEAKY: /* the sign of the output is the input's */
        return activate_tangent(n, t, (enum activation)n->integer);
    default:
        return NULL;
    }
}

const struct op OP(activate) = {.name = "activate",
                                .shape = activate_shape,
                                .forward = {.slice = activate_forward},
                                .backward = {.slice = activate_backward},
                                .tangent = activate_tangent_rule,
                                .reads = READS_OUTPUT};
const struct op OP(activate_smooth) = {.name = "activate",
                                       .shape = activate_shape,
                                       .forward = {.slice = activate_forward},
                                       .backward = {.slice = activate_smooth_backward},
                                       .tangent = activate_tangent_rule,
                                       .reads = 1 << 0};

static int activate_tangent_shape(struct node *n, struct error *e)
{
    if (n->integer < ACT_IDENTITY || n->integer > ACT_LEAKY)
        return error_set(e, "only piecewise linear activations have this tangent");
    return shape_same(n, e);
}

static void activate_tangent_forward(const struct node *n, const struct context *c, int s)
{
    const real *x = n->input[0]->value, *t = n->input[1]->value;
    real *y = n->value;
    struct range r = range(n, c, s);
#define LOOP(a)                               \
    for (size_t i = r.first; i < r.last; i++) \
    y[i] = t[i] * slope(a, x[i])
    EACH_ACTIVATION(n->integer, LOOP)
#undef LOOP
}

static void activate_tangent_backward(const struct node *n, const struct context *c, int s)
{
    through(n, c, s, 1, n->input[0]->value);
}

static struct node *activate_tangent_tangent(struct node *n, struct node *const *t)
{
    return t[1] ? activate_tangent(n->input[0], t[1], (enum activation)n->integer)
                : scale_by(t[0], 0);
}

const struct op OP(activate_tangent) = {.name = "activate tangent",
                                        .shape = activate_tangent_shape,
                                        .forward = {.slice = activate_tangent_forward},
                                        .backward = {.slice = activate_tangent_backward},
                                        .tangent = activate_tangent_tangent,
                                        .reads = 1 << 0,
                                        .constant = 1 << 0};

/* ---- sums, products, copies ---- */

/* Gives input i g * factor. */
static void give_scaled(const struct node *n, const struct context *c, int s, int input,
                        real factor)
{
    if (!wants(n, c, input))
        return;
    const real *g = n->gradient;
    real *to = n->input[input]->gradient;
    bool add = n->accumulate[input];
    struct range r = range(n, c, s);
    for (size_t i = r.first; i < r.last; i++)
        give(to, i, add, g[i] * factor);
}

static void add_forward(const struct node *n, const struct context *c, int s)
{
    const real *a = n->input[0]->value, *b = n->input[1]->value;
    real *y = n->value;
    struct range r = range(n, c, s);
    for (size_t i = r.first; i < r.last; i++)
        y[i] = a[i] + b[i];
}

static void add_backward(const struct node *n, const struct context *c, int s)
{
    give_scaled(n, c, s, 0, 1);
    give_scaled(n, c, s, 1, 1);
}

static struct node *add_tangent(struct node *n, struct node *const *t)
{
    (void)n;
    return !t[0] ? t[1] : !t[1] ? t[0] : add(t[0], t[1]);
}

const struct op OP(add) = {.name = "add",
                           .shape = shape_same,
                           .forward = {.slice = add_forward},
                           .backward = {.slice = add_backward},
                           .tangent = add_tangent};

static void multiply_forward(const struct node *n, const struct context *c, int s)
{
    const real *a = n->input[0]->value, *b = n->input[1]->value;
    real *y = n->value;
    struct range r = range(n, c, s);
    for (size_t i = r.first; i < r.last; i++)
        y[i] = a[i] * b[i];
}

static void multiply_backward(const struct node *n, const struct context *c, int s)
{
    struct range r = range(n, c, s);
    const real *g = n->gradient;
    for (int k = 0; k < 2; k++) {
        if (!wants(n, c, k))
            continue;
        const real *other = n->input[!k]->value;
        real *to = n->input[k]->gradient;
        bool add = n->accumulate[k];
        for (size_t i = r.first; i < r.last; i++)
            give(to, i, add, g[i] * other[i]);
    }
}

static struct node *multiply_tangent(struct node *n, struct node *const *t)
{
    struct node *a = t[0] ? multiply(t[0], n->input[1]) : NULL;
    struct node *b = t[1] ? multiply(n->input[0], t[1]) : NULL;
    return !a ? b : !b ? a : add(a, b);
}

const struct op OP(multiply) = {.name = "multiply",
                                .shape = shape_same,
                                .forward = {.slice = multiply_forward},
                                .backward = {.slice = multiply_backward},
                                .tangent = multiply_tangent,
                                .reads = 1 << 0 | 1 << 1};

static void scale(const struct node *n, const struct context *c, int s, real factor)
{
    const real *x = n->input[0]->value;
    real *y = n->value;
    struct range r = range(n, c, s);
    for (size_t i = r.first; i < r.last; i++)
        y[i] = x[i] * factor;
}

static void scale_by_forward(const struct node *n, const struct context *c, int s)
{
    scale(n, c, s, (real)n->number);
}

static void scale_by_backward(const struct node *n, const struct context *c, int s)
{
    give_scaled(n, c, s, 0, (real)n->number);
}

static struct node *scale_by_tangent(struct node *n, struct node *const *t)
{
    return scale_by(t[0], n->number);
}

const struct op OP(scale_by) = {.name = "scale",
                                .shape = shape_same,
                                .forward = {.slice = scale_by_forward},
                                .backward = {.slice = scale_by_backward},
                                .tangent = scale_by_tangent};

static void stop_gradient_forward(const struct node *n, const struct context *c, int s)
{
    scale(n, c, s, 1);
}

static void stop_gradient_backward(const struct node *n, const struct context *c, int s)
{
    (void)n;
    (void)c;
    (void)s;
}

const struct op OP(stop_gradient) = {.name = "stop gradient",
                                     .shape = shape_same,
                                     .forward = {.slice = stop_gradient_forward},
                                     .backward = {.slice = stop_gradient_backward},
                                     .constant = 1 << 0};

/* ---- dropout ---- */

/* y = x, or 0 where the dice fall; in blocks of `block` elements that fall together. Forward writes
 * the value from the input's, backward the input's gradient from the node's, by the same dice. */
static void drop(const struct node *n, const struct context *c, int s, const char *purpose,
                 double rate, size_t block, const real *x, real *y, bool add)
{
    enum { DICE = 64 };
    const struct random dice = random_stream(c->run->seed, purpose, c->run->step);
    const uint64_t base = (uint64_t)n->index << 40;
    const real survivor = (real)(1 / (1 - rate));
    const struct range r = range(n, c, s);
    double fell[DICE];
    if (c->run->inference || rate <= 0) {
        for (size_t i = r.first; i < r.last; i++)
            give(y, i, add, x[i]);
        return;
    }
    for (size_t i = r.first, k = r.first / block; i < r.last; k += DICE) {
        const size_t left = (r.last - 1) / block + 1 - k;
        random_uniforms_at(&dice, base + k, left < DICE ? left : DICE, fell);
        for (size_t d = 0; d < DICE && i < r.last; d++) {
            const size_t end = (k + d + 1) * block < r.last ? (k + d + 1) * block : r.last;
            for (; i < end; i++)
                give(y, i, add, fell[d] < rate ? 0 : x[i] * survivor);
        }
    }
}

static int dropout_shape(struct node *n, struct error *e)
{
    if (!(n->number >= 0 && n->number < 1) && n->number != -1)
        return error_set(e, "a rate of %g; it must be at least 0 and below 1", n->number);
    return shape_same(n, e);
}

static double dropout_rate(const struct node *n, const struct context *c)
{
    return n->number < 0 ? c->run->dropout : n->number;
}

static void dropout_forward(const struct node *n, const struct context *c, int s)
{
    drop(n, c, s, "dropout", dropout_rate(n, c), 1, n->input[0]->value, n->value, false);
}

static void dropout_backward(const struct node *n, const struct context *c, int s)
{
    if (wants(n, c, 0))
        drop(n, c, s, "dropout", dropout_rate(n, c), 1, n->gradient, n->input[0]->gradient,
             n->accumulate[0]);
}

const struct op OP(dropout) = {.name = "dropout",
                               .shape = dropout_shape,
                               .forward = {.slice = dropout_forward},
                               .backward = {.slice = dropout_backward}};

static void drop_path_forward(const struct node *n, const struct context *c, int s)
{
    drop(n, c, s, "drop path", c->run->drop_path, node_count(n), n->input[0]->value, n->value,
         false);
}

static void drop_path_backward(const struct node *n, const struct context *c, int s)
{
    if (wants(n, c, 0))
        drop(n, c, s, "drop path", c->run->drop_path, node_count(n), n->gradient,
             n->input[0]->gradient, n->accumulate[0]);
}

const struct op OP(drop_path) = {.name = "drop path",
                                 .shape = shape_same,
                                 .forward = {.slice = drop_path_forward},
                                 .backward = {.slice = drop_path_backward}};
