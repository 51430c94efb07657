/* The faults of fault.c from within, for a test that links it. */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

/* What FAULT would say: "alloc 3 error 12". NULL: nothing fails from here on. */
void fault_set(const char *told);
/* Faults since fault_set (of "from": all). */
long fault_hits(void);
/* Blocks of memory that are allocated. */
long fault_blocks(void);

#endif
