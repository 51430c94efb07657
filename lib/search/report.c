#include "search/report.h"

#include <math.h>

#include "base/memory.h"
#include "rows/follow.h"

struct value *search_report(const struct search *s, bool clock)
{
    const struct curriculum *c = &s->curriculum;
    const char *over = search_over(s);
    struct value *v = value_map();
    if (value_set_int(v, "epoch", c->epoch) && value_set_real(v, "accuracy", c->accuracy) &&
        value_set_real(v, "loss", s->loss) && value_set_real(v, "rate", s->rate) &&
        value_set_int(v, "update", c->update) && value_set_int(v, "since", c->since) &&
        (!c->begun || value_set_int(v, "begun", c->begun)) &&
        value_set_int(v, "images", s->images) &&
        (!s->judged || value_set_int(v, "judged", s->judged)) &&
        (!clock || isnan(s->seconds) || value_set_real(v, "seconds", s->seconds)) &&
        (isnan(s->validation) || value_set_real(v, "validation", s->validation)) &&
        (!over || value_set_text(v, "over", over)))
        return v;
    value_free(v);
    return NULL;
}

static const char *const own[] = {"image", "easiness", "epochs", NULL};

static struct stream_writer *create(const struct search *s, const struct call *c,
                                    const struct table *samples, const struct value *inputs,
                                    struct error *e)
{
    struct header h = {0};
    struct stream_writer *w = NULL;
    if (!follow_table(&h, "hardness", samples, own, e) &&
        header_add_field(&h, "easiness", ELEMENT_F32, 0, NULL, e) >= 0 &&
        header_add_field(&h, "epochs", ELEMENT_I32, 0, NULL, e) >= 0) {
        if (value_set(h.meta, "search", search_report(s, c->history)))
            w = stage_create(c, &h, inputs, e);
        else
            error_set(e, "out of memory");
    }
    header_free(&h);
    return w;
}

static int write_rows(const struct search *s, const struct samples *d, struct stream_writer *w,
                      struct error *e)
{
    size_t most = (size_t)d->table->header.fields + 2;
    autofree struct cell *row = array_new(most, sizeof *row, "a row", e);
    if (!row)
        return -1;
    for (size_t i = 0; i < d->count; i++) {
        int seen = 0, n = follow_cells(d->table, own, i, row);
        double easiness = easiness_mean(&s->easiness, d->id[i], &seen);
        row[n] = cell_real(ELEMENT_F32, easiness);
        row[n + 1] = cell_int(ELEMENT_I32, seen);
        if (stream_write(w, row, e))
            return -1;
    }
    return 0;
}

int search_write_hardness(const struct search *s, const struct call *c, const struct samples *d,
                          const struct value *inputs, struct error *e)
{
    struct stream_writer *w = create(s, c, d->table, inputs, e);
    if (w && !write_rows(s, d, w, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}
