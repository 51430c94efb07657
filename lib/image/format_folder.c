/* A folder with a sub-folder of PNG and JPEG pictures for every class. Classes and pictures come in
 * the order of their names (bytes compared); a label is its class's place in that order. An image's
 * id is XXH3-64 of its path below the root, cut to 53 bits so that any language can hold it.
 * Opening it reads the header of every picture: an extent that all share is then fixed, and where
 * only some have colour all are handed out in colour. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <xxhash.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/dataset.h"
#include "image/picture.h"

struct entry {
    char *file; /* "class/name.png" */
    int64_t id;
    int32_t label;
};

struct folder {
    struct entry *entry;
    size_t entries, capacity, at;
    struct picture picture; /* the one handed out */
};

static int is_class(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int is_picture(const struct dirent *d)
{
    static const char *const ENDINGS[] = {".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(d->d_name, '.');
    for (int i = 0; dot && dot != d->d_name && i < 3; i++)
        if (!strcasecmp(dot, ENDINGS[i]))
            return 1;
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_names(struct dirent **name, int names)
{
    for (int i = 0; i < names; i++)
        free(name[i]);
    free(name);
}

static int add_entry(struct folder *s, const char *class, const char *name, int32_t label,
                     struct error *e)
{
    if (array_grow((void **)&s->entry, &s->capacity, s->entries + 1, sizeof *s->entry, "pictures",
                   e))
        return -1;
    struct entry *entry = &s->entry[s->entries];
    entry->file = path_join(class, name, e);
    if (!entry->file)
        return -1;
    entry->id = (int64_t)(XXH3_64bits(entry->file, strlen(entry->file)) >> 11);
    entry->label = label;
    s->entries++;
    return 0;
}

static int add_class(struct dataset *d, const char *root, const char *class, int32_t label,
                     struct error *e)
{
    struct dirent **name;
    autofree char *path = path_join(root, class, e);
    int names = path ? scandir(path, &name, is_picture, by_name) : -1, failed = 0;
    if (names < 0)
        return path ? error_set(e, "cannot read folder %s:", path) : -1;
    for (int i = 0; i < names && !failed; i++)
        failed = add_entry(d->state, class, name[i]->d_name, label, e);
    free_names(name, names);
    return failed;
}

static int add_classes(struct dataset *d, const char *root, struct error *e)
{
    struct dirent **name;
    struct value *classes = value_set(d->meta, "classes", value_array());
    int names = scandir(root, &name, is_class, by_name), failed = 0;
    if (names < 0)
        return error_set(e, "cannot read folder %s:", root);
    int32_t label = 0;
    for (int i = 0; i < names && !failed; i++) {
        struct stat info;
        autofree char *path = path_join(root, name[i]->d_name, e);
        if (!path)
            failed = -1;
        else if (!stat(path, &info) && S_ISDIR(info.st_mode)) {
            failed = value_append(classes, value_text(name[i]->d_name))
                         ? add_class(d, root, name[i]->d_name, label++, e)
                         : error_set(e, "out of memory");
        }
    }
    free_names(name, names);
    if (!failed && !label)
        return error_set(e, "%s: expected a sub-folder for every class, found none", root);
    return failed;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(const struct entry *const *)a)->id, y = (*(const struct entry *const *)b)->id;
    return (x > y) - (x < y);
}

static int check_ids(const struct folder *s, struct error *e)
{
    autofree const struct entry **sorted = array_new(s->entries, sizeof *sorted, "pictures", e);
    if (!sorted)
        return -1;
    for (size_t i = 0; i < s->entries; i++)
        sorted[i] = &s->entry[i];
    qsort(sorted, s->entries, sizeof *sorted, by_id);
    for (size_t i = 1; i < s->entries; i++)
        if (sorted[i]->id == sorted[i - 1]->id)
            return error_set(e, "%s and %s get the same id %lld: rename one", sorted[i - 1]->file,
                             sorted[i]->file, (long long)sorted[i]->id);
    return 0;
}

/* Decodes, or with most_bytes 0 only probes, one picture. */
static int read_picture(const struct dataset *d, const struct entry *entry, size_t most_bytes,
                        struct picture *p, struct error *e)
{
    size_t size;
    autofree char *path = path_join(d->request.root, entry->file, e);
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
    for (size_t i = 0; i < s->entries; i++) {
        struct picture p;
        if (read_picture(d, &s->entry[i], 0, &p, e))
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
    if (!s || add_classes(d, d->request.root, e) || check_ids(s, e) || probe_all(d, e))
        return -1;
    d->rows = (int64_t)s->entries;
    d->file = true;
    return 0;
}

static int next_folder(struct dataset *d, struct image *image, struct error *e)
{
    struct folder *s = d->state;
    free(s->picture.pixels);
    s->picture = (struct picture){0};
    if (s->at == s->entries)
        return 0;
    const struct entry *entry = &s->entry[s->at++];
    if (read_picture(d, entry, d->request.most_bytes, &s->picture, e) ||
        (d->extent[2] == 3 && picture_make_colour(&s->picture, e)))
        return -1;
    image->id = entry->id;
    image->label = entry->label;
    image->height = s->picture.height;
    image->width = s->picture.width;
    image->channels = s->picture.channels;
    image->pixels = s->picture.pixels;
    image->file = entry->file;
    return 1;
}

static void close_folder(struct dataset *d)
{
    struct folder *s = d->state;
    for (size_t i = 0; i < s->entries; i++)
        free(s->entry[i].file);
    free(s->entry);
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
