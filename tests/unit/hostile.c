/* What the stream library and the parsers refuse, and with which words: inputs that are well made
 * but wrong, as a fuzzer, which knows no meaning, seldom finds them. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <jpeglib.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "base/memory.h"
#include "graph/ops.h"
#include "image/dataset.h"
#include "image/idx.h"
#include "image/picture.h"
#include "measure/tsv.h"
#include "network/architecture.h"
#include "network/weights.h"
#include "rows/clips.h"
#include "rows/forest.h"
#include "rows/fusion.h"
#include "rows/hardness.h"
#include "rows/ids.h"
#include "rows/import.h"
#include "rows/predictions.h"
#include "rows/samples.h"
#include "stream/codec.h"
#include "stream/npy.h"
#include "stream/summary.h"
#include "stream/text.h"
#include "tap.h"

static struct error e;
static const struct call call = {.verbosity = -1, .most_tensor_bytes = (size_t)1 << 40};
static const struct stream_limits limits = {0};

static void check_refused(bool failed, const char *words, int line)
{
    tap_check(failed && strstr(e.text, words), __FILE__, line, "refused: %s",
              failed ? e.text : "not at all");
}
#define refused(failed, words) check_refused(failed, words, __LINE__)

/* ---- streams, made from words ---- */

/* Columns as "name:type:extents", parted by blanks: "id:i64 image:u8:2,?,1 any:any:*". */
static void make_header(struct header *h, const char *kind, const char *columns, const char *meta)
{
    static const char types[] = "u8\0 i32\0i64\0f32\0f64\0str\0any";
    char name[64], type[8], dims[128];
    int used = 0;
    header_init(h, kind, &e);
    for (; *columns; columns += used) {
        int64_t extent[STREAM_MAX_RANK];
        int rank = 0, element = 0;
        *dims = 0;
        if (sscanf(columns, "%63[^:]:%7[^: ]%n:%127[^ ]%n", name, type, &used, dims, &used) < 2)
            abort();
        columns += strspn(columns + used, " ");
        while (strcmp(types + 4 * element, type))
            element++;
        for (char *rest = dims, *one; *dims && (one = strsep(&rest, ","));)
            extent[rank++] = *one == '?' ? -1 : atoll(one);
        if (header_add_field(h, name, (enum element)element, *dims == '*' ? -1 : rank, extent, &e) <
            0)
            abort();
    }
    if (meta) {
        value_free(h->meta);
        h->meta = value_parse_json(meta, strlen(meta), &e);
    }
}

/* Rows of `fill`; texts are `text`, extents left open 1, tensors of any type f32 and of rank 1. */
static void make_stream(const char *path, const char *kind, const char *columns, const char *meta,
                        int rows, double fill, const char *text)
{
    static const uint64_t zeros[8192];
    struct header h;
    struct cell row[32];
    make_header(&h, kind, columns, meta);
    struct stream_writer *w = stream_create(path, &h, &e);
    for (int i = 0; i < h.fields; i++) {
        const struct field *f = &h.field[i];
        uint32_t extent[STREAM_MAX_RANK] = {1};
        for (int d = 0; d < f->rank; d++)
            extent[d] = f->extent[d] < 0 ? 1 : (uint32_t)f->extent[d];
        if (f->rank)
            row[i] = cell_tensor(f->rank < 0 ? ELEMENT_F32 : f->element, f->rank < 0 ? 1 : f->rank,
                                 extent, zeros);
        else if (f->element == ELEMENT_STR)
            row[i] = cell_text(text);
        else if (f->element >= ELEMENT_F32)
            row[i] = cell_real(f->element, fill);
        else
            row[i] = cell_int(f->element, (int64_t)fill);
    }
    for (int i = 0; i < rows; i++)
        stream_write(w, row, &e);
    if (stream_commit(w, &e))
        abort();
    header_free(&h);
}

/* ---- readers of a kind ---- */

static int read_forest(const char *path)
{
    struct forest f;
    struct value *inputs = NULL;
    int failed = forest_read(&f, &call, path, &inputs, &e);
    forest_free(&f);
    value_free(inputs);
    return failed;
}

static int plant_forest(const char *path)
{
    struct forest f = {0};
    struct table t;
    if (stage_table(&call, &t, path, &e))
        return -1;
    int failed = forest_plant(&f, &t, false, &e);
    forest_free(&f);
    table_free(&t);
    return failed;
}

static int read_hardness(const char *path)
{
    struct hardness h;
    return hardness_read(&h, &call, path, &e);
}

static int read_predictions(const char *path)
{
    struct predictions p;
    int failed = predictions_read(&p, &call, path, NULL, &e);
    predictions_free(&p);
    return failed;
}

static int fuse_predictions(const char *path)
{
    struct fusion f = {.call = &call};
    int failed = fusion_add(&f, path, 1, &e);
    fusion_free(&f);
    return failed;
}

static int make_nothing(const struct clips *c, const uint8_t *frames, int height, int width,
                        int channels, uint8_t *picture, struct error *why)
{
    (void)c, (void)frames, (void)height, (void)width, (void)channels, (void)picture, (void)why;
    return 0;
}

static int cut_clips(const char *path)
{
    char *operand[] = {(char *)path};
    struct call cutting = call;
    const struct clips clips = {.pictures = 1, .window = 1, .make = make_nothing};
    cutting.argc = 1;
    cutting.argv = operand;
    cutting.output = "cut";
    return clips_run(&clips, &cutting, &e);
}

static int read_samples(const char *path)
{
    struct table t;
    struct samples s;
    return samples_read(&call, path, true, &t, &s, &e);
}

static int read_weights(const char *path)
{
    struct weights w;
    return weights_read(&w, path, &limits, &e);
}

static int read_genotype(const char *path)
{
    struct architecture g;
    return architecture_read(&g, path, &limits, NULL, NULL, &e);
}

static int read_table(const char *path)
{
    struct table t;
    int failed = stage_table(&call, &t, path, &e);
    if (!failed)
        table_free(&t);
    return failed;
}

#define GENES "cell:str node:i32 op:str input:i32"
#define CONCAT "{\"concat\": {\"normal\": [2, 3, 4, 5], \"reduce\": [2, 3, 4, 5]}}"

