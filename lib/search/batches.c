#include "search/batches.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

int batch_new(struct batch *b, int most, struct image_shape shape, bool dense, struct error *e)
{
    size_t count;
    *b = (struct batch){.most = most};
    b->pixels = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    if (size_multiply((size_t)most, b->pixels, &count))
        return error_set(e, "a batch of %d images of %zu elements is too large", most, b->pixels);
    b->x = array_new(count, sizeof *b->x, "a batch", e);
    b->label = array_new((size_t)most, sizeof *b->label, "a batch", e);
    b->id = array_new((size_t)most, sizeof *b->id, "a batch", e);
    b->target = dense ? array_new(count / (size_t)shape.channels, 1, "a batch", e) : NULL;
    if (!b->x || !b->label || !b->id || (dense && !b->target)) {
        batch_free(b);
        return -1;
    }
    return 0;
}

void batch_free(struct batch *b)
{
    free(b->x);
    free(b->label);
    free(b->id);
    free(b->target);
    *b = (struct batch){0};
}

void batch_fill(struct batch *b, const struct source *s, uint64_t epoch, const size_t *index, int n)
{
    const struct samples *from = s->samples;
    b->n = n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++) {
        size_t row = index[i];
        b->label[i] = (int)from->label[row];
        b->id[i] = from->id[row];
        augment_image(&s->augment, &s->normalisation, s->seed, epoch, from->id[row],
                      from->image + row * b->pixels, from->shape.height, from->shape.width,
                      from->shape.channels, b->x + (size_t)i * b->pixels);
        if (b->target) {
            size_t pixels = b->pixels / (size_t)from->shape.channels;
            augment_map(&s->augment, s->seed, epoch, from->id[row], from->target + row * pixels,
                        from->shape.height, from->shape.width, UINT8_MAX,
                        b->target + (size_t)i * pixels);
        }
    }
}

struct place {
    uint64_t key;
    int64_t id;
    size_t row;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

size_t *batch_order(const struct samples *s, uint64_t seed, const char *purpose, uint64_t epoch,
                    struct error *e)
{
    struct random random = random_stream(seed, purpose, epoch);
    autofree struct place *place = array_new(s->count, sizeof *place, "an order", e);
    size_t *order = place ? array_new(s->count, sizeof *order, "an order", e) : NULL;
    if (!order)
        return NULL;
    for (size_t i = 0; i < s->count; i++)
        place[i] = (struct place){random_u64_at(&random, (uint64_t)s->id[i]), s->id[i], i};
    qsort(place, s->count, sizeof *place, compare_places);
    for (size_t i = 0; i < s->count; i++)
        order[i] = place[i].row;
    return order;
}

void batch_show(const struct batch *b, struct node *x, struct node *label)
{
    real *to = node_value(x), *labels = node_value(label);
    for (size_t i = 0; i < (size_t)b->n * b->pixels; i++)
        to[i] = b->x[i];
    size_t per_image = node_count(label), count = (size_t)b->n * per_image;
    for (size_t i = 0; i < count; i++)
        labels[i] = (real)(b->target ? b->target[i] : b->label[i / per_image]);
}

double batch_probability(const real *logits, int classes, int k)
{
    double most = logits[batch_best(logits, classes)], sum = 0;
    for (int i = 0; i < classes; i++)
        sum += exp(logits[i] - most);
    return exp(logits[k] - most) / sum;
}

int batch_best(const real *logits, int classes)
{
    int best = 0;
    for (int i = 1; i < classes; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}
