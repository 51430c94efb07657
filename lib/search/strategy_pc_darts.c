#include "search/settings.h"
#include "search/strategy.h"
#include "search/whole.h"

static const double RATE = 6e-4;

static int read(struct search *s, const struct value *settings, struct error *e)
{
    return settings_int(settings, "search settings", "frozen", 0, 1000000, &s->frozen, e);
}

static void begin(struct search *s)
{
    whole_begin(s, 1);
    s->darts.adam.rate = RATE;
}

static int step(struct search *s, struct error *e)
{
    (void)e;
    whole_step(s, s->curriculum.epoch >= s->frozen);
    return 0;
}

const struct strategy STRATEGY_PC_DARTS = {.name = "pc-darts",
                                           .whole = true,
                                           .partial = true,
                                           .options = "frozen",
                                           .frozen = 15,
                                           .read = read,
                                           .begin = begin,
                                           .step = step};
