/* A table of figures, and what is judged by them. */
#include <string.h>
#include "base/memory.h"
#include "fuzz/fuzz.h"
#include "measure/evidence.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static const struct judging how = {0.95, 100, 1, true};
    struct error e;
    struct evidence v;
    char *text = array_new(size + 1, 1, "text", &e);
    must(text);
    memcpy(text, bytes, size);
    bool ranked = size && bytes[size - 1] == '!';
    bool read = !evidence_read(&v, text, size, "D(1)", ranked, &e);
    struct value *report = read ? evidence_judge(&v, &how, &e) : NULL;
    must(read || !report);
    must(!report || value_get_text(report, "verdict", NULL));
    value_free(report);
    evidence_free(&v);
    return read;
}
