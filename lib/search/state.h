/* A search as a stream of kind "weights": every weight by its name, the architecture parameters
 * "an" and "ar", running statistics, and
 *
 *     velocity, adam.first, adam.second       flat, in the order of the parameters
 *     subset                                  i64, ids of D
 *     window.id, window.held, window.easiness the last p(true) of each image
 *     noise                                   f64, a row a step, where it is told (noise.h)
 *
 * meta holds `network` and `search` (search_report(), the settings, and, of strategies that
 * remember something, `kept`, strategy.h, whose `found` is what derive finds), so a search goes on from its file alone, and ends with
 * the bytes that it would have had without the interruption. As a state takes the place of the one
 * that it went on from, the history's last entry has `past`, an array of {digest, history}: what
 * all those were and how each was made, oldest first; of STATE_MOST_PAST the next state forgets, so
 * that a header does not grow for ever. */
#ifndef SEARCH_STATE_H
#define SEARCH_STATE_H
#include "search/search.h"

enum { STATE_MOST_PAST = 1000 };

/* Replaces the state at path. It gets meta's `classes` and `source`, and the history, of D. */
int state_save(const struct search *s, const struct call *c, const char *path,
               const struct samples *d, const struct value *inputs, struct error *e);
/* The search as it was when the state at path was written, which is noted in *inputs. Everything in
 * the file is checked; `given` are members of network and settings that it must agree with. */
int state_resume(struct search *s, const struct call *c, const char *path,
                 const struct value *given, struct value **inputs, struct error *e);

#endif
