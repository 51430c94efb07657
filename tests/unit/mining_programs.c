/* build-kdtree, mine and evaluate on streams that no other program writes: scripted hardness,
 * hostile forests. The programs are those of $BIN; without it there is nothing to run. */
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/random.h"
#include "network/weights.h"
#include "stream/table.h"
#include "tap.h"

enum { CLASSES = 3, POOL = 240, S = 30 };

static int64_t pool_id[POOL], pool_label[POOL];
static float pool_z[POOL][2];
static double first_easiness = 0.3; /* in hardness streams, of the first row */
static char said[2000]; /* what the last run printed on stderr, or on stdout with 2>&1 */

static void must(int failed, const struct error *e)
{
    if (failed) {
        printf("Bail out! %s\n", e->text);
        exit(1);
    }
}

/* Runs shell text in the folder; its exit status. */
static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char text[1000];
    va_list a;
    va_start(a, format);
    int n = snprintf(text, sizeof text, "PATH=\"$BIN:$PATH\"; { ");
    n += vsnprintf(text + n, sizeof text - (size_t)n, format, a);
    va_end(a);
    snprintf(text + n, sizeof text - (size_t)n, "; } 2>said");
    int status = system(text);
    FILE *f = fopen("said", "r");
    size_t size = f ? fread(said, 1, sizeof said - 1, f) : 0;
    said[size] = '\0';
    for (char *s = said; (s = strchr(s, '\n'));)
        *s = ' ';
    if (f)
        fclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static struct stream_writer *create(const char *path, struct header *h)
{
    struct error e;
    struct stream_writer *w = stream_create(path, h, &e);
    must(!w, &e);
    header_free(h);
    return w;
}

static void field(struct header *h, const char *name, enum element element, int rank,
                  const int64_t *extent)
{
    struct error e;
    must(header_add_field(h, name, element, rank, extent, &e) < 0, &e);
}

static void write_latents(const char *path, bool backwards)
{
    struct error e;
    struct header h;
    must(header_init(&h, "latents", &e), &e);
    value_set_text(h.meta, "source", "scripted");
    field(&h, "id", ELEMENT_I64, 0, NULL);
    field(&h, "label", ELEMENT_I32, 0, NULL);
    field(&h, "z", ELEMENT_F32, 1, (int64_t[]){2});
    struct stream_writer *w = create(path, &h);
    for (int i = 0; i < POOL; i++) {
        int k = backwards ? POOL - 1 - i : i;
        struct cell row[] = {cell_int(ELEMENT_I64, pool_id[k]),
                             cell_int(ELEMENT_I32, pool_label[k]),
                             cell_tensor(ELEMENT_F32, 1, (uint32_t[]){2}, pool_z[k])};
        must(stream_write(w, row, &e), &e);
    }
    must(stream_commit(w, &e), &e);
}

/* The first S images of the pool; every second is easy. epoch -1: no meta `search`. */
static void write_hardness(const char *path, int epoch, double accuracy, int since)
{
    struct error e;
    struct header h;
    must(header_init(&h, "hardness", &e), &e);
    if (epoch >= 0) {
        struct value *search = value_set_map(h.meta, "search");
        value_set_int(search, "epoch", epoch);
        value_set_real(search, "accuracy", accuracy);
        value_set_int(search, "update", 4);
        value_set_int(search, "since", since);
    }
    field(&h, "id", ELEMENT_I64, 0, NULL);
    field(&h, "label", ELEMENT_I32, 0, NULL);
    field(&h, "easiness", ELEMENT_F32, 0, NULL);
    field(&h, "epochs", ELEMENT_I32, 0, NULL);
    struct stream_writer *w = create(path, &h);
    for (int i = 0; i < S; i++) {
        struct cell row[] = {cell_int(ELEMENT_I64, pool_id[i]),
                             cell_int(ELEMENT_I32, pool_label[i]),
                             cell_real(ELEMENT_F32, i % 2 ? 0.9
                                                    : i   ? 0.3
                                                          : first_easiness),
                             cell_int(ELEMENT_I32, 5)};
        must(stream_write(w, row, &e), &e);
    }
    must(stream_commit(w, &e), &e);
}

/* A forest of one tree with these points. */
static void write_forest(const char *path, int32_t label, float z, int64_t id, uint32_t ids)
{
    struct error e;
    struct header h;
    float points[][2] = {{0, 0}, {z, 1}, {2, 2}};
    int64_t id_list[] = {1, id, 3};
    must(header_init(&h, "forest", &e), &e);
    field(&h, "label", ELEMENT_I32, 0, NULL);
    field(&h, "points", ELEMENT_F32, 2, (int64_t[]){-1, 2});
    field(&h, "ids", ELEMENT_I64, 1, (int64_t[]){-1});
    struct stream_writer *w = create(path, &h);
    struct cell row[] = {cell_int(ELEMENT_I32, label),
                         cell_tensor(ELEMENT_F32, 2, (uint32_t[]){3, 2}, points),
                         cell_tensor(ELEMENT_I64, 1, &ids, id_list)};
    must(stream_write(w, row, &e), &e);
    must(stream_commit(w, &e), &e);
}

