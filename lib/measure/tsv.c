#include "measure/tsv.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

int tsv_begin(struct tsv *t, FILE *from, struct error *e)
{
    *t = (struct tsv){.from = from};
    int got = line_read(&t->line, from, TSV_LINE, e);
    if (got < 0)
        return -1;
    if (got == 0)
        return error_set(e, "empty: expected a line of names or a tensor stream");
    if (strncmp(t->line.text, "id\tlabel\t", 9) != 0)
        return error_set(e, "neither a tensor stream nor a table, expected a first line \"id\", "
                            "\"label\" and the names of the classes, parted by tabs");
    if (!(t->heading = text_copy(t->line.text, e)))
        return -1;
    char *rest = t->heading + 9;
    for (const char *s = rest; s; s = strchr(s, '\t'), s = s ? s + 1 : s)
        t->classes++;
    if (!(t->name = array_new(t->classes, sizeof *t->name, "names of classes", e)) ||
        !(t->score = array_new(t->classes, sizeof *t->score, "scores", e)))
        return -1;
    for (int k = 0; k < t->classes; k++)
        t->name[k] = strsep(&rest, "\t");
    return 0;
}

/* A whole column in decimal digits, sign allowed. */
static int parse_label(const char *text, int64_t *label)
{
    char *end;
    errno = 0;
    *label = strtoll(text, &end, 10);
    return end == text || *end || errno ? -1 : 0;
}

static int parse_score(const char *text, float *score)
{
    char *end;
    *score = strtof(text, &end);
    return end == text || *end ? -1 : 0;
}

int tsv_read(struct tsv *t, struct error *e)
{
    int got = line_read(&t->line, t->from, TSV_LINE, e);
    if (got < 0)
        return error_wrap(e, "row %lld", (long long)t->rows + 1);
    if (got == 0)
        return 0;
    t->rows++;
    char *rest = t->line.text;
    strsep(&rest, "\t");
    const char *label = strsep(&rest, "\t");
    if (!label || parse_label(label, &t->label))
        return error_set(e, "row %lld: label \"%.40s\", expected a whole number",
                         (long long)t->rows, label ? label : "");
    for (int k = 0; k < t->classes; k++) {
        const char *score = strsep(&rest, "\t");
        if (!score)
            return error_set(e, "row %lld: %d scores, expected %d", (long long)t->rows, k,
                             t->classes);
        if (parse_score(score, &t->score[k]))
            return error_set(e, "row %lld: score \"%.40s\" of class %d, expected a number",
                             (long long)t->rows, score, k);
    }
    if (rest)
        return error_set(e, "row %lld: more than %d scores", (long long)t->rows, t->classes);
    return 1;
}

void tsv_free(struct tsv *t)
{
    line_free(&t->line);
    free(t->heading);
    free(t->name);
    free(t->score);
    *t = (struct tsv){0};
}
