#include "graph/op.h"
#include "graph/simd.h"

#define OPS(X)                                       \
    X(OP_CONV2D, conv2d)                             \
    X(OP_POINTWISE, pointwise)                       \
    X(OP_CONV_TRANSPOSE2D, conv_transpose2d)         \
    X(OP_DEPTHWISE, depthwise)                       \
    X(OP_SEPARABLE, separable)                       \
    X(OP_STATISTICS, statistics)                     \
    X(OP_NORMALISE, normalise)                       \
    X(OP_NORMALISE_TANGENT, normalise_tangent)       \
    X(OP_MAX_POOL, max_pool)                         \
    X(OP_MAX_UNPOOL, max_unpool)                     \
    X(OP_AVG_POOL, avg_pool)                         \
    X(OP_GLOBAL_AVG_POOL, global_avg_pool)           \
    X(OP_ACTIVATE, activate)                         \
    X(OP_ACTIVATE_SMOOTH, activate_smooth)           \
    X(OP_ACTIVATE_TANGENT, activate_tangent)         \
    X(OP_ADD, add)                                   \
    X(OP_MULTIPLY, multiply)                         \
    X(OP_SCALE_BY, scale_by)                         \
    X(OP_DROP_PATH, drop_path)                       \
    X(OP_DROPOUT, dropout)                           \
    X(OP_STOP_GRADIENT, stop_gradient)               \
    X(OP_CONCAT, concat)                             \
    X(OP_FIT, fit)                                   \
    X(OP_INTERPOLATE, interpolate)                   \
    X(OP_LINEAR, linear)                             \
    X(OP_SOFTMAX, softmax)                           \
    X(OP_LOG_SOFTMAX, log_softmax)                   \
    X(OP_L2_NORMALISE, l2_normalise)                 \
    X(OP_MIX, mix)                                   \
    X(OP_CROSS_ENTROPY, cross_entropy)               \
    X(OP_DISTILLATION, distillation)                 \
    X(OP_PIXEL_CROSS_ENTROPY, pixel_cross_entropy)   \
    X(OP_PIXEL_ABSOLUTE_ERROR, pixel_absolute_error) \
    X(OP_MEAN_SQUARED_ERROR, mean_squared_error)     \
    X(OP_MEAN_ABSOLUTE_ERROR, mean_absolute_error)   \
    X(OP_SMOOTH_L1, smooth_l1)                       \
    X(OP_BCE_WITH_LOGITS, bce_with_logits)           \
    X(OP_TRIPLET_MARGIN, triplet_margin)             \
    X(OP_COSINE_EMBEDDING, cosine_embedding)         \
    X(OP_CONTRASTIVE, contrastive)                   \
    X(OP_CIRCLE, circle)                             \
    X(OP_NORMAL_DIVERGENCE, normal_divergence)       \
    X(OP_MEAN_SQUARE_NORM, mean_square_norm)         \
    X(OP_KENDALL, kendall)                           \
    X(OP_ADD_SCALARS, add_scalars)                   \
    X(OP_CONCAT_SHUFFLED, concat_shuffled)           \
    X(OP_CHANNELS, channels)                         \
    X(OP_WEIGH_EDGES, weigh_edges)

#define DECLARE(code, name) extern const struct op OP(name);
OPS(DECLARE)

#define LEVEL_TEXT2(level) #level
#define LEVEL_TEXT(level) LEVEL_TEXT2(level)
#define MEMBER(code, name) [code] = &OP(name),
extern const struct kernels OP(kernels);
const struct kernels OP(kernels) = {
    .name = LEVEL_TEXT(GRAPH_LEVEL), .lanes = LANES, .op = {OPS(MEMBER)}};
