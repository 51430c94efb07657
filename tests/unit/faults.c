/* What is read and written while calls fail, one after the other: each scenario either gives what
 * it gives undisturbed, or an error, no file that is not whole, and all its memory back. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "base/memory.h"
#include "image/codec.h"
#include "image/dataset.h"
#include "image/idx.h"
#include "image/picture.h"
#include "image/video.h"
#include "network/architecture.h"
#include "network/weights.h"
#include "promises/fault.h"
#include "rows/export.h"
#include "rows/forest.h"
#include "rows/hardness.h"
#include "rows/ids.h"
#include "rows/import.h"
#include "rows/predictions.h"
#include "rows/samples.h"
#include "stream/npy.h"
#include "stream/summary.h"
#include "stream/text.h"
#include "tap.h"

static const struct program program = {.name = "faults"};
static struct call call = {.program = &program, .output = "out", .history = true, .verbosity = -1};

/* A digest of what a scenario has read. */
static uint64_t seen;

static void see(const void *bytes, size_t size)
{
    seen = XXH3_64bits_withSeed(bytes, size, seen);
}

/* ---- streams ---- */

static int samples_header(struct header *h, struct error *e)
{
    static const int64_t image[] = {2, 3, 1}, z[] = {2};
    if (header_init(h, "samples", e))
        return -1;
    if (header_add_field(h, "id", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "label", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "image", ELEMENT_U8, 3, image, e) < 0 ||
        header_add_field(h, "name", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(h, "z", ELEMENT_F32, 1, z, e) < 0 ||
        header_add_field(h, "x", ELEMENT_F64, 0, NULL, e) < 0 ||
        header_add_field(h, "flag", ELEMENT_U8, 0, NULL, e) < 0) {
        header_free(h);
        return -1;
    }
    struct value *classes = value_set(h->meta, "classes", value_array());
    if (value_append(classes, value_text("cat")) && value_append(classes, value_text("dog")))
        return 0;
    header_free(h);
    return error_set(e, "out of memory");
}

static int write_sample(struct stream_writer *w, int i, struct error *e)
{
    static const uint8_t image[] = {1, 2, 3, 4, 5, 255};
    static const float z[] = {0.5f, -2};
    const struct cell row[] = {cell_int(ELEMENT_I64, 10 + i),
                               cell_int(ELEMENT_I32, i % 2),
                               cell_tensor(ELEMENT_U8, 3, (uint32_t[]){2, 3, 1}, image),
                               cell_text(i ? "a\tname" : ""),
                               cell_tensor(ELEMENT_F32, 1, (uint32_t[]){2}, z),
                               cell_real(ELEMENT_F64, i / 3.),
                               cell_int(ELEMENT_U8, i)};
    return stream_write(w, row, e);
}

/* The history names one input. */
static int write_samples(struct error *e)
{
    struct header h;
    struct value *inputs = NULL;
    struct stream_writer *w = NULL;
    if (samples_header(&h, e))
        return -1;
    if (!stage_note_input(&inputs, "pool", "0123456789abcdef", e))
        w = stage_create(&call, &h, inputs, e);
    header_free(&h);
    value_free(inputs);
    if (w && stage_note(&call, w, "note", call.arguments, e)) {
        stream_abandon(w);
        return -1;
    }
    for (int i = 0; w && i < 3; i++)
        if (write_sample(w, i, e)) {
            stream_abandon(w);
            return -1;
        }
    return w ? stream_commit(w, e) : -1;
}

static int write_unsigned(struct error *e)
{
    call.history = false;
    int failed = write_samples(e);
    call.history = true;
    return failed;
}

/* More than a buffer, in rows smaller and larger than it. */
static int write_large(struct error *e)
{
    static const uint8_t zeros[300000];
    static const uint32_t extent[] = {100000, sizeof zeros};
    struct header h;
    if (header_init(&h, "samples", e))
        return -1;
    int field = header_add_field(&h, "image", ELEMENT_U8, 1, (int64_t[]){-1}, e);
    struct stream_writer *w = field < 0 ? NULL : stream_create("out", &h, e);
    header_free(&h);
    for (int i = 0; w && i < 5; i++) {
        struct cell row = cell_tensor(ELEMENT_U8, 1, &extent[i == 3], zeros);
        if (stream_write(w, &row, e)) {
            stream_abandon(w);
            return -1;
        }
    }
    return w ? stream_commit(w, e) : -1;
}

/* Two parts, each with a history of its own. */
static int read_table(struct error *e)
{
    struct table t;
    if (stage_table(&call, &t, "parts", e))
        return -1;
    const int64_t *id = table_integers(&t, "id", e);
    const struct column *name = table_column(&t, "name", ELEMENT_STR, 0, e);
    for (size_t i = 0; i < t.rows; i++)
        see(((char **)name->data)[i], strlen(((char **)name->data)[i]));
    see(id, t.rows * sizeof *id);
    see(t.digest, 16);
    table_free(&t);
    return 0;
}

static int print_rows(struct stream_reader *r, struct summary *s, FILE *to, struct error *e)
{
    const struct cell *row;
    int got;
    if (text_tsv_head(to, stream_header(r), e))
        return -1;
    while ((got = stream_read(r, &row, e)) == 1) {
        summary_print_row(stream_header(r), row, to);
        text_tsv_row(to, stream_header(r), row);
        if (summary_add(s, stream_header(r), row, e) || text_json_row(to, stream_header(r), row, e))
            return -1;
    }
    if (got < 0)
        return -1;
    struct value *v = summary_value(stream_header(r), s, stream_digest(r));
    int failed =
        !v || value_print_json(v, to) || summary_print(stream_header(r), s, stream_digest(r), to)
            ? error_set(e, "out of memory")
            : 0;
    value_free(v);
    return failed;
}

static int print_stream(struct error *e)
{
    struct summary s = {0};
    struct text_output text;
    struct stream_reader *r = stage_open(&call, "parts", e);
    if (!r || text_output_begin(&text, e)) {
        stream_close(r);
        return -1;
    }
    int failed = summary_init(&s, stream_header(r), e) || print_rows(r, &s, text.to, e);
    summary_free(&s);
    stream_close(r);
    return text_output_end(&text, failed, "out", e);
}

/* ---- arrays of NumPy, weights, other tools' formats ---- */

static int write_npy(struct error *e)
{
    static const float x[6] = {1, 2, 3, 4, 5, -6};
    const uint32_t extent[] = {2, 3};
    struct npy n;
    struct cell cell = cell_tensor(ELEMENT_F32, 2, extent, x);
    if (npy_open(&n, "out", ELEMENT_F32, 2, extent, e))
        return -1;
    for (int i = 0; i < 2; i++)
        if (npy_write(&n, &cell, e)) {
            npy_abandon(&n);
            return -1;
        }
    return npy_commit(&n, e);
}

static int save_npy(struct error *e)
{
    struct cell cell = cell_int(ELEMENT_I32, 7);
    return npy_save("out", &cell, e);
}

static int import_to_out(const struct import_format *format, const char *from, struct error *e)
{
    static const struct stream_limits limits = {0};
    struct import m;
    if (import_open(&m, format, from, &limits, e))
        return -1;
    struct stream_writer *w = stage_create(&call, &m.header, NULL, e);
    int got = w ? 1 : -1;
    while (got == 1)
        got = import_next(&m, w, e);
    import_close(&m);
    if (got == 0)
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}

static int import_arrays(struct error *e)
{
    return import_to_out(&IMPORT_NPY, "arrays", e);
}

static int import_files(struct error *e)
{
    return import_to_out(&IMPORT_NPY, "files", e);
}

static int import_safetensors(struct error *e)
{
    return import_to_out(&IMPORT_SAFETENSORS, "safetensors", e);
}

static int write_weights(struct error *e)
{
    static const float x[] = {1, 2, 3, 4};
    struct header h;
    struct value *network = value_map();
    struct value *held = value_set_text(network, "kind", "test");
    int failed = held ? weights_header(&h, network, e) : error_set(e, "out of memory");
    value_free(network);
    if (failed)
        return -1;
    struct stream_writer *w = stage_create(&call, &h, NULL, e);
    header_free(&h);
    if (!w)
        return -1;
    if (weights_write_tensor(w, "a", ELEMENT_F32, 2, (uint32_t[]){2, 2}, x, e) ||
        weights_write_tensor(w, "b", ELEMENT_F32, 0, NULL, x, e)) {
        stream_abandon(w);
        return -1;
    }
    return stream_commit(w, e);
}

static int read_weights(struct error *e)
{
    static const struct stream_limits limits = {0};
    struct weights w;
    if (weights_read(&w, "weights", &limits, e))
        return -1;
    const void *a = weights_require(&w, "a", ELEMENT_F32, 4, e);
    see(a, 16);
    weights_free(&w);
    return 0;
}

static int export_rows(const struct export_format *format, const char *from, const char *to,
                       struct error *e)
{
    struct export x;
    const struct cell *row;
    int got = 0;
    struct stream_reader *r = stage_open(&call, from, e);
    if (!r)
        return -1;
    int failed = export_begin(&x, format, to, stream_header(r), e);
    while (!failed && (got = stream_read(r, &row, e)) == 1)
        failed = export_row(&x, row, e);
    failed = failed || got < 0 || export_end(&x, e);
    export_free(&x);
    stream_close(r);
    return failed;
}

static int save_safetensors(struct error *e)
{
    struct export x = {0};
    const struct cell *row;
    int got = 0;
    struct stream_reader *r = stage_open(&call, "weights", e);
    if (!r)
        return -1;
    int failed = export_begin(&x, &EXPORT_SAFETENSORS, "out", stream_header(r), e);
    while (!failed && (got = stream_read(r, &row, e)) == 1)
        failed = export_row(&x, row, e);
    failed = failed || got < 0 || export_end(&x, e);
    if (failed && x.file && x.file->path) /* a program would exit, which does this */
        output_abandon(x.file);
    export_free(&x);
    stream_close(r);
    return failed;
}

/* ---- architectures ---- */

static const char genotype_text[] =
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], "
    "reduce_concat=[2, 3, 4, 5])\n";

