/* A search over a subset that a curriculum changes (Poyser 2023, ch. 4): the super-net, its
 * optimisers, and what is remembered of the subset. One epoch shows every image of the subset once;
 * what it does with them is the strategy's (strategy.h), of DARTS
 *
 *     for each batch B of D, in an order keyed by seed and epoch:
 *         architecture step on (B, Bv), Bv the next |B| of V in an order keyed likewise
 *         weight step on B; its forward pass, before the update, tells easiness and accuracy
 *
 * What is to be repeated exactly stands in two maps that a state keeps: `network` (model.h) and
 *
 *     settings   {seed, batch, window, schedule "cyclic"|"steady"|"cosine", total_epochs,
 *                 augment (AUGMENT_WORDS), source (of the data, or ""),
 *                 strategy (STRATEGY_WORDS; darts where there is none), and the strategy's own,
 *                 such as order 1|2, noise (of darts; 0 where there is none: noise.h)}
 *
 * Rates. cyclic: a triangle from 0.001 to 0.01 and back over 20 epochs, at its peak right after
 * an update of the subset. steady: the same by epochs alone. cosine: 0.025 to 0.001 over
 * total_epochs, or the strategy's own (p-darts: to 0 in each stage; tas: 0.1 to 0). */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H
#include "search/batches.h"
#include "search/darts.h"
#include "search/model.h"
#include "search/noise.h"
#include "select/curriculum.h"

enum {
    SEARCH_MOST_CANDIDATES = 1000, /* of a setting that counts architectures */
    SEARCH_MOST_JUDGED = 1000000   /* of images that they are judged by */
};

struct search {
    struct value *network, *settings; /* owned copies */
    const struct strategy *strategy;
    uint64_t seed;
    int order, candidates, frozen; /* those that the strategy has */
    int judge; /* by how many images of V architectures are judged; 0: as many as a batch */
    void *own;             /* the strategy's, or NULL; owned */
    int batch, window, total_epochs;
    bool steady; /* the triangle does not begin anew with a subset */
    bool cosine;
    double cosine_most, cosine_least; /* a strategy may begin with others */
    struct augment augment;
    double dropout;     /* the rate of dropout nodes; a strategy's to set, as is */
    int64_t last_epoch; /* how many epochs it has at most; 0: any number */

    struct model model;
    struct darts darts;
    struct curriculum curriculum;
    struct easiness easiness;
    struct noise noise;
    int64_t *subset; /* ids of D, ascending; owned */
    size_t subset_count;
    struct value *past; /* owned; NULL: none. The states that it went on from, for histories */

    int64_t images;    /* that weight steps have seen */
    int64_t judged;    /* on how many images of V architectures were judged, each time counted */
    double seconds;    /* of training */
    double loss, rate; /* of the last epoch: mean over its images, learning rate */
    double validation; /* accuracy on V after the last epoch; NaN: not measured */

    /* What it may cost in all, the caller's to set, and kept by no state; 0: as much as it takes.
     */
    int64_t most_images;
    double most_seconds;

    struct batch training, held_out; /* at work */
    struct source judging; /* what architectures are judged by at the end of an epoch: rows of V, not
                              augmented, the last of its order: steps take the first */
    const size_t *judging_row;
    int judging_count;
    uint64_t step; /* number of the batch at work, of all */
    size_t right;
    double loss_sum;
};

/* Builds, plans and initialises by the settings' seed. Both maps are checked and copied. */
int search_new(struct search *s, const struct value *network, const struct value *settings,
               struct error *e);
void search_free(struct search *s);

/* Takes over another network in place of the one at hand: its parameters, initialised by that seed, and
 * the optimisers begin anew, all else stays. */
int search_renew(struct search *s, struct value *network, uint64_t seed, struct error *e);

/* D as the next epochs will see it: notices whether it is a new one (its ids, or its count of
 * updates, where it says that), and keeps the easiness of the images that stayed. `said`: meta
 * `subset`, as mine writes it; NULL where there is none. */
int search_take_subset(struct search *s, const struct samples *d, const struct value *said,
                       struct error *e);

/* What would be exceeded by another epoch, "images", or is used up, "seconds" or "stages"; NULL:
 * nothing. */
const char *search_over(const struct search *s);

/* For strategies: what the network that is trained told of s->training before its step. */
void search_note_outputs(struct search *s, const real *logits, double loss);

/* Called with the images done of the epoch. */
typedef void search_progress(void *to, size_t images);

/* Trains one epoch. An error where the loss is no longer a number. */
int search_epoch(struct search *s, const struct samples *d, const struct samples *v,
                 search_progress *progress, void *to, struct error *e);
/* Sets s->validation: top-1 on V in inference mode, by the running statistics, not augmented; of
 * the super-net, or of the architecture found where a strategy trains paths. */
int search_measure(struct search *s, const struct samples *v, struct error *e);

#endif
