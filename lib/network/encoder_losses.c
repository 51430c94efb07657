#include "network/encoder_losses.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/words.h"
#include "network/layer.h"

/* ---- building: each input and each network's output once, when a loss first asks for it ---- */

struct building {
    const struct autoencoder *network;
    struct graph *graph;
    struct encoder_graph *to;
    struct node *z, *log_variance, *y;
    struct node *positive, *negative, *other; /* latents */
    double margin, gamma;                     /* of the loss that is being added */
};

static struct node *image(struct building *b, const char *name)
{
    const struct autoencoder *a = b->network;
    return graph_input(b->graph, name, a->side, a->side, a->channels);
}

static struct node *number(struct building *b, const char *name, struct node **input)
{
    return *input ? *input : (*input = graph_input(b->graph, name, 1, 1, 1));
}

/* The latent of another image. */
static struct node *latent(struct building *b, const char *name, struct node **input,
                           struct node **z)
{
    if (!*input) {
        *input = image(b, name);
        *z = encoder_build(b->network, b->graph, *input);
    }
    return *z;
}
static struct node *positive(struct building *b)
{
    return latent(b, "positive", &b->to->positive, &b->positive);
}
static struct node *negative(struct building *b)
{
    return latent(b, "negative", &b->to->negative, &b->negative);
}
static struct node *other(struct building *b)
{
    return latent(b, "other", &b->to->other, &b->other);
}

static struct node *reconstruction(struct building *b)
{
    struct node *z = b->z;
    if (!b->y && b->log_variance) {
        b->to->noise = graph_input(b->graph, "noise", 1, 1, b->network->latent);
        z = add(z, multiply(activate(scale_by(b->log_variance, 0.5), ACT_EXP), b->to->noise));
    }
    return b->y ? b->y : (b->y = decoder_build(b->network, b->graph, z));
}

/* ---- the losses ---- */

static struct node *mse(struct building *b)
{
    return mean_squared_error(reconstruction(b), b->to->x);
}

static struct node *contractive(struct building *b)
{
    b->to->direction = image(b, "direction");
    return mean_square_norm(graph_tangent(b->z, 1, &b->to->x, &b->to->direction));
}

static struct node *divergence(struct building *b)
{
    return scale_by(normal_divergence(b->z, b->log_variance), b->network->latent);
}

static struct node *second(struct building *b)
{
    return mean_squared_error(b->z, second_encoder_build(b->network, b->graph, reconstruction(b)));
}

static struct node *triplet(struct building *b)
{
    struct node *far = negative(b); /* first: running statistics go by the order of building */
    return triplet_margin(b->z, positive(b), far, b->margin);
}

static struct node *cosine(struct building *b)
{
    return cosine_embedding(b->z, other(b), number(b, "same", &b->to->same), b->margin);
}

static struct node *contrast(struct building *b)
{
    return contrastive(b->z, other(b), number(b, "same", &b->to->same), b->margin);
}

static struct node *circles(struct building *b)
{
    return circle(l2_normalise(b->z), l2_normalise(positive(b)), number(b, "class", &b->to->class),
                  b->margin, b->gamma);
}

static const struct encoder_loss losses[ENCODER_LOSSES] = {
    {"mse", 0, .weight = 1, .margin = NAN, mse},
    {"contractive", 0, .weight = 1e-4, .margin = NAN, contractive},
    {"vae", NEEDS_VARIANCE, .weight = NAN, .margin = NAN, divergence},
    {"second", 0, .weight = 1, .margin = NAN, second},
    {"triplet", NEEDS_LABELS, .weight = 1, .margin = 1, triplet},
    {"cosine", NEEDS_LABELS, .weight = 1, .margin = 0, cosine},
    {"contrastive", NEEDS_LABELS, .weight = 1, .margin = 1, contrast},
    {"circle", NEEDS_LABELS | NEEDS_GAMMA, .weight = 1, .margin = 0.25, circles},
};

/* ---- objectives ---- */

