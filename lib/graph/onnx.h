/* A planned graph in its inference form as an ONNX model (opset 11, which every reader knows), made
 * by walking the graph's ops: layers are described nowhere a second time. ONNX's images are
 * channels first: n x channels x height x width, convolutions [out, in, height, width]. Parameters
 * keep their names. An op without an ordinary ONNX form (a mixed node, say) is an error. */
#ifndef GRAPH_ONNX_H
#define GRAPH_ONNX_H
#include "base/file.h"
#include "graph/graph.h"

struct onnx_note {
    const char *key, *text;
};

struct onnx_model {
    struct node *input, *output; /* output: kept by the plan */
    const char *output_name;     /* of an array [n, elements an image]; the input keeps its own */
    /* Of each channel of what is fed in; the model first makes (x - mean) / deviation of it. */
    const double *mean, *deviation;
    const char *version;          /* of the producer */
    const struct onnx_note *note; /* the model's metadata_props */
    size_t notes;
};

int onnx_write(const struct onnx_model *m, struct output *to, struct error *e);
#endif