static void test_kinds(void)
{
    static const struct {
        int (*read)(const char *path);
        const char *kind, *columns, *meta;
        int rows;
        double fill;
        const char *words;
    } odd[] = {
        {read_forest, "ids", "id:i64", NULL, 0, 0, "expected a stream of forest"},
        {read_forest, "forest", "id:i64", NULL, 1, 0, "field label"},
        {read_forest, "forest", "label:i32", NULL, 1, 0, "field points"},
        {read_forest, "forest", "label:i32 points:f32:1,2", NULL, 1, 0, "field ids"},
        {read_forest, "forest", "label:i32 points:f32:1,2 ids:i64:3", NULL, 1, 0, "expected 1"},
        {read_forest, "forest", "label:i32 points:f32:1,2 ids:i64:1", NULL, 1, -1, "field labels"},
        {read_forest, "forest", "label:i32 points:f32:0,2000000000 ids:i64:1", NULL, 1, 0,
         "2000000000 dimensions"},
        {plant_forest, "ids", "id:i64", NULL, 1, 0, "expected a stream of latents"},
        {plant_forest, "latents", "label:i32", NULL, 1, 0, "field id"},
        {plant_forest, "latents", "id:i64 z:f32:2", NULL, 1, 0, "field label"},
        {plant_forest, "latents", "id:i64 label:i32 z:f64:2", NULL, 1, 0, "field z"},
        {plant_forest, "latents", "id:i64 label:i32 z:f32:2", NULL, 0, 0, "no rows"},
        {read_hardness, "ids", "id:i64", NULL, 1, 0, "expected a stream of hardness"},
        {read_hardness, "hardness", "id:i64 label:i32 easiness:f32", NULL, 0, 0, "no rows"},
        {read_hardness, "hardness", "id:i32 label:i32 easiness:f32", NULL, 1, 0, "field id"},
        {read_hardness, "hardness", "id:i64 easiness:f32", NULL, 1, 0, "field label"},
        {read_hardness, "hardness", "id:i64 label:i32 easiness:f64", NULL, 1, 0, "field easiness"},
        {read_hardness, "hardness", "id:i64 label:i32 easiness:f32", NULL, 1, -1, "easiness -1"},
        {read_hardness, "hardness", "id:i64 label:i32 easiness:f32", NULL, 1, 2, "easiness 2"},
        {read_hardness, "hardness", "id:i64 label:i32 easiness:f32",
         "{\"search\": {\"update\": -1}}", 1, 0, "-1 updates"},
        {read_hardness, "hardness", "id:i64 label:i32 easiness:f32",
         "{\"subset\": {\"update\": 3000000000}}", 1, 0, "3000000000 updates"},
        {read_predictions, "ids", "id:i64", NULL, 1, 0, "expected a stream of predictions"},
        {read_predictions, "predictions", "id:i64", NULL, 1, 0, "field label"},
        {read_predictions, "predictions", "label:i32 scores:f64:2", NULL, 1, 0, "field scores"},
        {read_predictions, "predictions", "label:i32 scores:f32:2", NULL, 0, 0, "no rows"},
        {read_predictions, "predictions", "label:i32 scores:f32:5000", NULL, 1, 0, "5000"},
        {fuse_predictions, "ids", "id:i64", NULL, 1, 0, "expected a stream of predictions"},
        {fuse_predictions, "predictions", "id:i64 label:i64 scores:f32:2", NULL, 1, 0, "label of"},
        {fuse_predictions, "predictions", "id:i64 label:i32 scores:f32:2", NULL, 0, 0, "no rows"},
        {fuse_predictions, "predictions", "id:i64 label:i32 scores:f32:0", NULL, 1, 0, "0 classes"},
        {cut_clips, "ids", "id:i64", NULL, 1, 0, "expected a stream of samples"},
        {cut_clips, "samples", "id:i64 image:u8:1,1,1", NULL, 1, 0, "field clip"},
        {cut_clips, "samples", "clip:u8:0,1,1,1", NULL, 1, 0, "0 frames"},
        {cut_clips, "samples", "clip:u8:1,65536,1,1", NULL, 1, 0, "65536 x 1"},
        {cut_clips, "samples", "clip:u8:1,1,65536,1", NULL, 1, 0, "1 x 65536"},
        {read_samples, "ids", "id:i64", NULL, 1, 0, "expected a stream of samples"},
        {read_samples, "samples", "id:i64", NULL, 0, 0, "no rows"},
        {read_samples, "samples", "id:i64 label:i32", NULL, 1, 0, "field image"},
        {read_samples, "samples", "label:i32 image:u8:1,1,1", NULL, 1, 0, "field id"},
        {read_samples, "samples", "id:i64 image:u8:1,1,1", NULL, 1, 0, "field label"},
        {read_samples, "samples", "id:i64 label:f32 image:u8:1,1,1", NULL, 1, 0, "to be integers"},
        {read_samples, "samples", "id:i64 label:i32 image:u8:0,1,1", NULL, 1, 0, "images of 0"},
        {read_samples, "samples", "id:i64 label:i32 image:u8:1,1,99", NULL, 1, 0,
         "images of 1 x 1"},
        {read_samples, "samples", "id:i64 label:i32 image:u8:1,1,1", NULL, 1, -1, "label -1"},
        {read_samples, "samples", "id:i64 label:i32 image:u8:1,1,1", "{\"classes\": [\"a\"]}", 1, 1,
         "label 1, expected 0 to 0"},
        {read_samples, "samples", "id:i64 label:i32 image:u8:1,1,1", "{\"classes\": 2}", 1, 100000,
         "label 100000, expected 0 to 99999"},
        {read_weights, "ids", "id:i64", NULL, 0, 0, "expected a stream of weights"},
        {read_weights, "weights", "value:any:*", NULL, 0, 0, "field name"},
        {read_weights, "weights", "name:str", NULL, 0, 0, "field value"},
        {read_weights, "weights", "name:str value:any:*", NULL, 2, 0, "there twice"},
        {read_genotype, "ids", "id:i64", NULL, 0, 0, "expected a stream of architecture"},
        {read_genotype, "architecture", "node:i32 op:str input:i32", CONCAT, 0, 0, "field cell"},
        {read_genotype, "architecture", "cell:str op:str input:i32", CONCAT, 0, 0, "field node"},
        {read_genotype, "architecture", "cell:str node:i32 input:i32", CONCAT, 0, 0, "field op"},
        {read_genotype, "architecture", "cell:str node:i32 op:str", CONCAT, 0, 0, "field input"},
        {read_genotype, "architecture", GENES, NULL, 0, 0, "concat.normal"},
        {read_genotype, "architecture", GENES, "{\"concat\": {\"normal\": 2}}", 0, 0,
         "concat.normal"},
        {read_genotype, "architecture", GENES,
         "{\"concat\": {\"normal\": [2], \"reduce\": [1,2,3,4,5,6,7,8,9,10]}}", 0, 0,
         "concat.reduce"},
        {read_genotype, "architecture", GENES, CONCAT, 1, 1, "expected cell normal, node 0"},
        {read_genotype, "architecture", GENES, CONCAT, 1, 0, "expected cell normal"},
        {read_genotype, "architecture", GENES, CONCAT, 0, 0, "0 rows, expected 16"},
        {read_genotype, "weights", "value:any:*", NULL, 0, 0, "field name"},
        {read_genotype, "weights", "name:str", NULL, 0, 0, "field value"},
        {read_genotype, "weights", "name:str value:any:*", NULL, 0, 0, "no architecture"},
        {read_genotype, "weights", "name:str value:any:*", "{\"network\": {\"most_skips\": -1}}", 0,
         0, "most_skips: expected 0 to 8, found -1"},
        {read_table, "x", "t:u8:4294967295,4294967295,4294967295", NULL, 0, 0, "overflow"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        make_stream("odd", odd[i].kind, odd[i].columns, odd[i].meta, odd[i].rows, odd[i].fill, "a");
        int failed = odd[i].read("odd");
        refused(failed, odd[i].words);
    }
    make_stream("odd", "weights", "name:str value:any:*", NULL, 1, 0, "an");
    refused(read_genotype("odd"), "tensor an: expected f32");
    make_stream("odd", "architecture", GENES, CONCAT, 1, 0, "normal");
    refused(read_genotype("odd"), "normal is no operation");
}

/* Standard input where a path could be. */
static void test_standard_input(void)
{
    static int (*const read[])(const char *) = {read_hardness, read_samples, read_genotype,
                                                read_predictions};
    int kept = dup(STDIN_FILENO);
    make_stream("odd", "ids", "id:i64", NULL, 1, 0, "");
    for (int i = 0; i < 7; i++) {
        int fd = open("odd", O_RDONLY);
        dup2(fd, STDIN_FILENO);
        close(fd);
        refused(read[i % 4](i < 4 ? "-" : NULL), "standard input: expected a stream");
    }
    dup2(kept, STDIN_FILENO);
    close(kept);
}

/* ---- headers ---- */

static int pack(const struct header *h)
{
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    int failed = header_pack(h, &packed, &e);
    msgpack_sbuffer_destroy(&packed);
    return failed;
}

static void fill_history(struct header *h, int entries)
{
    while (h->history->count < (size_t)entries)
        value_append(h->history, value_map());
}

static void test_headers(void)
{
    static const int64_t many[STREAM_MAX_RANK + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct header h, other;
    char text[24];
    make_header(&h, "samples", "id:i64 image:u8:2,?,1 any:f32:*", NULL);
    for (int rank = -2; rank < 10; rank += 11)
        refused(header_add_field(&h, "x", ELEMENT_U8, rank, many, &e) < 0, "rank of at most 8");
    refused(header_add_field(&h, "x", ELEMENT_U8, 1, (int64_t[]){-2}, &e) < 0, "below 2^32");
    refused(header_add_field(&h, "x", ELEMENT_U8, 1, (int64_t[]){INT64_C(1) << 32}, &e) < 0,
            "below 2^32");
    refused(header_add_field(&h, "x\x7f", ELEMENT_U8, 0, NULL, &e) < 0, "plain name");
    refused(header_add_field(&h, "", ELEMENT_U8, 0, NULL, &e) < 0, "plain name");
    refused(header_require(&h, "id", ELEMENT_I64, 2, &e) < 0, "found id i64");
    refused(header_require(&h, "id", ELEMENT_F32, -1, &e) < 0, "found id i64");
    for (size_t size = 1; size < sizeof text; size++)
        for (int i = 0; i < h.fields; i++) {
            field_text(&h.field[i], text, size);
            if (strlen(text) >= size)
                abort();
        }
    ok(true, "a field's text is cut where there is no room");

    static const char *const unlike[] = {
        "id:i64", "id:i64 image:u8:2,?,1 some:f32:*", "id:i64 image:u8:2,?,1 any:f64:*",
        "id:i64 image:u8:2,? any:f32:*", "id:i64 image:u8:2,?,3 any:f32:*"};
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++) {
        make_header(&other, "samples", unlike[i], NULL);
        refused(header_join(&h, &other, &e), "first part's");
        header_free(&other);
    }
    make_header(&other, "samples", "id:i64 image:u8:2,?,1 any:f32:*", NULL);
    fill_history(&h, HEADER_MOST_HISTORY);
    value_append(other.history, value_map());
    value_set_int(other.history->item[0], "seed", 1);
    refused(header_join(&h, &other, &e), "a history of more than");
    static const char *const meaning[] = {"classes", "void", "scores"};
    for (int i = 0; i < 3; i++) {
        struct header a, b;
        header_init(&a, "samples", &e);
        header_init(&b, "samples", &e);
        value_set_int(b.meta, "whatever", 1);
        ok(!header_join(&a, &b, &e), "meta that does not tell what rows mean");
        value_set_int(b.meta, meaning[i], 1);
        refused(header_join(&a, &b, &e), "found another");
        refused(header_join(&b, &a, &e), "found another");
        value_set_int(a.meta, meaning[i], 2);
        refused(header_join(&a, &b, &e), "found another");
        value_set_int(a.meta, meaning[i], 1);
        ok(!header_join(&a, &b, &e), "the same %s", meaning[i]);
        header_free(&a);
        header_free(&b);
    }
    ok(!pack(&h), "a long history is packed");
    fill_history(&h, HEADER_MOST_HISTORY + 1);
    refused(pack(&h), "a history of more than");
    header_free(&h);

    for (int i = other.fields; i < HEADER_MOST_FIELDS; i++) {
        snprintf(text, sizeof text, "f%d", i);
        header_add_field(&other, text, ELEMENT_U8, 0, NULL, &e);
    }
    refused(header_add_field(&other, "x", ELEMENT_U8, 0, NULL, &e) < 0, "more than 1024 fields");
    header_free(&other);
}

/* What would not be read is not written either. */
static void test_packing(void)
{
    struct header h;
    for (int history = 0; history < 2; history++) {
        make_header(&h, "samples", "id:i64", NULL);
        struct value *at = history ? h.history : h.meta;
        value_append(at, NULL); /* as where memory was out */
        refused(pack(&h), "out of memory");
        struct stream_writer *w = stream_create("refused", &h, &e);
        ok(!w || stream_write_raw(w, "\x91\x01", 2, &e), "nor is a row written behind it");
        stream_abandon(w);
        header_free(&h);
    }
    for (int history = 0; history < 2; history++) {
        make_header(&h, "samples", "id:i64", NULL);
        struct value *deep = value_map(), *at = deep;
        for (int i = 0; i < 40; i++)
            at = value_set_map(at, "a");
        if (history)
            value_append(h.history, deep);
        else
            value_set(h.meta, "deep", deep);
        refused(pack(&h), "levels");
        header_free(&h);
    }
    make_header(&h, "samples", "id:i64", NULL);
    fill_history(&h, HEADER_MOST_HISTORY + 1);
    ok(!history_add(&h, "test", NULL, 0, NULL, &e), "an entry more");
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    header_pack(&h, &packed, &e);
    header_free(&h);
    refused(header_unpack(&h, (const uint8_t *)packed.data, packed.size, &e),
            "a history of more than");
    msgpack_sbuffer_destroy(&packed);
}

/* ---- writing ---- */

static void test_cells(void)
{
    static const uint32_t huge[STREAM_MAX_RANK + 1] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    struct header h;
    make_header(&h, "x", "fixed:u8:2 free:u8:?,?,? any:any:*", NULL);
    const struct cell good[] = {cell_tensor(ELEMENT_U8, 1, (uint32_t[]){2}, "ab"),
                                cell_tensor(ELEMENT_U8, 3, (uint32_t[]){1, 1, 1}, "c"),
                                cell_tensor(ELEMENT_F32, 0, NULL, "four")};
    const struct {
        int at;
        struct cell cell;
        const char *words;
    } odd[] = {
        {0, cell_tensor(ELEMENT_I32, 1, (uint32_t[]){2}, "ab"), "expected u8, found i32"},
        {0, cell_tensor(ELEMENT_U8, 1, (uint32_t[]){1}, "ab"), "expected extent 0 to be 2"},
        {0, cell_tensor(ELEMENT_U8, 2, (uint32_t[]){1, 2}, "ab"), "expected rank 1, found 2"},
        {1, cell_tensor(ELEMENT_U8, 3, huge, "c"), "4 GiB"},
        {1, cell_tensor(ELEMENT_U8, 3, (uint32_t[]){65536, 65536, 1}, "c"), "4 GiB"},
        {2, cell_text("text"), "expected any, found str"},
        {2, cell_tensor(ELEMENT_U8, STREAM_MAX_RANK + 1, huge, "c"), "found 9"},
        {2, cell_tensor(ELEMENT_U8, -1, NULL, "c"), "found -1"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct stream_writer *w = stream_create("cells", &h, &e);
        struct cell row[3] = {good[0], good[1], good[2]};
        ok(!stream_write(w, row, &e), "a good row");
        row[odd[i].at] = odd[i].cell;
        refused(stream_write(w, row, &e), odd[i].words);
        refused(stream_write(w, good, &e), odd[i].words); /* it stays failed */
        refused(stream_commit(w, &e), odd[i].words);
    }
    ok(access("cells", F_OK), "no file appears");
    header_free(&h);
}

static void test_terminal(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) {
        skip("no pseudo-terminals here");
        return;
    }
    refused(!stream_open(ptsname(terminal), NULL, &e), "is a terminal");
    close(terminal);
}

/* ---- files ---- */

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s, (void)type, (void)at;
    return remove(path);
}

