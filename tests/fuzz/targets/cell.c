/* The text of a densely connected cell: what is accepted prints as a text that is accepted and
 * prints the same. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "network/dense.h"

static char *print(const struct dense_cell *cell)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    must(to && dense_print(cell, to) == 0 && dense_print_dot(cell, to) == 0);
    must(fclose(to) == 0 && text);
    text[strcspn(text, "\n")] = 0; /* the picture was for the sanitizers */
    return text;
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct dense_cell cell, again;
    if (dense_parse(&cell, (const char *)bytes, size, &e))
        return 0;
    must(cell.nodes >= 2 && cell.nodes <= DENSE_MOST_NODES);
    char *text = print(&cell);
    must(dense_parse(&again, text, strlen(text), &e) == 0);
    char *second = print(&again);
    must(strcmp(text, second) == 0);
    value_free(dense_value(&cell));
    free(text);
    free(second);
    return 1;
}
