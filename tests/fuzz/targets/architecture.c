/* An architecture or a search's state, as a stream: what is accepted is an architecture of a space,
 * whose text is read as the same. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "network/architecture.h"

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static const struct stream_limits limits = {1 << 16};
    struct error e;
    struct architecture a, again;
    struct header from;
    char digest[17];
    const char *path = fuzz_stream(bytes, size);
    if (!path || architecture_read(&a, path, &limits, &from, digest, &e))
        return 0;
    header_free(&from);
    must(a.space->check(&a, &e) == 0);
    char *text = architecture_text(&a, &e), id[17];
    must(text && architecture_parse(&again, a.space, text, strlen(text), &e) == 0);
    must(architecture_id(&again, id, &e) == 0);
    free(text);
    return 1;
}
