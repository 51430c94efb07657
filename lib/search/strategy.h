/* How a search moves: what it does with each batch of its subset, and what at the end of an epoch.
 * A strategy is a row of one table and a file, strategy_NAME.c. */
#ifndef SEARCH_STRATEGY_H
#define SEARCH_STRATEGY_H
#include "search/search.h"

struct strategy {
    const char *name;
    bool whole;          /* trains the super-net as a whole, not parts of it */
    bool partial;        /* its super-net's cells are connected in part (network.h), others' not */
    bool staged;         /* its super-net's edges drop operations on the way (kept_ops.h) */
    int frozen;          /* the usual number of epochs, where that is a setting */
    bool cosine;         /* the usual schedule, others': cyclic */
    const char *options; /* settings of its own, as search-step's options, parted by blanks */
    /* Takes them from the search's `settings`; makes s->own of strategies that have it. */
    int (*read)(struct search *s, const struct value *settings, struct error *e);
    /* After the graph is planned and the optimisers are made; NULL: nothing. */
    void (*begin)(struct search *s);
    /* Before the first step of an epoch; NULL: nothing. */
    int (*begin_epoch)(struct search *s, struct error *e);
    /* The steps on s->training, with s->held_out of the validation samples beside it. Calls
     * search_note_outputs once. */
    int (*step)(struct search *s, struct error *e);
    /* Architectures may be judged (candidate.h); NULL: nothing. */
    int (*end_epoch)(struct search *s, struct error *e);
    /* What derive will find, where that is not in the tables, but in `found`, its text, of the map
     * that a state keeps; NULL, or false: it is in the tables. */
    bool (*found)(const struct search *s, struct architecture *a);
    /* s->own, what it remembers beside the super-net, and all NULL of those that need not: frees
     * it; gives it as the map that a state keeps (NULL where memory is out); takes such a map,
     * which may hold anything or be NULL. */
    void (*drop)(struct search *s);
    struct value *(*keep)(const struct search *s);
    int (*restore)(struct search *s, const struct value *kept, struct error *e);
};
#define STRATEGY_WORDS \
    "darts|pc-darts|p-darts|gdas|random|evolution|reinforce|tas" /* their names */
const struct strategy *strategy_find(const char *name); /* NULL: there is none */

/* DARTS (darts.h): architecture parameters by Adam on validation samples, weights by SGD. Settings:
 * order. */
extern const struct strategy STRATEGY_DARTS;
/* PC-DARTS (Xu et al., ICLR 2020): DARTS' steps, of first order, on cells that are connected in part;
 * Adam's rate 6e-4 (darts: 3e-4). In the first epochs, `frozen`, the architecture parameters stay.
 * What edges weigh counts as derive chooses between them. Batch and rates are the caller's; the
 * publication has 256, and 0.1 to 0 by half a cosine. Settings: frozen. */
extern const struct strategy STRATEGY_PC_DARTS;
/* P-DARTS (Chen et al., ICCV 2019), of the space of DARTS: DARTS' steps, of first order, in stages
 * (stages.h), each of so many epochs, each with a new super-net of more cells, whose edges have left
 * the operations that weighed most in the one before, and new architecture parameters. Those stay in
 * the first epochs of each stage, `frozen`; Adam's rate 6e-4, their gradient clipped at 5, as that of
 * the weights. Dropout behind identities holds skips back at first. The next stage begins with its
 * first epoch, so that the state of a finished stage is that stage's. Settings: stages, stage_epochs,
 * frozen. */
extern const struct strategy STRATEGY_P_DARTS;
/* GDAS (Dong and Yang, CVPR 2019): for each batch an operation of every edge is drawn by a hard
 * Gumbel-softmax of the architecture parameters (gumbel.h), and they take a step by Adam on
 * validation samples, their gradient that of the operations drawn alone, as if their outputs had
 * been multiplied by the soft choice; then the path of another draw takes its step on the subset.
 * The temperature falls from 10 to 0.1 linearly over total_epochs. The publication takes the two
 * steps in the other order. */
extern const struct strategy STRATEGY_GDAS;
/* Random search with shared weights (Li and Talwalkar, UAI 2019): for each batch an architecture is
 * drawn, and its path through the super-net alone is trained. At the end of an epoch so many others
 * are drawn, and of these and the one found so far the architecture parameters become, one-hot, the
 * one with the least loss on `judge` validation images, a batch unless told, as they are. Batch
 * normalisation by the batch. Settings: candidates, judge. */
extern const struct strategy STRATEGY_RANDOM;
/* Regularised evolution (Real et al., AAAI 2019) by shared weights, which are trained as random
 * does. At the end of an epoch the population is judged by its loss on the validation images that
 * random takes; then, so many times, the best of a sample drawn with repetition has a child, another
 * option of one choice, which is judged on these, too, and joins as the oldest member leaves.
 * derive will find the best. The first population is drawn. In the publication a network is trained
 * and judged once; here all are judged anew every epoch, as the weights have moved, so that what a
 * tournament compares was told by the same weights and images. Settings: candidates (children),
 * population, sample, judge. */
extern const struct strategy STRATEGY_EVOLUTION;
/* Pham et al.'s (ICML 2018) way with the controller of policy.h in place of a recurrent one: for
 * each batch the path of an architecture that the policy draws is trained; at the end of an epoch
 * the policy draws so many others, each of which it learns by, the reward its accuracy on those
 * validation images. derive will find the most probable. Settings: candidates, judge. */
extern const struct strategy STRATEGY_REINFORCE;
/* Transformable architecture search (Dong and Yang, NeurIPS 2019) in spaces of widths and depths,
 * whose super-net widths_network.h tells of. For each batch: a Gumbel-softmax of every row of logits
 * a, p = softmax((a + noise) / temperature); of every convolution two widths are drawn by p without
 * replacement and mixed by the softmax of their own two, of every stage all depths are mixed by p.
 * So the weights take a step on the subset; by another draw the architecture parameters take one by
 * Adam on validation samples, their loss the cross-entropy and 2 log F where what is found costs
 * more than its share `macs` of the largest network's multiply-adds, - 2 log F where it costs less
 * by more than 0.05 of these; F is what is expected of independent draws by softmax(a)
 * (widths_macs). The temperature falls from 5 to 0.1 by half a cosine over total_epochs, the rate from
 * 0.1 to 0; Nesterov's momentum, weight decay 5e-4, no bound of the gradient; Adam's
 * rate 1e-3. Of what each epoch ends with, the largest of each row, derive finds the best that is
 * within 0.05 of `macs`: after each epoch it and the best so far are judged on the same validation
 * images, by the loss with the shared weights (the publication: by the accuracy on all
 * of them at its epoch); where none was, the largest of each row. Settings: macs, judge. */
extern const struct strategy STRATEGY_TAS;

#endif
