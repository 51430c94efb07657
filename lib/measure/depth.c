#include "measure/depth.h"
#include <math.h>
#include "measure/report.h"

int depth_add(struct depth_error *m, const float *truth, const float *told, size_t pixels,
              struct error *e)
{
    for (size_t i = 0; i < pixels; i++) {
        const double is = (double)truth[i], off = (double)told[i] - is;
        if (!(is >= 0 && is <= 1) || !isfinite(off))
            return error_set(e, "a depth of %g was told to be %g, expected 0 to 1 and a number", is,
                             (double)told[i]);
        if (truth[i] < DEPTH_LEAST)
            continue;
        m->relative += fabs(off) / is;
        m->squared_relative += off * off / is;
        m->squared += off * off;
        m->pixels++;
    }
    m->images++;
    return 0;
}

struct depth_summary depth_summary(const struct depth_error *m)
{
    const double pixels = m->pixels ? (double)m->pixels : NAN;
    return (struct depth_summary){m->relative / pixels, m->squared_relative / pixels,
                                  sqrt(m->squared / pixels)};
}

struct value *depth_report(const struct depth_error *m, struct error *e)
{
    const struct depth_summary s = depth_summary(m);
    struct value *v = value_map();
    if (value_set_int(v, "images", (int64_t)m->images) &&
        value_set_int(v, "pixels", (int64_t)m->pixels) && value_set_real(v, "abs_rel", s.abs_rel) &&
        value_set_real(v, "sq_rel", s.sq_rel) && value_set_real(v, "rmse", s.rmse))
        return v;
    value_free(v);
    error_set(e, "out of memory: the report");
    return NULL;
}

int depth_print(const struct value *report, FILE *to)
{
    static const char *const count[] = {"images", "pixels", NULL};
    static const char *const metric[] = {"abs_rel", "sq_rel", "rmse", NULL};
    report_print_head(report, count, metric, to);
    return ferror(to) ? -1 : 0;
}
