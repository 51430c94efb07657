/* CamVid: the first two bytes count the bytes of classes.txt, the next two those of a picture,
 * which follow; the rest is the picture of its classes. */
#include "fuzz/fuzz.h"
#include "image/dataset.h"

enum { MOST_BYTES = 1 << 14 };

/* Takes a part of *size bytes off the front of *bytes, where the two at `count` tell how many. */
static void put_part(const char *name, const uint8_t count[2], const uint8_t **bytes, size_t *size)
{
    size_t part = (size_t)count[0] << 8 | count[1];
    part = part < *size ? part : *size;
    fuzz_put(name, *bytes, part);
    *bytes += part;
    *size -= part;
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct dataset d;
    struct image image;
    const uint8_t *count = bytes;
    if (size < 4)
        return 0;
    bytes += 4;
    size -= 4;
    put_part("classes.txt", count, &bytes, &size);
    put_part("test/images/picture.png", count + 2, &bytes, &size);
    fuzz_put("test/labels/picture.png", bytes, size);
    struct dataset_request q = {.root = fuzz_folder(), .split = "test", .most_bytes = MOST_BYTES};
    if (dataset_open(&d, format_find("camvid"), &q, &e))
        return 0;
    int got = dataset_next(&d, &image, &e);
    if (got == 1) {
        size_t pixels = (size_t)image.height * image.width;
        const struct value *classes = value_get(d.meta, "classes");
        const size_t values = classes->count + (value_get(d.meta, "void") != NULL);
        must(pixels >= 1 && pixels <= MOST_BYTES && image.channels == 3);
        unsigned sum = 0; /* every pixel is there and is set */
        for (size_t i = 0; i < pixels; i++) {
            must(image.target[i] < values);
            sum += image.pixels[3 * i] + image.pixels[3 * i + 2];
        }
        must(sum <= 510 * pixels && dataset_next(&d, &image, &e) == 0);
    }
    dataset_close(&d);
    return got == 1;
}
