/* The same cases in float, to 1e-4. */
#include "unit/oracle_f64.c"
