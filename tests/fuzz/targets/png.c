#include "fuzz/picture.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    return fuzz_picture(png_decode, bytes, size);
}
