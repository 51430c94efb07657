/* Metrics of networks that tell the class of every pixel, from their confusion matrix, gathered
 * image by image: n_ij pixels of class i that were taken for j (Badrinarayanan et al., "SegNet",
 * TPAMI 2017). */
#ifndef MEASURE_SEGMENTATION_H
#define MEASURE_SEGMENTATION_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

enum { SEGMENTATION_MOST = 255 };

struct segmentation {
    int classes;
    size_t images, pixels; /* pixels that count */
    int64_t *confusion;    /* [classes, classes]: truth, prediction; owned */
    struct segmentation_image {
        int64_t pixels, right;
    } * image; /* [images]; owned */
    size_t capacity;
};

int segmentation_init(struct segmentation *s, int classes, struct error *e);
void segmentation_free(struct segmentation *s);
/* One image of so many pixels. A truth that is no class is left out; a prediction must be one. */
int segmentation_add(struct segmentation *s, const uint8_t *truth, const uint8_t *prediction,
                     size_t pixels, struct error *e);

/* NaN where there is nothing to divide by; classes where there is not are left out of the means. */
struct segmentation_summary {
    double accuracy;       /* sum n_ii / sum n_ij */
    double class_accuracy; /* mean over classes of n_ii / sum_j n_ij */
    double miou;           /* mean over classes of n_ii / (sum_j n_ij + sum_j n_ji - n_ii) */
};
struct segmentation_summary segmentation_summary(const struct segmentation *s);

/* A map: images, pixels, classes, the summary, per_class {class, name, pixels, predicted, right,
 * accuracy, iou}, per_image {pixels, right} in the order of their coming, confusion. `name` has a
 * text a class or is NULL. NULL with the error set. */
struct value *segmentation_report(const struct segmentation *s, const char *const *name,
                                  struct error *e);
/* The same to read; -1 after a write error, errno set. */
int segmentation_print(const struct value *report, FILE *to);

#endif
