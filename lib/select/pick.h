/* Choosing rows by id, or at random by id: what pick does, without the streams.
 *
 * A random choice ranks every id by a counter-based random number (seed, purpose, id) and takes the
 * ids with the smallest. So it does not depend on the order of the rows, an id keeps its rank in
 * every subset that it is met in, and the memory needed is that of the rows chosen. */
#ifndef SELECT_PICK_H
#define SELECT_PICK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* ---- a list of ids, some listed several times ---- */
struct listed {
    int64_t id;
    size_t place, times; /* where it was listed first, how often */
    bool met;
};

struct id_list {
    struct listed *entry; /* sorted by id */
    size_t count;         /* distinct ids */
};

int id_list_init(struct id_list *l, const int64_t *ids, size_t count, struct error *e);
/* How often the id is listed, 0 for never; remembers that it was met. */
size_t id_list_meet(struct id_list *l, int64_t id);
/* The id, listed before all others that were never met; NULL where all were. */
const int64_t *id_list_missing(const struct id_list *l);
void id_list_free(struct id_list *l);

/* ---- the `most` rows of least rank, of each group ---- */
struct chosen {
    uint64_t rank;
    int64_t id, row;
    void *bytes; /* the row, owned by the chooser */
    size_t size;
};

struct chooser;
struct chooser *chooser_new(uint64_t seed, const char *purpose, size_t most, struct error *e);
/* Copies the row's bytes where it is, so far, among the chosen of its group. */
int chooser_offer(struct chooser *c, int32_t group, int64_t id, int64_t row, const void *bytes,
                  size_t size, struct error *e);
/* The group is one even where no row of it comes. */
int chooser_expect(struct chooser *c, int32_t group, struct error *e);
/* All chosen rows of all groups by ascending row; valid until chooser_free. A group that was
 * offered fewer rows than `most` is an error, and *group is it. */
const struct chosen *chooser_finish(struct chooser *c, size_t *count, int32_t *group,
                                    struct error *e);
void chooser_free(struct chooser *c); /* NULL is fine */
#endif
