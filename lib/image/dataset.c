#include "image/dataset.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/prepare.h"

static const struct format *const FORMATS[] = {
    &FORMAT_FASHION_MNIST, &FORMAT_MNIST,  &FORMAT_CIFAR10, &FORMAT_CIFAR100, &FORMAT_CAMVID,
    &FORMAT_IDX,           &FORMAT_FOLDER, &FORMAT_Y4M,     &FORMAT_VIDEO};

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
    if (q->grey && d->extent[2] != 1) {
        value_remove(d->meta, "normalisation"); /* which is colour's */
        d->extent[2] = 1;
    }
    if (q->height) {
        if (d->extent[2] < 1 || d->extent[2] > IMAGE_MAX_CHANNELS) {
            error_set(e, "cannot resize images of %lld channels", (long long)d->extent[2]);
            goto failed;
        }
        d->extent[0] = q->height;
        d->extent[1] = q->width;
        d->scaled = array_new((size_t)q->height * (size_t)q->width,
                              (size_t)d->extent[2] * sizeof(float), "resized image", e);
        d->target =
            d->dense ? array_new((size_t)q->height, (size_t)q->width, "resized target", e) : NULL;
        if (!d->scaled || (d->dense && !d->target))
            goto failed;
    }
    return 0;
failed:
    dataset_close(d);
    return -1;
}

/* Classes have no means: each pixel takes that of the one its centre falls into. */
static void resize_target(struct dataset *d, struct image *image)
{
    const size_t height = (size_t)d->request.height, width = (size_t)d->request.width;
    for (size_t y = 0; y < height; y++) {
        size_t row = (2 * y + 1) * image->height / (2 * height) * image->width;
        for (size_t x = 0; x < width; x++)
            d->target[y * width + x] =
                image->target[row + (2 * x + 1) * image->width / (2 * width)];
    }
    image->target = d->target;
}

static size_t frames_of(const struct image *image)
{
    return image->frames ? image->frames : 1;
}

static int take_luma(struct dataset *d, struct image *image, struct error *e)
{
    const size_t pixels = frames_of(image) * image->height * image->width;
    if (image->channels == 1)
        return 0;
    if (image->channels != 3)
        return error_set(e, "images of %u channels, of which there is no luma", image->channels);
    if (array_grow((void **)&d->luma, &d->luma_capacity, pixels, 1, "grey image", e))
        return -1;
    prepare_luma(image->pixels, pixels, d->luma);
    image->channels = 1;
    image->pixels = d->luma;
    return 0;
}

static int resize(struct dataset *d, struct image *image, struct error *e)
{
    const size_t from = (size_t)image->height * image->width * image->channels;
    const size_t to = (size_t)d->extent[0] * (size_t)d->extent[1] * image->channels;
    const size_t frames = frames_of(image);
    if (array_grow((void **)&d->resized, &d->resized_capacity, frames * to, 1, "resized image", e))
        return -1;
    for (size_t f = 0; f < frames; f++) {
        prepare_resize(image->pixels + f * from, (int)image->height, (int)image->width,
                       (int)image->channels, d->request.height, d->request.width, d->scaled);
        for (size_t i = 0; i < to; i++)
            d->resized[f * to + i] = (uint8_t)lrintf(d->scaled[i]);
    }
    if (image->target)
        resize_target(d, image);
    image->height = (uint32_t)d->request.height;
    image->width = (uint32_t)d->request.width;
    image->pixels = d->resized;
    return 0;
}

int dataset_next(struct dataset *d, struct image *image, struct error *e)
{
    *image = (struct image){.label = -1, .coarse = -1};
    int got = d->format->next(d, image, e);
    if (got == 1 &&
        ((d->request.grey && take_luma(d, image, e)) || (d->scaled && resize(d, image, e))))
        return -1;
    return got;
}

void dataset_close(struct dataset *d)
{
    if (d->state)
        d->format->close(d);
    value_free(d->meta);
    value_free(d->files);
    free(d->scaled);
    free(d->resized);
    free(d->target);
    free(d->luma);
    *d = (struct dataset){0};
}

int dataset_note_file(struct dataset *d, const char *path, struct error *e)
{
    if (!d->files)
        d->files = value_array();
    return value_append(d->files, value_text(path)) ? 0 : error_set(e, "out of memory: a path");
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
