#include "rows/import.h"
#include <string.h>

static const struct import_format *const FORMATS[] = {&IMPORT_NPY, &IMPORT_SAFETENSORS};

const struct import_format *import_find(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (!strcmp(FORMATS[i]->name, name))
            return FORMATS[i];
    return NULL;
}

static const char *name_of(const char *from)
{
    return strcmp(from, "-") ? from : "standard input";
}

int import_open(struct import *m, const struct import_format *f, const char *from,
                const struct stream_limits *limits, struct error *e)
{
    *m = (struct import){.format = f, .from = from, .limits = *limits};
    if (!m->limits.most_tensor_bytes)
        m->limits.most_tensor_bytes = (size_t)1 << 30;
    if (!f->begin(m, e))
        return 0;
    import_close(m);
    return error_wrap(e, "%s", name_of(from));
}

int import_next(struct import *m, struct stream_writer *w, struct error *e)
{
    int got = m->format->row(m, w, e);
    if (got < 0)
        return error_wrap(e, "%s", name_of(m->from));
    m->row += got;
    return got;
}

void import_close(struct import *m)
{
    m->format->end(m);
    header_free(&m->header);
    *m = (struct import){.format = m->format};
}