static void empty_folder(void)
{
    nftw("folder", remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    if (mkdir("folder", 0700))
        abort();
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "w");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f))
        abort();
}

/* ---- tables, summaries, text ---- */

/* Two rows that differ in a column without a fixed shape. */
static int table_of(const char *column, struct cell one, struct cell two)
{
    struct header h;
    make_header(&h, "x", column, NULL);
    struct stream_writer *w = stream_create("odd", &h, &e);
    header_free(&h);
    if (stream_write(w, &one, &e) || stream_write(w, &two, &e) || stream_commit(w, &e))
        abort();
    return read_table("odd");
}

static void test_tables(void)
{
    const uint32_t one[] = {1, 1}, two[] = {2, 1};
    struct cell cell = cell_tensor(ELEMENT_U8, 1, one, "x");
    refused(table_of("t:any:*", cell, cell_tensor(ELEMENT_F32, 1, one, "four")), "of one shape");
    refused(table_of("t:any:*", cell, cell_tensor(ELEMENT_U8, 2, one, "x")), "of one shape");
    refused(table_of("t:u8:?", cell, cell_tensor(ELEMENT_U8, 1, two, "xy")), "of one shape");
    refused(table_of("t:u8:?,?", cell_tensor(ELEMENT_U8, 2, two, "xy"),
                     cell_tensor(ELEMENT_U8, 2, (uint32_t[]){1, 2}, "xy")),
            "of one shape");
    struct table t;
    make_stream("odd", "x", "flag:u8 small:i32 x:f32", NULL, 1, 1, "");
    ok(!stage_table(&call, &t, "odd", &e), "a table");
    ok(table_integers(&t, "flag", &e) && table_integers(&t, "small", &e), "integers of any size");
    refused(!table_integers(&t, "none", &e), "a field none");
    refused(!table_column(&t, "x", ELEMENT_F64, 0, &e), "a field x");
    table_free(&t);
}

