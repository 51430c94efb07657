/* Architectures of the super-net's space that are trained and judged by the weights they share:
 * what the strategies that try candidates have in common. */
#ifndef SEARCH_CANDIDATE_H
#define SEARCH_CANDIDATE_H
#include <math.h>
#include "network/search_space.h"
#include "search/path.h"
#include "search/search.h"

/* Reads the setting judge (a state that has none: as many as a batch); candidates, too. */
int candidate_read_judge(struct search *s, const struct value *settings, struct error *e);
int candidate_read(struct search *s, const struct value *settings, struct error *e);
/* Number i of those drawn for a purpose at a step; all architectures are equally likely. */
void candidate_draw(const struct search *s, const char *purpose, uint64_t step, uint64_t i,
                    struct architecture *a);
/* A step of its path's weights, or of a path's, and of them alone, on s->training, whose outputs
 * are noted. */
int candidate_train(struct search *s, const struct architecture *a, struct error *e);
int candidate_train_path(struct search *s, const struct edge_ops *ops, struct error *e);
/* The same of a path that is open, with the search's velocity. */
void candidate_train_open(struct search *s, const struct path *p);
/* candidate_train of an architecture that is drawn, all alike, keyed by s->darts.steps, which it
 * counts: the step of a strategy that trains weights without preference. */
int candidate_step(struct search *s, struct error *e);
/* Leaves in the gates' gradients of a gated path the slopes of its loss on s->held_out. */
void candidate_slopes(const struct search *s, const struct path *p);

/* On s->judging's images, the same for all that an epoch judges, in batches of about one size, by
 * whose statistics batches are normalised. Counts them. */
struct judgement {
    double loss, accuracy;
};
int candidate_judge(struct search *s, const struct architecture *a, struct judgement *j,
                    struct error *e);
/* Is loss a better than b? One that is no number is worse than all that are. */
static inline bool loss_beats(double a, double b)
{
    return a < b || (isnan(b) && !isnan(a));
}

/* Table number i of the architecture parameters, [rows, columns]. */
void candidate_table(const struct search *s, int i,
                     float to[SPACE_MOST_ROWS * SPACE_MOST_COLUMNS]);
/* What they tell. */
void candidate_arrived(const struct search *s, struct architecture *a);
/* What derive finds, there or by the strategy; makes it find a there, their softmax one-hot: 1 at
 * a's operations, at none where it has no edge. */
void candidate_found(const struct search *s, struct architecture *a);
void candidate_take(struct search *s, const struct architecture *a);

#endif
