#include "search/inference.h"

#include "base/memory.h"

int inference_run(const struct model *m, const struct samples *s, int batch, inference_take *take,
                  void *to, struct error *e)
{
    struct source source = {.samples = s, .normalisation = m->normalisation};
    struct batch b;
    autofree size_t *row = array_new((size_t)batch, sizeof *row, "a batch", e);
    if (!row || batch_new(&b, batch, m->image, TASK_CLASS, e))
        return -1;
    int failed = 0;
    for (size_t at = 0; at < s->count && !failed; at += (size_t)b.n) {
        int n = s->count - at < (size_t)batch ? (int)(s->count - at) : batch;
        for (int i = 0; i < n; i++)
            row[i] = at + (size_t)i;
        batch_fill(&b, &source, 0, row, n);
        batch_show(&b, m->x, m->label);
        graph_forward(m->graph, &(struct graph_run){.n = n, .inference = true});
        for (int i = 0; i < n && !failed; i++)
            failed = take(to, at + (size_t)i,
                          node_value(m->logits) + (size_t)i * node_count(m->logits), e);
    }
    batch_free(&b);
    return failed;
}
