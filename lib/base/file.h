/* Files that appear whole or not at all, and descriptors that are written and read to the end. */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include "base/error.h"
#include "base/text.h"

/* An output that is standard output ("-" or NULL) or a file. A file is a temporary beside the
 * target until output_commit, which syncs it, renames it into place and syncs the folder; killed at
 * any instant, the process leaves the old file or the new one. SIGINT, SIGTERM and SIGHUP remove
 * the temporaries, then end the process by that signal; so does exit(). A target that is no regular
 * file (/dev/null, a named pipe) is written directly; through a symbolic link, what it points to is
 * replaced. */
struct output {
    int fd;
    char *path;      /* NULL: standard output */
    char *temporary; /* NULL: written directly */
    int slot;        /* place in the table of temporaries that signals remove, or -1 */
    bool unsynced;   /* set before the commit: one of many files, for one folder_sync after all */
};

int output_open(struct output *o, const char *path, struct error *e);
/* -1 where standard output is what `path` means, and a terminal: not for `what`, which is binary. A
 * terminal that is named (/dev/tty) is meant. */
int output_refuse_terminal(const char *path, const char *what, struct error *e);
/* Writes all of it, through EINTR and partial writes. EPIPE ends the process quietly by SIGPIPE. */
int output_write(struct output *o, const void *bytes, size_t size, struct error *e);
/* The same over what was written already, from `place` on; the next write goes on behind it. */
int output_rewrite(struct output *o, off_t place, const void *bytes, size_t size, struct error *e);
/* For a file: syncs, closes, puts it in place; a failure of any of these is an error. Standard
 * output stays open until program_end. */
int output_commit(struct output *o, struct error *e);
/* Closes and removes the temporary; nothing appears. Safe after a failed commit or open. */
void output_abandon(struct output *o);

/* Text that gathers in memory, what is printed to `to`, until it is written whole or not at all. */
struct text_output {
    FILE *to;
    struct text_buffer buffer;
};
int text_output_begin(struct text_output *t, struct error *e);
/* Ends the text, as has to be done of each before its place is gone, begun or {0}. Where what it is
 * made of has `failed`, as e says by now, that is all, and -1; else writes it to `path` as an output
 * does; a print that failed shows here. */
int text_output_end(struct text_output *t, bool failed, const char *path, struct error *e);

/* An input that is standard input ("-" or NULL) or a file; the descriptor, or -1. */
int input_open(const char *path, struct error *e);
/* The error of an input that did not open, by errno; -1. */
int input_refused(const char *path, struct error *e);
/* Reads until size bytes or end of file; the count, or -1. */
ssize_t input_read(int fd, void *bytes, size_t size, struct error *e);
/* The whole file, NUL-terminated, at most `most` bytes; malloc'd; NULL with the error set. */
char *input_read_all(const char *path, size_t most, size_t *size, struct error *e);
/* The XXH3-64 of a file's bytes as 16 hexadecimal digits; "" of what is no regular file (a pipe can be
 * read but once). -1 where it cannot be read. */
int file_digest(const char *path, char digest[17], struct error *e);
/* What has become of a file that had this digest; -1 where it cannot be read. SHUT: it may not be
 * opened, as where a sandbox does not have it. */
enum file_state { FILE_GONE, FILE_SAME, FILE_CHANGED, FILE_SHUT };
int file_is(const char *path, const char *digest, struct error *e);
/* The whole of what is left of an open one, put behind the `done` bytes of `head`, which were read.
 */
char *input_read_rest(int fd, const void *head, size_t done, size_t most, size_t *size,
                      struct error *e);

/* Whether two paths name one file, or would once it is there. */
bool file_is_same(const char *a, const char *b);

/* An empty folder of our own in TMPDIR, or /tmp; malloc'd. It goes as temporaries go, with the
 * files in it; it holds no folders. */
char *scratch_make(struct error *e);
void scratch_remove(char *path); /* and frees it; NULL is fine */

/* "folder/name", malloc'd, or NULL with the error set. */
char *path_join(const char *folder, const char *name, struct error *e);

/* mkdir -p. */
int folder_make(const char *path, struct error *e);
/* Makes durable what was written to the folder's file system, all at once. */
int folder_sync(const char *path, struct error *e);

#endif
