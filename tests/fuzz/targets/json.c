/* JSON: what is accepted prints as JSON that is accepted and means the same. */
#include <string.h>
#include "base/value.h"
#include "fuzz/fuzz.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct value *v = value_parse_json((const char *)bytes, size, &e);
    if (!v)
        return 0;
    char *text = value_json_text(v);
    must(text);
    struct value *again = value_parse_json(text, strlen(text), &e);
    must(again);
    char *second = value_json_text(again);
    struct value *third = second ? value_parse_json(second, strlen(second), &e) : NULL;
    must(third && value_equal(again, third)); /* bytes that are no UTF-8 were replaced by then */
    free(text);
    free(second);
    value_free(third);
    value_free(again);
    value_free(v);
    return 1;
}
