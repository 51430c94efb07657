/* CIFAR-10 and -100: the first byte chooses which, the next two count the bytes of the file of
 * names, which follows; the rest is the file of records. */
#include "fuzz/fuzz.h"
#include "image/dataset.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct dataset d;
    struct image image;
    if (size < 3)
        return 0;
    size_t named = (size_t)bytes[1] << 8 | bytes[2];
    bool hundred = bytes[0] & 1;
    bytes += 3;
    size -= 3;
    named = named < size ? named : size;
    fuzz_put(hundred ? "fine_label_names.txt" : "batches.meta.txt", bytes, named);
    fuzz_put(hundred ? "test.bin" : "test_batch.bin", bytes + named, size - named);
    struct dataset_request q = {.root = fuzz_folder(), .split = "test", .most_bytes = 1 << 20};
    if (dataset_open(&d, format_find(hundred ? "cifar100" : "cifar10"), &q, &e))
        return 0;
    int64_t rows = 0;
    int got;
    while ((got = dataset_next(&d, &image, &e)) == 1) {
        must(image.label >= 0 && image.label < (hundred ? 100 : 10));
        must(image.height == 32 && image.width == 32 && image.channels == 3);
        rows++;
    }
    must(got < 0 || rows == d.rows);
    dataset_close(&d);
    return got == 0;
}
