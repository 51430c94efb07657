/* The pool that new images are mined from: a furthest-neighbour kd-tree for each class over the
 * latents of its images, or a single one for all of them, and where every id is to be found. */
#ifndef SELECT_FOREST_H
#define SELECT_FOREST_H
#include "select/kdtree.h"

struct forest {
    int dimension; /* of every tree; 0 while there is none */
    size_t trees;
    struct forest_tree {
        int32_t label; /* the class, >= 0; -1: a tree over all classes */
        struct kdtree kd;
        int32_t *labels; /* [points] in the tree's order; NULL where label tells */
    } * tree;            /* by ascending label */
    size_t images;       /* in all trees */
    struct forest_entry {
        int64_t id;
        size_t tree, place;
    } * entry;       /* by id */
    size_t capacity; /* of tree */
};

/* From n latents z [n, dimension] with distinct ids: a tree for each label, which must then be
 * >= 0, or with `single` one tree. */
int forest_build(struct forest *f, size_t n, int dimension, const float *z, const int64_t *id,
                 const int64_t *label, bool single, struct error *e);
/* A stored forest: an empty one (all zero), its trees by ascending label (`labels` for a tree over
 * all classes only, else NULL), and then the index. Repeated ids, labels and differing dimensions
 * are errors. Everything is copied. */
int forest_add(struct forest *f, int32_t label, size_t n, int dimension, const float *point,
               const int64_t *id, const int32_t *labels, struct error *e);
int forest_index(struct forest *f, struct error *e);
void forest_free(struct forest *f);

/* Where the id is, or NULL. */
const struct forest_entry *forest_find(const struct forest *f, int64_t id);
/* The class of the image at a place of a tree. */
int32_t forest_label(const struct forest *f, size_t tree, size_t place);
/* Bars the id from being found; one that the forest does not hold needs no barring. */
void forest_bar(struct forest *f, int64_t id);
void forest_admit_all(struct forest *f);

#endif
