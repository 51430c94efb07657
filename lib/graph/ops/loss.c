/* Losses are means over images: each is a value and a slope for one image. */
#include <math.h>
#include "graph/log_sum_exp.h"
#include "graph/op.h"

static const real *of_image(const struct node *n, int input, int image)
{
    return n->input[input]->value + (size_t)image * node_count(n->input[input]);
}

static void mean_forward(const struct node *n, const struct context *c,
                         double (*value)(const struct node *n, int image))
{
    double part[GRAPH_SLICES], sum = 0;
    FOR_SLICES(c, s)
    {
        part[s] = 0;
        for (int i = slice_first(c->n, s); i < slice_first(c->n, s + 1); i++)
            part[s] += value(n, i);
    }
    for (int s = 0; s < GRAPH_SLICES; s++)
        sum += part[s];
    n->value[0] = (real)(sum / c->n);
}

/* Where the slope of one image goes: for each input its gradient, or NULL. */
struct slope {
    real *to[3];
    const bool *add;
};
static inline void give(const struct slope *s, int input, size_t i, double x)
{
    if (s->to[input])
        s->to[input][i] = (real)(s->add[input] ? (double)s->to[input][i] + x : x);
}

/* slope adds `scale` times the image's slope. Where one node is two inputs the second call adds to
 * what the first wrote, so a slope must finish input 0 before it begins input 1. */
static void mean_backward(const struct node *n, const struct context *c,
                          void (*slope)(const struct node *n, int image, double scale,
                                        const struct slope *s))
{
    double scale = (double)n->gradient[0] / c->n;
    FOR_SLICES(c, s)
    for (int i = slice_first(c->n, s); i < slice_first(c->n, s + 1); i++) {
        struct slope to = {.add = n->accumulate};
        for (int k = 0; k < n->inputs && k < 3; k++)
            if (wants(n, c, k))
                to.to[k] = n->input[k]->gradient + (size_t)i * node_count(n->input[k]);
        slope(n, i, scale, &to);
    }
}

/* All inputs batched and, from `first` to `last`, of one shape. */
static int loss_shape(struct node *n, int last, struct error *e)
{
    for (int i = 0; i < n->inputs; i++)
        if (!n->input[i]->shape.batched)
            return error_set(e, "input %d is not batched", i);
    for (int i = 1; i <= last; i++)
        if (node_count(n->input[i]) != node_count(n->input[0]))
            return error_set(e, "inputs of %zu and %zu elements", node_count(n->input[0]),
                             node_count(n->input[i]));
    n->shape = (struct shape){0};
    return 0;
}

static int all_alike(struct node *n, struct error *e)
{
    return loss_shape(n, n->inputs - 1, e);
}

/* The last input holds one number an image. */
static int labelled(struct node *n, struct error *e)
{
    if (node_count(n->input[n->inputs - 1]) != 1)
        return error_set(e, "the label is not 1 x 1 x 1");
    return loss_shape(n, n->inputs - 2, e);
}

/* ---- cross-entropy ---- */

static double cross_entropy_value(const struct node *n, int image)
{
    size_t count = node_count(n->input[0]);
    const real *x = of_image(n, 0, image);
    double label = (double)*of_image(n, 1, image), mean = 0;
    if (!(label >= 0 && label < (double)count))
        return NAN;
    for (size_t i = 0; i < count; i++)
        mean += (double)x[i] / (double)count;
    return log_sum_exp(x, count) - (1 - n->number) * (double)x[(size_t)label] - n->number * mean;
}

static void cross_entropy_slope(const struct node *n, int image, double scale,
                                const struct slope *s)
{
    size_t count = node_count(n->input[0]);
    const real *x = of_image(n, 0, image);
    double label = (double)*of_image(n, 1, image), norm = log_sum_exp(x, count);
    for (size_t i = 0; i < count; i++) {
        double wanted = n->number / (double)count + ((double)i == label ? 1 - n->number : 0);
        give(s, 0, i, scale * (exp((double)x[i] - norm) - wanted));
    }
}

static void cross_entropy_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, cross_entropy_value);
}
static void cross_entropy_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, cross_entropy_slope);
}

const struct op OP(cross_entropy) = {.name = "cross-entropy",
                                     .shape = labelled,
                                     .forward = {cross_entropy_forward},
                                     .backward = {cross_entropy_backward},
                                     .reads = 1 << 0 | 1 << 1,
                                     .constant = 1 << 1};

