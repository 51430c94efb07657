/* FAST before a function of loops over arrays: it is compiled for each instruction set, and the
 * best that the processor has is taken at run time. Integers are the same whichever it is; sums of
 * reals may round otherwise. (Kernels of the engine have tables of their own: graph/op.h.) */
#ifndef BASE_CLONES_H
#define BASE_CLONES_H

#if defined __x86_64__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__
#define FAST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FAST
#endif

#endif
