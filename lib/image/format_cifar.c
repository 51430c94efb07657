/* CIFAR-10 and CIFAR-100 in their canonical binary files: records of one or two label bytes
 * (coarse, fine) and 3072 pixel bytes, the red plane first. Sizes of files are free, as long as
 * records are whole. Ids: a training image's is 10000 (k - 1) + its index in the k-th file
 * (CIFAR-100: its index), a test image's is 50000 + its index. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/dataset.h"
#include "image/prepare.h"

enum {
    SIDE = 32,
    PLANE = SIDE * SIDE,
    PIXELS = 3 * PLANE,
    TRAINING_IMAGES = 50000,
    MOST_FILES = 5,
    MOST_NAMES_BYTES = 1 << 16,
};

struct kind {
    const char *train[MOST_FILES], *test;
    int file_images;     /* a training file at most; a test file: 10000 */
    int labels, classes; /* bytes before the pixels; the last one counts */
    const char *names, *coarse_names;
    struct normalisation normalisation;
};

static const struct kind CIFAR10 = {
    .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
              "data_batch_5.bin"},
    .test = "test_batch.bin",
    .file_images = 10000,
    .labels = 1,
    .classes = 10,
    .names = "batches.meta.txt",
    .normalisation = {3,
                      {0.49139968f, 0.48215827f, 0.44653124f},
                      {0.24703233f, 0.24348505f, 0.26158768f}},
};

static const struct kind CIFAR100 = {
    .train = {"train.bin"},
    .test = "test.bin",
    .file_images = 50000,
    .labels = 2,
    .classes = 100,
    .names = "fine_label_names.txt",
    .coarse_names = "coarse_label_names.txt",
    .normalisation = {3,
                      {0.50707516f, 0.48654887f, 0.44091784f},
                      {0.26733429f, 0.25643846f, 0.27615047f}},
};

struct batch {
    char *path;
    int64_t images, first; /* first: id of its first image */
};

struct cifar {
    const struct kind *kind;
    struct batch batch[MOST_FILES];
    int batches, at; /* at: the batch that fd is open on, from batch[at].path */
    int64_t row;     /* within that batch */
    int fd;
    uint8_t record[2 + PIXELS], pixels[PIXELS];
};

/* meta[key] = the lines of a file of names, where there is such a file. */
static int read_names(struct dataset *d, const char *key, const char *file, int most,
                      struct error *e)
{
    const char *names[100];
    size_t count = 0, size;
    autofree char *path = path_join(d->request.root, file, e);
    if (!path)
        return -1;
    if (access(path, F_OK))
        return 1;
    autofree char *text = input_read_all(path, MOST_NAMES_BYTES, &size, e);
    if (!text)
        return -1;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\r\n"));) {
        if (!*line)
            continue;
        if (count == (size_t)most)
            return error_set(e, "%s: expected %d names, found more", path, most);
        names[count++] = line;
    }
    return dataset_set_classes(d, key, names, count, e);
}

static int set_meta(struct dataset *d, const struct kind *kind, struct error *e)
{
    static const char *const classes10[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                            "dog",      "frog",       "horse", "ship", "truck"};
    int missing = read_names(d, "classes", kind->names, kind->classes, e);
    if (missing == 1 && kind->classes == 10)
        missing = dataset_set_classes(d, "classes", classes10, 10, e);
    if (missing >= 0 && kind->coarse_names)
        missing = read_names(d, "coarse_classes", kind->coarse_names, 20, e);
    return missing < 0 ? -1 : dataset_set_normalisation(d, &kind->normalisation, e);
}