/* ---- distillation ---- */

static int distillation_shape(struct node *n, struct error *e)
{
    if (!(n->number > 0))
        return error_set(e, "a temperature of %g", n->number);
    return all_alike(n, e);
}

static double distillation_value(const struct node *n, int image)
{
    const size_t count = node_count(n->input[0]);
    const double t = n->number;
    const real *x = of_image(n, 0, image), *teacher = of_image(n, 1, image);
    const double norm = log_sum_exp_at(x, count, t), wanted = log_sum_exp_at(teacher, count, t);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double p = (double)teacher[i] / t - wanted;
        sum += exp(p) * (p - ((double)x[i] / t - norm));
    }
    return t * t * sum;
}

static void distillation_slope(const struct node *n, int image, double scale, const struct slope *s)
{
    const size_t count = node_count(n->input[0]);
    const double t = n->number;
    const real *x = of_image(n, 0, image), *teacher = of_image(n, 1, image);
    const double norm = log_sum_exp_at(x, count, t), wanted = log_sum_exp_at(teacher, count, t);
    for (size_t i = 0; i < count; i++)
        give(s, 0, i,
             scale * t * (exp((double)x[i] / t - norm) - exp((double)teacher[i] / t - wanted)));
}

static void distillation_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, distillation_value);
}
static void distillation_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, distillation_slope);
}

const struct op OP(distillation) = {.name = "distillation",
                                    .shape = distillation_shape,
                                    .forward = {distillation_forward},
                                    .backward = {distillation_backward},
                                    .reads = 1 << 0 | 1 << 1,
                                    .constant = 1 << 1};

/* ---- means over pairs of elements ---- */

/* Defines an op from its value f and its slopes by x and by y. */
#define PAIRS(name_, text, f, by_x, by_y)                                       \
    static double name_##_value(const struct node *n, int image)                \
    {                                                                           \
        size_t count = node_count(n->input[0]);                                 \
        const real *a = of_image(n, 0, image), *b = of_image(n, 1, image);      \
        double sum = 0;                                                         \
        for (size_t i = 0; i < count; i++) {                                    \
            double x = (double)a[i], y = (double)b[i];                          \
            sum += f;                                                           \
        }                                                                       \
        return sum / (double)count;                                             \
    }                                                                           \
    static void name_##_slope(const struct node *n, int image, double scale,    \
                              const struct slope *s)                            \
    {                                                                           \
        size_t count = node_count(n->input[0]);                                 \
        const real *a = of_image(n, 0, image), *b = of_image(n, 1, image);      \
        scale /= (double)count;                                                 \
        for (int k = 0; k < 2; k++)                                             \
            for (size_t i = 0; s->to[k] && i < count; i++) {                    \
                double x = (double)a[i], y = (double)b[i];                      \
                give(s, k, i, scale *(k ? by_y : by_x));                        \
            }                                                                   \
    }                                                                           \
    static void name_##_forward(const struct node *n, const struct context *c)  \
    {                                                                           \
        mean_forward(n, c, name_##_value);                                      \
    }                                                                           \
    static void name_##_backward(const struct node *n, const struct context *c) \
    {                                                                           \
        mean_backward(n, c, name_##_slope);                                     \
    }                                                                           \
    const struct op OP(name_) = {.name = text,                                  \
                                 .shape = all_alike,                            \
                                 .forward = {name_##_forward},                  \
                                 .backward = {name_##_backward},                \
                                 .reads = 1 << 0 | 1 << 1};

static inline double sign(double x)
{
    return (x > 0) - (x < 0);
}

PAIRS(mean_squared_error, "mean squared error", (x - y) * (x - y), 2 * (x - y), 2 * (y - x))
PAIRS(mean_absolute_error, "mean absolute error", fabs(x - y), sign(x - y), sign(y - x))
PAIRS(smooth_l1, "smooth l1", (fabs(x - y) < 1 ? (x - y) * (x - y) / 2 : fabs(x - y) - 0.5),
      (fabs(x - y) < 1 ? x - y : sign(x - y)), (fabs(x - y) < 1 ? y - x : sign(y - x)))
PAIRS(bce_with_logits, "binary cross-entropy", (fmax(x, 0) - x * y + log1p(exp(-fabs(x)))),
      (1 / (1 + exp(-x)) - y), -x)
PAIRS(normal_divergence, "normal divergence", (x * x + exp(y) - 1 - y) / 2, x, (exp(y) - 1) / 2)

/* ---- distances between vectors ---- */

static const double apart = 1e-6; /* what PyTorch adds to differences in triplets */

static double distance(const real *a, const real *b, size_t count, double shift)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)a[i] - (double)b[i] + shift;
        sum += d * d;
    }
    return sqrt(sum);
}

static double triplet_margin_value(const struct node *n, int image)
{
    size_t count = node_count(n->input[0]);
    const real *a = of_image(n, 0, image);
    return fmax(distance(a, of_image(n, 1, image), count, apart) -
                    distance(a, of_image(n, 2, image), count, apart) + n->number,
                0);
}

static void triplet_margin_slope(const struct node *n, int image, double scale,
                                 const struct slope *s)
{
    size_t count = node_count(n->input[0]);
    const real *a = of_image(n, 0, image), *p = of_image(n, 1, image), *q = of_image(n, 2, image);
    double near = distance(a, p, count, apart), far = distance(a, q, count, apart);
    if (near - far + n->number <= 0)
        scale = 0;
    near = near > 0 ? scale / near : 0;
    far = far > 0 ? scale / far : 0;
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < count; i++) {
            double pull = ((double)a[i] - (double)p[i] + apart) * near;
            double push = ((double)a[i] - (double)q[i] + apart) * far;
            give(s, k, i, k == 0 ? pull - push : k == 1 ? -pull : push);
        }
}

