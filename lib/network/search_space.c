#include "network/search_space.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "base/text.h"
#include "network/layer.h"

static const struct search_space *const SPACES[] = {
    &SPACE_DARTS,     &SPACE_NASBENCH201, &SPACE_TINYCELL_125, &SPACE_TINYCELL_27, &SPACE_RESNET_14,
    &SPACE_RESNET_20, &SPACE_RESNET_32,   &SPACE_RESNET_56,    &SPACE_RESNET_110};
enum { SPACES_COUNT = sizeof SPACES / sizeof *SPACES };

const struct search_space *search_space_find(const char *name)
{
    for (int i = 0; i < SPACES_COUNT; i++)
        if (!strcmp(SPACES[i]->name, name))
            return SPACES[i];
    return NULL;
}

uint64_t search_space_count(const struct search_space *s)
{
    uint64_t count = 1;
    for (int k = 0; k < s->choices; k++)
        if (__builtin_mul_overflow(count, (uint64_t)s->options(s, k), &count))
            return UINT64_MAX;
    return count;
}

static void begin(struct architecture *a, const struct search_space *s)
{
    memset(a, 0, sizeof *a);
    a->space = s;
    s->begin(a);
}

void architecture_at(struct architecture *a, const struct search_space *s, uint64_t i)
{
    begin(a, s);
    for (int k = 0; k < s->choices; k++) {
        const uint64_t options = (uint64_t)s->options(s, k);
        s->choose(a, k, (int)(i % options));
        i /= options;
    }
}

void architecture_draw(struct architecture *a, const struct search_space *s, struct random *r)
{
    const uint64_t count = search_space_count(s);
    if (count < UINT64_MAX) {
        architecture_at(a, s, random_below(r, count));
        return;
    }
    begin(a, s);
    for (int k = 0; k < s->choices; k++)
        s->choose(a, k, (int)random_below(r, (uint64_t)s->options(s, k)));
}

void architecture_derive(struct architecture *a, const struct search_space *s,
                         const struct cell_parameters found[SPACE_MOST_TABLES])
{
    begin(a, s);
    s->derive(a, found);
}

void architecture_mutate(struct architecture *a, struct random *r)
{
    const struct search_space *s = a->space;
    int choice, options;
    do
        choice = (int)random_below(r, (uint64_t)s->choices);
    while ((options = s->options(s, choice)) < 2);
    const int old = s->chosen(a, choice);
    int option = (int)random_below(r, (uint64_t)(old < 0 ? options : options - 1));
    s->choose(a, choice, option + (old >= 0 && option >= old));
}

/* The longest of the spaces' that the text begins by. */
static const char *mark_of(const char *text, size_t length)
{
    const char *mark = "";
    for (int i = 0; i < SPACES_COUNT; i++) {
        const size_t n = strlen(SPACES[i]->mark);
        if (n > strlen(mark) && n <= length && !memcmp(text, SPACES[i]->mark, n))
            mark = SPACES[i]->mark;
    }
    return mark;
}

int architecture_parse(struct architecture *a, const struct search_space *space, const char *text,
                       size_t length, struct error *e)
{
    struct error first, *say = &first;
    size_t blank = 0;
    while (blank < length && strchr(" \t\r\n", text[blank]))
        blank++;
    const char *mark = mark_of(text + blank, length - blank);
    for (int i = 0; i < SPACES_COUNT; i++) {
        const struct search_space *s = SPACES[i];
        struct error other;
        if (space ? s != space : strcmp(s->mark, mark) != 0)
            continue;
        begin(a, s);
        if (!s->parse(a, text, length, say) && !s->check(a, say))
            return 0;
        say = &other; /* the first says it best */
    }
    *e = first;
    return -1;
}

char *architecture_text(const struct architecture *a, struct error *e)
{
    struct text_buffer b;
    FILE *to = text_buffer_open(&b);
    bool good = to && !a->space->print(a, to);
    if (to && text_buffer_close(to, &b))
        good = false;
    if (!good) {
        free(b.text);
        error_set(e, "out of memory: an architecture");
        return NULL;
    }
    b.text[strcspn(b.text, "\n")] = '\0';
    return b.text;
}

int architecture_id(const struct architecture *a, char id[17], struct error *e)
{
    struct architecture one = *a;
    if (one.space->canonical)
        one.space->canonical(&one);
    char *text = architecture_text(&one, e);
    if (!text)
        return -1;
    snprintf(id, 17, "%016llx", (unsigned long long)XXH3_64bits(text, strlen(text)));
    free(text);
    return 0;
}

static int check_stages(const struct search_space *s, int cells, struct error *e)
{
    return cells % s->stages
               ? error_set(e, "%d cells, expected a multiple of %d: %s has so many stages", cells,
                           s->stages, s->name)
               : 0;
}

int search_space_supernet(const struct search_space *s, struct supernet *net, struct graph *g,
                          struct error *e)
{
    if (s->cells)
        net->cells = s->cells;
    if (layer_check_network(&net->image, net->channels, net->cells, net->classes, e) ||
        check_stages(s, net->cells, e))
        return -1;
    if (net->partial && !s->edge_table[0])
        return error_set(e, "networks of %s are not connected in part", s->name);
    if (net->partial && (net->path || net->channels % net->partial))
        return error_set(e,
                         net->path ? "no path leads through cells connected in part"
                                   : "%d channels, expected a multiple of %d: so many parts",
                         net->channels, net->partial);
    if (net->kept && (net->path || s != &SPACE_DARTS))
        return error_set(e, "only whole super-nets of %s drop operations", SPACE_DARTS.name);
    return s->build_supernet(s, net, g, e);
}

int architecture_build(const struct architecture *a, struct discrete *d, struct graph *g,
                       struct error *e)
{
    const struct search_space *s = a->space;
    if (s->cells)
        d->cells = s->cells;
    if (s != &SPACE_DARTS && (d->auxiliary || d->drop_path))
        return error_set(e, "networks of the space %s have no %s", s->name,
                         d->auxiliary ? "auxiliary head" : "drop-path");
    if (s->check(a, e) || layer_check_network(&d->image, d->channels, d->cells, d->classes, e) ||
        check_stages(s, d->cells, e))
        return -1;
    return s->build(d, g, a, e);
}
