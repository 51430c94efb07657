/* Runs a network at full size once, forward and backward, and writes all of it as .npy files, in
 * this engine's layout: p.NAME parameters, g.NAME gradients, x, y, output, loss.
 *
 *     dump supernet|partial|tas|discrete|nasbench201|autoencoder|objective|DESIGN FOLDER
 *
 * partial: a super-net whose cells are connected in part.
 * tas: of widths and depths, two widths of each convolution and all depths, each with a gate.
 * objective: an auto-encoder under all losses at once; its other inputs are written by name, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "darts_v2.h"
#include "network/encoder_losses.h"
#include "network/search_space.h"
#include "stream/npy.h"

enum { BATCH = 8, CLASSES = 10 };

static struct error e;

static void check(int failed)
{
    if (!failed)
        return;
    fprintf(stderr, "dump: %s\n", e.text);
    exit(1);
}

static void save(const char *folder, const char *prefix, const char *name, const struct node *n,
                 const real *data)
{
    char path[512];
    const struct shape *s = node_shape(n);
    uint32_t extent[5] = {s->batched ? BATCH : 1};
    int rank = s->batched || !s->rank; /* a scalar: [1] */
    for (int k = 0; k < s->rank; k++)
        extent[rank++] = (uint32_t)s->extent[k];
    struct cell cell =
        cell_tensor(sizeof *data == 8 ? ELEMENT_F64 : ELEMENT_F32, rank, extent, data);
    snprintf(path, sizeof path, "%s/%s%s.npy", folder, prefix, name);
    check(npy_save(path, &cell, &e));
}

/* Images, noise, pairs and classes for an objective, but for x. */
static void fill_inputs(const struct encoder_graph *in, const char *folder)
{
    struct node *const all[] = {in->positive, in->negative, in->other, in->direction,
                                in->noise,    in->same,     in->class};
    struct random r = random_stream(1, "objective", 0);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        for (size_t i = 0; i < BATCH * node_count(all[k]); i++)
            node_value(all[k])[i] = (real)(all[k] == in->same    ? (double)(i % 2) * 2 - 1
                                           : all[k] == in->class ? (double)(i % 3)
                                                                 : random_normal(&r));
        save(folder, "", node_name(all[k]), all[k], node_value(all[k]));
    }
}

/* Two different widths of each convolution, and all depths. */
static struct edge_ops drawn_widths(const struct search_space *space)
{
    struct random r = random_stream(1, "widths", 0);
    struct edge_ops ops = {0};
    for (int table = 0; table < space->tables; table++)
        for (int row = 0; row < space->table[table].rows; row++) {
            const int columns = space->table[table].columns;
            const int one = (int)random_below(&r, (uint64_t)columns);
            const int other = (one + 1 + (int)random_below(&r, (uint64_t)columns - 1)) % columns;
            ops.of[table][row] = one;
            ops.also[table][row] = 1u << other;
        }
    return ops;
}