static void triplet_margin_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, triplet_margin_value);
}
static void triplet_margin_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, triplet_margin_slope);
}

const struct op OP(triplet_margin) = {.name = "triplet margin",
                                      .shape = all_alike,
                                      .forward = {triplet_margin_forward},
                                      .backward = {triplet_margin_backward},
                                      .reads = 1 << 0 | 1 << 1 | 1 << 2};

struct cosine {
    double cosine, aa, bb; /* PyTorch adds 1e-12 to the squared lengths */
};
static struct cosine cosine(const real *a, const real *b, size_t count)
{
    double ab = 0, aa = 1e-12, bb = 1e-12;
    for (size_t i = 0; i < count; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return (struct cosine){ab / sqrt(aa * bb), aa, bb};
}

static double cosine_embedding_value(const struct node *n, int image)
{
    double x = cosine(of_image(n, 0, image), of_image(n, 1, image), node_count(n->input[0])).cosine;
    return *of_image(n, 2, image) > 0 ? 1 - x : fmax(x - n->number, 0);
}

static void cosine_embedding_slope(const struct node *n, int image, double scale,
                                   const struct slope *s)
{
    size_t count = node_count(n->input[0]);
    const real *a = of_image(n, 0, image), *b = of_image(n, 1, image);
    struct cosine x = cosine(a, b, count);
    scale *= *of_image(n, 2, image) > 0 ? -1 : x.cosine > n->number;
    double both = sqrt(x.aa * x.bb);
    for (size_t i = 0; i < count; i++)
        give(s, 0, i, scale * ((double)b[i] / both - x.cosine * (double)a[i] / x.aa));
    for (size_t i = 0; i < count; i++)
        give(s, 1, i, scale * ((double)a[i] / both - x.cosine * (double)b[i] / x.bb));
}

static void cosine_embedding_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, cosine_embedding_value);
}
static void cosine_embedding_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, cosine_embedding_slope);
}

const struct op OP(cosine_embedding) = {.name = "cosine embedding",
                                        .shape = labelled,
                                        .forward = {cosine_embedding_forward},
                                        .backward = {cosine_embedding_backward},
                                        .reads = 1 << 0 | 1 << 1 | 1 << 2,
                                        .constant = 1 << 2};

static double contrastive_value(const struct node *n, int image)
{
    double d = distance(of_image(n, 0, image), of_image(n, 1, image), node_count(n->input[0]), 0);
    double short_of = *of_image(n, 2, image) > 0 ? d : fmax(n->number - d, 0);
    return short_of * short_of / 2;
}

static void contrastive_slope(const struct node *n, int image, double scale, const struct slope *s)
{
    size_t count = node_count(n->input[0]);
    const real *a = of_image(n, 0, image), *b = of_image(n, 1, image);
    double d = distance(a, b, count, 0);
    if (!(*of_image(n, 2, image) > 0))
        scale *= d > 0 ? -fmax(n->number - d, 0) / d : 0;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < count; i++)
            give(s, k, i, (k ? -scale : scale) * ((double)a[i] - (double)b[i]));
}

