#include "search/settings.h"

#include <stdlib.h>

int settings_int(const struct value *settings, const char *what, const char *key, int least,
                 int most, int *to, struct error *e)
{
    int64_t found = value_get_int(settings, key, INT64_MIN);
    if (found < least || found > most)
        return error_set(e, "%s: %s is missing or not %d to %d", what, key, least, most);
    *to = (int)found;
    return 0;
}

int settings_agree(const struct value *kept, const struct value *given, struct error *e)
{
    for (size_t i = 0; given && i < given->count; i++) {
        const struct value *old = value_get(kept, given->key[i]);
        if (value_equal(old, given->item[i]))
            continue;
        char *before = old ? value_json_text(old) : NULL, *now = value_json_text(given->item[i]);
        error_set(e, "it began with %s %s, this call says %s", given->key[i],
                  before ? before : "none", now ? now : "another");
        free(before);
        free(now);
        return -1;
    }
    return 0;
}

int settings_apply(struct value *settings, const struct value *given, struct error *e)
{
    for (size_t i = 0; given && i < given->count; i++)
        if (!value_set(settings, given->key[i], value_copy(given->item[i])))
            return error_set(e, "out of memory");
    return 0;
}
