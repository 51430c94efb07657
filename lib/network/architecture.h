/* Architectures to and from streams and files. Beside weights.h the one place where lib/network
 * stands on the stream. A stream of kind "architecture" holds one; meta's `space` names its space.
 * It has a row a gene: cell str, node i32, op str, input i32. Of darts: 16 rows, the cell "normal"
 * first, two rows a node, and meta `concat` {normal: [..], reduce: [..]}. Of the others: a row an
 * edge of "cell". */
#ifndef NETWORK_ARCHITECTURE_H
#define NETWORK_ARCHITECTURE_H
#include "network/search_space.h"
#include "stream/stream.h"

/* Initialises h as the header of the stream that holds a. */
int architecture_header(struct header *h, const struct architecture *a, struct error *e);
/* Its rows. */
int architecture_write(struct stream_writer *w, const struct architecture *a, struct error *e);

/* Reads an architecture from any of
 *   - a stream of kind "architecture";
 *   - a search state (kind "weights" with the tables of the space that meta's `network` tells,
 *     darts' where it tells none, as f32 [rows, columns], and, where `network` has a `partial`, with
 *     those of the edges, f32 [rows]), deriving it, or taking what meta's search.kept.found tells;
 *   - its text (architecture_parse), told by a first byte below 0x80;
 * from a file, a pipe or standard input ("-").
 * It is checked. `from` (may be NULL) gets the header it came from, for its meta and history (of
 * text: an empty one); header_free it after success. `digest` (may be NULL) gets the stream's
 * digest, or that of the text's bytes. */
int architecture_read(struct architecture *a, const char *path, const struct stream_limits *limits,
                      struct header *from, char digest[17], struct error *e);

/* The same of several texts, one a line; empty lines are left out. */
struct architectures {
    struct architecture *each; /* owned */
    size_t count, capacity;
};
int architectures_read(struct architectures *all, const char *path,
                       const struct stream_limits *limits, struct error *e);
void architectures_free(struct architectures *all);

#endif
