/* Data sets as files: one reader a format (the files format_*.c), found by name in one table. A
 * reader hands out its images in the order of the files, one at a time, in constant memory. */
#ifndef IMAGE_DATASET_H
#define IMAGE_DATASET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/value.h"

struct image {
    int64_t id;            /* names this image for good, in whatever subset it is met again */
    int32_t label, coarse; /* -1: none; coarse is CIFAR-100's super-class */
    uint32_t frames;       /* of a clip; 0: a picture */
    uint32_t height, width, channels;
    const uint8_t *pixels; /* [frames x] height x width x channels; valid until the next is read */
    const uint8_t *target; /* height x width, a class a pixel; or NULL */
    const char *file;      /* path below the root, or NULL */
};

/* What the caller asks for; the format's row says which of it is used. */
struct dataset_request {
    const char *root;    /* folder; NULL: the format's own default */
    const char *split;   /* "train", "test", or of some formats "val" */
    const char *file[2]; /* idx: images, and labels or NULL */
    size_t most_bytes;   /* of one decoded image or one picture file */
    int height, width;   /* resize every image to this; 0: as it is */
    bool grey;           /* of colour the luma alone */
    uint32_t frames;     /* cut videos into clips of so many; 0: each is one clip */
};

struct dataset {
    const struct format *format;
    struct value *meta; /* source, split, classes, normalisation: as far as known */
    int64_t extent[3];  /* of every image; -1 where it varies */
    int64_t frames;     /* of every clip; -1 where it varies; 0: pictures */
    int64_t rows;       /* how many there are, by the files' headers and sizes; 0: unknown */
    bool coarse, dense, file; /* images carry these; dense: targets */
    struct value *files; /* paths of those that hold many images; NULL: none */
    char warning[256];  /* what was missing though not needed; "" */
    struct dataset_request request;
    float *scaled;    /* room for one frame where the request has a size */
    uint8_t *resized; /* and for all of an image's */
    size_t resized_capacity;
    uint8_t *target; /* and for its target */
    uint8_t *luma;   /* room for an image's where colour is not wanted */
    size_t luma_capacity;
    void *state; /* the format's own */
};

struct format {
    const char *name;
    const char *operands; /* after the name, for the usage line */
    bool split;           /* the last operand is train or test */
    bool validation;      /* or val */
    bool files;           /* the operands are files; else the first one is the root */
    bool clips;           /* hands out clips */
    const char *root;     /* where Debian installs it, or NULL: a root must be given */
    int (*open)(struct dataset *d, struct error *e); /* by d->request, its root filled in */
    int (*next)(struct dataset *d, struct image *image, struct error *e);
    void (*close)(struct dataset *d);
};
/* Their names. */
#define DATASET_WORDS "fashion-mnist|mnist|cifar10|cifar100|camvid|idx|folder|y4m|video"
const struct format *format_find(const char *name); /* NULL: there is none */
const struct format *format_at(int i);              /* NULL behind the last */

/* Opens the files and checks their headers and sizes; -1 with the error set (nothing to close). */
int dataset_open(struct dataset *d, const struct format *f, const struct dataset_request *q,
                 struct error *e);
/* 1 and *image filled, 0 at the end, -1 on error. */
int dataset_next(struct dataset *d, struct image *image, struct error *e);
void dataset_close(struct dataset *d);

/* ---- for the formats ---- */
extern const struct format FORMAT_FASHION_MNIST, FORMAT_MNIST, FORMAT_CIFAR10, FORMAT_CIFAR100,
    FORMAT_CAMVID, FORMAT_IDX, FORMAT_FOLDER, FORMAT_Y4M, FORMAT_VIDEO;

/* meta.classes = count names; -1 where memory is out. */
int dataset_set_classes(struct dataset *d, const char *key, const char *const *names, size_t count,
                        struct error *e);
int dataset_note_file(struct dataset *d, const char *path, struct error *e);
struct normalisation;
int dataset_set_normalisation(struct dataset *d, const struct normalisation *n, struct error *e);
#endif
