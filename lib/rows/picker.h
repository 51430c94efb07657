/* Rows of a stream by id, by class, at random, the first: what pick does. */
#ifndef ROWS_PICKER_H
#define ROWS_PICKER_H
#include "select/pick.h"
#include "stream/stage.h"

/* They apply in this order. NULL and -1: all rows pass. */
struct pick_rules {
    const char *ids;     /* path: rows whose id is listed there, each as often as it is */
    const char *not_ids; /* path: rows whose id is not */
    const char *classes; /* names or numbers, parted by commas */
    int64_t per_class, random, first;
};

struct picker {
    const struct call *call;
    const struct pick_rules *rules;
    struct stream_reader *from; /* the caller's */
    struct stream_writer *to;
    struct id_list ids, not_ids;
    bool *wanted; /* by label, where rules->classes is given */
    size_t labels;
    int id, label; /* fields; -1: not needed */
    struct chooser *by_class, *at_random;
    int64_t left; /* rows that may still be written */
};

/* Reads the streams that the rules name and creates the call's output, by the header of `from`,
 * with the meta `subset` of rules->ids. Borrows all it is given; -1 with the error set. */
int picker_open(struct picker *p, const struct call *c, const struct pick_rules *rules,
                struct stream_reader *from, struct error *e);
/* Takes the row that was last read. */
int picker_take(struct picker *p, const struct cell *row, struct error *e);
/* After the last row: writes what was chosen at random and commits the output. Too few rows to
 * choose from, or an id of rules->ids that did not come, are errors. */
int picker_finish(struct picker *p, struct error *e);
void picker_free(struct picker *p);

#endif
