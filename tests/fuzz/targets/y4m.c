/* YUV4MPEG2: the first byte tells how many frames make a clip (0: all); the rest is the file. */
#include "fuzz/fuzz.h"
#include "image/dataset.h"

enum { MOST_BYTES = 1 << 12 };

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct dataset d;
    struct image image;
    if (size == 0)
        return 0;
    const struct dataset_request q = {
        .root = fuzz_file(bytes + 1, size - 1), .most_bytes = MOST_BYTES, .frames = bytes[0] % 4};
    if (dataset_open(&d, format_find("y4m"), &q, &e))
        return 0;
    int64_t clips = 0;
    int got;
    while ((got = dataset_next(&d, &image, &e)) == 1) {
        size_t all = (size_t)image.frames * image.height * image.width * image.channels;
        unsigned sum = 0; /* every pixel is there and is set */
        for (size_t i = 0; i < all; i++)
            sum += image.pixels[i];
        must(all >= 1 && all <= MOST_BYTES && sum <= 255u * MOST_BYTES);
        must(image.id == clips && (!q.frames || image.frames == (uint32_t)q.frames));
        clips++;
    }
    dataset_close(&d);
    return got == 0 && clips > 0;
}
