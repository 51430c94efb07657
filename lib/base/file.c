#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>
#include "base/memory.h"

/* ---- temporaries that must not outlive the process ---- */

enum { SLOTS = 64 };
static _Atomic(char *) temporaries[SLOTS];

/* By system calls alone: signal handlers come here. */
static bool remove_scratch(const char *path)
{
    char entries[4096] __attribute__((aligned(8)));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), removed = 1;
    while (fd >= 0 && removed && lseek(fd, 0, SEEK_SET) == 0) { /* as removal may hide names */
        removed = 0;
        for (long got; (got = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0;)
            for (long at = 0; at < got; at += ((struct dirent64 *)(entries + at))->d_reclen)
                removed += unlinkat(fd, ((struct dirent64 *)(entries + at))->d_name, 0) == 0;
    }
    if (fd >= 0)
        close(fd);
    return rmdir(path) == 0;
}

static void remove_temporaries(void)
{
    for (int i = 0; i < SLOTS; i++) {
        char *path = atomic_exchange(&temporaries[i], NULL);
        if (path && unlink(path) && errno == EISDIR)
            remove_scratch(path);
    }
}

static void on_signal(int number)
{
    remove_temporaries();
    signal(number, SIG_DFL);
    raise(number); /* blocked here, so it ends the process as the handler returns */
}

static void watch_signals(void)
{
    static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU};
    static atomic_flag once = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&once))
        return;
    atexit(remove_temporaries);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        struct sigaction old, new = {.sa_handler = on_signal};
        sigemptyset(&new.sa_mask);
        /* what nohup or the shell told us to ignore stays ignored */
        if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(watched[i], &new, NULL);
    }
}

static int slot_take(char *path, struct error *e)
{
    for (int i = 0; i < SLOTS; i++) {
        char *none = NULL;
        if (atomic_compare_exchange_strong(&temporaries[i], &none, path))
            return i;
    }
    return error_set(e, "too many output files are open at once");
}

static void slot_release(struct output *o)
{
    if (o->slot >= 0)
        atomic_store(&temporaries[o->slot], NULL);
    o->slot = -1;
}

/* ---- output ---- */

static void output_reset(struct output *o)
{
    slot_release(o);
    free(o->path);
    free(o->temporary);
    *o = (struct output){.fd = -1, .slot = -1};
}

/* The path is registered before the file is made, so that no signal falls in between. */
static int create_temporary(struct output *o, struct error *e)
{
    for (int attempt = 0; attempt < 1000; attempt++) {
        if (asprintf(&o->temporary, "%s.%ld-%d.tmp", o->path, (long)getpid(), attempt) < 0) {
            o->temporary = NULL;
            return error_set(e, "out of memory: a file name");
        }
        if ((o->slot = slot_take(o->temporary, e)) < 0)
            return -1;
        o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (o->fd >= 0)
            return 0;
        slot_release(o);
        free(o->temporary);
        o->temporary = NULL;
        if (errno != EEXIST)
            break;
    }
    return error_set(e, "cannot create %s:", o->path);
}

int output_open(struct output *o, const char *path, struct error *e)
{
    *o = (struct output){.fd = STDOUT_FILENO, .slot = -1};
    if (!path || strcmp(path, "-") == 0)
        return 0;
    o->fd = -1;
    watch_signals();
    struct stat there;
    bool exists = stat(path, &there) == 0;
    o->path = exists && S_ISREG(there.st_mode) ? realpath(path, NULL) : text_copy(path, e);
    if (!o->path)
        return error_set(e, "cannot create %s:", path);
    if (exists && !S_ISREG(there.st_mode)) {
        o->fd = open(o->path, O_WRONLY | O_CLOEXEC);
        if (o->fd < 0)
            error_set(e, "cannot open %s:", path);
    } else if (create_temporary(o, e) == 0 && exists) {
        fchmod(o->fd, there.st_mode & 0777);
    }
    if (o->fd >= 0)
        return 0;
    output_reset(o);
    return -1;
}

int output_refuse_terminal(const char *path, const char *what, struct error *e)
{
    bool standard = !path || strcmp(path, "-") == 0;
    if (!standard || isatty(STDOUT_FILENO) != 1)
        return 0;
    return error_set(e, "%s is not for a terminal: redirect it, or name a file", what);
}

