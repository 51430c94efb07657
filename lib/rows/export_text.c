/* Text: tab-separated values, JSON lines. */
#include "rows/export.h"
#include "stream/text.h"

enum { MUCH = 1 << 16 }; /* bytes in memory before they are written */

static int begin_tsv(struct export *x, struct error *e)
{
    return output_open(x->file, x->to, e) || export_text_begin(x, e) ||
           text_tsv_head(x->text, x->header, e);
}

static int row_tsv(struct export *x, const struct cell *row, struct error *e)
{
    text_tsv_row(x->text, x->header, row);
    return export_text_flush(x, x->file, MUCH, e);
}

static int begin_json(struct export *x, struct error *e)
{
    return output_open(x->file, x->to, e) || export_text_begin(x, e);
}

static int row_json(struct export *x, const struct cell *row, struct error *e)
{
    return text_json_row(x->text, x->header, row, e) || export_text_flush(x, x->file, MUCH, e);
}

static int end_text(struct export *x, struct error *e)
{
    return export_text_flush(x, x->file, 1, e) || output_commit(x->file, e);
}

const struct export_format EXPORT_TSV = {"tsv", false, begin_tsv, row_tsv, end_text, false};
const struct export_format EXPORT_JSON = {"json", false, begin_json, row_json, end_text, false};
