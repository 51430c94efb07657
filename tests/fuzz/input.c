#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>
#include "fuzz/fuzz.h"
#include "stream/codec.h"

const char *fuzz_file(const uint8_t *bytes, size_t size)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
    return path;
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
