/* Memory whose sizes may come from outside: every product is checked. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H
#include <stddef.h>
#include "base/error.h"

/* *product = a * b; returns -1 and leaves *product alone where that overflows. */
int size_multiply(size_t a, size_t b, size_t *product);

/* `count` zeroed elements of `size` bytes, 64-byte aligned, or NULL with the error set. The caller
 * owns them: free(). `what` names the thing in the message ("labels"). Zero elements give a
 * pointer that may be freed. */
void *array_new(size_t count, size_t size, const char *what, struct error *e);

/* Grows *array (from array_new or NULL) to hold at least `count` elements, doubling *capacity, new
 * elements zeroed. On failure the old array stays valid and -1 is returned. */
int array_grow(void **array, size_t *capacity, size_t count, size_t size, const char *what,
               struct error *e);

char *text_copy(const char *text, struct error *e);

/* Runs free() on a variable that goes out of scope: `autofree float *x = array_new(...)`. */
#define autofree __attribute__((cleanup(memory_free_pointer)))
void memory_free_pointer(void *pointer_to_pointer);

#endif
