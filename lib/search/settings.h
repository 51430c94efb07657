/* Settings of a run, kept as maps in its files: a run that goes on must be the run that began. */
#ifndef SEARCH_SETTINGS_H
#define SEARCH_SETTINGS_H
#include "base/value.h"

/* *to = the integer under key; -1, with `what` in front of the message, where there is none within
 * the bounds. */
int settings_int(const struct value *settings, const char *what, const char *key, int least,
                 int most, int *to, struct error *e);
/* 0 where `kept` has every member of `given` with the same value; else -1, naming the first that
 * differs and both values. */
int settings_agree(const struct value *kept, const struct value *given, struct error *e);
/* Sets in `settings` every member of `given` (copied). */
int settings_apply(struct value *settings, const struct value *given, struct error *e);

#endif
