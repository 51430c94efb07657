/* Loaded before libc (LD_PRELOAD), this makes the world of a program fail as told by the variable
 *
 *     FAULT='WHAT N HOW NUMBER'
 *
 * WHAT is alloc, read, write, sync, close (of files that were written), rename, open, or file: any
 * of these but alloc. The N-th such call, counted from 1 (0: each), fails by
 *
 *     error NUMBER    that errno; nothing is done (but close does close)
 *     from NUMBER     the same, and so do all that follow
 *     signal NUMBER   a signal that arrives just before it
 *     short NUMBER    it reads or writes no more than so many bytes
 *     interrupt 0     EINTR and, the next time, no more than 7 bytes: with N = 0, turn by turn
 *
 * FAULT_LOG is a descriptor, open for appending, that gets a line "hit" for each fault that was
 * injected ("from" and "interrupt": for the first) and at exit a line with the count of such calls.
 *
 * libc's own calls (stdio's) do not pass here, its allocations do; those of libpng, libjpeg, zlib,
 * MessagePack and OpenMP all do. A test that links this (fault.h) says itself when what fails. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "promises/fault.h"

enum { ALLOC = 1, READ = 2, WRITE = 4, SYNC = 8, CLOSE = 16, RENAME = 32, OPEN = 64 };
enum { GOOD, FAIL, SHORT };

static const struct {
    const char *name;
    int calls;
} kinds[] = {{"alloc", ALLOC}, {"read", READ},
             {"write", WRITE}, {"sync", SYNC},
             {"close", CLOSE}, {"rename", RENAME},
             {"open", OPEN},   {"file", READ | WRITE | SYNC | CLOSE | RENAME | OPEN}};

static int watched, number;
static long wanted;
static char how[16];
static atomic_long seen, hits, blocks;

/* libc's own, or the address sanitizer's where a test is linked with it. */
#define FIRST(sanitizers, libcs) ((sanitizers) ? (sanitizers) : (libcs))
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);
void __libc_free(void *);
#pragma weak __interceptor_malloc
#pragma weak __interceptor_calloc
#pragma weak __interceptor_realloc
#pragma weak __interceptor_memalign
#pragma weak __interceptor_free
void *__interceptor_malloc(size_t), *__interceptor_calloc(size_t, size_t),
    *__interceptor_realloc(void *, size_t), *__interceptor_memalign(size_t, size_t);
void __interceptor_free(void *);

/* By a bare system call: our own write must not be counted. */
static void note(const char *text)
{
    const char *fd = getenv("FAULT_LOG");
    if (fd)
        syscall(SYS_write, atoi(fd), text, strlen(text));
}

void fault_set(const char *told)
{
    char what[16];
    watched = 0;
    seen = hits = 0;
    if (!told || sscanf(told, "%15s %ld %15s %d", what, &wanted, how, &number) != 4)
        return;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, what) == 0)
            watched = kinds[i].calls;
}

long fault_hits(void)
{
    return hits;
}

long fault_blocks(void)
{
    return blocks;
}

/* With FAULT_PROCESS that process alone, also when it becomes another program, not those that it
 * starts. */
__attribute__((constructor)) static void begin(void)
{
    const char *whose = getenv("FAULT_PROCESS");
    if (!whose || atoi(whose) == getpid())
        fault_set(getenv("FAULT"));
}

__attribute__((destructor)) static void end(void)
{
    char line[32];
    snprintf(line, sizeof line, "%ld\n", atomic_load(&seen));
    watched = 0;
    note(line);
}

/* What becomes of this call; sets errno where it fails. */
static int fate(int call)
{
    if (!(watched & call))
        return GOOD;
    long count = atomic_fetch_add(&seen, 1) + 1;
    bool on = how[0] == 'f', turns = how[0] == 'i';
    if (wanted && (on ? count < wanted : count != wanted))
        return GOOD;
    atomic_fetch_add(&hits, 1);
    if (!(on || turns) || count == (wanted ? wanted : 1))
        note("hit\n");
    if (!strcmp(how, "short"))
        return SHORT;
    if (how[0] == 's') {
        raise(number);
        return GOOD;
    }
    errno = turns ? EINTR : number;
    return turns && count % 2 == 0 ? SHORT : FAIL;
}

/* ---- memory ---- */

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add(&blocks, 1);
    return block;
}

void *malloc(size_t size)
{
    return fate(ALLOC) ? NULL : counted(FIRST(__interceptor_malloc, __libc_malloc)(size));
}

void *calloc(size_t count, size_t size)
{
    return fate(ALLOC) ? NULL : counted(FIRST(__interceptor_calloc, __libc_calloc)(count, size));
}

void *realloc(void *old, size_t size)
{
    if (fate(ALLOC))
        return NULL;
    void *grown = FIRST(__interceptor_realloc, __libc_realloc)(old, size);
    return old ? grown : counted(grown);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fate(ALLOC) ? NULL
                       : counted(FIRST(__interceptor_memalign, __libc_memalign)(alignment, size));
}

void free(void *block)
{
    if (block)
        atomic_fetch_sub(&blocks, 1);
    FIRST(__interceptor_free, __libc_free)(block);
}

int posix_memalign(void **to, size_t alignment, size_t size)
{
    void *made = aligned_alloc(alignment, size);
    if (made)
        *to = made;
    return made ? 0 : ENOMEM;
}

/* ---- files ---- */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static size_t bounded(size_t size, int what)
{
    size_t most = number ? (size_t)number : 7;
    return what == SHORT && size > most ? most : size;
}

ssize_t read(int fd, void *to, size_t size)
{
    int what = fate(READ);
    return what == FAIL ? -1 : syscall(SYS_read, fd, to, bounded(size, what));
}

ssize_t write(int fd, const void *from, size_t size)
{
    int what = fate(WRITE);
    return what == FAIL ? -1 : syscall(SYS_write, fd, from, bounded(size, what));
}

int fsync(int fd)
{
    return fate(SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int syncfs(int fd)
{
    return fate(SYNC) ? -1 : (int)syscall(SYS_syncfs, fd);
}

int close(int fd)
{
    struct stat is;
    bool written = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY && fstat(fd, &is) == 0 &&
                   !S_ISFIFO(is.st_mode);
    int failed = written ? fate(CLOSE) : GOOD, number_of = errno;
    int result = (int)syscall(SYS_close, fd);
    errno = failed ? number_of : errno;
    return failed ? -1 : result;
}

int rename(const char *from, const char *to)
{
    return fate(RENAME) ? -1 : REAL(rename)(from, to);
}

int open(const char *path, int flags, ...)
{
    va_list a;
    va_start(a, flags);
    mode_t mode = flags & O_CREAT ? va_arg(a, mode_t) : 0;
    va_end(a);
    return fate(OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
