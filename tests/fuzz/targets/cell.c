/* The text of an architecture of any space: what is accepted is valid and prints as a text that is
 * accepted, has the same id and prints the same. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "network/search_space.h"

/* For the sanitizers. */
static void draw(const struct architecture *a)
{
    char *picture;
    size_t size;
    FILE *to = open_memstream(&picture, &size);
    must(to && a->space->print_dot(a, to) == 0);
    must(fclose(to) == 0 && picture);
    free(picture);
    value_free(a->space->value(a));
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct architecture a, again;
    char one[17], other[17];
    if (architecture_parse(&a, NULL, (const char *)bytes, size, &e))
        return 0;
    must(a.space->check(&a, &e) == 0);
    draw(&a);
    char *text = architecture_text(&a, &e);
    must(text && architecture_parse(&again, a.space, text, strlen(text), &e) == 0);
    char *second = architecture_text(&again, &e);
    must(second && strcmp(text, second) == 0);
    must(architecture_id(&a, one, &e) == 0 && architecture_id(&again, other, &e) == 0);
    must(strcmp(one, other) == 0);
    free(text);
    free(second);
    return 1;
}
