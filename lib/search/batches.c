#include "search/batches.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

int batch_new(struct batch *b, int most, struct image_shape shape, enum task task, struct error *e)
{
    size_t count;
    *b = (struct batch){.most = most};
    b->pixels = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    if (size_multiply((size_t)most, b->pixels, &count))
        return error_set(e, "a batch of %d images of %zu elements is too large", most, b->pixels);
    b->x = array_new(count, sizeof *b->x, "a batch", e);
    b->label = array_new((size_t)most, sizeof *b->label, "a batch", e);
    b->id = array_new((size_t)most, sizeof *b->id, "a batch", e);
    count /= (size_t)shape.channels;
    if (task == TASK_PIXELS)
        b->target = array_new(count, sizeof *b->target, "a batch", e);
    if (task == TASK_DEPTH)
        b->depth = array_new(count, sizeof *b->depth, "a batch", e);
    if (b->x && b->label && b->id && (b->target || task != TASK_PIXELS) &&
        (b->depth || task != TASK_DEPTH))
        return 0;
    batch_free(b);
    return -1;
}

void batch_free(struct batch *b)
{
    free(b->x);
    free(b->label);
    free(b->id);
    free(b->target);
    free(b->depth);
    *b = (struct batch){0};
}

/* The map of a row, in the variant that its image has. */
static void fill_map(const struct source *s, uint64_t epoch, size_t row, const void *map,
                     size_t size, const void *outside, void *to)
{
    const struct samples *from = s->samples;
    const size_t bytes = (size_t)from->shape.height * (size_t)from->shape.width * size;
    augment_map(&s->augment, s->seed, epoch, from->id[row], (const char *)map + row * bytes, size,
                from->shape.height, from->shape.width, outside, to);
}

void batch_fill(struct batch *b, const struct source *s, uint64_t epoch, const size_t *index, int n)
{
    const struct samples *from = s->samples;
    const size_t pixels = b->pixels / (size_t)from->shape.channels;
    const uint8_t beyond = UINT8_MAX;
    const float unknown = 0;
    b->n = n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++) {
        size_t row = index[i];
        b->label[i] = (int)from->label[row];
        b->id[i] = from->id[row];
        augment_image(&s->augment, &s->normalisation, s->seed, epoch, from->id[row],
                      from->image + row * b->pixels, from->shape.height, from->shape.width,
                      from->shape.channels, b->x + (size_t)i * b->pixels);
        if (b->target)
            fill_map(s, epoch, row, from->target, sizeof beyond, &beyond,
                     b->target + (size_t)i * pixels);
        if (b->depth)
            fill_map(s, epoch, row, from->depth, sizeof unknown, &unknown,
                     b->depth + (size_t)i * pixels);
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
        if (b->depth)
            labels[i] = (real)(b->depth[i] < DEPTH_LEAST ? 0 : b->depth[i]);
        else
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
