/* Metrics of a classifier, gathered row by row, so that memory grows by 20 bytes a row only. */
#ifndef MEASURE_CLASSIFICATION_H
#define MEASURE_CLASSIFICATION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum {
    CLASSIFICATION_TOP = 5,    /* of top-5 */
    CLASSIFICATION_BINS = 15,  /* of the calibration error, of equal width over 0..1 */
    CLASSIFICATION_MOST = 4096 /* classes: the confusion matrix is square */
};

struct classification {
    int classes;
    bool probabilities; /* the scores are probabilities; else logits, put through softmax */
    size_t rows;
    size_t right, right_top;
    double loss, brier; /* sums */
    int64_t *confusion; /* [classes, classes]: label, prediction; owned */
    struct {
        size_t rows, right;
        double confidence; /* sum */
    } bin[CLASSIFICATION_BINS];
    double *row_right, *row_loss; /* [rows], for bootstrap intervals; owned */
    int32_t *row_label;
    size_t right_capacity, loss_capacity, label_capacity;
    double *p; /* [classes], scratch */
};

int classification_init(struct classification *c, int classes, bool probabilities, struct error *e);
void classification_free(struct classification *c);

/* What a row's scores say: p [classes], the softmax of logits; of probabilities, themselves divided
 * by their sum. Scores must be finite; probabilities must lie in 0..1 and sum to 1 within 0.001. */
int classification_probabilities(bool probabilities, int classes, const float *score, double *p,
                                 struct error *e);

/* Takes one row's scores [classes], which must be as above. The label must be 0 .. classes - 1. The
 * prediction is the highest score, the lowest class among equals. */
int classification_add(struct classification *c, int64_t label, const float *score,
                       struct error *e);

/* What holds for all rows; NaN where there is nothing to divide by. */
struct classification_summary {
    double top1;
    double top5;        /* the label is among the five highest scores; NaN up to five classes */
    double loss;        /* negative log-likelihood in nats; probabilities count as at least 1e-15 */
    double calibration; /* expected calibration error: over bins of the highest probability, the
                           mean of |share right - mean probability|, weighted by rows (Guo et al.,
                           "On calibration of modern neural networks", ICML 2017) */
    double brier;       /* mean over rows of the sum over classes of (p - [class = label])^2 */
    double precision, recall, f1; /* means over the classes that occur as labels */
    double spread;                /* sample deviation of these classes' recall: how unequally they
                                     fare (Poyser 2023, 3.5); NaN where there is but one */
};
struct classification_summary classification_summary(const struct classification *c);

/* One class: precision is NaN where it was never predicted, recall where it never occurs; F1 is
 * 2 right / (labels + predictions), NaN where both are none. */
struct classification_class {
    int64_t support, predicted, right;
    double precision, recall, f1;
};
struct classification_class classification_class(const struct classification *c, int class);

/* The percentile bootstrap of a mean (Efron 1979): `draws` resamples of n values with replacement,
 * keyed by seed; the interval holds the middle `level` of their means. */
int bootstrap_mean(const double *value, size_t n, int draws, double level, uint64_t seed,
                   double *low, double *high, struct error *e);

/* The same of the summary's spread, whose classes' rows are as they happen to be drawn: an interval
 * of what is measured, in which the noise of recalls of so many rows stays. */
int classification_spread_interval(const struct classification *c, int draws, double level,
                                   uint64_t seed, double *low, double *high, struct error *e);

#endif
