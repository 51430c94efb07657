/* Scores an architecture without training it: the discrete network as it is initialised, seen by
 * one batch of images, batch normalisation by that batch (Mellor et al., "Neural architecture
 * search without training", ICML 2021; measure/codes.h). */
#ifndef SEARCH_NASWOT_H
#define SEARCH_NASWOT_H
#include "network/search_space.h"
#include "search/batches.h"

enum { NASWOT_MOST_IMAGES = 1024 };

struct naswot {
    const struct batch *batch; /* borrowed */
    struct image_shape image;
    int classes, channels, cells;
    uint64_t seed;   /* of the weights */
    uint8_t *matrix; /* NULL, or [n, n] to be filled: K / bits, 0 .. 255 */
};

struct naswot_score {
    double score;   /* log det K; -INFINITY where two images have one code */
    double overlap; /* codes_overlap */
    int64_t bits;   /* of a code */
    int64_t weights, macs;
};
int naswot_score(const struct naswot *w, const struct architecture *a, struct naswot_score *to,
                 struct error *e);

#endif