static int read_genotype(const char *path, struct architecture *g, struct error *e)
{
    static const struct stream_limits limits = {0};
    struct header from;
    char digest[17];
    if (architecture_read(g, path, &limits, &from, digest, e))
        return -1;
    see(&g->genotype, sizeof g->genotype);
    header_free(&from);
    return 0;
}

static int read_genotype_text(struct error *e)
{
    struct architecture g;
    return read_genotype("genotype", &g, e);
}

static int read_architecture(struct error *e)
{
    struct architecture g;
    return read_genotype("architecture", &g, e);
}

static int write_architecture(struct error *e)
{
    struct architecture g;
    struct header h;
    if (architecture_parse(&g, NULL, genotype_text, strlen(genotype_text), e) ||
        architecture_header(&h, &g, e))
        return -1;
    struct stream_writer *w = stage_create(&call, &h, NULL, e);
    header_free(&h);
    if (!w || architecture_write(w, &g, e)) {
        stream_abandon(w);
        return -1;
    }
    return stream_commit(w, e);
}

/* ---- what the rows of a kind mean ---- */

static int write_forest(struct error *e)
{
    static const float point[] = {0, 0, 1, 1, 5, 5};
    static const int64_t id[] = {10, 11, 12};
    static const int32_t label[] = {0, 1, 0};
    struct header latents;
    struct forest f = {0};
    if (header_init(&latents, "latents", e))
        return -1;
    int failed = forest_add(&f, -1, 3, 2, point, id, label, e) || forest_index(&f, e) ||
                 forest_write(&f, &call, &latents, e);
    forest_free(&f);
    header_free(&latents);
    return failed;
}

