/* Latents into a forest of furthest-neighbour kd-trees, one a class. */
#include "base/memory.h"
#include "base/program.h"
#include "select/forest.h"
#include "stream/stage.h"

static bool single;

static const struct option options[] = {
    {"single", 0, OPTION_FLAG, &single, NULL, "one tree over all classes", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "build-kdtree",
    .summary = "build furthest-neighbour kd-trees over latents",
    .operands = "[LATENTS]",
    .most_operands = 1,
    .description =
        "Writes a forest: a row for each class with its label, the points of its images in the "
        "order of a kd-tree, and their ids. That order is the tree: a node's points are one run, "
        "the first half of a run its left child, down to leaves of 16, split at the median of the "
        "widest dimension. The forest does not depend on the order of the latents.\n\n"
        "With --single there is one row, labelled -1, with the points' labels beside the ids: "
        "then mine replaces images whatever their class. To leave images out, pick the others "
        "first.",
    .examples = "encode-latent --weights encoder < samples | build-kdtree > forest\n"
                "pick --not-ids validation latents | build-kdtree -o forest",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_HISTORY | COMMON_STREAM,
};

static int plant(struct forest *f, const struct table *t, struct error *e)
{
    const struct column *id, *label, *z;
    if (header_require_kind(&t->header, "latents", e) ||
        !(id = table_column(t, "id", ELEMENT_I64, 0, e)) ||
        !(label = table_column(t, "label", ELEMENT_I32, 0, e)) ||
        !(z = table_column(t, "z", ELEMENT_F32, 1, e)))
        return -1;
    if (t->rows == 0)
        return error_set(e, "no rows; expected latents");
    return forest_build(f, t->rows, (int)z->extent[0], z->data, id->data, label->data, single, e);
}

static int make_header(struct header *h, const struct forest *f, const struct table *from,
                       struct error *e)
{
    const int64_t points[] = {-1, f->dimension}, ids[] = {-1};
    if (header_init(h, "forest", e))
        return -1;
    value_free(h->meta);
    value_free(h->history);
    h->meta = value_copy(from->header.meta);
    h->history = value_copy(from->header.history);
    if (!h->history || !value_set_int(h->meta, "dimension", f->dimension) ||
        !value_set_int(h->meta, "trees", (int64_t)f->trees) ||
        !value_set_int(h->meta, "images", (int64_t)f->images))
        return error_set(e, "out of memory");
    if (header_add_field(h, "label", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "points", ELEMENT_F32, 2, points, e) < 0 ||
        header_add_field(h, "ids", ELEMENT_I64, 1, ids, e) < 0 ||
        (single && header_add_field(h, "labels", ELEMENT_I32, 1, ids, e) < 0))
        return -1;
    return 0;
}

static int write_tree(struct stream_writer *w, const struct forest_tree *t, struct error *e)
{
    const uint32_t extent[] = {(uint32_t)t->kd.points, (uint32_t)t->kd.dimension};
    const struct cell row[] = {
        cell_int(ELEMENT_I32, t->label),
        cell_tensor(ELEMENT_F32, 2, extent, t->kd.point),
        cell_tensor(ELEMENT_I64, 1, extent, t->kd.id),
        cell_tensor(ELEMENT_I32, 1, extent, t->labels),
    };
    return stream_write(w, row, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct table t;
    struct forest f;
    struct header h;
    program_begin(&program, argc, argv, &call);

    const char *path = call.argc ? call.argv[0] : "standard input";
    if (stage_table(&call, &t, call.argc ? path : NULL, &e))
        program_fail(&call, &e);
    if (plant(&f, &t, &e) || make_header(&h, &f, &t, &e)) {
        error_wrap(&e, "%s", path);
        program_fail(&call, &e);
    }
    struct stream_writer *w = stage_create(&call, &h, NULL, &e);
    if (!w)
        program_fail(&call, &e);
    for (size_t i = 0; i < f.trees; i++)
        if (write_tree(w, &f.tree[i], &e))
            program_fail(&call, &e);
    if (stream_commit(w, &e))
        program_fail(&call, &e);
    program_note(&call, "%zu trees over %zu points of %d dimensions", f.trees, f.images,
                 f.dimension);

    header_free(&h);
    forest_free(&f);
    table_free(&t);
    return program_end(&call);
}
