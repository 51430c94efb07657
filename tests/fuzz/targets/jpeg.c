#include "fuzz/picture.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    return fuzz_picture(jpeg_decode, bytes, size);
}