/* What an ids stream says, and its faults: rows out of order, of another class, ids unknown. */
struct outcome {
    size_t rows;
    int kept, newcomers, faults, banned, returned;
    int64_t update, replaced;
    bool updated, mastered;
};

static struct outcome read_ids(const char *path)
{
    struct error e;
    struct table t;
    must(table_read(&t, path, NULL, &e), &e);
    const int64_t *id = table_integers(&t, "id", &e), *label = table_integers(&t, "label", &e);
    const int64_t *kept = table_integers(&t, "kept", &e);
    const int64_t *replaces = table_integers(&t, "replaces", &e);
    must(!id || !label || !kept || !replaces, &e);
    const struct value *s = value_get(t.header.meta, "subset");
    struct outcome o = {.rows = t.rows,
                        .update = value_get_int(s, "update", -1),
                        .replaced = value_get_int(s, "replaced", -1),
                        .updated = value_get_bool(s, "updated", false),
                        .mastered = value_get_bool(s, "mastered", false)};
    const struct value *returned = value_get(s, "returned");
    o.returned = returned ? (int)returned->count : 0;
    for (size_t i = 0; i < t.rows; i++) {
        int64_t old_label = -1, new_label = -2;
        for (int k = 0; k < POOL; k++) {
            if (pool_id[k] == replaces[i])
                old_label = pool_label[k];
            if (pool_id[k] == id[i])
                new_label = pool_label[k];
            o.banned += k < S && !kept[i] && pool_id[k] == id[i];
        }
        o.kept += kept[i] == 1;
        o.newcomers += kept[i] == 0;
        o.faults += old_label != new_label || label[i] != new_label ||
                    (kept[i] != (id[i] == replaces[i])) || (i > 0 && id[i] <= id[i - 1]);
    }
    table_free(&t);
    return o;
}

static void forests(void)
{
    struct error e;
    const struct cell *row;
    write_latents("latents", false);
    write_latents("backwards", true);
    ok(run("build-kdtree <latents >forest") == 0, "build-kdtree %s", said);
    struct stream_reader *r = stream_open("forest", NULL, &e);
    must(!r, &e);
    int trees = 0, wrong = 0;
    while (stream_read(r, &row, &e) == 1) {
        wrong += row[0].integer != trees++;
        wrong += row[1].extent[0] != POOL / CLASSES || row[2].count != POOL / CLASSES;
    }
    ok(trees == CLASSES && wrong == 0 &&
           value_get_int(stream_header(r)->meta, "dimension", 0) == 2 &&
           value_get_text(stream_header(r)->meta, "source", NULL),
       "a tree a class, meta passed on");
    stream_close(r);
    ok(run("build-kdtree --no-history <backwards >a; build-kdtree --no-history latents -o b; "
           "cmp a b") == 0,
       "the order of the latents does not matter %s", said);
    ok(run("head -c 2000 latents | build-kdtree -o none; a=$?; test ! -e none && exit $a") == 1,
       "a truncated stream: %s", said);
    ok(run("build-kdtree forest") == 1 && strstr(said, "expected"), "no latents: %s", said);
}

