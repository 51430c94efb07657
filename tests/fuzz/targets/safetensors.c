/* A safetensors file. */
#include "fuzz/fuzz.h"
#include "rows/import.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    return fuzz_import(&IMPORT_SAFETENSORS, bytes, size);
}
