#include "rows/hardness.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

static int read_members(struct hardness *h, const struct table *t, struct error *e)
{
    const struct column *id, *label, *easiness;
    if (header_require_kind(&t->header, "hardness", e))
        return -1;
    if (t->rows == 0)
        return error_set(e, "no rows, expected those of a subset");
    if (!(id = table_column(t, "id", ELEMENT_I64, 0, e)) ||
        !(label = table_column(t, "label", ELEMENT_I32, 0, e)) ||
        !(easiness = table_column(t, "easiness", ELEMENT_F32, 0, e)) ||
        !(h->member = array_new(t->rows, sizeof *h->member, "the subset", e)))
        return -1;
    h->count = t->rows;
    for (size_t i = 0; i < t->rows; i++) {
        double p = ((const double *)easiness->data)[i];
        if (p < 0 || p > 1) /* NaN: not known yet */
            return error_set(e, "row %zu: easiness %g, expected a probability", i + 1, p);
        h->member[i] = (struct member){.id = ((const int64_t *)id->data)[i],
                                       .label = (int32_t)((const int64_t *)label->data)[i],
                                       .easiness = (float)p};
    }
    return 0;
}

static int read_run(struct hardness *h, const struct value *meta, struct error *e)
{
    const struct value *search = value_get(meta, "search"), *subset = value_get(meta, "subset");
    h->searched = search != NULL;
    h->run = (struct curriculum){
        .epoch = value_get_int(search, "epoch", -1),
        .begun = value_get_int(search, "begun", 0),
        .update = value_get_int(search, "update", value_get_int(subset, "update", 0)),
        .since = value_get_int(search, "since", 1),
        .accuracy = value_get_real(search, "accuracy", NAN),
    };
    if (h->run.update < 0 || h->run.update > INT32_MAX)
        return error_set(e, "meta `search` counts %lld updates", (long long)h->run.update);
    return 0;
}

int hardness_read(struct hardness *h, const struct call *c, const char *path, struct error *e)
{
    struct table t;
    *h = (struct hardness){0};
    if (stage_table(c, &t, path, e))
        return -1;
    int failed = read_members(h, &t, e) || read_run(h, t.header.meta, e);
    if (failed)
        error_wrap(e, "%s", path && strcmp(path, "-") ? path : "standard input");
    else
        failed = header_copy(&h->header, &t.header, e);
    table_free(&t);
    if (failed)
        hardness_free(h);
    return failed ? -1 : 0;
}

void hardness_free(struct hardness *h)
{
    header_free(&h->header);
    free(h->member);
}
