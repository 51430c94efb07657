#include "tap.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "network/architecture.h"

enum { EDGES = 14, OPERATIONS = 8 };

/* A stream with what matters here of a search state: tensors, and the space of meta's `network`, or
 * NULL for no such thing. */
static bool write_state(const char *path, const char *space, size_t tensors,
                        const struct cell (*tensor)[2])
{
    struct error e;
    struct header h;
    if (header_init(&h, "weights", &e) ||
        header_add_field(&h, "name", ELEMENT_STR, 0, NULL, &e) < 0 ||
        header_add_field(&h, "value", ELEMENT_ANY, -1, NULL, &e) < 0)
        return false;
    if (space)
        value_set_text(value_set_map(h.meta, "network"), "space", space);
    struct stream_writer *w = stream_create(path, &h, &e);
    header_free(&h);
    bool good = w;
    for (size_t i = 0; i < tensors && good; i++)
        good = !stream_write(w, tensor[i], &e);
    if (good)
        return !stream_commit(w, &e);
    stream_abandon(w);
    return false;
}

static bool write_darts(const char *path, const float *normal, const float *reduce)
{
    static const uint32_t extent[] = {EDGES, OPERATIONS};
    const struct cell tensor[][2] = {
        {cell_text("an"), cell_tensor(ELEMENT_F32, 2, extent, normal)},
        {cell_text("ar"), cell_tensor(ELEMENT_F32, 2, extent, reduce)},
    };
    return write_state(path, NULL, 2, tensor);
}

static bool write_one(const char *path, const char *space, const char *name, uint32_t rows,
                      uint32_t columns, const float *table)
{
    const uint32_t extent[] = {rows, columns};
    const struct cell tensor[][2] = {
        {cell_text(name), cell_tensor(ELEMENT_F32, 2, extent, table)},
    };
    return write_state(path, space, 1, tensor);
}

static void test_dense(const char *path)
{
    static const struct {
        const char *space, *tensor;
        uint32_t rows, columns;
        const char *words;
    } bad[] = {
        {"nasbench201", "arch_parameters", 6, 4, "expected f32 [6, 5]"},
        {"tinycell-27", "arch_parameters", 6, 5, "expected f32 [3, 3]"},
        {"nasbench201", "an", 6, 5, "no architecture parameters (tensor arch_parameters)"},
        {"darts", "arch_parameters", 6, 5, "no architecture parameters (tensor an)"},
        {"nasbench202", "arch_parameters", 6, 5, "no space is called nasbench202"},
    };
    const struct stream_limits limits = {0};
    float table[30] = {0};
    struct architecture a;
    struct error e = {""};
    for (int edge = 0; edge < 6; edge++)
        table[5 * edge + edge % 5] = 1; /* none first, none again last */
    table[5 * 2 + 4] = 1;               /* another as large: the earlier stays */
    char *text = write_one(path, "nasbench201", "arch_parameters", 6, 5, table) &&
                         !architecture_read(&a, path, &limits, NULL, NULL, &e)
                     ? architecture_text(&a, &e)
                     : NULL;
    ok(text && !strcmp(text, "|none~0|+|skip_connect~0|nor_conv_1x1~1|+"
                             "|nor_conv_3x3~0|avg_pool_3x3~1|none~2|"),
       "of each edge the largest: %s", text ? text : e.text);
    free(text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(write_one(path, bad[i].space, bad[i].tensor, bad[i].rows, bad[i].columns, table) &&
               architecture_read(&a, path, &limits, NULL, NULL, &e) == -1 &&
               strstr(e.text, bad[i].words),
           "refused: %s", e.text);
    table[7] = NAN;
    ok(write_one(path, "nasbench201", "arch_parameters", 6, 5, table) &&
           architecture_read(&a, path, &limits, NULL, NULL, &e) == -1 &&
           strstr(e.text, "element 7 is no finite number"),
       "refused: %s", e.text);
}

int main(void)
{
    char path[] = "/tmp/winnow-architecture.XXXXXX";
    const struct stream_limits limits = {0};
    float normal[EDGES * OPERATIONS] = {0}, reduce[EDGES * OPERATIONS] = {0};
    struct architecture a;
    struct error e;
    int fd = mkstemp(path);

    ok(fd >= 0 && write_darts(path, normal, reduce), "a state is written");
    ok(architecture_read(&a, path, &limits, NULL, NULL, &e) == 0, "and read");
    bool first = true;
    for (int i = 0; i < GENOTYPE_PAIRS; i++)
        first =
            first && a.genotype.normal.gene[i].op == 1 && a.genotype.normal.gene[i].input == i % 2;
    ok(first, "of equals the first inputs and operations win, none aside");

    static const float hostile[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        reduce[13] = hostile[k];
        ok(write_darts(path, normal, reduce) &&
               architecture_read(&a, path, &limits, NULL, NULL, &e) == -1 &&
               strstr(e.text, "tensor ar: element 13"),
           "a parameter of %g is refused: %s", (double)hostile[k], e.text);
    }
    test_dense(path);
    if (fd >= 0)
        close(fd);
    unlink(path);
    return tap_done();
}
