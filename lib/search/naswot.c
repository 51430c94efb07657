#include "search/naswot.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "graph/rectifier.h"
#include "measure/codes.h"

/* Adds which elements of a value are on, for each image. */
static int add_codes(struct codes *c, const struct node *n, struct error *e)
{
    const size_t words = rectified_words(n);
    autofree uint32_t *word = array_new(c->n * words, sizeof *word, "codes", e);
    if (!word)
        return -1;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < c->n; i++)
        rectified_code(n, (int)i, word + i * words);
    codes_add(c, word, words, node_count(n));
    return 0;
}

static void draw(const struct codes *c, uint8_t *matrix)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->n; k++) {
            const uint32_t differ = c->differ[i > k ? i * c->n + k : k * c->n + i];
            matrix[i * c->n + k] = (uint8_t)lrint(255 * (1 - differ / (double)c->bits));
        }
}

static int run(const struct naswot *w, struct graph *g, const struct discrete *d,
               const struct node *const *rectified, int count, struct codes *c, struct error *e)
{
    if (graph_plan(g, NULL, w->batch->n, GRAPH_INFER, e))
        return -1;
    network_initialise(g, w->seed);
    batch_show(w->batch, d->x, d->label);
    graph_forward(g, &(struct graph_run){.n = w->batch->n});
    for (int i = 0; i < count; i++)
        if (add_codes(c, rectified[i], e))
            return -1;
    return 0;
}

static int score(const struct naswot *w, struct graph *g, const struct discrete *d,
                 struct naswot_score *to, struct error *e)
{
    struct graph_size size;
    struct codes c;
    if (graph_measure(g, NULL, w->batch->n, GRAPH_INFER, &size, e))
        return -1;
    const struct node **rectified;
    const int count = graph_rectified(g, d->logits, &rectified, e);
    if (count < 0)
        return -1;
    int failed = codes_new(&c, (size_t)w->batch->n, e);
    failed = failed || run(w, g, d, rectified, count, &c, e) || codes_score(&c, &to->score, e);
    if (!failed) {
        to->overlap = codes_overlap(&c);
        to->bits = (int64_t)c.bits;
        to->weights = (int64_t)size.weights;
        to->macs = (int64_t)size.macs;
        if (w->matrix)
            draw(&c, w->matrix);
    }
    codes_free(&c);
    free(rectified);
    return failed ? -1 : 0;
}

int naswot_score(const struct naswot *w, const struct architecture *a, struct naswot_score *to,
                 struct error *e)
{
    struct discrete d = {
        .image = w->image, .channels = w->channels, .cells = w->cells, .classes = w->classes};
    struct graph *g = graph_new(e);
    const int failed = !g || architecture_build(a, &d, g, e) || score(w, g, &d, to, e);
    graph_free(g);
    return failed ? -1 : 0;
}
