/* What is in a stream: its header, the range of every column, and that it is whole. */
#include <stdlib.h>
#include "base/file.h"
#include "stream/stage.h"
#include "stream/summary.h"

static int64_t rows_shown = 0;
static bool header_only;

static const struct option options[] = {
    {"header", 0, OPTION_FLAG, &header_only, NULL, "stop after the header; check nothing behind it",
     0, 0, NULL},
    {"rows", 'n', OPTION_INT, &rows_shown, "N", "print the first N rows too, parted by tabs", 0,
     1e9, NULL},
    {0},
};

static const struct program program = {
    .name = "peek",
    .summary = "show what a tensor stream holds, and check that it is whole",
    .operands = "[STREAM]",
    .most_operands = 1,
    .description =
        "Reads a stream of any kind to its end and prints its kind, the count of its rows, the "
        "digest, for each field the type, shape and range of values, how many rows each label "
        "has, the meta and the history: the programs that the data came through.\n\n"
        "A stream that is truncated or altered is an error, and then nothing is printed.",
    .examples = "peek train\n"
                "# the first rows\n"
                "peek --rows 3 subset\n"
                "# is it whole?\n"
                "peek train >/dev/null && echo whole\n"
                "# for a script\n"
                "peek --json -o train.json train",
    .see_also = "pick save",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_JSON | COMMON_STREAM,
};

/* Reads all rows into the summary; those to be shown go into `shown`. */
static int summarise(struct stream_reader *in, struct summary *s, FILE *shown, struct error *e)
{
    const struct header *h = stream_header(in);
    const struct cell *row;
    int more;
    while ((more = stream_read(in, &row, e)) > 0) {
        if (summary_add(s, h, row, e))
            return -1;
        if (s->rows <= rows_shown)
            summary_print_row(h, row, shown);
    }
    return more;
}

static int report(const struct call *c, const struct header *h, const struct summary *s,
                  const char *digest, const char *shown, struct error *e)
{
    struct text_output t;
    struct value *json = NULL;
    if (c->json && !(json = summary_value(h, s, digest)))
        return error_set(e, "out of memory: the report");
    int failed = text_output_begin(&t, e);
    if (!failed && json)
        failed = value_print_json(json, t.to) ? error_set(e, "out of memory: the report") : 0;
    else if (!failed)
        summary_print(h, s, digest, t.to);
    if (!failed && *shown)
        fprintf(t.to, "rows:\n%s", shown);
    value_free(json);
    return text_output_end(&t, failed, c->output, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct summary summary;
    struct text_buffer rows;

    program_begin(&program, argc, argv, &call);
    if (rows_shown && (call.json || header_only))
        program_usage(&call, "--rows goes with neither --json nor --header");
    struct stream_reader *in = stage_open(&call, call.argc ? call.argv[0] : NULL, &e);
    FILE *shown = text_buffer_open(&rows);
    if (!in || summary_init(&summary, stream_header(in), &e))
        program_fail(&call, &e);
    if (!shown) {
        error_set(&e, "out of memory: rows to show");
        program_fail(&call, &e);
    }
    if (!header_only && summarise(in, &summary, shown, &e))
        program_fail(&call, &e);
    if (text_buffer_close(shown, &rows)) {
        error_set(&e, "out of memory: rows to show");
        program_fail(&call, &e);
    }
    if (report(&call, stream_header(in), header_only ? NULL : &summary, stream_digest(in),
               rows.text, &e))
        program_fail(&call, &e);
    free(rows.text);
    summary_free(&summary);
    stream_close(in);
    return program_end(&call);
}
