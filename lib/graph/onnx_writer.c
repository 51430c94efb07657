#include "graph/onnx_writer.h"
#include <limits.h>
#include "base/library.h"
#include "base/memory.h"

LIBRARY(protobuf, "protobuf-c", protobuf_c_version);

enum { OPSET = 11, IR_VERSION = 6 };

static int put(struct onnx_writer *w, const Onnx__GraphProto *piece)
{
    size_t size = onnx__graph_proto__get_packed_size(piece);
    if (array_grow((void **)&w->bytes, &w->capacity, w->size + size, 1, "ONNX model", w->e))
        return -1;
    w->size += onnx__graph_proto__pack(piece, w->bytes + w->size);
    return 0;
}

/* ---- nodes ---- */

Onnx__AttributeProto onnx_whole(const char *name, int64_t i)
{
    Onnx__AttributeProto a = ONNX__ATTRIBUTE_PROTO__INIT;
    a.name = (char *)name;
    a.has_type = a.has_i = true;
    a.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a.i = i;
    return a;
}

Onnx__AttributeProto onnx_number(const char *name, double f)
{
    Onnx__AttributeProto a = ONNX__ATTRIBUTE_PROTO__INIT;
    a.name = (char *)name;
    a.has_type = a.has_f = true;
    a.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    a.f = (float)f;
    return a;
}

Onnx__AttributeProto onnx_list(const char *name, size_t count, int64_t *values)
{
    Onnx__AttributeProto a = ONNX__ATTRIBUTE_PROTO__INIT;
    a.name = (char *)name;
    a.has_type = true;
    a.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    a.n_ints = count;
    a.ints = values;
    return a;
}

int onnx_put_call(struct onnx_writer *w, const struct onnx_call *c)
{
    Onnx__AttributeProto *attribute[ONNX_MOST_ATTRIBUTES];
    Onnx__NodeProto n = ONNX__NODE_PROTO__INIT;
    for (int i = 0; i < c->attributes; i++)
        attribute[i] = &c->attribute[i];
    n.op_type = (char *)c->op;
    n.name = (char *)c->output;
    n.n_input = (size_t)c->inputs;
    n.input = (char **)c->input;
    n.n_output = 1;
    n.output = (char *[]){(char *)c->output};
    n.n_attribute = (size_t)c->attributes;
    n.attribute = attribute;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_node = 1;
    piece.node = (Onnx__NodeProto *[]){&n};
    return put(w, &piece);
}

/* ---- tensors, ends ---- */

int onnx_put_floats(struct onnx_writer *w, const char *name, size_t rank, const int64_t *extent,
                    const float *values)
{
    Onnx__TensorProto t = ONNX__TENSOR_PROTO__INIT;
    t.name = (char *)name;
    t.n_dims = rank;
    t.dims = (int64_t *)extent;
    t.has_data_type = true;
    t.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t.n_float_data = 1;
    for (size_t i = 0; i < rank; i++)
        t.n_float_data *= (size_t)extent[i];
    t.float_data = (float *)values;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_initializer = 1;
    piece.initializer = (Onnx__TensorProto *[]){&t};
    return put(w, &piece);
}

int onnx_put_integers(struct onnx_writer *w, const char *name, size_t count, const int64_t *values)
{
    Onnx__TensorProto t = ONNX__TENSOR_PROTO__INIT;
    t.name = (char *)name;
    t.n_dims = 1;
    t.dims = (int64_t[]){(int64_t)count};
    t.has_data_type = true;
    t.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    t.n_int64_data = count;
    t.int64_data = (int64_t *)values;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_initializer = 1;
    piece.initializer = (Onnx__TensorProto *[]){&t};
    return put(w, &piece);
}

int onnx_put_end(struct onnx_writer *w, bool input, const char *name, size_t rank,
                 const int64_t *extent)
{
    enum { MOST = 4 };
    Onnx__TensorShapeProto__Dimension dimension[MOST], *each[MOST];
    for (size_t i = 0; i <= rank; i++) {
        onnx__tensor_shape_proto__dimension__init(each[i] = &dimension[i]);
        dimension[i].value_case = i ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                                    : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        if (i)
            dimension[i].dim_value = extent[i - 1];
        else
            dimension[i].dim_param = "batch";
    }
    Onnx__TensorShapeProto shape = ONNX__TENSOR_SHAPE_PROTO__INIT;
    shape.n_dim = rank + 1;
    shape.dim = each;
    Onnx__TypeProto__Tensor tensor = ONNX__TYPE_PROTO__TENSOR__INIT;
    tensor.has_elem_type = true;
    tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor.shape = &shape;
    Onnx__TypeProto type = ONNX__TYPE_PROTO__INIT;
    type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type.tensor_type = &tensor;
    Onnx__ValueInfoProto value = ONNX__VALUE_INFO_PROTO__INIT, *values[] = {&value};
    value.name = (char *)name;
    value.type = &type;
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    if (input) {
        piece.n_input = 1;
        piece.input = values;
    } else {
        piece.n_output = 1;
        piece.output = values;
    }
    return put(w, &piece);
}

int onnx_put_title(struct onnx_writer *w, const char *name)
{
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.name = (char *)name;
    return put(w, &piece);
}

/* ---- to the file ---- */

struct sink {
    ProtobufCBuffer buffer;
    struct output *to;
    int failed;
    struct error *e;
};

static void sink_append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
    struct sink *s = (struct sink *)buffer;
    s->failed = s->failed || output_write(s->to, bytes, size, s->e);
}

int onnx_finish(const struct onnx_writer *w, const struct onnx_model *m, struct output *to)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    autofree Onnx__StringStringEntryProto *note = array_new(m->notes, sizeof *note, "notes", w->e);
    autofree Onnx__StringStringEntryProto **notes =
        array_new(m->notes, sizeof *notes, "notes", w->e);
    if (!note || !notes)
        return -1;
    for (size_t i = 0; i < m->notes; i++) {
        onnx__string_string_entry_proto__init(notes[i] = &note[i]);
        note[i].key = (char *)m->note[i].key;
        note[i].value = (char *)m->note[i].text;
    }
    opset.domain = "";
    opset.has_version = true;
    opset.version = OPSET;
    model.has_ir_version = true;
    model.ir_version = IR_VERSION;
    model.n_opset_import = 1;
    model.opset_import = (Onnx__OperatorSetIdProto *[]){&opset};
    model.producer_name = "winnow";
    model.producer_version = (char *)m->version;
    model.n_metadata_props = m->notes;
    model.metadata_props = notes;
    if (w->size > INT_MAX) /* so protobuf's readers */
        return error_set(w->e, "%zu bytes are more than an ONNX file can hold", w->size);
    model.graph = onnx__graph_proto__unpack(NULL, w->size, w->bytes);
    if (!model.graph)
        return error_set(w->e, "out of memory: ONNX model");
    struct sink sink = {{sink_append}, to, 0, w->e};
    onnx__model_proto__pack_to_buffer(&model, &sink.buffer);
    onnx__graph_proto__free_unpacked(model.graph, NULL);
    return sink.failed;
}