/* The summary of a stream as JSON; where `shown`, what is printed of it, too. */
static char *summarise(const char *path, char **shown)
{
    struct summary s;
    const struct cell *row;
    size_t size;
    struct stream_reader *r = stage_open(&call, path, &e);
    FILE *to = open_memstream(shown, &size);
    if (summary_init(&s, stream_header(r), &e))
        abort();
    while (stream_read(r, &row, &e) == 1) {
        if (summary_add(&s, stream_header(r), row, &e))
            abort();
        summary_print_row(stream_header(r), row, to);
    }
    struct value *v = summary_value(stream_header(r), &s, stream_digest(r));
    char *text = value_json_text(v);
    ok(!summary_print(stream_header(r), &s, stream_digest(r), to), "a summary is printed");
    FILE *full = fopen("/dev/full", "w");
    setbuf(full, NULL);
    ok(summary_print(stream_header(r), &s, stream_digest(r), full), "to a full device it is not");
    fclose(full);
    fclose(to);
    value_free(v);
    summary_free(&s);
    stream_close(r);
    return text;
}

/* Rows whose column of any type and rank has these cells. */
static void write_any(const char *path, const struct cell *cell, int count)
{
    struct header h;
    make_header(&h, "x", "any:any:*", NULL);
    struct stream_writer *w = stream_create(path, &h, &e);
    header_free(&h);
    for (int i = 0; i < count; i++)
        stream_write(w, &cell[i], &e);
    stream_commit(w, &e);
}

static void test_summaries(void)
{
    const struct {
        const char *columns, *meta;
        int rows;
        double fill;
        const char *words;
    } odd[] = {
        {"label:i32:1", NULL, 1, 0, "\"label\": {"},
        {"label:f32", NULL, 1, 0.5, "\"least\": 0.5"},
        {"label:i32 t:f32:?", "{\"classes\": [1, \"b\"]}", 1, 0,
         "\"labels\": [{\"label\": 0, \"count\""},
        {"label:i32", "{\"classes\": [\"a\"]}", 1, 3, "{\"label\": 3, \"count\": 1}"},
        {"label:i32", "{\"classes\": 1}", 1, -1, "{\"label\": -1, \"count\": 1}"},
        {"label:i32", NULL, 1, -2, "\"least\": -2"},
        {"a:str b:f32:? c:f64", NULL, 0, 0, "\"elements\": 0"},
        {"x:f32", NULL, 2, NAN, "\"nan\": 2"},
        {"big:f32:9 t:u8:0 a_name_longer_than_thirty_two_byt:f32", NULL, 1, 0, "\"rows\": 1"},
    };
    char *shown, *text;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        make_stream("odd", "x", odd[i].columns, odd[i].meta, odd[i].rows, odd[i].fill, "text");
        text = summarise("odd", &shown);
        ok(text && strstr(text, odd[i].words), "%s of %s", odd[i].words, odd[i].columns);
        free(text);
        free(shown);
    }
    const float x[] = {-1.5f, 8, NAN};
    const double y[] = {0.25, 3};
    const int64_t i[] = {-7, INT64_MAX};
    const int32_t k[] = {4, 5};
    const uint32_t extent[] = {2, 1}, three[] = {3};
    const struct cell any[] = {
        cell_tensor(ELEMENT_F32, 1, three, x), cell_tensor(ELEMENT_I64, 2, extent, i),
        cell_tensor(ELEMENT_F64, 1, extent, y), cell_tensor(ELEMENT_I32, 0, NULL, k),
        cell_tensor(ELEMENT_U8, 1, extent, k)};
    write_any("odd", any, 5);
    text = summarise("odd", &shown);
    ok(text && strstr(text, "\"least\": -7.0") && strstr(shown, "ranks 0 to 2") &&
           strstr(shown, "[2,1] -7 9223372036854775807"),
       "integers and reals in one column");
    free(text);
    free(shown);
}

static void test_text(void)
{
    static const int64_t big[] = {INT64_MIN, 5};
    static const int32_t small[] = {-1, 1};
    struct header h;
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    make_header(&h, "x", "i:i64:2 k:i32:2 name:str", NULL);
    const struct cell row[] = {cell_tensor(ELEMENT_I64, 1, (uint32_t[]){2}, big),
                               cell_tensor(ELEMENT_I32, 1, (uint32_t[]){2}, small),
                               cell_text("a\rb")};
    ok(!text_tsv_head(to, &h, &e), "columns of tensors");
    text_tsv_row(to, &h, row);
    ok(!text_json_row(to, &h, row, &e), "and as JSON");
    fclose(to);
    ok(!strcmp(text, "i0\ti1\tk0\tk1\tname\n-9223372036854775808\t5\t-1\t1\ta\\rb\n"
                     "{\"i\":[-9223372036854775808,5],\"k\":[-1,1],\"name\":\"a\\rb\"}\n"),
       "all of them");
    free(text);
    header_free(&h);
}

