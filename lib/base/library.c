#include "base/library.h"
#include <stddef.h>
#include <string.h>

static struct library *first;

const struct library *library_first(void)
{
    return first;
}

void library_add(struct library *l)
{
    struct library **at = &first;
    while (*at && strcmp((*at)->name, l->name) < 0)
        at = &(*at)->next;
    if (*at && strcmp((*at)->name, l->name) == 0)
        return;
    l->next = *at;
    *at = l;
}
