/* Architectures, by what they tell of a batch of images before any training. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/picture.h"
#include "network/architecture.h"
#include "search/naswot.h"

static const char *arch_path, *matrix_path;
static int64_t cells = 6, channels = 16;

static const struct option options[] = {
    {"arch", 'a', OPTION_FILE, &arch_path, "FILE",
     "texts of architectures, one a line; or an architecture stream, or a search's state", 0, 0,
     NULL},
    {"cells", 0, OPTION_INT, &cells, "N", "cells of the networks", 1, NETWORK_MOST_CELLS, NULL},
    {"channels", 0, OPTION_INT, &channels, "N", "channels of their first cell", 1,
     NETWORK_MOST_CHANNELS, NULL},
    {"matrix", 0, OPTION_FILE, &matrix_path, "FILE",
     "of one architecture: the picture (PNG) of the share of units that images have in common, "
     "black for none",
     0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "score",
    .summary = "score architectures without training them",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Reads samples, all of which are one batch, and writes a table: a line an architecture, in "
        "the order of --arch, parted by tabs, with a first line of names.\n\n"
        "Each network is initialised by --seed, seen by the batch, and never trained. The code of "
        "an image is which inputs of ReLUs are above 0, in all ReLUs on a path to the output; K is "
        "the number of bits less the Hamming distance, for each two images (Mellor et al., ICML "
        "2021). id: a digest of the architecture; architecture: its text; score: log det K, the "
        "higher the better, -inf (--json: null) where two images have the same code; overlap: the "
        "mean of K of two different images by the bits, which is low where they are told apart; "
        "bits: of a code; weights and macs (multiply-adds of an image), which a score should beat "
        "as a predictor. Samples need no labels.\n\n"
        "Scores of other batches, other numbers of images or other sizes of networks are not to be "
        "compared.",
    .examples =
        "derive --space nasbench201 --random --count 20 --format genotype -o cells\n"
        "pick --random 32 --seed 1 pool | score --arch cells --cells 3 --channels 8 -o scores\n"
        "# the best of them, trained\n"
        "sed 1d scores | sort -k 3gr | head -n 1 | cut -f 2 >best\n"
        "train --arch best --cells 3 --channels 8 -o net pool\n"
        "# of the images of a subset, and how alike they look to what was found\n"
        "pick --ids subset pool | score --arch search --matrix alike.png",
    .see_also = "derive evaluate pick train",
    .options = options,
    .writes = "matrix",
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_JSON | COMMON_STREAM,
};

/* Those that the samples name; labels are not asked for. */
static int classes_of(const struct samples *s)
{
    const struct value *names = value_get(s->table->header.meta, "classes");
    const size_t count = names && names->type == VALUE_ARRAY ? names->count : 0;
    return count < 2 || count > NETWORK_MOST_CLASSES ? 2 : (int)count;
}

/* Whether each of them tells its own. */
static bool cells_are_told(const struct architectures *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (!all->each[i].space->cells)
            return false;
    return true;
}

/* All samples as one batch. */
static int fill(struct batch *b, const struct samples *s, struct error *e)
{
    struct source source = {.samples = s};
    if (s->count > NASWOT_MOST_IMAGES)
        return error_set(e, "%zu images, expected a batch of at most %d", s->count,
                         NASWOT_MOST_IMAGES);
    autofree size_t *row = array_new(s->count, sizeof *row, "a batch", e);
    if (!row || samples_normalisation(s, &source.normalisation, e) ||
        batch_new(b, (int)s->count, s->shape, TASK_CLASS, e))
        return -1;
    for (size_t i = 0; i < s->count; i++)
        row[i] = i;
    batch_fill(b, &source, 0, row, (int)s->count);
    return 0;
}