int main(int argc, char **argv)
{
    struct graph *g = graph_new(&e);
    struct node *x, *y = NULL, *output, *loss;
    struct encoder_graph in = {0};

    if (argc != 3 || !g)
        return 2;
    const bool partial = !strcmp(argv[1], "partial"), tas = !strcmp(argv[1], "tas");
    if (partial || strcmp(argv[1], "supernet") == 0) {
        struct supernet s = {.image = {28, 28, 1},
                             .channels = 16,
                             .cells = 8,
                             .classes = CLASSES,
                             .partial = partial ? 4 : 0};
        check(supernet_build(&s, g, &e));
        x = s.x, y = s.label, output = s.logits, loss = s.loss;
    } else if (tas) {
        const struct edge_ops ops = drawn_widths(&SPACE_RESNET_14);
        struct supernet s = {
            .image = {32, 32, 3}, .channels = 16, .classes = CLASSES, .path = &ops, .gated = true};
        check(search_space_supernet(&SPACE_RESNET_14, &s, g, &e));
        x = s.x, y = s.label, output = s.logits, loss = s.loss;
    } else if (strcmp(argv[1], "discrete") == 0) {
        struct discrete d = {.image = {32, 32, 3},
                             .channels = 16,
                             .cells = 8,
                             .classes = CLASSES,
                             .auxiliary = true,
                             .auxiliary_weight = 0.4};
        struct genotype genotype;
        check(genotype_parse(&genotype, darts_v2, strlen(darts_v2), &e));
        check(discrete_build(&d, g, &genotype, &e));
        x = d.x, y = d.label, output = d.logits, loss = d.loss;
    } else if (strcmp(argv[1], "nasbench201") == 0) {
        static const char text[] = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+"
                                   "|none~0|avg_pool_3x3~1|nor_conv_3x3~2|";
        struct discrete d = {.image = {32, 32, 3}, .channels = 16, .cells = 6, .classes = CLASSES};
        struct architecture a;
        check(architecture_parse(&a, &SPACE_NASBENCH201, text, strlen(text), &e));
        check(architecture_build(&a, &d, g, &e));
        x = d.x, y = d.label, output = d.logits, loss = d.loss;
    } else if (design_find(argv[1])) {
        struct designed d = {.image = {32, 32, 3}, .channels = 16, .classes = CLASSES};
        d.depth = !strcmp(argv[1], "resnet") ? 20 : design_find(argv[1])->usual;
        check(design_build(design_find(argv[1]), &d, g, &e));
        x = d.x, y = d.label, output = d.logits, loss = d.loss;
    } else if (strcmp(argv[1], "objective") == 0) {
        struct autoencoder a = {.side = 32, .channels = 1, .width = 16, .latent = 8};
        struct encoder_objective o;
        check(encoder_losses_parse(
            &o, "mse+contractive+vae+second+triplet+cosine+contrastive+circle", &e));
        check(encoder_weights_parse(&o, "kendall", &e));
        encoder_objective_build(&o, &a, g, &in);
        x = in.x, output = loss = in.loss;
    } else {
        struct autoencoder a = {.side = 32, .channels = 1, .width = 64, .latent = 8};
        x = graph_input(g, "image", a.side, a.side, a.channels);
        output = encoder_build(&a, g, x);
        loss = mean_squared_error(decoder_build(&a, g, output), x);
        graph_keep(output);
    }
    check(graph_check(g, &e) || graph_plan(g, loss, BATCH, GRAPH_TRAIN, &e));
    network_initialise(g, 1);
    const struct group architecture = graph_group(g, GRAPH_ARCHITECTURE);
    for (size_t i = 0; (partial || tas) && i < architecture.count; i++)
        architecture.value[i] *= partial ? 1000 : 100; /* N(0, 1): no two edges weigh the same */
    struct random r = random_stream(1, "images", 0);
    for (size_t i = 0; i < BATCH * node_count(x); i++)
        node_value(x)[i] = (real)(random_uniform(&r) * 2 - 1);
    if (in.x)
        fill_inputs(&in, argv[2]);
    for (int i = 0; y && i < BATCH; i++)
        node_value(y)[i] = (real)random_below(&r, CLASSES);

    const struct graph_run run = {.n = BATCH,
                                  .gradients = 1u << GRAPH_WEIGHTS | 1u << GRAPH_ARCHITECTURE};
    graph_forward(g, &run);
    graph_backward(g, &run);
    save(argv[2], "", "x", x, node_value(x));
    if (y)
        save(argv[2], "", "y", y, node_value(y));
    save(argv[2], "", "output", output, node_value(output));
    save(argv[2], "", "loss", loss, node_value(loss));
    for (enum graph_group group = GRAPH_WEIGHTS; group <= GRAPH_ARCHITECTURE; group++)
        for (int i = 0; i < graph_weights(g, group); i++) {
            const struct node *n = graph_weight_at(g, group, i);
            save(argv[2], "p.", node_name(n), n, node_value(n));
            save(argv[2], "g.", node_name(n), n, node_gradient(n));
        }
    graph_free(g);
    return 0;
}
