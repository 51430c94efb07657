#include <string.h>
#include "network/layer.h"

/* Convolutions of both halves start at N(0, 0.02), scales at N(1, 0.02). Names are places in the
 * lists [convolution, norm, activation, ...] of the two networks. */
static const struct initial small = {INITIAL_NORMAL, 0, 0.02};
static const struct window halving = {.kernel = 4, .stride = 2, .pad = 1};
static const struct window whole = {.kernel = 4, .stride = 1, .pad = 0};

static struct node *kernel(struct graph *g, const char *half, int place, int in, int out)
{
    return layer_weight(g, name_of("%s.%d.weight", half, place).text, GRAPH_WEIGHTS, 4,
                        (int[]){4, 4, in, out}, small);
}

static struct node *norm(struct graph *g, struct node *x, const char *half, int place,
                         enum activation activation)
{
    return layer_batch_norm(g, x, name_of("%s.%d", half, place).text, true, 0.02, activation);
}

int autoencoder_check(const struct autoencoder *a, struct error *e)
{
    if (a->side < 16 || a->side > 1024 || (a->side & (a->side - 1)))
        return error_set(e, "auto-encoder side is %d, expected a power of two, 16 to 1024",
                         a->side);
    return layer_check_setting("image channels", a->channels, 1, 4, e) ||
                   layer_check_setting("auto-encoder width", a->width, 1, 512, e) ||
                   layer_check_setting("latent", a->latent, 1, 4096, e)
               ? -1
               : 0;
}

struct value *autoencoder_value(const struct autoencoder *a)
{
    struct value *v = value_map();
    if (value_set_text(v, "type", "autoencoder") && value_set_int(v, "side", a->side) &&
        value_set_int(v, "channels", a->channels) && value_set_int(v, "width", a->width) &&
        value_set_int(v, "latent", a->latent))
        return v;
    value_free(v);
    return NULL;
}

static int small_integer(const struct value *v, const char *key)
{
    int64_t i = value_get_int(v, key, -1);
    return i >= 0 && i < 1 << 20 ? (int)i : -1;
}

int autoencoder_from_value(struct autoencoder *a, const struct value *v, struct error *e)
{
    const char *type = value_get_text(v, "type", "unknown");
    if (strcmp(type, "autoencoder") != 0)
        return error_set(e, "weights of a network of type %s, expected autoencoder", type);
    *a = (struct autoencoder){.side = small_integer(v, "side"),
                              .channels = small_integer(v, "channels"),
                              .width = small_integer(v, "width"),
                              .latent = small_integer(v, "latent")};
    return autoencoder_check(a, e);
}

/* log_variance: of the second head, or NULL. */
static struct node *encoder(const struct autoencoder *a, struct graph *g, const char *half,
                            struct node *x, struct node **log_variance)
{
    int width = a->width, place = 2;

    x = activate(conv2d(x, kernel(g, half, 0, a->channels, width), halving), ACT_LEAKY);
    for (int side = a->side / 2; side > 4; side /= 2, place += 3, width *= 2) {
        x = conv2d(x, kernel(g, half, place, width, 2 * width), halving);
        x = norm(g, x, half, place + 1, ACT_LEAKY);
    }
    if (log_variance)
        *log_variance = conv2d(x, kernel(g, "variance", place, width, a->latent), whole);
    return conv2d(x, kernel(g, half, place, width, a->latent), whole);
}

struct node *encoder_build(const struct autoencoder *a, struct graph *g, struct node *x)
{
    return encoder(a, g, "enc", x, NULL);
}

struct node *encoder_build_variational(const struct autoencoder *a, struct graph *g, struct node *x,
                                       struct node **log_variance)
{
    return encoder(a, g, "enc", x, log_variance);
}

struct node *second_encoder_build(const struct autoencoder *a, struct graph *g, struct node *y)
{
    return encoder(a, g, "second", y, NULL);
}

/* A transposed convolution's weights are those of its adjoint: [4, 4, out, in]. */
struct node *decoder_build(const struct autoencoder *a, struct graph *g, struct node *z)
{
    int width = a->width * (a->side / 8), place = 3;

    z = conv_transpose2d(z, kernel(g, "dec", 0, width, a->latent), whole);
    z = norm(g, z, "dec", 1, ACT_RELU);
    for (int side = 4; side < a->side / 2; side *= 2, place += 3, width /= 2) {
        z = conv_transpose2d(z, kernel(g, "dec", place, width / 2, width), halving);
        z = norm(g, z, "dec", place + 1, ACT_RELU);
    }
    z = conv_transpose2d(z, kernel(g, "dec", place, a->channels, width), halving);
    return activate(z, ACT_TANH);
}
