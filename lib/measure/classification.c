#include "measure/classification.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "measure/statistics.h"

int classification_init(struct classification *c, int classes, bool probabilities, struct error *e)
{
    *c = (struct classification){.classes = classes, .probabilities = probabilities};
    if (classes < 1 || classes > CLASSIFICATION_MOST)
        return error_set(e, "%d classes, expected 1 to %d", classes, CLASSIFICATION_MOST);
    if (!(c->confusion = array_new((size_t)classes * classes, sizeof *c->confusion,
                                   "the confusion matrix", e)) ||
        !(c->p = array_new(classes, sizeof *c->p, "probabilities", e))) {
        classification_free(c);
        return -1;
    }
    return 0;
}

void classification_free(struct classification *c)
{
    free(c->confusion);
    free(c->row_right);
    free(c->row_loss);
    free(c->row_label);
    free(c->p);
    *c = (struct classification){0};
}

static int check(bool probabilities, int classes, const float *score, struct error *e)
{
    double sum = 0;
    for (int k = 0; k < classes; k++) {
        if (!isfinite(score[k]))
            return error_set(e, "score %d is %g, expected a finite number", k, (double)score[k]);
        if (probabilities && (score[k] < 0 || score[k] > 1))
            return error_set(e, "score %d is %g, expected a probability", k, (double)score[k]);
        sum += score[k];
    }
    if (probabilities && fabs(sum - 1) > 1e-3)
        return error_set(e, "the probabilities sum to %g, expected 1", sum);
    return 0;
}

static int best_of(int classes, const float *score)
{
    int best = 0;
    for (int k = 1; k < classes; k++)
        if (score[k] > score[best])
            best = k;
    return best;
}

/* Fills p; returns what it was divided by. */
static double find_probabilities(bool probabilities, int classes, const float *score, int best,
                                 double *p)
{
    double sum = 0;
    for (int k = 0; k < classes; k++) {
        p[k] = probabilities ? score[k] : exp((double)score[k] - score[best]);
        sum += p[k];
    }
    for (int k = 0; k < classes; k++)
        p[k] /= sum;
    return sum;
}

int classification_probabilities(bool probabilities, int classes, const float *score, double *p,
                                 struct error *e)
{
    if (check(probabilities, classes, score, e))
        return -1;
    find_probabilities(probabilities, classes, score, best_of(classes, score), p);
    return 0;
}

int classification_add(struct classification *c, int64_t label, const float *score, struct error *e)
{
    if (label < 0 || label >= c->classes)
        return error_set(e, "label %lld, expected 0 to %d", (long long)label, c->classes - 1);
    if (check(c->probabilities, c->classes, score, e) ||
        array_grow((void **)&c->row_right, &c->right_capacity, c->rows + 1, sizeof *c->row_right,
                   "rows", e) ||
        array_grow((void **)&c->row_loss, &c->loss_capacity, c->rows + 1, sizeof *c->row_loss,
                   "rows", e) ||
        array_grow((void **)&c->row_label, &c->label_capacity, c->rows + 1, sizeof *c->row_label,
                   "rows", e))
        return -1;
    int best = best_of(c->classes, score), above = 0;
    for (int k = 0; k < c->classes; k++)
        above += score[k] > score[label] || (k < label && score[k] == score[label]);
    double sum = find_probabilities(c->probabilities, c->classes, score, best, c->p);
    double confidence = c->p[best];
    double loss = c->probabilities ? -log(fmax(c->p[label], 1e-15))
                                   : log(sum) - ((double)score[label] - score[best]);
    for (int k = 0; k < c->classes; k++) {
        double d = c->p[k] - (k == label);
        c->brier += d * d;
    }
    int bin = (int)ceil(confidence * CLASSIFICATION_BINS) - 1; /* (low, high] */
    bin = bin < 0 ? 0 : bin < CLASSIFICATION_BINS ? bin : CLASSIFICATION_BINS - 1;
    c->bin[bin].rows++;
    c->bin[bin].right += best == label;
    c->bin[bin].confidence += confidence;
    c->confusion[label * c->classes + best]++;
    c->right += best == label;
    c->right_top += above < CLASSIFICATION_TOP;
    c->loss += loss;
    c->row_right[c->rows] = best == label;
    c->row_loss[c->rows] = loss;
    c->row_label[c->rows] = (int32_t)label;
    c->rows++;
    return 0;
}

struct classification_class classification_class(const struct classification *c, int class)
{
    struct classification_class r = {0};
    for (int k = 0; k < c->classes; k++) {
        r.support += c->confusion[class * c->classes + k];
        r.predicted += c->confusion[k * c->classes + class];
    }
    r.right = c->confusion[class * c->classes + class];
    r.precision = (double)r.right / r.predicted;
    r.recall = (double)r.right / r.support;
    r.f1 = 2.0 * r.right / (r.support + r.predicted);
    return r;
}

/* Shares, one by one (Welford 1962). */
struct shares {
    double n, mean, squares;
};

