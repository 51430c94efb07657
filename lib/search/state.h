/* A search as a stream of kind "weights": every weight by its name, the architecture parameters
 * "an" and "ar", running statistics, and
 *
 *     velocity, adam.first, adam.second       flat, in the order of the parameters
 *     subset                                  i64, ids of D
 *     window.id, window.held, window.easiness the last p(true) of each image
 *
 * meta holds `network` and `search` (search_report and the settings), so a search goes on from its
 * file alone, and ends with the bytes that it would have had without the interruption. */
#ifndef SEARCH_STATE_H
#define SEARCH_STATE_H
#include "network/weights.h"
#include "search/search.h"

/* {epoch, accuracy, loss, rate, update, since, images, seconds, validation where it was measured};
 * since: epochs on the present subset. `clock` false leaves out the seconds, for outputs that are
 * to be equal byte by byte. NULL where memory is out. */
struct value *search_report(const struct search *s, bool clock);

/* The header of a state: copies meta's `classes` and `source`, and the history, from `data` (the
 * header of D). */
int state_header(const struct search *s, bool clock, const struct header *data, struct header *h,
                 struct error *e);
int state_write(const struct search *s, struct stream_writer *w, struct error *e);
/* A search as it was when its state was written. Everything in the file is checked. */
int state_restore(struct search *s, const struct weights *w, struct error *e);

#endif