int output_write(struct output *o, const void *bytes, size_t size, struct error *e)
{
    const char *at = bytes;
    while (size) {
        ssize_t n = write(o->fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(e, "cannot write %s:", o->path ? o->path : "standard output");
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

int output_rewrite(struct output *o, off_t place, const void *bytes, size_t size, struct error *e)
{
    if (lseek(o->fd, place, SEEK_SET) < 0)
        return error_set(e, "cannot go back in %s:", o->path ? o->path : "standard output");
    return output_write(o, bytes, size, e);
}

/* Makes the rename itself durable. File systems that cannot sync a folder say EINVAL. */
static int sync_folder_of(const char *path, struct error *e)
{
    autofree char *copy = text_copy(path, e);
    if (!copy)
        return -1;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0; /* a folder may be writable and not readable */
    int failed = fsync(fd) && errno != EINVAL;
    if (failed)
        error_set(e, "cannot sync the folder of %s:", path);
    close(fd);
    return failed ? -1 : 0;
}

int output_commit(struct output *o, struct error *e)
{
    int result = 0;
    if (!o->path) {
        *o = (struct output){.fd = -1, .slot = -1};
        return 0;
    }
    if (o->temporary && !o->unsynced && fsync(o->fd))
        result = error_set(e, "cannot sync %s:", o->path);
    if (close(o->fd) && result == 0)
        result = error_set(e, "cannot close %s:", o->path);
    o->fd = -1;
    if (result == 0 && o->temporary && rename(o->temporary, o->path))
        result = error_set(e, "cannot rename %s to %s:", o->temporary, o->path);
    if (result) {
        output_abandon(o);
        return -1;
    }
    result = o->temporary && !o->unsynced ? sync_folder_of(o->path, e) : 0;
    output_reset(o);
    return result;
}

void output_abandon(struct output *o)
{
    if (o->path && o->fd >= 0)
        close(o->fd);
    if (o->temporary)
        unlink(o->temporary);
    output_reset(o);
}

/* ---- text ---- */

int text_output_begin(struct text_output *t, struct error *e)
{
    t->to = text_buffer_open(&t->buffer);
    return t->to ? 0 : error_set(e, "out of memory: text to be written");
}

int text_output_end(struct text_output *t, bool failed, const char *path, struct error *e)
{
    struct output o;
    const bool lost = text_buffer_close(t->to, &t->buffer);
    if (lost && !failed)
        error_set(e, "out of memory: text to be written");
    failed = failed || lost || output_open(&o, path, e);
    if (!failed && (output_write(&o, t->buffer.text, t->buffer.size, e) || output_commit(&o, e))) {
        output_abandon(&o);
        failed = true;
    }
    free(t->buffer.text);
    *t = (struct text_output){0};
    return failed ? -1 : 0;
}

/* ---- input ---- */

int input_refused(const char *path, struct error *e)
{
    /* what access() grants, only the sandbox refuses: a link to what was not named, mostly */
    if (errno == EACCES && access(path, R_OK) == 0)
        return error_set(e, "cannot open %s: not on the command line; see --no-sandbox", path);
    return error_set(e, "cannot open %s:", path);
}

int input_open(const char *path, struct error *e)
{
    if (!path || strcmp(path, "-") == 0)
        return STDIN_FILENO;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : input_refused(path, e);
}

ssize_t input_read(int fd, void *bytes, size_t size, struct error *e)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, (char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(e, "cannot read:");
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

char *input_read_rest(int fd, const void *head, size_t done, size_t most, size_t *size,
                      struct error *e)
{
    char *text = NULL;
    size_t capacity = 0;
    const size_t first = done;
    while (done <= most) {
        void *grown = text;
        if (array_grow(&grown, &capacity, done + 65536, 1, "a file", e))
            break;
        text = grown;
        if (done == first && first)
            memcpy(text, head, first);
        ssize_t n = input_read(fd, text + done, capacity - done - 1, e);
        if (n < 0)
            break;
        done += (size_t)n;
        if (n == 0 && done <= most) {
            text[done] = 0;
            *size = done;
            return text;
        }
        if (done > most)
            error_set(e, "larger than %zu bytes", most);
    }
    free(text);
    return NULL;
}

int file_digest(const char *path, char digest[17], struct error *e)
{
    uint8_t bytes[1 << 16];
    struct stat s;
    *digest = 0;
    if (stat(path, &s))
        return input_refused(path, e);
    if (!S_ISREG(s.st_mode))
        return 0;
    int fd = input_open(path, e);
    XXH3_state_t *state = fd < 0 ? NULL : XXH3_createState();
    ssize_t got = -1;
    if (state) {
        XXH3_64bits_reset(state);
        while ((got = input_read(fd, bytes, sizeof bytes, e)) > 0)
            XXH3_64bits_update(state, bytes, (size_t)got);
        if (!got)
            snprintf(digest, 17, "%016llx", (unsigned long long)XXH3_64bits_digest(state));
        XXH3_freeState(state);
    } else if (fd >= 0) {
        error_set(e, "out of memory: %s", path);
    }
    if (fd >= 0)
        close(fd);
    return got < 0 ? -1 : 0;
}

int file_is(const char *path, const char *digest, struct error *e)
{
    char now[17];
    struct error why;
    if (!*digest)
        return FILE_GONE;
    if (!file_digest(path, now, &why))
        return strcmp(now, digest) ? FILE_CHANGED : FILE_SAME;
    if (errno == ENOENT || errno == ENOTDIR)
        return FILE_GONE;
    if (errno == EACCES || errno == EPERM)
        return FILE_SHUT;
    *e = why;
    return -1;
}

char *input_read_all(const char *path, size_t most, size_t *size, struct error *e)
{
    int fd = input_open(path, e);
    if (fd < 0)
        return NULL;
    char *text = input_read_rest(fd, NULL, 0, most, size, e);
    if (!text)
        error_wrap(e, "%s", fd == STDIN_FILENO ? "standard input" : path);
    if (fd != STDIN_FILENO)
        close(fd);
    return text;
}

/* ---- names ---- */

static bool is_same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Splits the path of what is not there yet: the folder's inode, and the name in it. */
static const char *locate(const char *path, struct stat *folder)
{
    const char *slash = strrchr(path, '/');
    char *start = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    bool found = start && stat(start, folder) == 0;
    free(start);
    return !found ? NULL : slash ? slash + 1 : path;
}

bool file_is_same(const char *a, const char *b)
{
    struct stat x, y;
    bool there = stat(a, &x) == 0, also = stat(b, &y) == 0;
    if (there || also)
        return there && also && is_same_inode(&x, &y);
    const char *name = locate(a, &x), *other = locate(b, &y);
    return name && other && strcmp(name, other) == 0 && is_same_inode(&x, &y);
}

/* ---- folders ---- */

char *scratch_make(struct error *e)
{
    const char *base = getenv("TMPDIR");
    sigset_t all, before;
    char *path;
    if (asprintf(&path, "%s/winnow-scratch-XXXXXX", base && *base ? base : "/tmp") < 0)
        return error_set(e, "out of memory: a file name"), NULL;
    watch_signals();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before); /* or one may fall between the two */
    bool made = mkdtemp(path) || (error_set(e, "cannot make %s:", path), false);
    if (made && slot_take(path, e) < 0) {
        rmdir(path);
        made = false;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (made)
        return path;
    free(path);
    return NULL;
}

void scratch_remove(char *path)
{
    if (!path || !remove_scratch(path))
        return; /* which is tried again at the end */
    for (int i = 0; i < SLOTS; i++) {
        char *this = path;
        atomic_compare_exchange_strong(&temporaries[i], &this, NULL);
    }
    free(path);
}

char *path_join(const char *folder, const char *name, struct error *e)
{
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = malloc(length);
    if (!path) {
        error_set(e, "out of memory");
        return NULL;
    }
    snprintf(path, length, "%s/%s", folder, name);
    return path;
}

int folder_make(const char *path, struct error *e)
{
    struct stat there;
    autofree char *partial = text_copy(path, e);
    if (!partial)
        return -1;
    for (char *s = partial + 1; *partial; s++) {
        if (*s && *s != '/')
            continue;
        char kept = *s;
        *s = 0;
        if (mkdir(partial, 0777) && (stat(partial, &there) || !S_ISDIR(there.st_mode)))
            return error_set(e, "cannot make the folder %s:", partial);
        if (!kept)
            break;
        *s = kept;
    }
    return 0;
}

int folder_sync(const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || syncfs(fd) ? error_set(e, "cannot sync folder %s:", path) : 0;
    if (fd >= 0)
        close(fd);
    return failed;
}
