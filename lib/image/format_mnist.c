/* MNIST and the sets made in its likeness: four IDX files under their canonical names, plain or
 * with .gz. A training image's id is its index, a test image's 60000 + its index. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/format_idx.h"
#include "image/prepare.h"

enum { CLASSES = 10, TRAINING_IMAGES = 60000 };

/* The file under its plain or its packed name; NULL with the error set. */
static char *find_file(const char *root, const char *split, const char *rest, struct error *e)
{
    static const char *const ENDINGS[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-%s-ubyte%s", strcmp(split, "train") ? "t10k" : "train",
                 rest, ENDINGS[i]);
        char *path = path_join(root, name, e);
        if (!path || !access(path, F_OK))
            return path;
        if (i)
            error_set(e, "cannot find %.*s, nor packed as .gz:", (int)strlen(path) - 3, path);
        free(path);
    }
    return NULL;
}

static int open_files(struct dataset *d, const struct normalisation *n, const char *const *classes,
                      struct error *e)
{
    const struct dataset_request *q = &d->request;
    autofree char *images = find_file(q->root, q->split, "images-idx3", e);
    autofree char *labels = images ? find_file(q->root, q->split, "labels-idx1", e) : NULL;
    if (!labels)
        return -1;
    if (dataset_set_classes(d, "classes", classes, CLASSES, e) ||
        dataset_set_normalisation(d, n, e))
        return -1;
    int64_t first = strcmp(q->split, "train") ? TRAINING_IMAGES : 0;
    return idx_pair_open(d, images, labels, CLASSES, first, e);
}

static int open_mnist(struct dataset *d, struct error *e)
{
    static const struct normalisation n = {1, {0.13066052f}, {0.30810780f}};
    static const char *const classes[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return open_files(d, &n, classes, e);
}

static int open_fashion_mnist(struct dataset *d, struct error *e)
{
    static const struct normalisation n = {1, {0.28604063f}, {0.35302426f}};
    static const char *const classes[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                          "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                          "Bag",         "Ankle boot"};
    if (access(d->request.root, F_OK))
        return error_set(e,
                         "cannot find Fashion-MNIST in %s: install Debian's package "
                         "dataset-fashion-mnist, or name its folder by --root",
                         d->request.root);
    return open_files(d, &n, classes, e);
}

const struct format FORMAT_MNIST = {
    .name = "mnist",
    .operands = "DIR train|test",
    .split = true,
    .open = open_mnist,
    .next = idx_pair_next,
    .close = idx_pair_close,
};

const struct format FORMAT_FASHION_MNIST = {
    .name = "fashion-mnist",
    .operands = "[DIR] train|test",
    .split = true,
    .root = "/usr/share/datasets/fashion-mnist",
    .open = open_fashion_mnist,
    .next = idx_pair_next,
    .close = idx_pair_close,
};
