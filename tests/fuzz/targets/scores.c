/* A table of scores: what is accepted has an id and a number a row, in order, and can be ranked. */
#include <math.h>
#include <string.h>
#include "fuzz/fuzz.h"
#include "measure/ranks.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct scores s;
    char *text = malloc(size + 1);
    must(text);
    memcpy(text, bytes, size);
    text[size] = 0;
    int failed = scores_read(&s, text, size, "score", size & 1 ? "note" : NULL, &e);
    for (size_t i = 0; i < s.count && !failed; i++)
        must(!isnan(s.each[i].value) && (!i || strcmp(s.each[i - 1].id, s.each[i].id) < 0));
    struct value *v = failed ? NULL : ranks_report(&s, &s, 3, 1, &e);
    if (v)
        must(value_get_int(v, "pairs", 0) == (int64_t)s.count &&
             (isnan(value_get_real(v, "kendall", NAN)) ||
              fabs(value_get_real(v, "kendall", 0) - 1) < 1e-9));
    value_free(v);
    scores_free(&s);
    return !failed;
}
