/* Rows as text, for other tools and for people: tab-separated values and JSON lines. */
#ifndef STREAM_TEXT_H
#define STREAM_TEXT_H
#include <stdio.h>
#include "stream/stream.h"

/* Prints the line of column names. A tensor of k elements is k columns, NAME0 ... ; its extents
 * must be fixed, and all columns together 65536 at most. */
int text_tsv_head(FILE *to, const struct header *h, struct error *e);
/* One row; tabs, line feeds, carriage returns and backslashes within texts are escaped as \t, \n,
 * \r, \\. Reals have the fewest digits that read back the same; there are nan, inf and -inf. */
void text_tsv_row(FILE *to, const struct header *h, const struct cell *row);
/* One row as a JSON object on one line; tensors are nested arrays; what is not finite is null. */
int text_json_row(FILE *to, const struct header *h, const struct cell *row, struct error *e);
/* One text with those escapes. */
void text_escaped(FILE *to, const char *text);
/* The way back, in place: -1 at a backslash that begins none of them. */
int text_unescape(char *text);
#endif