static void contrastive_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, contrastive_value);
}
static void contrastive_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, contrastive_slope);
}

const struct op OP(contrastive) = {.name = "contrastive",
                                   .shape = labelled,
                                   .forward = {contrastive_forward},
                                   .backward = {contrastive_backward},
                                   .reads = 1 << 0 | 1 << 1 | 1 << 2,
                                   .constant = 1 << 2};

/* Sums side by side, so that they become vectors; their order is fixed. */
static double mean_square_norm_value(const struct node *n, int image)
{
    enum { SUMS = 32 };
    const real *x = of_image(n, 0, image);
    size_t count = node_count(n->input[0]), i = 0;
    double sum[SUMS] = {0}, all = 0;
    for (; i + SUMS <= count; i += SUMS)
        for (size_t k = 0; k < SUMS; k++)
            sum[k] += (double)x[i + k] * (double)x[i + k];
    for (; i < count; i++)
        sum[0] += (double)x[i] * (double)x[i];
    for (size_t k = 0; k < SUMS; k++)
        all += sum[k];
    return all;
}

static void mean_square_norm_slope(const struct node *n, int image, double scale,
                                   const struct slope *s)
{
    const real *x = of_image(n, 0, image);
    real *to = s->to[0], factor = (real)(2 * scale);
    size_t count = to ? node_count(n->input[0]) : 0;
    if (*s->add)
        for (size_t i = 0; i < count; i++)
            to[i] += factor * x[i];
    else
        for (size_t i = 0; i < count; i++)
            to[i] = factor * x[i];
}

static void mean_square_norm_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, mean_square_norm_value);
}
static void mean_square_norm_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, mean_square_norm_slope);
}

const struct op OP(mean_square_norm) = {.name = "mean square norm",
                                        .shape = all_alike,
                                        .forward = {mean_square_norm_forward},
                                        .backward = {mean_square_norm_backward},
                                        .reads = 1 << 0};

/* ---- scalars ---- */

static int scalars_shape(struct node *n, struct error *e)
{
    for (int i = 0; i < n->inputs; i++)
        if (n->input[i]->shape.batched || node_count(n->input[i]) != 1)
            return error_set(e, "input %d is not a scalar", i);
    n->shape = (struct shape){0};
    return 0;
}

static void give_scalar(const struct node *n, const struct context *c, int input, double x)
{
    if (wants(n, c, input)) {
        real *to = n->input[input]->gradient;
        *to = (real)((n->accumulate[input] ? (double)*to : 0) + x * (double)n->gradient[0]);
    }
}

static double precision(const struct node *n)
{
    return exp(-(double)n->input[1]->value[0]) * (n->integer ? 1 : 0.5);
}

static void kendall_forward(const struct node *n, const struct context *c)
{
    (void)c;
    n->value[0] =
        (real)(precision(n) * (double)n->input[0]->value[0] + (double)n->input[1]->value[0] / 2);
}

static void kendall_backward(const struct node *n, const struct context *c)
{
    give_scalar(n, c, 0, precision(n));
    give_scalar(n, c, 1, 0.5 - precision(n) * (double)n->input[0]->value[0]);
}

const struct op OP(kendall) = {.name = "kendall",
                               .shape = scalars_shape,
                               .forward = {kendall_forward},
                               .backward = {kendall_backward},
                               .reads = 1 << 0 | 1 << 1};

static void add_scalars_forward(const struct node *n, const struct context *c)
{
    (void)c;
    n->value[0] = n->input[0]->value[0] + (real)n->number * n->input[1]->value[0];
}

static void add_scalars_backward(const struct node *n, const struct context *c)
{
    give_scalar(n, c, 0, 1);
    give_scalar(n, c, 1, n->number);
}

static struct node *add_scalars_tangent(struct node *n, struct node *const *t)
{
    return !t[1] ? t[0] : !t[0] ? NULL : add_scalars(t[0], t[1], n->number);
}

const struct op OP(add_scalars) = {.name = "add scalars",
                                   .shape = scalars_shape,
                                   .forward = {add_scalars_forward},
                                   .backward = {add_scalars_backward},
                                   .tangent = add_scalars_tangent};