static int read_forest(struct error *e)
{
    struct forest f;
    struct value *inputs = NULL;
    int failed = forest_read(&f, &call, "forest", &inputs, e);
    if (!failed)
        see(f.tree[0].labels, 3 * sizeof *f.tree[0].labels);
    forest_free(&f);
    value_free(inputs);
    return failed;
}

static int write_ids(struct error *e)
{
    static const struct choice choice[] = {{3, 0, 0.5f, true, 3, 0},
                                           {4, 1, NAN, false, 7, 1.5f},
                                           {7, 1, NAN, false, 9, 2.5f},
                                           {7, 1, NAN, false, 8, 2.5f}};
    const struct remine_report report = {.kept = 1, .replaced = 3, .distinct = 3};
    const struct ids_update update = {.update = 2, .updated = true, .report = &report};
    struct header from;
    if (header_init(&from, "hardness", e))
        return -1;
    int failed = ids_write(choice, 4, &update, &call, &from, NULL, e);
    header_free(&from);
    return failed;
}

static int read_ids(struct error *e)
{
    struct id_list list = {0};
    struct value *inputs = NULL, *subset = NULL;
    int failed = ids_read(&list, &call, "ids", "ids", &inputs, &subset, e);
    if (!failed)
        see(list.entry, list.count * sizeof *list.entry);
    id_list_free(&list);
    value_free(inputs);
    value_free(subset);
    return failed;
}