static int add_loss(struct encoder_objective *o, const char *word, size_t length, struct error *e)
{
    char name[32], nearest[32];
    const struct encoder_loss *loss = NULL;
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    for (int i = 0; i < ENCODER_LOSSES && !loss; i++)
        loss = strcmp(losses[i].name, name) ? NULL : &losses[i];
    if (!loss && words_nearest(ENCODER_LOSS_WORDS, name, nearest, sizeof nearest))
        return error_set(e, "there is no loss '%s'; did you mean %s?", name, nearest);
    if (!loss)
        return error_set(e, "expected some of %s, joined by '+', found '%s'", ENCODER_LOSS_WORDS,
                         name);
    for (int i = 0; i < o->count; i++)
        if (o->loss[i] == loss)
            return error_set(e, "%s is there twice", loss->name);
    o->weight[o->count] = NAN;
    o->loss[o->count++] = loss;
    return 0;
}

int encoder_losses_parse(struct encoder_objective *o, const char *text, struct error *e)
{
    *o = (struct encoder_objective){.margin = NAN, .gamma = 80};
    for (size_t length;; text += length + 1) {
        length = strcspn(text, "+");
        if (add_loss(o, text, length, e))
            return -1;
        if (!text[length])
            return 0;
    }
}

int encoder_weights_parse(struct encoder_objective *o, const char *text, struct error *e)
{
    int count = 0;
    o->kendall = strcmp(text, "kendall") == 0;
    for (int i = 0; i < o->count; i++)
        o->weight[i] = NAN;
    if (o->kendall || strcmp(text, "sum") == 0)
        return 0;
    for (const char *at = text;; at++) {
        char *end;
        double weight = strtod(at, &end);
        if (end == at || (*end && *end != ',') || !(weight >= 0 && isfinite(weight)))
            return error_set(e,
                             "expected kendall, sum or numbers from 0 parted by commas, "
                             "found '%s'",
                             text);
        if (count < o->count)
            o->weight[count] = weight;
        count++;
        at = end;
        if (!*end)
            break;
    }
    return count == o->count ? 0 : error_set(e, "%d weights of %d losses", count, o->count);
}

double encoder_objective_weight(const struct encoder_objective *o, int i,
                                const struct autoencoder *a)
{
    double weight = isnan(o->weight[i]) ? o->loss[i]->weight : o->weight[i];
    double numbers = (double)a->side * a->side * a->channels;
    return o->kendall ? NAN : isnan(weight) ? 1 / numbers : weight;
}

double encoder_objective_margin(const struct encoder_objective *o, int i)
{
    double own = o->loss[i]->margin;
    return isnan(own) || isnan(o->margin) ? own : o->margin;
}

bool encoder_objective_needs(const struct encoder_objective *o, unsigned needs)
{
    for (int i = 0; i < o->count; i++)
        if (o->loss[i]->needs & needs)
            return true;
    return false;
}

/* Loss i under its learned uncertainty. */
static struct node *uncertain(struct building *b, const struct encoder_objective *o, int i)
{
    struct node *s =
        graph_weight(b->graph, name_of("kendall.%s", o->loss[i]->name).text, GRAPH_WEIGHTS, 1,
                     (int[]){1}, (struct initial){INITIAL_CONSTANT, 0, 0});
    b->to->uncertainty[i] = s;
    return kendall(b->to->term[i], s, false);
}

void encoder_objective_build(const struct encoder_objective *o, const struct autoencoder *a,
                             struct graph *g, struct encoder_graph *to)
{
    struct building b = {.network = a, .graph = g, .to = to, .gamma = o->gamma};
    *to = (struct encoder_graph){.x = image(&b, "image")};
    b.z = encoder_objective_needs(o, NEEDS_VARIANCE)
              ? encoder_build_variational(a, g, to->x, &b.log_variance)
              : encoder_build(a, g, to->x);
    for (int i = 0; i < o->count; i++) {
        b.margin = encoder_objective_margin(o, i);
        to->term[i] = o->loss[i]->term(&b);
        graph_keep(to->term[i]);
    }
    if (!b.y)
        decoder_build(a, g, b.z); /* for its parameters */
    for (int i = 0; i < o->count; i++) {
        struct node *term = o->kendall ? uncertain(&b, o, i) : to->term[i];
        double weight = o->kendall ? 1 : encoder_objective_weight(o, i, a);
        to->loss = i ? add_scalars(to->loss, term, weight) : scale_by(term, weight);
    }
}
