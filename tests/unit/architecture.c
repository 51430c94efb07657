#include "tap.h"
#include <string.h>
#include <unistd.h>
#include "network/architecture.h"

enum { EDGES = 14, OPERATIONS = 8 };

/* A stream with the two tensors of a search state that matter here. */
static bool write_state(const char *path, const float *normal, const float *reduce)
{
    static const uint32_t extent[] = {EDGES, OPERATIONS};
    struct error e;
    struct header h;
    if (header_init(&h, "weights", &e) ||
        header_add_field(&h, "name", ELEMENT_STR, 0, NULL, &e) < 0 ||
        header_add_field(&h, "value", ELEMENT_ANY, -1, NULL, &e) < 0)
        return false;
    struct stream_writer *w = stream_create(path, &h, &e);
    const struct cell rows[2][2] = {
        {cell_text("an"), cell_tensor(ELEMENT_F32, 2, extent, normal)},
        {cell_text("ar"), cell_tensor(ELEMENT_F32, 2, extent, reduce)},
    };
    bool good = w && !stream_write(w, rows[0], &e) && !stream_write(w, rows[1], &e);
    header_free(&h);
    if (good)
        return !stream_commit(w, &e);
    stream_abandon(w);
    return false;
}

int main(void)
{
    char path[] = "/tmp/winnow-architecture.XXXXXX";
    const struct stream_limits limits = {0};
    float normal[EDGES * OPERATIONS] = {0}, reduce[EDGES * OPERATIONS] = {0};
    struct architecture a;
    struct error e;
    int fd = mkstemp(path);

    ok(fd >= 0 && write_state(path, normal, reduce), "a state is written");
    ok(architecture_read(&a, path, &limits, NULL, NULL, &e) == 0, "and read");
    bool first = true;
    for (int i = 0; i < GENOTYPE_PAIRS; i++)
        first =
            first && a.genotype.normal.gene[i].op == 1 && a.genotype.normal.gene[i].input == i % 2;
    ok(first, "of equals the first inputs and operations win, none aside");

    static const float hostile[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        reduce[13] = hostile[k];
        ok(write_state(path, normal, reduce) &&
               architecture_read(&a, path, &limits, NULL, NULL, &e) == -1 &&
               strstr(e.text, "tensor ar: element 13"),
           "a parameter of %g is refused: %s", (double)hostile[k], e.text);
    }
    if (fd >= 0)
        close(fd);
    unlink(path);
    return tap_done();
}
