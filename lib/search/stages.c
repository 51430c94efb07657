#include "search/stages.h"
#include <math.h>
#include <stdio.h>
#include "network/network.h"

static int check_stage(const struct stages *s, int most, struct error *e)
{
    const struct stage *last = &s->stage[s->count - 1];
    const int least = s->count == 1 ? most : STAGES_LEAST_OPS;
    if (last->cells < 1 || last->cells > NETWORK_MOST_CELLS)
        return error_set(e, "stage %d: %d cells, expected 1 to %d", s->count, last->cells,
                         NETWORK_MOST_CELLS);
    if (last->ops < least || last->ops > most)
        return error_set(e, "stage %d: %d operations, expected %d to %d", s->count, last->ops,
                         least, most);
    if (!(last->dropout >= 0 && last->dropout < 1))
        return error_set(e, "stage %d: a rate of %g, expected at least 0 and below 1", s->count,
                         last->dropout);
    return 0;
}

int stages_parse(struct stages *s, const char *text, int ops, struct error *e)
{
    *s = (struct stages){0};
    do {
        struct stage *next = &s->stage[s->count];
        int end = 0;
        if (s->count == STAGES_MOST)
            return error_set(e, "more than %d stages", STAGES_MOST);
        if (sscanf(text, "%5d:%5d:%20lf%n", &next->cells, &next->ops, &next->dropout, &end) != 3 ||
            !end || (text[end] && text[end] != ','))
            return error_set(e, "stage %d: expected CELLS:OPERATIONS:DROPOUT, found '%.40s'",
                             s->count + 1, text);
        s->count++;
        if (check_stage(s, ops, e))
            return -1;
        ops = next->ops;
        text += end;
    } while (*text++);
    return 0;
}

double stages_dropout(double first, int epoch, int frozen, int epochs)
{
    return epoch < frozen ? first * (epochs - epoch - 1) / epochs
                          : first * exp(-0.2 * (epoch - frozen));
}
