/* The bookkeeping of the curriculum: how easy each image of the subset D has been lately, where
 * the run is in its learning-rate cycle, and whether D is mastered. Pure state, no streams: the
 * program that trains keeps all of it in its state file, the program that mines is told the few
 * numbers it needs. What replaces the easy images is remine.h's matter.
 *
 * Easiness of an image in one epoch is p(true class), from the training-mode forward pass of the
 * weight step, before the update; an image is easy when the mean of its last K values is >= H. */
#ifndef SELECT_CURRICULUM_H
#define SELECT_CURRICULUM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* ---- easiness ---- */

/* The last `window` values of every distinct id of D. The arrays are flat, so that they can be
 * written to a state as they are: id[images] ascending, held[images] (0 .. window values),
 * value[images * window], oldest first, 0 beyond `held`. All owned. */
struct easiness {
    int window; /* K >= 1 */
    size_t images;
    int64_t *id;
    int32_t *held;
    float *value;
};

/* An empty history, images = 0. */
int easiness_init(struct easiness *h, int window, struct error *e);
/* From arrays that were stored, which are copied; anything inconsistent in them is an error: ids
 * out of order, counts beyond the window, values outside 0..1. */
int easiness_restore(struct easiness *h, int window, size_t images, const int64_t *id,
                     const int32_t *held, const float *value, struct error *e);
void easiness_free(struct easiness *h);

/* Makes the history that of the n ids of D (any order, an id may repeat): who left is forgotten,
 * who came starts empty, who stayed keeps its values. On failure h is as before. */
int easiness_keep(struct easiness *h, const int64_t *ids, size_t n, struct error *e);
/* Empties the history of an image that came anew, though it was there before. */
void easiness_forget(struct easiness *h, int64_t id);
/* Adds one epoch's p(true) and drops the oldest beyond the window. p is clamped to 0..1; NaN (a
 * network that diverged) counts as 0, hard. An id that is not in D is an error. */
int easiness_push(struct easiness *h, int64_t id, double p, struct error *e);
/* The mean over the epochs held; NaN where there are none or the id is not in D. `epochs`, which
 * may be NULL, gets how many are in that mean. */
double easiness_mean(const struct easiness *h, int64_t id, int *epochs);

/* ---- the subset ---- */

/* Sorts ids in place. */
void subset_sort(int64_t *ids, size_t n);
bool subset_has(const int64_t *sorted, size_t n, int64_t id);
/* The number of different ids among n sorted ones. */
size_t subset_distinct(const int64_t *sorted, size_t n);
/* Whether the incoming subset is a new one, by its sorted ids and its count of updates (-1 where
 * it says none, then the ids alone decide). An update that replaced nothing is still one. */
bool subset_is_fresh(const int64_t *sorted_before, size_t n_before, int64_t update_before,
                     const int64_t *sorted, size_t n, int64_t update);

/* ---- the place in the run ---- */

enum { CURRICULUM_PEAK = 10 }; /* epochs from the learning rate's trough to its peak */

struct curriculum {
    int64_t epoch;   /* training epochs done: updates use up none */
    int64_t place;   /* c, epochs into the learning-rate cycle; grows without bound */
    int64_t update;  /* updates of the subset seen */
    int64_t since;   /* epochs done on this subset; 0: fresh */
    int64_t begun;   /* epochs that were done before the network was as it is: 0 but for stages */
    double accuracy; /* top-1 on D over the last epoch, a fraction; 0 before the first */
};

/* All zero: before the first epoch, on the first subset, which is no update. */
void curriculum_init(struct curriculum *c);
/* After an epoch over D with this accuracy. */
void curriculum_epoch_done(struct curriculum *c, double accuracy);
/* D was updated: the rate goes to its peak, the subset is fresh. `update` is the count that the
 * subset itself says, or -1 to count on by one. */
void curriculum_updated(struct curriculum *c, int64_t update);
/* Whether to update D now: epoch - begun >= warm_up, at least one epoch on this subset, and
 * accuracy >= mastery (a fraction; above 1 never). */
bool curriculum_mastered(const struct curriculum *c, int64_t warm_up, double mastery);

#endif
