#include "base/program.h"

#ifndef WINNOW_VERSION
#define WINNOW_VERSION ""
#endif

const char *winnow_version(void)
{
    return WINNOW_VERSION[0] ? WINNOW_VERSION : "0.1.0";
}