/* An architecture's member of the report, or its line. */
static int report(const struct architecture *a, const struct naswot_score *s, struct value *list,
                  FILE *to, struct error *e)
{
    char id[17];
    autofree char *text = architecture_text(a, e);
    if (!text || architecture_id(a, id, e))
        return -1;
    if (!list) {
        fprintf(to, "%s\t%s\t%.10g\t%.6f\t%lld\t%lld\t%lld\n", id, text, s->score, s->overlap,
                (long long)s->bits, (long long)s->weights, (long long)s->macs);
        return 0;
    }
    struct value *v = value_append(list, value_map());
    return value_set_text(v, "id", id) && value_set_text(v, "architecture", text) &&
                   value_set_real(v, "score", s->score) &&
                   value_set_real(v, "overlap", s->overlap) && value_set_int(v, "bits", s->bits) &&
                   value_set_int(v, "weights", s->weights) && value_set_int(v, "macs", s->macs)
               ? 0
               : error_set(e, "out of memory: the report");
}

/* list: NULL for a table. */
static int score(const struct call *c, const struct architectures *all, const struct naswot *w,
                 struct value *list, FILE *to, struct error *e)
{
    struct progress bar;
    progress_begin(&bar, c, "architecture", (double)all->count);
    for (size_t i = 0; i < all->count; i++) {
        struct naswot_score s;
        if (naswot_score(w, &all->each[i], &s, e))
            return error_wrap(e, "%s: architecture %zu", arch_path, i + 1);
        if (report(&all->each[i], &s, list, to, e))
            return -1;
        progress_at(&bar, (double)i + 1, NULL);
    }
    progress_end(&bar);
    return 0;
}

static int write_matrix(const struct naswot *w, struct error *e)
{
    struct output o;
    const uint32_t n = (uint32_t)w->batch->n;
    if (output_open(&o, matrix_path, e))
        return -1;
    if (!png_write(&o, n, n, 1, w->matrix, e) && !output_commit(&o, e))
        return 0;
    output_abandon(&o);
    return -1;
}

static int run(const struct call *c, const struct architectures *all, const struct samples *s,
               struct error *e)
{
    struct batch batch;
    struct text_output t = {0};
    if (fill(&batch, s, e))
        return -1;
    autofree uint8_t *matrix = array_new(s->count * s->count, 1, "a picture", e);
    struct value *json = c->json ? value_map() : NULL;
    value_set_int(json, "images", batch.n);
    struct value *list = value_set(json, "scores", value_array());
    const struct naswot w = {.batch = &batch,
                             .image = s->shape,
                             .classes = classes_of(s),
                             .channels = (int)channels,
                             .cells = (int)cells,
                             .seed = c->seed,
                             .matrix = matrix_path ? matrix : NULL};
    int failed = !matrix || text_output_begin(&t, e);
    if (!failed && !c->json)
        fputs("id\tarchitecture\tscore\toverlap\tbits\tweights\tmacs\n", t.to);
    failed = failed || score(c, all, &w, list, t.to, e);
    if (!failed && c->json && value_print_json(json, t.to))
        failed = error_set(e, "out of memory: the report");
    failed = failed || (matrix_path && write_matrix(&w, e));
    value_free(json);
    batch_free(&batch);
    return text_output_end(&t, failed, c->output, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct architectures all;
    struct table table;
    struct samples samples;

    program_begin(&program, argc, argv, &call);
    const char *path = call.argc ? call.argv[0] : "-";
    if (!arch_path)
        program_usage(&call, "expected --arch FILE");
    program_check_inputs(&call, (const char *[]){path, arch_path, NULL});
    program_check_output(&call, "matrix", matrix_path);
    const struct stream_limits limits = stage_limits(&call);
    if (architectures_read(&all, arch_path, &limits, &e) ||
        samples_read(&call, path, false, &table, &samples, &e))
        program_fail(&call, &e);
    program_forbid(&call, cells_are_told(&all), "is told by the architectures", "cells");
    if (matrix_path && all.count > 1)
        program_usage(&call, "--matrix is of one architecture, %s has %zu", arch_path, all.count);
    if (run(&call, &all, &samples, &e))
        program_fail(&call, &e);
    architectures_free(&all);
    table_free(&table);
    return program_end(&call);
}
