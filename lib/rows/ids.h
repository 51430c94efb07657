/* Lists of ids as streams. Any stream with an `id` i64 is one to read; kind "ids", the next subset,
 * has a row a place of it: `id` i64, `label` i32, `easiness` f32 (NaN: unknown), `kept` i32 (1, or
 * 0 for a newcomer), `replaces` i64 (its own id where kept), `distance` f32 (from that one); meta
 * `subset` tells what was done. */
#ifndef ROWS_IDS_H
#define ROWS_IDS_H
#include "select/pick.h"
#include "select/remine.h"
#include "stream/stage.h"

/* All ids of the stream at path; notes it in *inputs as `name`. `subset`, unless it is NULL, gets a
 * copy of meta `subset`, or NULL. */
int ids_read(struct id_list *list, const struct call *c, const char *path, const char *name,
             struct value **inputs, struct value **subset, struct error *e);

struct ids_update {
    int64_t update; /* so far, this one included */
    bool updated, mastered;
    const struct remine_report *report;
};
/* Writes the call's output, which keeps the meta and the history of `from`. */
int ids_write(const struct choice *choice, size_t count, const struct ids_update *u,
              const struct call *c, const struct header *from, const struct value *inputs,
              struct error *e);

#endif
