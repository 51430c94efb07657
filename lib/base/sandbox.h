/* Least privilege: what a parser that was taken over could do. From sandbox_enter on this process
 * and its threads open only the files that were allowed (Landlock), and start no program or
 * process, open no socket, and trace, signal or slow down nobody (seccomp); what is open already
 * stays so. A kernel that
 * has neither is no error, and sanitizers, which need more than this leaves, do without. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H
#include <stdbool.h>

enum { SANDBOX_FILES = 1, SANDBOX_CALLS = 2 }; /* by Landlock, by seccomp */

struct sandbox {
    int rules; /* Landlock's ruleset, or -1 */
};

void sandbox_begin(struct sandbox *s);
/* A file, or a folder with all below it, may be read; a path that does not exist is left out. */
void sandbox_allow_read(struct sandbox *s, const char *path);
/* So may what links in the folder, or in those below it, lead to: data sets are often folders of
 * links. Files and folders alone, to a depth of four folders and a million names; where path is no
 * folder nothing. */
void sandbox_allow_links(struct sandbox *s, const char *path);
/* base/file.h may put a file here: whatever lies in its folder, or in the nearest folder above that
 * exists, may be written, made and removed. A folder itself where path is one; of what is no
 * regular file (/dev/null, a pipe) that alone. */
void sandbox_allow_write(struct sandbox *s, const char *path);
/* Which of the two are in force now; ends s. */
int sandbox_enter(struct sandbox *s);

#endif