/* ---- tables of scores ---- */

static int read_tsv(const void *bytes, size_t size)
{
    struct tsv t;
    put("odd", bytes, size);
    FILE *from = fopen("odd", "r");
    int got = tsv_begin(&t, from, &e) ? -1 : 1;
    while (got == 1)
        got = tsv_read(&t, &e);
    tsv_free(&t);
    fclose(from);
    return got;
}

static void test_tsv(void)
{
#define TSV(text, words) refused(read_tsv(text, sizeof text - 1) < 0, words)
#define NAMES "id\tlabel\ta\tb\n"
    struct tsv t;
    TSV("\0\n", "zero byte");
    TSV("\n", "neither");
    TSV(NAMES "1", "label \"\"");
    TSV(NAMES "1\t", "label \"\"");
    TSV(NAMES "1\t99999999999999999999\t1\t2", "expected a whole number");
    TSV(NAMES "1\t1x\t1\t2", "expected a whole number");
    TSV(NAMES "1\t1\t\t2", "expected a number");
    TSV(NAMES "1\t1\t2x\t2", "expected a number");
    TSV(NAMES "\0", "zero byte");
    ok(!read_tsv(NAMES "1\t1\t1\t2", sizeof NAMES "1\t1\t1\t2" - 1), "a last line without its end");
    FILE *folder = fopen(".", "r");
    refused(tsv_begin(&t, folder, &e), "cannot read");
    tsv_free(&t);
    fclose(folder);
}

/* ---- pictures and data sets ---- */

/* A JPEG of 8 x 8 in colour, each component a scan of its own. */
static size_t make_jpeg(unsigned char **bytes)
{
    static const jpeg_scan_info scans[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    static const unsigned char adobe[] = "Adobe\0d\0\0\0\0\5"; /* no transform that there is */
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned long size = 0;
    unsigned char grey[24];
    JSAMPROW row = grey;
    memset(grey, 128, sizeof grey);
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    *bytes = NULL;
    jpeg_mem_dest(&j, bytes, &size);
    j.image_width = j.image_height = 8;
    j.input_components = 3;
    j.in_color_space = JCS_RGB;
    jpeg_set_defaults(&j);
    j.write_JFIF_header = FALSE;
    j.scan_info = scans;
    j.num_scans = 3;
    jpeg_start_compress(&j, TRUE);
    jpeg_write_marker(&j, JPEG_APP0 + 14, adobe, 12);
    while (j.next_scanline < 8)
        jpeg_write_scanlines(&j, &row, 1);
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    return size;
}

static void test_pictures(void)
{
    unsigned char *jpeg, *scan;
    size_t size = make_jpeg(&jpeg);
    struct picture p = {0};
    ok(!picture_decode(&p, jpeg, size, 1 << 20, &e) && p.channels == 3,
       "a transform that is unknown costs no pixel");
    free(p.pixels);
    scan = memmem(jpeg, size, "\xff\xda", 2);
    size_t before = (size_t)(scan - jpeg),
           length =
               (size_t)((unsigned char *)memmem(scan + 2, size - before - 2, "\xff\xc4", 2) - scan);
    unsigned char *many = malloc(size + 210 * length), *to = many + before;
    memcpy(many, jpeg, before);
    for (int i = 0; i < 210; i++, to += length)
        memcpy(to, scan, length);
    memcpy(to, scan + length, size - before - length);
    refused(picture_decode(&p, many, size + 209 * length, 1 << 20, &e), "more than 200 scans");
    free(many);
    free(jpeg);

    const struct picture huge[] = {{UINT32_MAX, UINT32_MAX, 3, NULL}, {0, 1, 1, NULL}};
    for (int i = 0; i < 2; i++) {
        p = huge[i];
        refused(picture_allocate(&p, SIZE_MAX, &e), "a picture of");
    }
    static const uint32_t odd[][3] = {{0, 1, 1},       {1, 0, 1}, {1 << 21, 1, 1},
                                      {1, 1 << 21, 1}, {1, 1, 0}, {1, 1, 5}};
    struct output o = {.fd = -1, .slot = -1};
    for (int i = 0; i < 6; i++)
        refused(png_write(&o, odd[i][0], odd[i][1], odd[i][2], NULL, &e), "cannot write a PNG");
}

static void put_packed(const char *path, const void *bytes, size_t size, long cut)
{
    gzFile f = gzopen(path, "wb");
    if (gzwrite(f, bytes, (unsigned)size) != (int)size || gzclose(f))
        abort();
    struct stat is;
    if (stat(path, &is) || truncate(path, is.st_size - cut))
        abort();
}

static int read_idx(const char *images, const char *labels)
{
    const struct dataset_request q = {.file = {images, labels}, .most_bytes = 1 << 20};
    struct dataset d;
    struct image image;
    int got;
    if (dataset_open(&d, format_find("idx"), &q, &e))
        return -1;
    while ((got = dataset_next(&d, &image, &e)) == 1)
        ;
    dataset_close(&d);
    return got;
}

static void test_idx(void)
{
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};
    static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2};
    uint8_t head[80] = {0, 0, 8, 4};
    struct idx x;
    for (int i = 0; i < 4; i++) {
        put("odd",
            i == 0   ? "\1\0\10\3"
            : i == 1 ? "\0\1\10\3"
            : i == 2 ? "\0\0\t\3"
                     : "\0\0\10\2",
            4);
        refused(idx_open(&x, "odd", 3, 4, 1, &e), "no IDX file of bytes");
    }
    memset(head + 4, 255, 16);
    put("odd", head, 20);
    refused(idx_open(&x, "odd", 3, 4, SIZE_MAX, &e), "extent 3 is 4294967295");
    memset(head + 16, 0, 3);
    head[19] = 1;
    put("odd", head, 20);
    refused(idx_open(&x, "odd", 3, 4, SIZE_MAX, &e), "4294967295 items of");
    refused(idx_open(&x, "none", 3, 4, 1, &e), "cannot open");
    refused(idx_open(&x, ".", 3, 4, 1, &e), "cannot read");
    int ends[2];
    char path[32];
    if (pipe(ends) || write(ends[1], images, sizeof images) != sizeof images)
        abort();
    close(ends[1]);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    ok(!read_idx(path, NULL), "from a pipe");
    close(ends[0]);

    put("images", images, sizeof images);
    put("labels", labels, sizeof labels);
    ok(!read_idx("images", "labels"), "images and labels");
    for (long cut = 1; cut < 12; cut++) {
        put_packed("odd", labels, sizeof labels, cut);
        refused(read_idx("images", "odd"), "odd: ");
        put_packed("odd", images, sizeof images, cut);
        refused(read_idx("odd", "labels"), "odd: ");
    }
    put_packed("odd", labels, sizeof labels, 0);
    FILE *f = fopen("odd", "r+");
    if (fseek(f, -8, SEEK_END) || putc(1, f) == EOF || putc(2, f) == EOF || fclose(f))
        abort();
    refused(read_idx("images", "odd"), "incorrect data check");
    memcpy(head, "\0\0\10\4\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\60", 20);
    put("odd", head, 68);
    refused(read_idx("odd", NULL), "48 channels");
    memcpy(head, "\0\0\10\4\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 20);
    put("odd", head, 21);
    ok(!read_idx("odd", NULL), "images with an axis of channels");
    refused(read_idx("odd", "labels"), "expected 1 labels");
    const struct dataset_request q = {.root = "folder", .split = "train", .most_bytes = 99};
    struct dataset d;
    struct image image;
    empty_folder();
    put("folder/train-images-idx3-ubyte", images, sizeof images);
    put("folder/train-labels-idx1-ubyte", "\0\0\10\1\0\0\0\2\1\12", 10);
    ok(!dataset_open(&d, format_find("mnist"), &q, &e) && dataset_next(&d, &image, &e) == 1,
       "an image");
    refused(dataset_next(&d, &image, &e) < 0, "a label below 10, found 10");
    dataset_close(&d);
    ok(!format_find("none") && !format_at(-1) && !format_at(100), "formats that there are not");
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"mnist", "fashion-mnist", "cifar100"};
        const struct dataset_request none = {.root = "nowhere", .split = "train", .most_bytes = 99};
        refused(dataset_open(&d, format_find(names[i]), &none, &e), "cannot find");
    }
}

