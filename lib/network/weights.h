/* The one place where the engine meets the stream: parameters to and from rows of kind "weights"
 * (fields: name str, value any). What a network is (its builder's settings) stands in the header's
 * meta, so a weights file can be run with nothing else. */
#ifndef NETWORK_WEIGHTS_H
#define NETWORK_WEIGHTS_H
#include "graph/graph.h"
#include "stream/stream.h"

/* How a stream stores `real`. */
#define ELEMENT_REAL (sizeof(real) == sizeof(double) ? ELEMENT_F64 : ELEMENT_F32)

/* A header of kind "weights" with its two fields; meta "network" is set to `network` (copied). */
int weights_header(struct header *h, const struct value *network, struct error *e);
/* One named tensor as a row. */
int weights_write_tensor(struct stream_writer *w, const char *name, enum element element, int rank,
                         const uint32_t *extent, const void *data, struct error *e);
/* All parameters of a group, by name. */
int weights_write_group(struct stream_writer *w, const struct graph *g, enum graph_group group,
                        struct error *e);

/* A weights stream in memory: tensors by name. */
struct weights {
    struct header header;
    size_t count, capacity;
    struct weight {
        char *name;
        struct cell cell; /* data owned */
    } * weight;
    char digest[17];
};
/* Adds a copy of a row; w is zeroed beforehand. */
int weights_add(struct weights *w, const struct cell *name, const struct cell *value,
                struct error *e);
int weights_read(struct weights *w, const char *path, const struct stream_limits *limits,
                 struct error *e);
void weights_free(struct weights *w);
const struct cell *weights_find(const struct weights *w, const char *name);
/* The tensor, which must be there with this element type and element count; reals must be finite.
 */
const void *weights_require(const struct weights *w, const char *name, enum element element,
                            size_t count, struct error *e);
/* Fills the group's parameters; every one must be there with its shape. */
int weights_load_group(const struct weights *w, struct graph *g, enum graph_group group,
                       struct error *e);
#endif
