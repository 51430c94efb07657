/* The same cases in float: every instruction set agrees, threads make no difference. */
#include "unit/gradcheck_f64.c"