static int read_images(const char *format, const struct dataset_request *q)
{
    struct dataset d;
    struct image image;
    int got;
    if (dataset_open(&d, format_find(format), q, &e))
        return -1;
    while ((got = dataset_next(&d, &image, &e)) == 1)
        ;
    dataset_close(&d);
    return got;
}

static void put_png(const char *path, uint32_t height, uint32_t width, uint32_t channels)
{
    static const uint8_t pixels[64];
    struct output o;
    if (output_open(&o, path, &e) || png_write(&o, height, width, channels, pixels, &e) ||
        output_commit(&o, &e))
        abort();
}

static void test_folders(void)
{
    const struct dataset_request q = {.root = "folder", .split = "test", .most_bytes = 1 << 20};
    struct dataset_request video = q;
    struct dataset d;
    struct image image;
    empty_folder();
    if (symlink("nowhere", "folder/class") || mkdir("folder/a", 0700) || mkdir("folder/b", 0700))
        abort();
    put("folder/a/name.with-a-very-long-ending", "", 0);
    refused(dataset_open(&d, format_find("y4m"), &q, &e), "folder: expected .y4m");
    put_png("folder/a/1.png", 2, 2, 1);
    put_png("folder/a/2.png", 3, 2, 1);
    ok(!read_images("folder", &q), "grey pictures");
    put_png("folder/b/1.png", 2, 3, 3);
    ok(!read_images("folder", &q), "pictures of any size, some of them with colour");
    put("folder/b/1.png", "\x89PNG\r\n\x1a\n", 8);
    refused(read_images("folder", &q), "b/1.png: PNG");

    put("folder/a/1.y4m", "YUV4MPEG2 W1 H1 Cmono F1:0\nFRAME\n1FRAME\n2", 41);
    put("folder/b/2.y4m", "YUV4MPEG2 W1 H1 C444 F2:1\nFRAME\n123", 35);
    ok(!read_images("y4m", &q), "videos that differ");
    video.height = video.width = 2;
    refused(read_images("y4m", &video), "cannot resize images of -1 channels");
    video.root = "folder/a/1.y4m";
    ok(!read_images("y4m", &video), "a video, larger");
    video.frames = 3;
    ok(!read_images("y4m", &video), "a video shorter than a clip");
    video.root = "folder/a/3.y4m";
    refused(read_images("y4m", &video), "cannot open");

    empty_folder();
    if (mkdir("folder/test_batch.bin", 0700))
        abort();
    refused(read_images("cifar10", &q), "expected records");
    rmdir("folder/test_batch.bin");
    put("folder/test_batch.bin", "", 0);
    if (truncate("folder/test_batch.bin", 10001 * 3073))
        abort();
    refused(read_images("cifar10", &q), "at most 10000 images");
    if (truncate("folder/test_batch.bin", 2 * 3073))
        abort();
    ok(!read_images("cifar10", &q), "without a file of names");
    ok(!dataset_open(&d, format_find("cifar10"), &q, &e), "a file");
    if (truncate("folder/test_batch.bin", 3073 + 7))
        abort();
    ok(dataset_next(&d, &image, &e) == 1, "its first image");
    refused(dataset_next(&d, &image, &e) < 0, "ends within record 1");
    dataset_close(&d);
}

static void test_camvid(void)
{
    const struct dataset_request q = {.root = "folder", .split = "test", .most_bytes = 1 << 20};
    static const char classes[] = "0 sky\n1 road\r\n\n2 void\n";
    empty_folder();
    if (mkdir("folder/test", 0700) || mkdir("folder/test/images", 0700) ||
        mkdir("folder/test/labels", 0700))
        abort();
    put("folder/classes.txt", "x sky\n", 6);
    refused(read_images("camvid", &q), "'x sky', expected class 0 and its name");
    put("folder/classes.txt", "1 sky\n", 6);
    refused(read_images("camvid", &q), "expected class 0");
    put("folder/classes.txt", "0 \n", 3);
    refused(read_images("camvid", &q), "expected class 0");
    put("folder/classes.txt", "0 sky\n1 void\n", 13);
    refused(read_images("camvid", &q), "1 classes");
    put("folder/classes.txt", classes, sizeof classes - 1);
    put("folder/test/images/.hidden.png", "", 0);
    put("folder/test/images/notes", "", 0);
    put("folder/test/images/notes.txt", "", 0);
    ok(!read_images("camvid", &q), "a folder without pictures");
    put_png("folder/test/images/1.png", 2, 3, 1);
    refused(read_images("camvid", &q), "labels/1.png");
    put_png("folder/test/labels/1.png", 2, 3, 1);
    ok(!read_images("camvid", &q), "a picture and its labels");
    static const uint32_t wrong[][3] = {{3, 3, 1}, {2, 2, 1}, {2, 3, 3}};
    for (int i = 0; i < 3; i++) {
        put_png("folder/test/labels/1.png", wrong[i][0], wrong[i][1], wrong[i][2]);
        refused(read_images("camvid", &q), "expected 2x3x1 as its image has");
    }
}

/* ---- weights ---- */

static void test_weights(void)
{
    static const float x[] = {1, NAN};
    const struct cell name = cell_text("a"),
                      value = cell_tensor(ELEMENT_F32, 1, (uint32_t[]){2}, x);
    struct weights w = {0};
    struct cell huge = value;
    huge.count = SIZE_MAX;
    refused(weights_add(&w, &name, &huge, &e), "too large");
    ok(!weights_add(&w, &name, &value, &e), "a tensor");
    refused(weights_add(&w, &name, &value, &e), "there twice");
    refused(!weights_require(&w, "b", ELEMENT_F32, 2, &e), "missing");
    refused(!weights_require(&w, "a", ELEMENT_F64, 2, &e), "expected 2 of f64");
    refused(!weights_require(&w, "a", ELEMENT_F32, 3, &e), "expected 3 of f32");
    refused(!weights_require(&w, "a", ELEMENT_F32, 2, &e), "element 2 is nan");
    w.weight[0].cell.element = ELEMENT_I32;
    ok(weights_require(&w, "a", ELEMENT_I32, 2, &e), "integers are finite");
    weights_free(&w);
}

