/* Genotypes to and from streams and files. Beside weights.h the one place where lib/network stands
 * on the stream. A stream of kind "architecture" has one row a gene (16 in all: normal cell first,
 * two rows a node): cell str ("normal", "reduce"), node i32, op str, input i32; meta holds
 * `space` "darts" and `concat` {normal: [..], reduce: [..]}. */
#ifndef NETWORK_ARCHITECTURE_H
#define NETWORK_ARCHITECTURE_H
#include "network/genotype.h"
#include "stream/stream.h"

/* Initialises h as the header of the stream that holds g. */
int architecture_header(struct header *h, const struct genotype *g, struct error *e);
/* The 16 rows. */
int architecture_write(struct stream_writer *w, const struct genotype *g, struct error *e);

/* Reads a genotype from any of
 *   - a stream of kind "architecture";
 *   - a search state (kind "weights" with tensors "an" and "ar", f32 [14, 8]), deriving it;
 *   - DARTS Genotype text (genotype_parse), told by a first byte below 0x80;
 * from a file, a pipe or standard input ("-").
 * The genotype is checked. `from` (may be NULL) gets the header it came from, for its meta and
 * history (of text: an empty one); header_free it after success. `digest` (may be NULL) gets the
 * stream's digest, "" for text. */
int genotype_read(struct genotype *g, const char *path, const struct stream_limits *limits,
                  struct header *from, char digest[17], struct error *e);

#endif
