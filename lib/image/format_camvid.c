/* Pictures with a class for every pixel, as SegNet's copy of CamVid has them: SPLIT/images/X.png,
 * SPLIT/labels/X.png of the same size and one byte a pixel, and classes.txt, a line a class, its
 * number and its name. The class called void, the last, names pixels that count for nothing. An
 * image's id is that of its path below the root, as a tree's files have it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/dataset.h"
#include "image/picture.h"
#include "image/tree.h"

enum { MOST_CLASSES = 255, MOST_TEXT = 1 << 16 };

struct camvid {
    struct dirent **name; /* owned, as its members are */
    int names, at;
    char *images, *labels, *file; /* folders; the path below the root of the image handed out */
    struct picture image, label;
    int values; /* of labels: below this */
};

static int is_picture(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');
    return d->d_name[0] != '.' && dot && !strcmp(dot, ".png");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* "0 sky\n1 building\n...": the names become meta's classes, void's number its void. */
static int take_classes(struct dataset *d, char *text, struct error *e)
{
    struct camvid *s = d->state;
    const char *name[MOST_CLASSES] = {NULL};
    char *line;
    while ((line = strsep(&text, "\n"))) {
        int at = -1, begin = 0;
        line[strcspn(line, "\r")] = '\0';
        if (!*line)
            continue;
        if (sscanf(line, "%3d %n", &at, &begin) != 1 || at != s->values || !line[begin] ||
            s->values == MOST_CLASSES)
            return error_set(e, "classes.txt: '%.40s', expected class %d and its name", line,
                             s->values);
        name[s->values++] = line + begin;
    }
    bool void_last = s->values && !strcmp(name[s->values - 1], "void");
    int classes = s->values - void_last;
    if (classes < 2)
        return error_set(e, "classes.txt: %d classes, expected at least 2", classes);
    if (void_last && !value_set_int(d->meta, "void", classes))
        return error_set(e, "out of memory");
    return dataset_set_classes(d, "classes", name, (size_t)classes, e);
}

static int read_classes(struct dataset *d, struct error *e)
{
    size_t size;
    autofree char *path = path_join(d->request.root, "classes.txt", e);
    autofree char *text = path ? input_read_all(path, MOST_TEXT, &size, e) : NULL;
    return text ? take_classes(d, text, e) : -1;
}

static int read_picture(const struct dataset *d, const char *folder, const char *name,
                        struct picture *p, struct error *e)
{
    size_t size;
    free(p->pixels);
    *p = (struct picture){0};
    autofree char *path = path_join(folder, name, e);
    autofree char *bytes = path ? input_read_all(path, d->request.most_bytes, &size, e) : NULL;
    if (!bytes)
        return -1;
    return picture_decode(p, (const uint8_t *)bytes, size, d->request.most_bytes, e)
               ? error_wrap(e, "%s", path)
               : 0;
}

static int open_camvid(struct dataset *d, struct error *e)
{
    struct camvid *s = d->state = array_new(1, sizeof *s, "data set", e);
    autofree char *split = s ? path_join(d->request.root, d->request.split, e) : NULL;
    if (!split || !(s->images = path_join(split, "images", e)) ||
        !(s->labels = path_join(split, "labels", e)) || read_classes(d, e))
        return -1;
    s->names = scandir(s->images, &s->name, is_picture, by_name);
    if (s->names < 0) {
        s->names = 0;
        return error_set(e, "cannot read folder %s:", s->images);
    }
    d->rows = s->names;
    d->dense = d->file = true;
    d->extent[0] = d->extent[1] = -1;
    d->extent[2] = 3;
    return 0;
}

static int check_label(const struct camvid *s, const char *name, struct error *e)
{
    const struct picture *p = &s->label;
    if (p->height != s->image.height || p->width != s->image.width || p->channels != 1)
        return error_set(e, "%s/%s: %ux%ux%u, expected %ux%ux1 as its image has", s->labels, name,
                         p->height, p->width, p->channels, s->image.height, s->image.width);
    for (size_t i = 0; i < (size_t)p->height * p->width; i++)
        if (p->pixels[i] >= s->values)
            return error_set(e, "%s/%s: class %d, expected 0 to %d", s->labels, name, p->pixels[i],
                             s->values - 1);
    return 0;
}

static int next_camvid(struct dataset *d, struct image *image, struct error *e)
{
    struct camvid *s = d->state;
    if (s->at == s->names)
        return 0;
    const char *name = s->name[s->at++]->d_name;
    char below[64 + sizeof s->name[0]->d_name];
    snprintf(below, sizeof below, "%.32s/images/%s", d->request.split, name);
    free(s->file);
    if (!(s->file = text_copy(below, e)) || read_picture(d, s->images, name, &s->image, e) ||
        picture_make_colour(&s->image, e) || read_picture(d, s->labels, name, &s->label, e) ||
        check_label(s, name, e))
        return -1;
    image->id = tree_id(s->file);
    image->height = s->image.height;
    image->width = s->image.width;
    image->channels = s->image.channels;
    image->pixels = s->image.pixels;
    image->target = s->label.pixels;
    image->file = s->file;
    return 1;
}

static void close_camvid(struct dataset *d)
{
    struct camvid *s = d->state;
    for (int i = 0; i < s->names; i++)
        free(s->name[i]);
    free(s->name);
    free(s->images);
    free(s->labels);
    free(s->file);
    free(s->image.pixels);
    free(s->label.pixels);
    free(s);
}

const struct format FORMAT_CAMVID = {
    .name = "camvid",
    .operands = "DIR train|val|test",
    .split = true,
    .validation = true,
    .open = open_camvid,
    .next = next_camvid,
    .close = close_camvid,
};