/* Into a network: every parameter, each of its shape. */
static void test_network(void)
{
    static const float x[6];
    struct weights w = {0};
    struct graph *g = graph_new(&e);
    struct node *in = graph_input(g, "x", 1, 1, 2), *label = graph_input(g, "label", 1, 1, 1);
    struct node *a = graph_weight(g, "a", GRAPH_WEIGHTS, 2, (int[]){2, 3}, (struct initial){0});
    struct node *loss = cross_entropy(linear(global_avg_pool(in), a, NULL), label, 0);
    ok(!graph_plan(g, loss, 1, GRAPH_TRAIN, &e), "a network");
    const struct cell name = cell_text("a");
    const struct cell odd[] = {cell_tensor(ELEMENT_F32, 1, (uint32_t[]){6}, x),
                               cell_tensor(ELEMENT_F32, 2, (uint32_t[]){3, 2}, x),
                               cell_tensor(ELEMENT_F32, 2, (uint32_t[]){2, 3}, x)};
    refused(weights_load_group(&w, g, GRAPH_WEIGHTS, &e), "missing");
    for (int i = 0; i < 3; i++) {
        weights_add(&w, &name, &odd[i], &e);
        int failed = weights_load_group(&w, g, GRAPH_WEIGHTS, &e);
        if (i < 2)
            refused(failed, "its shape is not the network's");
        else
            ok(!failed, "its own shape");
        weights_free(&w);
    }
    struct header h;
    struct value *network = value_map();
    weights_header(&h, network, &e);
    struct stream_writer *to = stream_create("odd", &h, &e);
    ok(!weights_write_group(to, g, GRAPH_WEIGHTS, &e) && !stream_commit(to, &e), "written");
    ok(!weights_read(&w, "odd", &limits, &e) && !weights_load_group(&w, g, GRAPH_WEIGHTS, &e),
       "and read");
    weights_free(&w);
    header_free(&h);
    value_free(network);
    graph_free(g);
}

/* ---- what may be shown ---- */

/* What a program asks of the images that it is given, and of scores that are no logits. */
static void test_views(void)
{
    struct table t;
    struct samples s;
    struct predictions p;
    make_stream("odd", "samples", "id:i64 label:i32 image:u8:2,3,1", NULL, 2, 4, "");
    ok(!samples_read(&call, "odd", false, &t, &s, &e), "images whose labels do not matter");
    table_free(&t);
    ok(!samples_read(&call, "odd", true, &t, &s, &e) && s.classes == 5, "images");
    refused(samples_fit(&s, "images", (struct image_shape){.height = 9, .width = 9, .channels = 3},
                        9, &e),
            "the network takes 9x9x3");
    refused(samples_fit(&s, "images", s.shape, 4, &e), "5 classes, the network has 4");
    table_free(&t);
    make_stream("odd", "predictions", "label:i32 scores:f32:2",
                "{\"scores\": \"probabilities\", \"classes\": [1, \"b\"]}", 1, 0, "");
    refused(predictions_read(&p, &call, "odd", NULL, &e), "");
    predictions_free(&p);
    ok(!predictions_read(&p, &call, "odd", "logits", &e) && !*p.name[0], "a class without a name");
    predictions_free(&p);
    put("odd", "", 0);
    refused(predictions_read(&p, &call, "odd", NULL, &e), "empty");
    predictions_free(&p);
}

/* Meta with so many classes; owned by the caller. */
static char *meta_of_classes(size_t classes)
{
    static const char begin[] = "{\"classes\": [0";
    char *text = malloc(sizeof begin + 2 * classes + 2), *end = stpcpy(text, begin);
    for (size_t i = 1; i < classes; i++)
        end = stpcpy(end, ",0");
    strcpy(end, "]}");
    return text;
}

/* Samples with a class and a depth for every pixel of two images of 2 x 3. */
#define DENSE "id:i64 label:i32 image:u8:2,3,1 target:u8:2,3 depth:f32:2,3"

static int read_dense(const char *columns, const char *meta, struct table *t, struct samples *s)
{
    make_stream("odd", "samples", columns, meta, 2, 0, "");
    return samples_read(&call, "odd", false, t, s, &e);
}

static void refuse_targets(const char *columns, const char *meta, const char *words, int line)
{
    struct table t;
    struct samples s;
    if (!read_dense(columns, meta, &t, &s)) {
        check_refused(samples_check_targets(&s, &e), words, line);
        table_free(&t);
    } else {
        check_refused(true, words, line);
    }
}
#define REFUSE_TARGETS(columns, meta, words) refuse_targets(columns, meta, words, __LINE__)

static void test_maps(void)
{
    struct table t;
    struct samples s;
    REFUSE_TARGETS(DENSE, NULL, "0 classes, expected 2 to 255");
    REFUSE_TARGETS(DENSE, "{\"classes\": \"two\"}", "0 classes");
    REFUSE_TARGETS(DENSE, "{\"classes\": [\"one\"]}", "1 classes");
    autofree char *too_many = meta_of_classes(UINT8_MAX + 1);
    REFUSE_TARGETS(DENSE, too_many, "256 classes");
    REFUSE_TARGETS("id:i64 label:i32 image:u8:2,3,1", NULL, "no field target");
    REFUSE_TARGETS("id:i64 label:i32 image:u8:2,3,1 target:f32:2,3", NULL, "no field target");
    REFUSE_TARGETS("id:i64 label:i32 image:u8:2,3,1 target:u8:6", NULL, "no field target");
    REFUSE_TARGETS("id:i64 label:i32 image:u8:2,3,1 target:u8:3,3", NULL, "target of 3 x 3");
    REFUSE_TARGETS("id:i64 label:i32 image:u8:2,3,1 target:u8:2,2", NULL, "target of 2 x 2");
    REFUSE_TARGETS("id:i64 label:i32 image:u8:2,3,1 depth:f32:1,3", NULL, "depth of 1 x 3");

    ok(!read_dense(DENSE, "{\"classes\": [\"a\", \"b\"], \"void\": 9}", &t, &s), "maps");
    uint8_t *target = t.column[3].data;
    float *depth = t.column[4].data;
    target[4] = 9;
    ok(!samples_check_targets(&s, &e) && s.classes == 2, "pixels that count for nothing");
    target[11] = 2;
    refused(samples_check_targets(&s, &e), "row 2: a pixel of class 2");
    ok(!samples_check_depths(&s, &e) && s.classes == 1, "depths");
    static const float wrong[] = {-1, 2, NAN};
    for (int i = 0; i < 3; i++) {
        depth[6] = wrong[i];
        refused(samples_check_depths(&s, &e), "row 2: a depth of");
    }
    const uint64_t whole = samples_identity(&s);
    s.depth = NULL;
    refused(samples_check_depths(&s, &e), "no field depth");
    const uint64_t flat = samples_identity(&s);
    s.target = NULL;
    ok(whole != flat && flat != samples_identity(&s), "maps are part of what samples are");
    table_free(&t);

    autofree char *far_too_many = meta_of_classes(SAMPLES_MOST_CLASSES + 1);
    make_stream("odd", "samples", "id:i64 label:i32 image:u8:2,3,1", far_too_many, 1, 0, "");
    refused(samples_read(&call, "odd", true, &t, &s, &e), "classes, expected at most");
}

