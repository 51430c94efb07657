#include "image/tree.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/words.h"
#include "image/dataset.h"

int64_t tree_id(const char *path)
{
    return (int64_t)(XXH3_64bits(path, strlen(path)) >> 11);
}

static int is_visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* Its ending, in small letters, or "". */
static void ending_of(const char *name, char ending[16])
{
    const char *dot = strrchr(name, '.');
    size_t n = 0;
    for (const char *at = dot && dot != name ? dot : ""; *at && n < 15; at++)
        ending[n++] = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
    ending[n] = '\0';
}

static bool is_wanted(const char *name, const char *endings)
{
    char ending[16];
    ending_of(name, ending);
    return *ending && words_have(endings, ending);
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

/* "12.png" of no class, as save writes it, is 12 again. */
static int64_t id_of(const char *class, const char *path)
{
    char *end;
    errno = 0;
    long long id = class || path[0] < '0' || path[0] > '9' ? -1 : strtoll(path, &end, 10);
    return id < 0 || errno || end != strrchr(path, '.') ? tree_id(path) : id;
}

/* class: NULL of a file in the root itself. */
static int add_file(struct tree *t, const char *class, const char *name, int32_t label,
                    struct error *e)
{
    if (array_grow((void **)&t->file, &t->capacity, t->files + 1, sizeof *t->file, "files", e))
        return -1;
    char *path = class ? path_join(class, name, e) : text_copy(name, e);
    if (!path)
        return -1;
    t->file[t->files++] = (struct tree_file){path, id_of(class, path), label};
    return 0;
}

static int add_class(struct tree *t, const char *root, const char *class, const char *endings,
                     int32_t label, struct error *e)
{
    struct dirent **name;
    autofree char *path = class ? path_join(root, class, e) : text_copy(root, e);
    int names = path ? scandir(path, &name, is_visible, class ? by_name : versionsort) : -1, failed = 0;
    if (names < 0)
        return path ? error_set(e, "cannot read folder %s:", path) : -1;
    for (int i = 0; i < names && !failed; i++)
        if (is_wanted(name[i]->d_name, endings))
            failed = add_file(t, class, name[i]->d_name, label, e);
    free_names(name, names);
    return failed;
}

static int add_classes(struct tree *t, const char *root, const char *endings, struct value *classes,
                       struct error *e)
{
    struct dirent **name;
    int names = scandir(root, &name, is_visible, by_name), failed = 0;
    if (names < 0)
        return error_set(e, "cannot read folder %s:", root);
    int32_t label = 0;
    size_t loose = 0, empty = 0;
    for (int i = 0; i < names && !failed; i++) {
        struct stat info;
        const size_t before = t->files;
        autofree char *path = path_join(root, name[i]->d_name, e);
        if (!path)
            failed = -1;
        else if (!stat(path, &info) && S_ISDIR(info.st_mode)) {
            failed = value_append(classes, value_text(name[i]->d_name))
                         ? add_class(t, root, name[i]->d_name, endings, label++, e)
                         : error_set(e, "out of memory");
            empty += t->files == before;
        } else
            loose += is_wanted(name[i]->d_name, endings);
    }
    free_names(name, names);
    if (label && (loose || empty))
        snprintf(t->warning, sizeof t->warning,
                 "%s: files beside the classes, left out: %zu; classes without files: %zu", root,
                 loose, empty);
    if (!failed && !label)
        failed = add_class(t, root, NULL, endings, -1, e);
    if (failed)
        return -1;
    return t->files ? 0
                    : error_set(e, "%s: expected %s, or a sub-folder of them for every class", root,
                                endings);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(const struct tree_file *const *)a)->id;
    int64_t y = (*(const struct tree_file *const *)b)->id;
    return (x > y) - (x < y);
}

static int check_ids(const struct tree *t, struct error *e)
{
    autofree const struct tree_file **sorted = array_new(t->files, sizeof *sorted, "files", e);
    if (!sorted)
        return -1;
    for (size_t i = 0; i < t->files; i++)
        sorted[i] = &t->file[i];
    qsort(sorted, t->files, sizeof *sorted, by_id);
    for (size_t i = 1; i < t->files; i++)
        if (sorted[i]->id == sorted[i - 1]->id)
            return error_set(e, "%s and %s get the same id %lld: rename one", sorted[i - 1]->path,
                             sorted[i]->path, (long long)sorted[i]->id);
    return 0;
}

int tree_list(struct tree *t, const char *root, const char *endings, struct value *classes,
              struct error *e)
{
    return add_classes(t, root, endings, classes, e) || check_ids(t, e) ? -1 : 0;
}

void tree_free(struct tree *t)
{
    for (size_t i = 0; i < t->files; i++)
        free(t->file[i].path);
    free(t->file);
    *t = (struct tree){0};
}
