/* A map of latents, or of images themselves, to the plane. */
#include <math.h>
#include "embed/tsne.h"
#include "rows/follow.h"
#include "rows/points.h"

static int64_t iterations = 1000;
static double perplexity = 30, rate;
static bool exact;

static const struct option options[] = {
    {"perplexity", 0, OPTION_REAL, &perplexity, "X",
     "how many neighbours an image has, so to speak", 1, 1e4, NULL},
    {"iterations", 0, OPTION_INT, &iterations, "N",
     "steps; neighbours attract 12 times more in the first quarter, 250 at most", 1, 1e6, NULL},
    {"rate", 0, OPTION_REAL, &rate, "X", "learning rate; 0: 200, or a twelfth of the images", 0,
     1e9, NULL},
    {"exact", 0, OPTION_FLAG, &exact, NULL,
     "all images attract and push each other: memory and time of their square", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "embed-2d",
    .summary = "lay out latents in the plane by t-SNE",
    .operands = "[LATENTS]",
    .most_operands = 1,
    .description =
        "Writes for each row a place in the plane such that those that are near each other stay "
        "so (t-SNE; van der Maaten and Hinton, JMLR 2008): the latents of the input, or, of "
        "samples, the pixels. The output is a stream of latents again, of two numbers: draw it by "
        "mosaic --map, or judge it by evaluate. Meta `map` tells perplexity, steps, rate and the "
        "divergence KL(P || Q) that is left, in nats.\n\n"
        "Each row is attracted by its nearest neighbours, three times --perplexity of them, found "
        "by comparing all with all. Up to 5,000 rows push each other one by one; more do by "
        "charges on a grid (Linderman et al., Nature Methods 2019), in time that grows linearly. "
        "With --exact nothing is left out.",
    .examples = "encode-latent --weights encoder <pool | embed-2d -o map\n"
                "mosaic --map map -o map.png pool",
    .see_also = "encode-latent evaluate mosaic",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

/* The rows' fields but what was embedded, then z. */
static int create(struct follow *f, struct error *e)
{
    struct header h = {0};
    int failed = follow_table(&h, "latents", &f->table, f->own, e) ||
                 header_add_field(&h, "z", ELEMENT_F32, 1, (int64_t[]){2}, e) < 0 ||
                 follow_create(f, &h, NULL, e);
    header_free(&h);
    return failed ? -1 : 0;
}

static int describe(const struct follow *f, const struct tsne *t, size_t neighbours, double kl,
                    struct error *e)
{
    struct value *map = value_set_map(stream_writer_header(f->to)->meta, "map");
    if (value_set_text(map, "method", "t-SNE") && value_set_real(map, "perplexity", perplexity) &&
        value_set_int(map, "neighbours", (int64_t)neighbours) &&
        value_set_bool(map, "exact",
                       repulsion_is_exact(t->repulsion) && neighbours == f->table.rows - 1) &&
        value_set_int(map, "iterations", t->iteration) &&
        value_set_real(map, "rate", t->settings.rate) && value_set_real(map, "kl", kl))
        return 0;
    return error_set(e, "out of memory");
}

static void show(void *bar, size_t points)
{
    progress_at(bar, (double)points, NULL);
}

static int find_affinities(const struct call *c, const struct points *p, struct affinity *a,
                           size_t *neighbours, struct error *e)
{
    struct neighbours found;
    struct progress bar;
    const size_t wanted = (size_t)(3 * perplexity);
    *neighbours = exact || wanted > p->count - 1 ? p->count - 1 : wanted;
    if (p->count > UINT32_MAX)
        return error_set(e, "%zu rows are too many", p->count);
    if ((double)*neighbours <= perplexity)
        return error_set(e, "%zu rows are too few for --perplexity %g", p->count, perplexity);
    progress_begin(&bar, c, "neighbours", (double)p->count);
    int failed = neighbours_find(&found, p->count, p->dimension, p->at, *neighbours, show, &bar, e);
    progress_end(&bar);
    if (failed)
        return -1;
    failed = affinity_of(a, &found, perplexity, e) ? -1 : 0;
    neighbours_free(&found);
    return failed;
}

static int descend(const struct call *c, struct tsne *t, double *kl, struct error *e)
{
    enum { NOTED = 50 };
    struct progress bar;
    char note[32] = "";
    progress_begin(&bar, c, "steps", (double)iterations);
    while (t->iteration < iterations) {
        if (tsne_step(t, e))
            return -1;
        if (t->iteration % NOTED == 0) {
            if (tsne_divergence(t, kl, e))
                return -1;
            snprintf(note, sizeof note, "KL %.4f", *kl);
        }
        progress_at(&bar, t->iteration, note);
    }
    progress_end(&bar);
    return tsne_divergence(t, kl, e);
}

static int write_map(struct follow *f, const struct tsne *t, struct error *e)
{
    const uint32_t extent = 2;
    for (size_t i = 0; i < f->table.rows; i++)
        if (follow_write(f, i, cell_tensor(ELEMENT_F32, 1, &extent, t->y + 2 * i), e))
            return -1;
    return follow_commit(f, e);
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"image", "z", NULL};
    struct call call;
    struct error e;
    struct follow f;
    struct points points;
    struct affinity affinity;
    struct tsne t;
    size_t neighbours;
    double kl;
    program_begin(&program, argc, argv, &call);
    const struct tsne_settings settings = {
        .exaggerated = iterations / 4 < 250 ? (int)(iterations / 4) : 250,
        .exaggeration = 12,
        .rate = rate,
        .exact = exact,
        .seed = call.seed,
    };
    if (follow_open(&f, &call, "latents|samples", own, -1, &e) ||
        (points_view(&points, &f.table, &e) && error_wrap(&e, "%s", stream_path(f.from))) ||
        create(&f, &e) || find_affinities(&call, &points, &affinity, &neighbours, &e) ||
        tsne_begin(&t, &affinity, &settings, &e) || descend(&call, &t, &kl, &e) ||
        describe(&f, &t, neighbours, kl, &e) || write_map(&f, &t, &e))
        program_fail(&call, &e);
    program_note(&call, "KL(P || Q) %.4f", kl);
    tsne_free(&t);
    affinity_free(&affinity);
    points_free(&points);
    follow_close(&f);
    return program_end(&call);
}