static void test_printable(void)
{
    static const char *const texts[][2] = {{"\xf4\x90\x80\x80", "????"}, /* beyond U+10FFFF */
                                           {"\xed\xa0\x80", "???"},      /* half a pair */
                                           {"\xe0\x80\x80", "???"},      /* too long */
                                           {"\xc2\x9b[2J", "??[2J"},     /* a control */
                                           {"\xc2\xa7 7", "\xc2\xa7 7"}, {"\x7f\xff", "??"}};
    char text[16];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        text_make_printable(strcpy(text, texts[i][0]));
        ok(!strcmp(text, texts[i][1]), "what a terminal would heed, or no UTF-8: %s", text);
        ok(text_is_printable(texts[i][0]) == !strcmp(text, texts[i][0]), "whether it is so");
        struct text_buffer b;
        FILE *to = text_buffer_open(&b);
        text_print_printable(texts[i][0], to);
        ok(!text_buffer_close(to, &b) && !strcmp(b.text, text), "and printed");
        free(b.text);
    }
    ok(text_buffer_close(NULL, &(struct text_buffer){0}), "a buffer that was not opened");
}

/* ---- folders of arrays ---- */

static void put_array(const char *path, const char *type, const char *shape, size_t bytes)
{
    char head[256] = "\x93NUMPY\x01", *text = head + 10;
    memset(text, ' ', 118);
    memcpy(text, head, 0);
    int length =
        snprintf(text, 118, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    text[length] = ' ';
    text[117] = '\n';
    head[8] = 118;
    put(path, head, 128 + bytes > sizeof head ? sizeof head : 128 + bytes);
}

static int import(void)
{
    static const struct import_format *npy;
    if (!npy)
        npy = import_find("npy");
    struct import m;
    if (import_open(&m, npy, "folder", &limits, &e))
        return -1;
    struct stream_writer *w = stream_create("imported", &m.header, &e);
    int got;
    while ((got = import_next(&m, w, &e)) == 1)
        ;
    import_close(&m);
    if (!got)
        return stream_commit(w, &e);
    stream_abandon(w);
    return -1;
}

static void test_arrays(void)
{
    char path[128];
    empty_folder();
    refused(import(), "no array in this folder");
    put("folder/.txt", "", 0);
    put("folder/notes", "", 0);
    put("folder/npy", "", 0);
    put_array("folder/id.npy", "<i8", "(2,)", 16);
    ok(!import() && !read_table("imported"), "ids alone");
    put_array("folder/x.npy", "<f4", "(2,)", 8);
    put_array("folder/y.npy", "<f8", "(2, 1)", 16);
    put_array("folder/k.npy", "<i4", "(2,)", 8);
    ok(!import(), "arrays of no kind that is known");
    put("folder/y.txt", "a\nb\n", 4);
    refused(import(), "y is there twice");
    unlink("folder/y.npy");
    ok(!import(), "with texts");
    put("folder/y.txt", "a\nb", 3);
    ok(!import(), "the last without an end");
    put("folder/y.txt", "a\nb\nc", 5);
    refused(import(), "more lines than there are rows");
    put("folder/y.txt", "a\n", 2);
    refused(import(), "found the end");
    put("folder/y.txt", "a\0b\nc\n", 6);
    refused(import(), "zero byte");
    put("folder/y.txt", "\\x\n\n", 4);
    refused(import(), "a backslash");
    unlink("folder/y.txt");
    if (mkdir("folder/y.txt", 0700))
        abort();
    refused(import(), "y.txt");

    empty_folder();
    put_array("folder/image.npy", "|u1", "(2, 3, 4)", 24);
    ok(!import(), "grey images");
    put_array("folder/image.npy", "<f4", "(1, 3, 4)", 48);
    ok(!import(), "images of reals");
    put_array("folder/image.npy", "|u1", "(1, 4294967296)", 0);
    refused(import(), "larger than --max-tensor");
    put_array("folder/image.npy", "|u1", "(1, 2147483648)", 0);
    refused(import(), "larger than --max-tensor");
    put_array("folder/image.npy", "|u1", "(18446744073709551000, 1)", 0);
    refused(import(), "an axis of rows");
    put_array("folder/image.npy", "|u1", "()", 1);
    refused(import(), "an axis of rows");
    put_array("folder/image.npy", "|u1", "(2, 2)", 4);
    put_array("folder/x.npy", "|u1", "(3, 2)", 6);
    refused(import(), "others have 2");
    unlink("folder/x.npy");
    if (symlink("nowhere", "folder/x.npy"))
        abort();
    refused(import(), "cannot look at");

    empty_folder();
    put_array("folder/id.npy", "<f4", "(2,)", 8);
    put_array("folder/label.npy", "|u1", "(2,)", 2);
    if (mkdir("folder/z", 0700))
        abort();
    put_array("folder/z/0.npy", "<f4", "(2,)", 8);
    put_array("folder/z/1.npy", "<f4", "(1,)", 4);
    ok(!import(), "tensors that vary, ids of reals");
    put_array("folder/z/1.npy", "<f8", "(1,)", 8);
    refused(import(), "another type or rank");
    put_array("folder/z/1.npy", "<f4", "(1, 1)", 4);
    refused(import(), "another type or rank");
    put_array("folder/z/1.npy", "<f4", "(2,)", 12);
    refused(import(), "goes on behind its elements");
    put_array("folder/z/1.npy", "<f4", "(2,)", 8);
    put_array("folder/z/2.npy", "<f4", "(2,)", 8);
    refused(import(), "there are 2 rows");
    put_array("folder/z/0.npy", "<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", 4);
    refused(import(), "more than 8 axes");

    empty_folder();
    memset(path, 'a', sizeof path);
    memcpy(path, "folder/", 7);
    memcpy(path + 7 + 64, ".npy", 5);
    put_array(path, "<i8", "(2,)", 16);
    refused(import(), "a name of more than 63 bytes");
    unlink(path);
    for (int i = 0; i < 65; i++) {
        snprintf(path, sizeof path, "folder/x%d.npy", i);
        put_array(path, "<i8", "(2,)", 16);
    }
    refused(import(), "more than 64 arrays");
    struct import m;
    int fd = open("folder/x0.npy", O_RDONLY), kept = dup(STDIN_FILENO);
    dup2(fd, STDIN_FILENO);
    refused(import_open(&m, import_find("safetensors"), "-", &limits, &e), "standard input: no");
    dup2(kept, STDIN_FILENO);
    close(kept);
    close(fd);
    ok(!import_find("none"), "a format that there is not");
}

int main(void)
{
    static char folder[] = "/tmp/winnow-hostile-XXXXXX";
    if (!ok(mkdtemp(folder) && !chdir(folder) && !mkdir("folder", 0700), "a folder"))
        return tap_done();
    test_kinds();
    test_standard_input();
    test_headers();
    test_packing();
    test_cells();
    test_terminal();
    test_tables();
    test_summaries();
    test_text();
    test_tsv();
    test_pictures();
    test_idx();
    test_folders();
    test_camvid();
    test_weights();
    test_network();
    test_views();
    test_maps();
    test_printable();
    test_arrays();
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