static void add_share(struct shares *s, double share)
{
    const double from_mean = share - s->mean;
    s->mean += from_mean / ++s->n;
    s->squares += from_mean * (share - s->mean);
}

static double deviation(const struct shares *s)
{
    return s->n > 1 ? sqrt(s->squares / (s->n - 1)) : NAN;
}

struct classification_summary classification_summary(const struct classification *c)
{
    double n = c->rows;
    struct shares recall = {0};
    struct classification_summary s = {.top1 = c->right / n,
                                       .top5 =
                                           c->classes > CLASSIFICATION_TOP ? c->right_top / n : NAN,
                                       .loss = c->loss / n,
                                       .brier = c->brier / n};
    for (int b = 0; b < CLASSIFICATION_BINS; b++)
        s.calibration += fabs(c->bin[b].right - c->bin[b].confidence) / n;
    for (int k = 0; k < c->classes; k++) {
        struct classification_class r = classification_class(c, k);
        if (r.support == 0)
            continue;
        s.precision += r.predicted ? r.precision : 0; /* never predicted: nothing found right */
        s.recall += r.recall;
        s.f1 += r.f1;
        add_share(&recall, r.recall);
    }
    s.precision /= recall.n;
    s.recall /= recall.n;
    s.f1 /= recall.n;
    s.spread = deviation(&recall);
    return s;
}

static void middle_of(double *value, int n, double level, double *low, double *high)
{
    const int cut = (int)(n * (1 - level) / 2);
    qsort(value, n, sizeof *value, ascending_doubles);
    *low = value[cut];
    *high = value[n - 1 - cut];
}

int bootstrap_mean(const double *value, size_t n, int draws, double level, uint64_t seed,
                   double *low, double *high, struct error *e)
{
    *low = *high = NAN;
    if (n == 0 || draws < 1)
        return 0;
    autofree double *mean = array_new(draws, sizeof *mean, "bootstrap means", e);
    if (!mean)
        return -1;
#pragma omp parallel for
    for (int d = 0; d < draws; d++) {
        struct random r = random_stream(seed, "bootstrap", d);
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += value[random_below(&r, n)];
        mean[d] = sum / n;
    }
    middle_of(mean, draws, level, low, high);
    return 0;
}

/* To a class's support and right rows, in counts: [2, classes]. */
static void count_row(const struct classification *c, size_t row, uint32_t *counts)
{
    counts[c->row_label[row]]++;
    counts[c->classes + c->row_label[row]] += c->row_right[row] > 0;
}

/* The variance of a class's recall by the choice of its rows, the mean of the classes there are.
 * counts: scratch. */
static double noise_of_recall(const struct classification *c, uint32_t *counts)
{
    double sum = 0;
    int classes = 0;
    memset(counts, 0, 2 * (size_t)c->classes * sizeof *counts);
    for (size_t i = 0; i < c->rows; i++)
        count_row(c, i, counts);
    for (int k = 0; k < c->classes; k++)
        if (counts[k]) {
            const double share = (double)counts[c->classes + k] / counts[k];
            sum += share * (1 - share) / counts[k];
            classes++;
        }
    return classes ? sum / classes : 0;
}

/* Of rows drawn with replacement: these add the noise that the rows have already once more, and it
 * is taken off again. counts: scratch. */
static double drawn_spread(const struct classification *c, struct random *r, double noise,
                           uint32_t *counts)
{
    struct shares recall = {0};
    memset(counts, 0, 2 * (size_t)c->classes * sizeof *counts);
    for (size_t i = 0; i < c->rows; i++)
        count_row(c, random_below(r, c->rows), counts);
    for (int k = 0; k < c->classes; k++)
        if (counts[k])
            add_share(&recall, (double)counts[c->classes + k] / counts[k]);
    const double drawn = deviation(&recall);
    return isnan(drawn) ? NAN : sqrt(fmax(0, drawn * drawn - noise));
}

int classification_spread_interval(const struct classification *c, int draws, double level,
                                   uint64_t seed, double *low, double *high, struct error *e)
{
    *low = *high = NAN;
    if (c->rows == 0 || draws < 1)
        return 0;
    const size_t room = 2 * (size_t)c->classes;
    autofree double *spread = array_new(draws, sizeof *spread, "bootstrap draws", e);
    autofree uint32_t *counts =
        spread ? array_new(omp_get_max_threads() * room, sizeof *counts, "bootstrap draws", e)
               : NULL;
    if (!counts)
        return -1;
    const double noise = noise_of_recall(c, counts);
#pragma omp parallel for
    for (int d = 0; d < draws; d++) {
        struct random r = random_stream(seed, "bootstrap", d);
        spread[d] = drawn_spread(c, &r, noise, counts + omp_get_thread_num() * room);
    }
    int defined = 0; /* a draw may be of one class */
    for (int d = 0; d < draws; d++)
        if (!isnan(spread[d]))
            spread[defined++] = spread[d];
    if (defined)
        middle_of(spread, defined, level, low, high);
    return 0;
}
