/* The cases in float: every instruction set agrees, threads make no difference. */
int main_f64(void);
#define main main_f64
#include "unit/gradcheck_kernels_f64.c"
#undef main

int main(void)
{
    gradcheck_table(gradients);
    return tap_done();
}
