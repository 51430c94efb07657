#include "image/dataset.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/prepare.h"

static const struct format *const FORMATS[] = {&FORMAT_FASHION_MNIST, &FORMAT_MNIST,
                                               &FORMAT_CIFAR10,       &FORMAT_CIFAR100,
                                               &FORMAT_IDX,           &FORMAT_FOLDER};

const struct format *format_at(int i)
{
    return i >= 0 && (size_t)i < sizeof FORMATS / sizeof *FORMATS ? FORMATS[i] : NULL;
}

const struct format *format_find(const char *name)
{
    for (int i = 0; format_at(i); i++)
        if (!strcmp(format_at(i)->name, name))
            return format_at(i);
    return NULL;
}

int dataset_open(struct dataset *d, const struct format *f, const struct dataset_request *q,
                 struct error *e)
{
    *d = (struct dataset){.format = f, .request = *q, .meta = value_map()};
    if (!d->request.root)
        d->request.root = f->root;
    if (!value_set_text(d->meta, "source", f->name) ||
        (f->split && !value_set_text(d->meta, "split", q->split))) {
        error_set(e, "out of memory");
        goto failed;
    }
    if (f->open(d, e))
        goto failed;
    if (q->height) {
        if (d->extent[2] < 1 || d->extent[2] > IMAGE_MAX_CHANNELS) {
            error_set(e, "cannot resize images of %lld channels", (long long)d->extent[2]);
            goto failed;
        }
        d->extent[0] = q->height;
        d->extent[1] = q->width;
        d->resized = array_new((size_t)q->height * (size_t)q->width,
                               (size_t)d->extent[2] * (1 + sizeof(float)), "resized image", e);
        if (!d->resized)
            goto failed;
    }
    return 0;
failed:
    dataset_close(d);
    return -1;
}

/* The room holds the resize's floats, then the bytes. */
static void resize(struct dataset *d, struct image *image)
{
    size_t count = (size_t)d->extent[0] * (size_t)d->extent[1] * image->channels;
    float *resized = (float *)(void *)d->resized;
    uint8_t *bytes = (uint8_t *)(resized + count);
    prepare_resize(image->pixels, (int)image->height, (int)image->width, (int)image->channels,
                   d->request.height, d->request.width, resized);
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)lrintf(resized[i]);
    image->height = (uint32_t)d->request.height;
    image->width = (uint32_t)d->request.width;
    image->pixels = bytes;
}

int dataset_next(struct dataset *d, struct image *image, struct error *e)
{
    *image = (struct image){.label = -1, .coarse = -1};
    int got = d->format->next(d, image, e);
    if (got == 1 && d->resized)
        resize(d, image);
    return got;
}

void dataset_close(struct dataset *d)
{
    if (d->state)
        d->format->close(d);
    value_free(d->meta);
    free(d->resized);
    *d = (struct dataset){0};
}

char *path_join(const char *folder, const char *name, struct error *e)
{
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = malloc(length);
    if (!path) {
        error_set(e, "out of memory");
        return NULL;
    }
    snprintf(path, length, "%s/%s", folder, name);
    return path;
}

int dataset_set_classes(struct dataset *d, const char *key, const char *const *names, size_t count,
                        struct error *e)
{
    struct value *classes = value_set(d->meta, key, value_array());
    for (size_t i = 0; i < count; i++)
        if (!value_append(classes, value_text(names[i])))
            return error_set(e, "out of memory");
    return 0;
}

int dataset_set_normalisation(struct dataset *d, const struct normalisation *n, struct error *e)
{
    return value_set(d->meta, "normalisation", normalisation_value(n))
               ? 0
               : error_set(e, "out of memory");
}
