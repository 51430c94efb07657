#include <string.h>
#include "search/export_network.h"
#include "search/model.h"

static const struct export_format *const FORMATS[] = {&EXPORT_ONNX, &EXPORT_DOT};

const struct export_format *export_network_find(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (!strcmp(FORMATS[i]->name, name))
            return FORMATS[i];
    return NULL;
}

/* The settings are drawn, but they come to paper only where the weights are whole. */
static int begin(struct export *x, struct error *e)
{
    struct model m;
    struct architecture a;
    const struct value *network = value_get(x->header->meta, "network");
    if (header_require_kind(x->header, "weights", e))
        return -1;
    if (!value_get_text(network, "genotype", NULL))
        return error_set(e,
                         "no network of cells: dot draws those that train made of an architecture");
    if (model_build(&m, network, e) || model_architecture(&a, network, e))
        return -1;
    struct discrete d = {.image = m.image,
                         .channels = m.channels,
                         .cells = m.cells,
                         .classes = m.classes,
                         .auxiliary = value_get_bool(network, "auxiliary", false)};
    model_free(&m);
    if (export_text_begin(x, e))
        return -1;
    a.space->print_network_dot(&d, &a, x->text);
    return output_open(x->file, x->to, e);
}

static int row(struct export *x, const struct cell *row, struct error *e)
{
    (void)x, (void)row, (void)e;
    return 0;
}

static int end(struct export *x, struct error *e)
{
    return export_text_flush(x, x->file, 1, e) || output_commit(x->file, e);
}

const struct export_format EXPORT_DOT = {"dot", false, begin, row, end, false};
