/* Files in a folder that has a sub-folder for every class. Classes and files come in the order of
 * their names (bytes compared); a label is its class's place in that order. A file's id is XXH3-64
 * of its path below the root, cut to 53 bits so that any language can hold it. A folder without
 * sub-folders may hold the files itself: numbers in their names are compared as such, there is no
 * label (-1), and of a name that is a number this is the id. */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/value.h"

struct tree_file {
    char *path; /* "class/name.png" */
    int64_t id;
    int32_t label;
};

struct tree {
    struct tree_file *file;
    size_t files, capacity;
    char warning[256]; /* of what the list lacks, or "" */
};

/* Lists the files whose names end in one of `endings` (with its dot, any case, parted by '|'), and
 * the classes in the array `classes`; two files of one id are an error. Files beside the classes
 * are left out, a class without files keeps its label: either makes a warning. Free t whatever is
 * returned. */
int tree_list(struct tree *t, const char *root, const char *endings, struct value *classes,
              struct error *e);
void tree_free(struct tree *t);
int64_t tree_id(const char *path);

#endif