/* A field beside id and label; of latents its extent is left open. */
static int write_kind(const char *kind, const char *field, int rank, struct error *e)
{
    static const float x[] = {0.25f, 0.75f};
    struct header h;
    if (header_init(&h, kind, e))
        return -1;
    header_add_field(&h, "id", ELEMENT_I64, 0, NULL, e);
    header_add_field(&h, "label", ELEMENT_I32, 0, NULL, e);
    header_add_field(&h, field, ELEMENT_F32, rank, (int64_t[]){strcmp(kind, "latents") ? 2 : -1},
                     e);
    struct value *classes = value_set(h.meta, "classes", value_array());
    value_append(classes, value_text("cat"));
    value_append(classes, value_text("dog"));
    struct stream_writer *w = stream_create("out", &h, e);
    header_free(&h);
    for (int i = 0; w && i < 2; i++) {
        const struct cell row[] = {cell_int(ELEMENT_I64, i), cell_int(ELEMENT_I32, i),
                                   rank ? cell_tensor(ELEMENT_F32, 1, (uint32_t[]){2}, x)
                                        : cell_real(ELEMENT_F32, 0.5)};
        stream_write(w, row, e);
    }
    return w ? stream_commit(w, e) : -1;
}

static int read_hardness(struct error *e)
{
    struct hardness h;
    if (hardness_read(&h, &call, "hardness", e))
        return -1;
    see(h.member, h.count * sizeof *h.member);
    hardness_free(&h);
    return 0;
}

static int read_predictions(const char *path, struct error *e)
{
    struct predictions p;
    int failed = predictions_read(&p, &call, path, NULL, e);
    for (int i = 0; !failed && p.name && i < p.metrics.classes; i++)
        see(p.name[i], strlen(p.name[i]));
    predictions_free(&p);
    return failed;
}

static int read_scores(struct error *e)
{
    return read_predictions("predictions", e);
}

static int read_score_table(struct error *e)
{
    return read_predictions("scores.tsv", e);
}

static int write_results(struct error *e)
{
    struct header from;
    struct value *report = value_map();
    value_set_real(report, "accuracy", 0.5);
    value_set_int(report, "rows", 2);
    value_set_text(report, "name", "not a number");
    if (!report || report->count < 3 || header_init(&from, "predictions", e)) {
        value_free(report);
        return error_set(e, "out of memory");
    }
    int failed = results_write(report, &call, &from, e);
    header_free(&from);
    value_free(report);
    return failed;
}

static int read_samples(struct error *e)
{
    struct table t;
    struct samples s;
    struct normalisation n;
    struct header weights;
    if (samples_read(&call, "samples", true, &t, &s, e))
        return -1;
    int failed = samples_normalisation(&s, &n, e) || header_init(&weights, "weights", e);
    if (!failed) {
        if (samples_bequeath(&t.header, &weights))
            failed = error_set(e, "out of memory");
        header_free(&weights);
        see(s.image, s.count * 6);
    }
    table_free(&t);
    return failed;
}

static int balance_samples(struct error *e)
{
    static const uint8_t target[] = {0, 0, 1, 0, 1, 1};
    const struct samples s = {.count = 1, .shape = {2, 3, 1}, .target = target, .classes = 2};
    double weight[2];
    int failed = samples_balance(&s, weight, e);
    if (!failed)
        see(weight, sizeof weight);
    return failed;
}

/* ---- pictures and data sets ---- */

