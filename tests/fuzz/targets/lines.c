/* Tables as text: tab-separated values, JSON lines. */
#include "fuzz/fuzz.h"
#include "rows/import.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    return fuzz_import(&IMPORT_TSV, bytes, size) | fuzz_import(&IMPORT_JSON, bytes, size);
}