static void loop(void)
{
    static const struct {
        int epoch;
        double accuracy;
        int since;
        const char *options;
        bool updated;
        int64_t replaced;
    } step[] = {
        {9, 1, 1, "", false, 0},
        {10, 0.5 - 1.0 / S, 1, "", false, 0},
        {10, 0.5, 1, "", true, S / 2},
        {10, 0.5, 0, "", false, 0},
        {10, 0.5, 1, "--mastery 1.01", false, 0},
        {10, 0.5, 1, "--warm-up 11", false, 0},
        {3, 0.1, 1, "--force", true, S / 2},
        {-1, 0, 1, "", true, S / 2},
        {20, 1, 1, "--hardness 1.01", true, 0},
        {20, 1, 1, "--hardness 0", true, S},
        {20, 1, 1, "--keep-all", false, 0},
        {20, 1, 1, "--random", true, S / 2},
        {20, 1, 1, "--epsilon 0.5", true, S / 2},
        {20, 1, 1, "--ban none", true, S / 2},
    };
    for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
        write_hardness("hardness", step[i].epoch, step[i].accuracy, step[i].since);
        int status = run("mine --forest forest %s <hardness >ids", step[i].options);
        ok(status == 0, "epoch %d, accuracy %.3f, %d epochs on it: mine %s %s", step[i].epoch,
           step[i].accuracy, step[i].since, step[i].options, said);
        if (status)
            continue;
        struct outcome o = read_ids("ids");
        int64_t update = (step[i].epoch < 0 ? 0 : 4) + step[i].updated;
        ok(o.updated == step[i].updated && o.replaced == step[i].replaced && o.update == update &&
               o.newcomers == o.replaced && o.rows == S && o.faults == 0 &&
               o.returned == o.banned && (o.banned == 0 || strstr(step[i].options, "none")),
           "  updated %d (%lld so far), %d kept, %d new, in their classes, by ascending id",
           o.updated, (long long)o.update, o.kept, o.newcomers);
    }
    write_hardness("hardness", 20, 1, 1);
    ok(run("mine --forest forest -v <hardness >ids") == 0 && strstr(said, "update 5: 15 kept"),
       "%s", said);
    ok(run("for i in 1 2; do mine --forest forest --random --seed 3 <hardness >r$i; done; "
           "cmp r1 r2; mine --forest forest --random --seed 4 --no-history <hardness >r3; "
           "mine --forest forest --random --seed 3 --no-history <hardness >r4; ! cmp -s r3 r4") ==
           0,
       "random replacement by seed %s", said);
    ok(run("build-kdtree --single latents | mine --forest - --no-history hardness >ids") == 0,
       "one tree for all classes %s", said);
    ok(run("mine --forest forest --ban none --allow-duplicates <hardness >ids") == 0,
       "the literal reading %s", said);
    ok(run("for n in 1 2 3; do mine --forest forest --threads $n --hardness 0 --no-history "
           "<hardness "
           ">t$n || exit; done; cmp t1 t2 && cmp t1 t3") == 0,
       "whatever the number of threads %s", said);
    ok(run("mine <hardness") == 2 && run("mine --forest forest --keep-all --force <hardness") == 2,
       "wrong calls: %s", said);
}

static void hostile(void)
{
    write_forest("bad", 0, NAN, 2, 3);
    ok(run("mine --forest bad --force <hardness >ids") == 1 &&
           strstr(said, "mine: bad: row 1: id 2"),
       "%s", said);
    write_forest("bad", 0, 1, 3, 3);
    ok(run("mine --forest bad --force <hardness >ids") == 1 && strstr(said, "id 3 comes twice"),
       "%s", said);
    write_forest("bad", 0, 1, 2, 2);
    ok(run("mine --forest bad --force <hardness >ids") == 1 && strstr(said, "ids: 2 elements"),
       "%s", said);
    write_forest("bad", -1, 1, 2, 3);
    ok(run("mine --forest bad --force <hardness >ids") == 1 && strstr(said, "labels"), "%s", said);
    write_forest("bad", -7, 1, 2, 3);
    ok(run("mine --forest bad --force <hardness >ids") == 1 && strstr(said, "label -7"), "%s",
       said);
    write_forest("bad", 0, 1, 2, 3);
    char name[40];
    snprintf(name, sizeof name, "id %lld is", (long long)pool_id[1]);
    ok(run("mine --forest bad --force <hardness >ids") == 1 && strstr(said, name), "%s", said);
    ok(run("mine --forest none <hardness") == 1, "%s", said);
    ok(run("mine --forest forest <latents") == 1 && strstr(said, "hardness"), "%s", said);
}

static void write_predictions(const char *path, int32_t last_label)
{
    struct error e;
    struct header h;
    const float scores[][2] = {{3, 1}, {0, 2}, {1, 0}, {0, 1}};
    const int32_t label[] = {0, 1, 1, last_label};
    must(header_init(&h, "predictions", &e), &e);
    value_set_text(h.meta, "scores", "logits");
    field(&h, "id", ELEMENT_I64, 0, NULL);
    field(&h, "label", ELEMENT_I32, 0, NULL);
    field(&h, "scores", ELEMENT_F32, 1, (int64_t[]){2});
    struct stream_writer *w = create(path, &h);
    for (int i = 0; i < 4; i++) {
        struct cell row[] = {cell_int(ELEMENT_I64, i), cell_int(ELEMENT_I32, label[i]),
                             cell_tensor(ELEMENT_F32, 1, (uint32_t[]){2}, scores[i])};
        must(stream_write(w, row, &e), &e);
    }
    must(stream_commit(w, &e), &e);
}

