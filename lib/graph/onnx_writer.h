/* ONNX's messages as pieces that end in one file: what onnx.c makes of a graph's ops, without their
 * meaning. Texts and arrays are borrowed for the call. */
#ifndef GRAPH_ONNX_WRITER_H
#define GRAPH_ONNX_WRITER_H
#include <onnx/onnx.pb-c.h>
#include "graph/onnx.h"

/* The graph gathers packed, piece by piece: messages of one type that lie end to end are one
 * message with all their members. So nothing but these bytes needs to be freed, by free(). */
struct onnx_writer {
    uint8_t *bytes;
    size_t size, capacity;
    struct error *e;
};

/* One node of the ONNX graph. */
struct onnx_call {
    const char *op, *output;
    int inputs;
    const char *const *input;
    int attributes; /* at most ONNX_MOST_ATTRIBUTES */
    Onnx__AttributeProto *attribute;
};
enum { ONNX_MOST_ATTRIBUTES = 8 };
/* clang-format off */
#define ONNX_INPUTS(...)                                                                           \
    .inputs = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                              \
    .input = (const char *[]){__VA_ARGS__}
#define ONNX_ATTRIBUTES(...)                                                                       \
    .attributes = sizeof((Onnx__AttributeProto[]){__VA_ARGS__}) / sizeof(Onnx__AttributeProto),    \
    .attribute = (Onnx__AttributeProto[]){__VA_ARGS__}
/* clang-format on */
int onnx_put_call(struct onnx_writer *w, const struct onnx_call *c);
Onnx__AttributeProto onnx_whole(const char *name, int64_t i);
Onnx__AttributeProto onnx_number(const char *name, double f);
Onnx__AttributeProto onnx_list(const char *name, size_t count, int64_t *values);

/* Parameters; integers are for the ops that take their settings as inputs. */
int onnx_put_floats(struct onnx_writer *w, const char *name, size_t rank, const int64_t *extent,
                    const float *values);
int onnx_put_integers(struct onnx_writer *w, const char *name, size_t count, const int64_t *values);

int onnx_put_title(struct onnx_writer *w, const char *name);
/* The graph's input or output: a batch of any size, each with these extents, at most 3. */
int onnx_put_end(struct onnx_writer *w, bool input, const char *name, size_t rank,
                 const int64_t *extent);
/* The model around the graph. */
int onnx_finish(const struct onnx_writer *w, const struct onnx_model *m, struct output *to);
#endif
