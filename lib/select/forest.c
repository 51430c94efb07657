#include "select/forest.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

struct image { /* of the pool, while it is sorted into classes */
    int64_t id, label;
    size_t row;
};

static int by_label_and_id(const void *a, const void *b)
{
    const struct image *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_id(const void *a, const void *b)
{
    const struct forest_entry *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Room for one more tree, which is not counted yet. */
static struct forest_tree *next_tree(struct forest *f, struct error *e)
{
    if (array_grow((void **)&f->tree, &f->capacity, f->trees + 1, sizeof *f->tree, "trees", e))
        return NULL;
    f->tree[f->trees] = (struct forest_tree){0};
    return &f->tree[f->trees];
}

static int plant(struct forest *f, const struct image *image, size_t n, const float *z, bool single,
                 struct error *e)
{
    size_t values;
    struct forest_tree *tree = next_tree(f, e);
    if (!tree || size_multiply(n, f->dimension, &values))
        return tree ? error_set(e, "a tree of %zu points is too large", n) : -1;
    autofree float *point = array_new(values, sizeof *point, "points", e);
    autofree int64_t *id = array_new(n, sizeof *id, "ids", e);
    if (!point || !id)
        return -1;
    for (size_t i = 0; i < n; i++) {
        memcpy(point + i * f->dimension, z + image[i].row * f->dimension,
               f->dimension * sizeof *point);
        id[i] = image[i].id;
    }
    if (kdtree_build(&tree->kd, n, f->dimension, point, id, e))
        return -1;
    tree->label = single ? -1 : (int32_t)image->label;
    f->trees++;
    return 0;
}

/* The labels of a single tree's points; image is sorted by label and id, so ask the index. */
static int label_points(struct forest *f, const struct image *image, struct error *e)
{
    struct forest_tree *tree = &f->tree[0];
    if (!(tree->labels = array_new(f->images, sizeof *tree->labels, "labels", e)))
        return -1;
    for (size_t i = 0; i < f->images; i++)
        tree->labels[forest_find(f, image[i].id)->place] = (int32_t)image[i].label;
    return 0;
}

int forest_build(struct forest *f, size_t n, int dimension, const float *z, const int64_t *id,
                 const int64_t *label, bool single, struct error *e)
{
    *f = (struct forest){.dimension = dimension};
    autofree struct image *image = array_new(n, sizeof *image, "images", e);
    if (!image)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (label[i] < 0 && !single)
            return error_set(e, "id %lld has no label; a forest of one tree for all needs none",
                             (long long)id[i]);
        image[i] = (struct image){id[i], label[i], i};
    }
    qsort(image, n, sizeof *image, by_label_and_id);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && (single || image[end].label == image[begin].label);)
            end++;
        if (plant(f, image + begin, end - begin, z, single, e))
            goto failed;
    }
    if (forest_index(f, e) || (single && n > 0 && label_points(f, image, e)))
        goto failed;
    return 0;
failed:
    forest_free(f);
    return -1;
}

int forest_add(struct forest *f, int32_t label, size_t n, int dimension, const float *point,
               const int64_t *id, const int32_t *labels, struct error *e)
{
    if (f->trees > 0 && dimension != f->dimension)
        return error_set(e, "a tree of dimension %d, expected %d, the dimension of the first",
                         dimension, f->dimension);
    if (label < 0 ? f->trees > 0 || label != -1 || !labels : labels != NULL)
        return error_set(e, "a tree with label %d, expected a class, or -1 for the only tree",
                         (int)label);
    if (f->trees > 0 && label <= f->tree[f->trees - 1].label)
        return error_set(e, "the tree of label %d after that of %d, expected ascending labels",
                         (int)label, (int)f->tree[f->trees - 1].label);
    struct forest_tree *tree = next_tree(f, e);
    if (!tree || kdtree_restore(&tree->kd, n, dimension, point, id, e))
        return -1;
    if (labels) {
        if (!(tree->labels = array_new(n, sizeof *labels, "labels", e))) {
            kdtree_free(&tree->kd);
            return -1;
        }
        memcpy(tree->labels, labels, n * sizeof *labels);
    }
    tree->label = label;
    f->dimension = dimension;
    f->trees++;
    return 0;
}

int forest_index(struct forest *f, struct error *e)
{
    size_t n = 0;
    for (size_t t = 0; t < f->trees; t++)
        n += f->tree[t].kd.points;
    free(f->entry);
    f->images = 0;
    if (!(f->entry = array_new(n, sizeof *f->entry, "the index of ids", e)))
        return -1;
    for (size_t t = 0; t < f->trees; t++)
        for (size_t p = 0; p < f->tree[t].kd.points; p++)
            f->entry[f->images++] = (struct forest_entry){f->tree[t].kd.id[p], t, p};
    qsort(f->entry, n, sizeof *f->entry, by_id);
    for (size_t i = 1; i < n; i++)
        if (f->entry[i].id == f->entry[i - 1].id)
            return error_set(e, "id %lld comes twice, expected distinct ids",
                             (long long)f->entry[i].id);
    return 0;
}

void forest_free(struct forest *f)
{
    for (size_t t = 0; t < f->trees; t++) {
        kdtree_free(&f->tree[t].kd);
        free(f->tree[t].labels);
    }
    free(f->tree);
    free(f->entry);
    *f = (struct forest){0};
}

const struct forest_entry *forest_find(const struct forest *f, int64_t id)
{
    if (f->images == 0)
        return NULL;
    return bsearch(&(struct forest_entry){.id = id}, f->entry, f->images, sizeof *f->entry, by_id);
}

int32_t forest_label(const struct forest *f, size_t tree, size_t place)
{
    const struct forest_tree *t = &f->tree[tree];
    return t->labels ? t->labels[place] : t->label;
}

void forest_bar(struct forest *f, int64_t id)
{
    const struct forest_entry *at = forest_find(f, id);
    if (at)
        kdtree_bar(&f->tree[at->tree].kd, at->place, true);
}

void forest_admit_all(struct forest *f)
{
    for (size_t t = 0; t < f->trees; t++)
        kdtree_admit_all(&f->tree[t].kd);
}
