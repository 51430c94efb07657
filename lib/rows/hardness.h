/* What search-step tells: the subset D as a stream of kind "hardness", a row a member: `id` i64,
 * `label` i32, `easiness` f32; and meta `search`, where the run is. */
#ifndef ROWS_HARDNESS_H
#define ROWS_HARDNESS_H
#include "select/curriculum.h"
#include "select/remine.h"
#include "stream/stage.h"

struct hardness {
    struct header header;
    struct member *member; /* owned */
    size_t count;          /* members, at least 1 */
    bool searched;         /* meta has `search` */
    struct curriculum run; /* epoch -1 and accuracy NaN where meta does not tell them */
};

/* Reads path ("-" or NULL: standard input). */
int hardness_read(struct hardness *h, const struct call *c, const char *path, struct error *e);
void hardness_free(struct hardness *h);

#endif
