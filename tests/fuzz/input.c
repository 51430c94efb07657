#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "fuzz/fuzz.h"
#include "rows/import.h"
#include "stream/codec.h"

static void fill(int fd, const uint8_t *bytes, size_t size)
{
    must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
}

static int new_file(char path[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

const char *fuzz_file(const uint8_t *bytes, size_t size)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0)
        fd = new_file(path);
    fill(fd, bytes, size);
    return path;
}

static char folder[] = "/tmp/fuzz-folder-XXXXXX";

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s, (void)type, (void)at;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
    static bool made;
    if (!made) {
        must(mkdtemp(folder) && atexit(remove_folder) == 0);
        made = true;
    }
    return folder;
}

/* The folders above folder/name. */
static void make_folders(const char *name)
{
    char path[256];
    for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)(slash - name), name);
        mkdir(path, 0700);
    }
}

void fuzz_put(const char *name, const uint8_t *bytes, size_t size)
{
    static struct {
        const char *name;
        int fd;
    } file[8];
    size_t i = 0;
    while (i < 8 && file[i].name && strcmp(file[i].name, name))
        i++;
    must(i < 8);
    if (!file[i].name) {
        char path[256], target[64];
        snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
        make_folders(name);
        file[i].fd = new_file(target);
        must(symlink(target, path) == 0);
        file[i].name = name;
    }
    fill(file[i].fd, bytes, size);
}

/* The size of the object at `at`, or 0. */
static size_t object_size(const uint8_t *at, size_t size)
{
    struct walk walk = {0};
    struct error e;
    return walk_object(&walk, at, size, &e) > 0 ? walk.at : 0;
}

const char *fuzz_stream(const uint8_t *bytes, size_t size)
{
    struct token t;
    size_t end = object_size(bytes, size), row;
    int64_t rows = 0;
    if (!end)
        return NULL;
    for (; token_read(bytes + end, size - end, &t) > 0 && t.type == TOKEN_ARRAY; rows++) {
        if (!(row = object_size(bytes + end, size - end)))
            break;
        end += row;
    }
    char digest[17];
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)XXH3_64bits(bytes, end));
    msgpack_sbuffer whole;
    msgpack_packer packer;
    msgpack_sbuffer_init(&whole);
    msgpack_packer_init(&packer, &whole, msgpack_sbuffer_write);
    msgpack_sbuffer_write(&whole, (const char *)bytes, end);
    msgpack_pack_map(&packer, 2);
    text_pack(&packer, "rows");
    msgpack_pack_int64(&packer, rows);
    text_pack(&packer, "xxh3");
    text_pack(&packer, digest);
    const char *path = fuzz_file((const uint8_t *)whole.data, whole.size);
    msgpack_sbuffer_destroy(&whole);
    return path;
}

int fuzz_import(const struct import_format *f, const uint8_t *bytes, size_t size)
{
    static const struct stream_limits limits = {1 << 16};
    struct error e;
    struct import m;
    if (import_open(&m, f, fuzz_file(bytes, size), &limits, &e))
        return 0;
    struct stream_writer *w = stream_create("/dev/null", &m.header, &e);
    must(w);
    int got;
    while ((got = import_next(&m, w, &e)) == 1)
        ;
    import_close(&m);
    must(got < 0 || stream_commit(w, &e) == 0);
    if (got < 0)
        stream_abandon(w);
    return got == 0;
}
