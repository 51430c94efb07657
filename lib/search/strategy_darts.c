#include "search/settings.h"
#include "search/strategy.h"
#include "search/whole.h"

static int read(struct search *s, const struct value *settings, struct error *e)
{
    static const char what[] = "search settings";
    if (value_get(settings, "noise") &&
        settings_int(settings, what, "noise", 1, 1000000, &s->noise.every, e))
        return -1;
    return settings_int(settings, what, "order", 1, 2, &s->order, e);
}

static void begin(struct search *s)
{
    whole_begin(s, s->order);
}

static int step(struct search *s, struct error *e)
{
    darts_architecture_step(&s->darts, s->rate);
    if (noise_before(s, e))
        return -1;
    darts_weight_step(&s->darts, s->rate);
    return noise_after(s, e);
}

const struct strategy STRATEGY_DARTS = {
    .name = "darts", .whole = true, .options = "order", .read = read, .begin = begin, .step = step};
