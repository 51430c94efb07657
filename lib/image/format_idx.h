/* A file of images and, where there is one, a file of labels beside it, both IDX: what format_idx.c
 * and format_mnist.c share. */
#ifndef IMAGE_FORMAT_IDX_H
#define IMAGE_FORMAT_IDX_H
#include "image/dataset.h"
#include "image/idx.h"

struct idx_pair {
    struct idx images, labels; /* labels.file NULL: none */
    int classes;               /* labels must be below this; 0: any */
    int64_t first;             /* id of the first image */
    uint8_t *pixels;           /* one image */
};

/* d->state = the open pair; labels may be NULL. */
int idx_pair_open(struct dataset *d, const char *images, const char *labels, int classes,
                  int64_t first, struct error *e);
int idx_pair_next(struct dataset *d, struct image *image, struct error *e);
void idx_pair_close(struct dataset *d);
#endif
