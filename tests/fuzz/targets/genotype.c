/* DARTS' Genotype text: what is accepted prints as a text that is accepted and prints the same. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "network/genotype.h"

static char *print(const struct genotype *g)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    must(to && genotype_print(g, to) == 0 && genotype_print_dot(g, to) == 0);
    must(fclose(to) == 0 && text);
    text[strcspn(text, "\n")] = 0; /* the picture was for the sanitizers */
    return text;
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct genotype g, again;
    if (genotype_parse(&g, (const char *)bytes, size, &e))
        return 0;
    must(genotype_check(&g, &e) == 0);
    char *text = print(&g);
    must(genotype_parse(&again, text, strlen(text), &e) == 0);
    char *second = print(&again);
    must(strcmp(text, second) == 0);
    value_free(genotype_value(&g));
    free(text);
    free(second);
    return 1;
}
