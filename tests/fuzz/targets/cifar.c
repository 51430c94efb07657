/* CIFAR-10 and -100: the first byte chooses which, the next two count the bytes of the file of
 * names, which follows; the rest is the file of records. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fuzz/fuzz.h"
#include "image/dataset.h"

static char folder[] = "/tmp/fuzz-cifar-XXXXXX";
static int names_fd, records_fd;

/* Links in a folder to files in memory. */
static const char *const names[] = {"batches.meta.txt", "fine_label_names.txt"};
static const char *const records[] = {"test_batch.bin", "test.bin"};

static void link_file(const char *name, int fd)
{
    char path[256], target[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(target, sizeof target, "/proc/self/fd/%d", fd);
    must(symlink(target, path) == 0);
}

static void remove_folder(void)
{
    char path[256];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, i < 2 ? names[i] : records[i - 2]);
        unlink(path);
    }
    rmdir(folder);
}

static void make_folder(void)
{
    names_fd = memfd_create("names", MFD_CLOEXEC);
    records_fd = memfd_create("records", MFD_CLOEXEC);
    must(mkdtemp(folder) && atexit(remove_folder) == 0);
    for (int i = 0; i < 2; i++) {
        link_file(names[i], names_fd);
        link_file(records[i], records_fd);
    }
}

static void put(int fd, const uint8_t *bytes, size_t size)
{
    must(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct dataset d;
    struct image image;
    if (size < 3)
        return 0;
    if (!names_fd)
        make_folder();
    size_t named = (size_t)bytes[1] << 8 | bytes[2];
    const char *which = bytes[0] & 1 ? "cifar100" : "cifar10";
    bytes += 3;
    size -= 3;
    named = named < size ? named : size;
    put(names_fd, bytes, named);
    put(records_fd, bytes + named, size - named);
    struct dataset_request q = {.root = folder, .split = "test", .most_bytes = 1 << 20};
    if (dataset_open(&d, format_find(which), &q, &e))
        return 0;
    int64_t rows = 0;
    int got;
    while ((got = dataset_next(&d, &image, &e)) == 1) {
        must(image.label >= 0 && image.label < (bytes[-3] & 1 ? 100 : 10));
        must(image.height == 32 && image.width == 32 && image.channels == 3);
        rows++;
    }
    must(got < 0 || rows == d.rows);
    dataset_close(&d);
    return got == 0;
}
