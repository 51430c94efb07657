/* What programs read of streams, each by the reader of its kind: forest, hardness, predictions,
 * samples; of any other its ids. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "rows/forest.h"
#include "rows/hardness.h"
#include "rows/ids.h"
#include "rows/predictions.h"
#include "rows/samples.h"

static const struct call call = {.most_tensor_bytes = 1 << 16, .verbosity = -1};

static int read_forest(const char *path, struct error *e)
{
    struct value *inputs = NULL;
    struct forest f = {0};
    int failed = forest_read(&f, &call, path, &inputs, e);
    forest_free(&f);
    value_free(inputs);
    return failed;
}

static int read_hardness(const char *path, struct error *e)
{
    struct hardness h;
    if (hardness_read(&h, &call, path, e))
        return -1;
    must(h.count >= 1 && h.member);
    hardness_free(&h);
    return 0;
}

static int read_predictions(const char *path, struct error *e)
{
    struct predictions p;
    int failed = predictions_read(&p, &call, path, NULL, e);
    predictions_free(&p);
    return failed;
}

static int read_samples(const char *path, struct error *e)
{
    struct table t;
    struct samples s;
    struct normalisation n;
    if (samples_read(&call, path, true, &t, &s, e))
        return -1;
    int failed = samples_normalisation(&s, &n, e);
    for (size_t i = 0; i < s.count; i++)
        must(s.label[i] >= 0 && s.label[i] < s.classes);
    table_free(&t);
    return failed;
}

static int read_ids(const char *path, struct error *e)
{
    struct id_list list = {0};
    struct value *inputs = NULL, *subset = NULL;
    int failed = ids_read(&list, &call, path, "ids", &inputs, &subset, e);
    id_list_free(&list);
    value_free(inputs);
    value_free(subset);
    return failed;
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *kind;
        int (*read)(const char *path, struct error *e);
    } readers[] = {{"forest", read_forest},
                   {"hardness", read_hardness},
                   {"predictions", read_predictions},
                   {"samples", read_samples}};
    struct error e;
    const char *path = fuzz_stream(bytes, size);
    struct stream_reader *r = path ? stream_open(path, NULL, &e) : NULL;
    if (!r)
        return 0;
    int (*reader)(const char *, struct error *) = read_ids;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(stream_header(r)->kind, readers[i].kind) == 0)
            reader = readers[i].read;
    stream_close(r);
    return reader(path, &e) == 0;
}
