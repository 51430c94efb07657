#include "search/strategy.h"
#include <string.h>

static const struct strategy *const STRATEGIES[] = {
    &STRATEGY_DARTS,  &STRATEGY_PC_DARTS,  &STRATEGY_P_DARTS,   &STRATEGY_GDAS,
    &STRATEGY_RANDOM, &STRATEGY_EVOLUTION, &STRATEGY_REINFORCE, &STRATEGY_TAS};

const struct strategy *strategy_find(const char *name)
{
    for (size_t i = 0; i < sizeof STRATEGIES / sizeof *STRATEGIES; i++)
        if (!strcmp(STRATEGIES[i]->name, name))
            return STRATEGIES[i];
    return NULL;
}
