/* A data set's images as a stream of kind "samples": `id` i64, `label` i32 (-1: none), `image` u8
 * [height, width, channels] or, with the frames first, `clip`, and, where the format knows them,
 * `target` u8 [height, width], the class of every pixel, `coarse` i32 and `file` str; its meta is
 * the data set's. */
#ifndef ROWS_DATASET_H
#define ROWS_DATASET_H
#include "image/dataset.h"
#include "stream/stream.h"

int dataset_header(const struct dataset *d, struct header *h, struct error *e);
int dataset_write(const struct dataset *d, const struct image *image, struct stream_writer *w,
                  struct error *e);

#endif