/* Adds a batch where its file exists; 1 where it does not. */
static int add_batch(struct dataset *d, const char *name, int64_t first, int64_t most,
                     struct error *e)
{
    struct cifar *s = d->state;
    struct batch *b = &s->batch[s->batches];
    int64_t record = s->kind->labels + PIXELS;
    struct stat info;
    b->path = path_join(d->request.root, name, e);
    if (!b->path)
        return -1;
    if (stat(b->path, &info)) {
        int missing = errno == ENOENT ? 1 : error_set(e, "cannot open %s:", b->path);
        free(b->path);
        b->path = NULL;
        return missing;
    }
    s->batches++;
    if (!S_ISREG(info.st_mode) || info.st_size % record)
        return error_set(e, "%s: expected records of %lld bytes, found a file of %lld", b->path,
                         (long long)record, (long long)info.st_size);
    if (dataset_note_file(d, b->path, e))
        return -1;
    b->images = info.st_size / record;
    b->first = first;
    d->rows += b->images;
    if (b->images > most)
        return error_set(e, "%s: expected at most %lld images, found %lld", b->path,
                         (long long)most, (long long)b->images);
    return 0;
}

static int open_files(struct dataset *d, const struct kind *kind, struct error *e)
{
    struct cifar *s = d->state = array_new(1, sizeof *s, "data set", e);
    if (!s)
        return -1;
    s->kind = kind;
    s->fd = -1;
    d->extent[0] = d->extent[1] = SIDE;
    d->extent[2] = 3;
    d->coarse = kind->labels == 2;
    bool train = !strcmp(d->request.split, "train");
    const char *const *name = train ? kind->train : &kind->test;
    int files = train ? MOST_FILES : 1, wanted = 0;
    for (int k = 0; k < files && name[k]; k++, wanted++)
        if (add_batch(d, name[k], train ? (int64_t)k * kind->file_images : TRAINING_IMAGES,
                      train ? kind->file_images : 10000, e) < 0)
            return -1;
    if (!s->batches)
        return error_set(e, "%s: cannot find %s (the binary version, unpacked)", d->request.root,
                         name[0]);
    if (s->batches < wanted)
        snprintf(d->warning, sizeof d->warning, "%s: found %d of %d files: %lld images",
                 d->request.root, s->batches, wanted, (long long)d->rows);
    return set_meta(d, kind, e);
}

static int next_cifar(struct dataset *d, struct image *image, struct error *e)
{
    struct cifar *s = d->state;
    const struct kind *kind = s->kind;
    while (s->at < s->batches && s->row == s->batch[s->at].images) {
        if (s->fd >= 0)
            close(s->fd);
        s->fd = -1;
        s->row = 0;
        s->at++;
    }
    if (s->at == s->batches)
        return 0;
    const struct batch *b = &s->batch[s->at];
    if (s->fd < 0 && (s->fd = input_open(b->path, e)) < 0)
        return -1;
    size_t record = (size_t)kind->labels + PIXELS;
    ssize_t got = input_read(s->fd, s->record, record, e);
    if (got < 0)
        return error_wrap(e, "%s", b->path);
    if ((size_t)got < record)
        return error_set(e, "%s: ends within record %lld", b->path, (long long)s->row);
    const uint8_t *planes = s->record + kind->labels;
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++)
            s->pixels[3 * i + c] = planes[PLANE * c + i];
    image->label = s->record[kind->labels - 1];
    if (image->label >= kind->classes)
        return error_set(e, "%s: record %lld: expected a label below %d, found %d", b->path,
                         (long long)s->row, kind->classes, image->label);
    if (kind->labels == 2)
        image->coarse = s->record[0];
    image->id = b->first + s->row++;
    image->height = image->width = SIDE;
    image->channels = 3;
    image->pixels = s->pixels;
    return 1;
}

static void close_cifar(struct dataset *d)
{
    struct cifar *s = d->state;
    for (int i = 0; i < s->batches; i++)
        free(s->batch[i].path);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

static int open_cifar10(struct dataset *d, struct error *e)
{
    return open_files(d, &CIFAR10, e);
}

static int open_cifar100(struct dataset *d, struct error *e)
{
    return open_files(d, &CIFAR100, e);
}

const struct format FORMAT_CIFAR10 = {
    .name = "cifar10",
    .operands = "DIR train|test",
    .split = true,
    .open = open_cifar10,
    .next = next_cifar,
    .close = close_cifar,
};

const struct format FORMAT_CIFAR100 = {
    .name = "cifar100",
    .operands = "DIR train|test",
    .split = true,
    .open = open_cifar100,
    .next = next_cifar,
    .close = close_cifar,
};