static int write_png(struct error *e)
{
    static const uint8_t pixels[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251, 252};
    struct output o;
    if (output_open(&o, "out", e))
        return -1;
    int failed = png_write(&o, 2, 2, 3, pixels, e) || output_commit(&o, e);
    if (failed)
        output_abandon(&o);
    return failed;
}

static int code_pictures(struct error *e)
{
    static uint8_t pixels[64 * 48 * 3]; /* noise: more coded bytes than there is room at first */
    static const uint32_t extent[] = {64, 48, 3}, grey[] = {64, 48, 1};
    static const struct codec *const codecs[] = {&CODEC_JPEG, &CODEC_PNG};
    static const struct codec_settings settings = {.chroma = "420"};
    uint8_t left[sizeof pixels];
    struct coded to = {0};
    int failed = 0;
    uint32_t noise = 1;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
    for (int i = 0; i < 2 && !failed; i++) {
        void *own = codecs[i]->open(&settings, e);
        failed = !own || codecs[i]->code(own, codecs[i]->most, extent, pixels, &to, NULL, e) ||
                 coded_decode(to.bytes, to.size, 3, extent, left, e) ||
                 codecs[i]->code(own, codecs[i]->most, grey, pixels, &to, left, e);
        codecs[i]->close(own);
        see(left, failed ? 0 : sizeof left);
    }
    free(to.bytes);
    return failed;
}

static int read_dataset(const char *format, const struct dataset_request *q, struct error *e)
{
    struct dataset d;
    struct image image;
    int got;
    if (dataset_open(&d, format_find(format), q, e))
        return -1;
    while ((got = dataset_next(&d, &image, e)) == 1)
        see(image.pixels, (size_t)image.height * image.width * image.channels);
    dataset_close(&d);
    return got;
}

static int read_idx(struct error *e)
{
    const struct dataset_request q = {
        .file = {"images", "labels"}, .most_bytes = 1 << 20, .height = 3, .width = 5};
    return read_dataset("idx", &q, e);
}

static int read_mnist(struct error *e)
{
    const struct dataset_request q = {.root = "mnist", .split = "test", .most_bytes = 1 << 20};
    return read_dataset("mnist", &q, e);
}

static int read_cifar(struct error *e)
{
    const struct dataset_request q = {.root = "cifar", .split = "train", .most_bytes = 1 << 20};
    return read_dataset("cifar10", &q, e) || read_dataset("cifar100", &q, e);
}

static int read_folder(struct error *e)
{
    const struct dataset_request q = {.root = "pictures", .most_bytes = 1 << 20};
    return read_dataset("folder", &q, e);
}

/* A folder of them, cut into clips; then each whole; then one alone. */
static int read_videos(struct error *e)
{
    const struct dataset_request cut = {.root = "videos", .most_bytes = 1 << 20, .frames = 2};
    const struct dataset_request whole = {.root = "videos", .most_bytes = 1 << 20};
    const struct dataset_request one = {.root = "videos/a/1.y4m", .most_bytes = 1 << 20};
    return read_dataset("y4m", &cut, e) || read_dataset("y4m", &whole, e) ||
           read_dataset("y4m", &one, e);
}

static int write_video(struct error *e)
{
    static const uint8_t pixels[5 * 3 * 3] = {0, 50, 255, 7};
    struct output o;
    if (output_open(&o, "out", e))
        return -1;
    int failed = y4m_write_header(&o, 3, 5, 3, (int64_t[]){25, 1}, e);
    for (int i = 0; i < 3 && !failed; i++)
        failed = y4m_write_frame(&o, 3, 5, 3, pixels, e);
    failed = failed || output_commit(&o, e);
    if (failed)
        output_abandon(&o);
    return failed;
}

static int write_idx(struct error *e)
{
    static const uint8_t room[8], labels[] = {1, 0};
    const uint32_t rows = sizeof labels;
    struct output o;
    if (output_open(&o, "out", e))
        return -1;
    int failed = output_write(&o, room, sizeof room, e) || idx_write_header(&o, 1, &rows, e) ||
                 output_write(&o, labels, rows, e) || output_commit(&o, e);
    if (failed)
        output_abandon(&o);
    return failed;
}

/* ---- fixtures ---- */

static bool put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "w");
    bool good = f && fwrite(bytes, 1, size, f) == size;
    return (!f || !fclose(f)) && good;
}