static void evaluations(void)
{
    struct error e;
    struct table t;
    write_predictions("predictions", 1);
    ok(run("cat predictions | evaluate --json | tr -d '\\n' >&2") == 0 &&
           strstr(said, "\"rows\": 4") && strstr(said, "\"top1\": 0.75"),
       "evaluate reads a stream from a pipe");
    ok(run("cat predictions predictions | evaluate --json - | tr -d '\\n' >&2") == 0 &&
           strstr(said, "\"rows\": 8"),
       "and two");
    ok(run("evaluate --stream predictions -o results") == 0 &&
           table_read(&t, "results", NULL, &e) == 0 && strcmp(t.header.kind, "results") == 0,
       "--stream writes results %s", said);
    table_free(&t);
    write_predictions("predictions", -1);
    ok(run("evaluate predictions") == 1 && strstr(said, "predictions: row 4: label -1"), "%s",
       said);
    ok(run("head -c 150 predictions | evaluate") == 1, "%s", said);
    ok(run("evaluate ./latents") == 1 && strstr(said, "predictions"), "%s", said);
}

static void write_samples(const char *path)
{
    struct error e;
    struct header h;
    uint8_t image[16 * 16] = {0};
    must(header_init(&h, "samples", &e), &e);
    field(&h, "id", ELEMENT_I64, 0, NULL);
    field(&h, "label", ELEMENT_I32, 0, NULL);
    field(&h, "image", ELEMENT_U8, 3, (int64_t[]){16, 16, 1});
    struct stream_writer *w = create(path, &h);
    for (int i = 0; i < 3; i++) {
        struct cell row[] = {cell_int(ELEMENT_I64, i), cell_int(ELEMENT_I32, 0),
                             cell_tensor(ELEMENT_U8, 3, (uint32_t[]){16, 16, 1}, image)};
        must(stream_write(w, row, &e), &e);
    }
    must(stream_commit(w, &e), &e);
}

/* The same weights, but the second number of the first tensor of reals is NaN. */
static void poison(const char *from, const char *to)
{
    struct error e;
    struct header h;
    struct weights weights;
    must(weights_read(&weights, from, NULL, &e), &e);
    must(weights_header(&h, value_get(weights.header.meta, "network"), &e), &e);
    struct stream_writer *w = create(to, &h);
    ((float *)weights.weight[0].cell.data)[1] = NAN;
    for (size_t i = 0; i < weights.count; i++) {
        const struct cell *c = &weights.weight[i].cell;
        must(weights_write_tensor(w, weights.weight[i].name, c->element, c->rank, c->extent,
                                  c->data, &e),
             &e);
    }
    must(stream_commit(w, &e), &e);
    weights_free(&weights);
}

/* What is not finite is refused where it is read; it does not come out as pixels or latents. */
static void not_finite(void)
{
    write_samples("samples");
    ok(run("train-encoder --epochs 0 --latent 2 --width 1 --side 16 -o coder samples && "
           "encode-latent -w coder samples >z && decode-latent -w coder z >again") == 0,
       "an encoder in working order %s", said);
    poison("coder", "poisoned");
    ok(run("encode-latent -w poisoned -o none samples") == 1 && strstr(said, "poisoned: tensor") &&
           strstr(said, "element 2 is nan, expected a finite"),
       "%s", said);
    float kept = pool_z[100][1];
    pool_z[100][1] = INFINITY;
    write_latents("wild", false);
    pool_z[100][1] = kept;
    ok(run("decode-latent -w coder -o none wild") == 1 &&
           strstr(said, "z of row 101: number 2 is inf, expected a finite number"),
       "%s", said);
    ok(access("none", F_OK) != 0, "and nothing is written");
}

static void easiness_range(void)
{
    static const double bad[] = {-0.1, 1.5, INFINITY};
    for (int i = 0; i < 3; i++) {
        first_easiness = bad[i];
        write_hardness("wild", -1, 0, 0);
        ok(run("mine --keep-all wild") == 1 && strstr(said, "mine: wild: row 1: easiness"), "%s",
           said);
    }
    first_easiness = NAN;
    write_hardness("wild", -1, 0, 0);
    ok(run("mine --keep-all wild >ids") == 0, "easiness that is not known yet %s", said);
    first_easiness = 0.3;
}

int main(void)
{
    char folder[] = "/tmp/winnow-mining.XXXXXX", path[1000];
    const char *bin = getenv("BIN");
    snprintf(path, sizeof path, "%s/mine", bin ? bin : "");
    if (!bin || access(path, X_OK)) {
        printf("1..0 # SKIP no programs in $BIN\n");
        return 0;
    }
    if (!mkdtemp(folder) || chdir(folder)) {
        printf("Bail out! no temporary folder\n");
        return 1;
    }
    struct random r = random_stream(8, "pool", 0);
    for (int i = 0; i < POOL; i++) {
        pool_id[i] = 5 + 11 * ((i * 7) % POOL);
        pool_label[i] = i % CLASSES;
        for (int k = 0; k < 2; k++)
            pool_z[i][k] = (float)random_normal(&r);
    }
    forests();
    loop();
    hostile();
    evaluations();
    not_finite();
    easiness_range();
    if (run("rm -rf %s", folder))
        printf("# %s is left\n", folder);
    return tap_done();
}
