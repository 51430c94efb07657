/* A folder with a sub-folder of PNG and JPEG pictures for every class (image/tree.h). Opening it
 * reads the header of every picture: an extent that all share is then fixed, and where only some
 * have colour all are handed out in colour. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/dataset.h"
#include "image/picture.h"
#include "image/tree.h"

struct folder {
    struct tree tree;
    size_t at;
    struct picture picture; /* the one handed out */
};

/* Decodes, or with most_bytes 0 only probes, one picture. */
static int read_picture(const struct dataset *d, const struct tree_file *file, size_t most_bytes,
                        struct picture *p, struct error *e)
{
    size_t size;
    autofree char *path = path_join(d->request.root, file->path, e);
    autofree char *bytes = path ? input_read_all(path, d->request.most_bytes, &size, e) : NULL;
    if (!bytes)
        return -1;
    return picture_decode(p, (const uint8_t *)bytes, size, most_bytes, e)
               ? error_wrap(e, "%s", path)
               : 0;
}

static int probe_all(struct dataset *d, struct error *e)
{
    struct folder *s = d->state;
    d->extent[0] = d->extent[1] = -1;
    d->extent[2] = 1;
    for (size_t i = 0; i < s->tree.files; i++) {
        struct picture p;
        if (read_picture(d, &s->tree.file[i], 0, &p, e))
            return -1;
        if (!i) {
            d->extent[0] = p.height;
            d->extent[1] = p.width;
        }
        if (d->extent[0] != p.height)
            d->extent[0] = -1;
        if (d->extent[1] != p.width)
            d->extent[1] = -1;
        if (p.channels == 3)
            d->extent[2] = 3;
    }
    return 0;
}

static int open_folder(struct dataset *d, struct error *e)
{
    struct folder *s = d->state = array_new(1, sizeof *s, "data set", e);
    struct value *classes = value_set(d->meta, "classes", value_array());
    if (!s || tree_list(&s->tree, d->request.root, ".png|.jpg|.jpeg", classes, e) ||
        probe_all(d, e))
        return -1;
    memcpy(d->warning, s->tree.warning, sizeof d->warning);
    d->rows = (int64_t)s->tree.files;
    d->file = true;
    return 0;
}

static int next_folder(struct dataset *d, struct image *image, struct error *e)
{
    struct folder *s = d->state;
    free(s->picture.pixels);
    s->picture = (struct picture){0};
    if (s->at == s->tree.files)
        return 0;
    const struct tree_file *file = &s->tree.file[s->at++];
    if (read_picture(d, file, d->request.most_bytes, &s->picture, e) ||
        (d->extent[2] == 3 && picture_make_colour(&s->picture, e)))
        return -1;
    image->id = file->id;
    image->label = file->label;
    image->height = s->picture.height;
    image->width = s->picture.width;
    image->channels = s->picture.channels;
    image->pixels = s->picture.pixels;
    image->file = file->path;
    return 1;
}

static void close_folder(struct dataset *d)
{
    struct folder *s = d->state;
    tree_free(&s->tree);
    free(s->picture.pixels);
    free(s);
}

const struct format FORMAT_FOLDER = {
    .name = "folder",
    .operands = "DIR",
    .open = open_folder,
    .next = next_folder,
    .close = close_folder,
};