/* What a scenario leaves at "out" is kept under a name of its own. */
static bool keep(int failed, const char *name)
{
    return !failed && rename("out", name) == 0;
}

static bool make_parts(void)
{
    size_t one, two;
    struct error e;
    call.seed = 1;
    bool good = keep(write_samples(&e), "part");
    call.seed = 0;
    char *a = input_read_all("samples", 1 << 20, &one, &e);
    char *b = input_read_all("part", 1 << 20, &two, &e);
    char *both = a && b ? realloc(a, one + two) : NULL;
    good = good && both && memcpy(both + one, b, two) && put("parts", both, one + two);
    free(b);
    free(both);
    return good;
}

static bool make_datasets(void)
{
    static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4};
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};
    static const uint8_t cifar[2 * 3074];
    static const char names[] = "one\ntwo\n";
    struct error e;
    bool good = !mkdir("mnist", 0700) && !mkdir("cifar", 0700) && !mkdir("pictures", 0700) &&
                !mkdir("pictures/a", 0700) && !mkdir("pictures/b", 0700);
    good = good && put("images", images, sizeof images) && put("labels", labels, sizeof labels) &&
           put("mnist/t10k-images-idx3-ubyte", images, sizeof images) &&
           put("mnist/t10k-labels-idx1-ubyte", labels, sizeof labels) &&
           put("cifar/data_batch_1.bin", cifar, 2 * 3073) &&
           put("cifar/data_batch_3.bin", cifar, 3073) &&
           put("cifar/batches.meta.txt", names, strlen(names)) &&
           put("cifar/train.bin", cifar, 2 * 3074) &&
           put("cifar/fine_label_names.txt", names, strlen(names)) &&
           put("cifar/coarse_label_names.txt", names, strlen(names));
    for (int i = 0; i < 3; i++) {
        const char *const path[] = {"pictures/a/1.png", "pictures/a/2.PNG", "pictures/b/1.png"};
        good = good && keep(write_png(&e), path[i]);
    }
    good = good && !mkdir("videos", 0700) && !mkdir("videos/a", 0700) && !mkdir("videos/b", 0700);
    static const char grey[] = "YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\n12FRAME\n34FRAME\n56";
    good = good && put("videos/b/2.y4m", grey, strlen(grey)) &&
           keep(write_video(&e), "videos/a/1.y4m");
    return good && put("pictures/b/notes", names, 1) && put("pictures/notes", names, 1);
}

static bool make_fixtures(void)
{
    static const char table[] = "id\tlabel\tcat\tdog\r\n1\t0\t0.5\t1\r\n2\t1\t-1\t2\r\n";
    struct error e;
    return keep(write_samples(&e), "samples") && make_parts() &&
           keep(write_weights(&e), "weights") &&
           !export_rows(&EXPORT_NPY, "samples", "arrays", &e) &&
           keep(write_kind("latents", "z", 1, &e), "latents") &&
           !export_rows(&EXPORT_NPY, "latents", "files", &e) &&
           keep(export_rows(&EXPORT_SAFETENSORS, "weights", "out", &e), "safetensors") &&
           put("genotype", genotype_text, strlen(genotype_text)) &&
           keep(write_architecture(&e), "architecture") && keep(write_forest(&e), "forest") &&
           keep(write_ids(&e), "ids") &&
           keep(write_kind("hardness", "easiness", 0, &e), "hardness") &&
           keep(write_kind("predictions", "scores", 1, &e), "predictions") &&
           put("scores.tsv", table, strlen(table)) && make_datasets();
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s, (void)type, (void)at;
    return remove(path);
}

/* ---- trying ---- */

/* Of what was read and of what is at "out"; whether anything is, in *there. */
static uint64_t outcome(bool *there)
{
    struct error e;
    size_t size;
    char *bytes = input_read_all("out", 1 << 20, &size, &e);
    *there = bytes;
    uint64_t digest = bytes ? XXH3_64bits_withSeed(bytes, size, seen) : seen;
    free(bytes);
    return digest;
}

struct trial {
    const char *name;
    int (*run)(struct error *e);
    uint64_t want; /* the undisturbed outcome */
    int wrong;
};

