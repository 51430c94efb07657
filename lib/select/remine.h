/* The next subset: hard images stay, each easy one gives its place to the furthest image of its
 * tree (its class) that is not barred. (Spec of DDS-NAS, section 6.) */
#ifndef SELECT_REMINE_H
#define SELECT_REMINE_H
#include "select/forest.h"

struct member { /* of the subset D */
    int64_t id;
    int32_t label;
    float easiness; /* mean p(true) over the window; NaN: not trained on yet, hard */
};

struct remine_rules {
    double hardness;       /* H: easy iff easiness >= H */
    double epsilon;        /* of the search; 0: exact */
    bool random;           /* replace by any image of the tree that is not barred instead */
    bool ban_subset;       /* no image of D may come (straight back) */
    bool allow_duplicates; /* what stays and what was chosen already may be chosen again */
    uint64_t seed;         /* of random replacements and of the random distances of the report */
    int64_t update;        /* the count of updates, part of their key */
};

struct choice { /* a place in the next subset */
    int64_t id;
    int32_t label;
    float easiness; /* of the one that was judged: NaN for a newcomer */
    bool kept;
    int64_t replaces; /* its own id where kept */
    float distance;   /* from the one it replaces; 0 where kept */
};

struct remine_report {
    size_t kept, replaced, distinct;
    struct kdtree_visits visits;
    double visited_share;   /* visited points, of which those guessed by count twice, /
                               points of the trees asked; NaN: no query */
    double mean_distance;   /* between newcomers and those they replace; NaN: nothing replaced */
    double random_distance; /* the same to one other image of the tree, drawn at random */
    double hub_share;       /* of the same queries with nothing barred, the share that the ten most
                               frequent answers serve; NaN under `random` */
};

/* Fills out[n] from D[n] by ascending id of the place's new image. Every easy image must be in the
 * forest, under the same label; an easy image whose tree has no live point left stays. Bars in the
 * forest are set anew. Easy ones are served in ascending order of id,
 * trees at once where there are threads. */
int remine(struct forest *f, const struct member *d, size_t n, const struct remine_rules *rules,
           struct choice *out, struct remine_report *report, struct error *e);

/* The same subset again, by ascending id, all kept. */
void remine_nothing(const struct member *d, size_t n, struct choice *out,
                    struct remine_report *report);

#endif
