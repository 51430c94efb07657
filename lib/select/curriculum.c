#include "select/curriculum.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

/* ---- easiness ---- */

static int reserve(struct easiness *h, int window, size_t images, struct error *e)
{
    size_t values;
    *h = (struct easiness){.window = window, .images = images};
    if (window < 1)
        return error_set(e, "a window of %d epochs, expected at least 1", window);
    if (size_multiply(images, window, &values))
        return error_set(e, "an easiness history of %zu images is too large", images);
    if (!(h->id = array_new(images, sizeof *h->id, "ids", e)) ||
        !(h->held = array_new(images, sizeof *h->held, "counts of epochs", e)) ||
        !(h->value = array_new(values, sizeof *h->value, "easiness values", e))) {
        easiness_free(h);
        return -1;
    }
    return 0;
}

int easiness_init(struct easiness *h, int window, struct error *e)
{
    return reserve(h, window, 0, e);
}

int easiness_restore(struct easiness *h, int window, size_t images, const int64_t *id,
                     const int32_t *held, const float *value, struct error *e)
{
    for (size_t i = 0; i < images; i++) {
        if (i > 0 && id[i] <= id[i - 1])
            return error_set(e, "easiness history: id %lld after %lld, expected ascending ids",
                             (long long)id[i], (long long)id[i - 1]);
        if (held[i] < 0 || held[i] > window)
            return error_set(e, "easiness history: id %lld holds %d epochs, expected 0 to %d",
                             (long long)id[i], (int)held[i], window);
        for (int k = 0; k < held[i]; k++)
            if (!(value[i * window + k] >= 0 && value[i * window + k] <= 1))
                return error_set(e, "easiness history: id %lld has %g, expected 0 to 1",
                                 (long long)id[i], (double)value[i * window + k]);
    }
    if (reserve(h, window, images, e))
        return -1;
    if (images > 0) {
        memcpy(h->id, id, images * sizeof *id);
        memcpy(h->held, held, images * sizeof *held);
        memcpy(h->value, value, images * window * sizeof *value);
    }
    return 0;
}

void easiness_free(struct easiness *h)
{
    free(h->id);
    free(h->held);
    free(h->value);
    *h = (struct easiness){.window = h->window};
}

static bool find(const struct easiness *h, int64_t id, size_t *at)
{
    size_t low = 0, high = h->images;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->id[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return low < h->images && h->id[low] == id;
}

int easiness_keep(struct easiness *h, const int64_t *ids, size_t n, struct error *e)
{
    autofree int64_t *sorted = array_new(n, sizeof *sorted, "ids", e);
    if (!sorted)
        return -1;
    if (n > 0)
        memcpy(sorted, ids, n * sizeof *ids);
    subset_sort(sorted, n);

    struct easiness next;
    if (reserve(&next, h->window, subset_distinct(sorted, n), e))
        return -1;
    size_t to = 0, from;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1])
            continue;
        next.id[to] = sorted[i];
        if (find(h, sorted[i], &from)) {
            next.held[to] = h->held[from];
            memcpy(next.value + to * h->window, h->value + from * h->window,
                   h->window * sizeof *h->value);
        }
        to++;
    }
    easiness_free(h);
    *h = next;
    return 0;
}

void easiness_forget(struct easiness *h, int64_t id)
{
    size_t at;
    if (!find(h, id, &at))
        return;
    h->held[at] = 0;
    memset(h->value + at * h->window, 0, h->window * sizeof *h->value);
}

int easiness_push(struct easiness *h, int64_t id, double p, struct error *e)
{
    size_t at;
    if (!find(h, id, &at))
        return error_set(e, "id %lld is not in the subset", (long long)id);
    float *value = h->value + at * h->window;
    if (h->held[at] == h->window)
        memmove(value, value + 1, (h->window - 1) * sizeof *value);
    else
        h->held[at]++;
    value[h->held[at] - 1] = p > 0 ? (p < 1 ? p : 1) : 0;
    return 0;
}

double easiness_mean(const struct easiness *h, int64_t id, int *epochs)
{
    size_t at;
    int held = find(h, id, &at) ? h->held[at] : 0;
    double sum = 0;
    for (int k = 0; k < held; k++)
        sum += h->value[at * h->window + k];
    if (epochs)
        *epochs = held;
    return held ? sum / held : NAN;
}

/* ---- the subset ---- */

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void subset_sort(int64_t *ids, size_t n)
{
    if (n > 1)
        qsort(ids, n, sizeof *ids, ascending);
}

bool subset_has(const int64_t *sorted, size_t n, int64_t id)
{
    return n && bsearch(&id, sorted, n, sizeof id, ascending);
}

size_t subset_distinct(const int64_t *sorted, size_t n)
{
    size_t distinct = n > 0;
    for (size_t i = 1; i < n; i++)
        distinct += sorted[i] != sorted[i - 1];
    return distinct;
}

bool subset_is_fresh(const int64_t *sorted_before, size_t n_before, int64_t update_before,
                     const int64_t *sorted, size_t n, int64_t update)
{
    if (update >= 0 && update != update_before)
        return true;
    return n != n_before || (n > 0 && memcmp(sorted, sorted_before, n * sizeof *sorted) != 0);
}

/* ---- the place in the run ---- */

void curriculum_init(struct curriculum *c)
{
    *c = (struct curriculum){0};
}

void curriculum_epoch_done(struct curriculum *c, double accuracy)
{
    c->epoch++;
    c->place++;
    c->since++;
    c->accuracy = accuracy;
}

void curriculum_updated(struct curriculum *c, int64_t update)
{
    c->update = update >= 0 ? update : c->update + 1;
    c->place = CURRICULUM_PEAK;
    c->since = 0;
}

bool curriculum_mastered(const struct curriculum *c, int64_t warm_up, double mastery)
{
    return c->epoch - c->begun >= warm_up && c->since > 0 && c->accuracy >= mastery;
}