static int all_faults;

enum wanted { MUST_NOT_FAIL, MAY_FAIL, MUST_FAIL };

/* Runs it under a fault; whether that came. */
static bool try_fault(struct trial *t, const char *told, enum wanted wanted)
{
    struct error e = {""};
    unlink("out");
    seen = 0;
    long blocks = fault_blocks();
    fault_set(told);
    int failed = t->run(&e);
    bool hit = fault_hits() > 0, there;
    fault_set(NULL);
    long kept = fault_blocks() - blocks;
    uint64_t got = outcome(&there);
    if (failed && !there) /* a file that is there has to be the whole one */
        got = t->want;
    else if (failed)
        seen = 0;
    bool good = got == t->want && kept <= 0 &&
                (failed ? wanted != MUST_NOT_FAIL && *e.text : !hit || wanted != MUST_FAIL);
    if (!good) {
        t->wrong++;
        printf("# %s: %s: %s \"%s\", %s, %ld blocks kept\n", t->name, told,
               failed ? "failed" : "done", e.text,
               got == t->want ? "as it should be" : "not the undisturbed outcome", kept);
    }
    return hit;
}

/* `zlib`: it reads, and takes EINTR for an error. */
static void try_scenario(const char *name, int (*run)(struct error *e), bool zlib)
{
    static const char *const kinds[] = {"alloc", "open",  "read",  "write",
                                        "sync",  "close", "rename"};
    static const char *const gentle[] = {"read 0 short 1", "write 0 short 3",
                                         "write 0 interrupt 0"};
    struct trial t = {.name = name, .run = run};
    struct error e;
    char told[64];
    bool there;
    int faults = 0;
    for (int i = 0; i < 2; i++) { /* the first run may leave something behind, once and for all */
        unlink("out");
        seen = 0;
        if (!ok(!run(&e), "%s undisturbed", name))
            return printf("# %s\n", e.text), (void)0;
        t.want = outcome(&there);
    }
    /* some memory, and a folder that cannot be opened to be synced, can be done without */
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int n = 1; n < 1000; n++, faults++) {
            snprintf(told, sizeof told, "%s %d error %d", kinds[k], n, k ? EIO : ENOMEM);
            if (!try_fault(&t, told, k < 2 ? MAY_FAIL : MUST_FAIL))
                break;
        }
    for (size_t k = 0; k < sizeof gentle / sizeof *gentle; k++)
        try_fault(&t, gentle[k], MUST_NOT_FAIL);
    try_fault(&t, "read 0 interrupt 0", zlib ? MAY_FAIL : MUST_NOT_FAIL);
    ok(!t.wrong, "%s under %d faults", name, faults);
    all_faults += faults;
}

int main(void)
{
    static char folder[] = "/tmp/winnow-faults-XXXXXX";
    call.arguments = value_array();
    if (!ok(mkdtemp(folder) && !chdir(folder) && make_fixtures(), "fixtures"))
        return tap_done();
#define TRY(scenario) try_scenario(#scenario, scenario, false)
#define TRY_ZLIB(scenario) try_scenario(#scenario, scenario, true)
    TRY(write_samples);
    TRY(write_unsigned);
    TRY(write_large);
    TRY(read_table);
    TRY(print_stream);
    TRY(write_npy);
    TRY(save_npy);
    TRY(import_arrays);
    TRY(import_files);
    TRY(import_safetensors);
    TRY(save_safetensors);
    TRY(write_weights);
    TRY(read_weights);
    TRY(read_genotype_text);
    TRY(read_architecture);
    TRY(write_architecture);
    TRY(write_forest);
    TRY(read_forest);
    TRY(write_ids);
    TRY(read_ids);
    TRY(read_hardness);
    TRY(read_scores);
    TRY(read_score_table);
    TRY(write_results);
    TRY(read_samples);
    TRY(balance_samples);
    TRY(write_png);
    TRY(code_pictures);
    TRY_ZLIB(read_idx);
    TRY_ZLIB(read_mnist);
    TRY(read_cifar);
    TRY(read_folder);
    TRY(write_video);
    TRY(read_videos);
    TRY(write_idx);
    ok(all_faults > 0, "%d calls failed", all_faults);
    value_free(call.arguments);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
