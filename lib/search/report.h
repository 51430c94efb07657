/* What a search tells of itself. */
#ifndef SEARCH_REPORT_H
#define SEARCH_REPORT_H
#include "search/search.h"
#include "stream/stage.h"

/* {epoch, accuracy, loss, rate, update, since, images, seconds, validation where it was measured,
 * over where the search is (search_over())}; since: epochs on the present subset. `clock` false
 * leaves out the seconds, for outputs that are to be equal byte by byte. NULL where memory is out.
 */
struct value *search_report(const struct search *s, bool clock);

/* Writes the call's output, a stream of kind "hardness": a row an image of D, in its order, with
 * what the samples have but the image, and easiness f32 (NaN: unknown) and epochs i32 (how many are
 * in that mean); meta `search` is the report. */
int search_write_hardness(const struct search *s, const struct call *c, const struct samples *d,
                          const struct value *inputs, struct error *e);

#endif
