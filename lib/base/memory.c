#include "base/memory.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

int size_multiply(size_t a, size_t b, size_t *product)
{
    size_t result;
    if (__builtin_mul_overflow(a, b, &result))
        return -1;
    *product = result;
    return 0;
}

/* Zero only where rounded up. */
static void *allocate(size_t count, size_t size, const char *what, struct error *e)
{
    size_t bytes;
    if (size_multiply(count, size, &bytes) || bytes > SIZE_MAX - HUGE_PAGE) {
        error_set(e, "out of memory: %zu x %zu bytes of %s", count, size, what);
        return NULL;
    }
    /* An arena of hundreds of megabytes in small pages costs more in look-ups than in arithmetic. */
    bool huge = bytes >= 2 * (size_t)HUGE_PAGE;
    size_t alignment = huge ? HUGE_PAGE : ALIGNMENT;
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    void *array;
    if (posix_memalign(&array, alignment, bytes)) {
        error_set(e, "out of memory: %zu bytes of %s", bytes, what);
        return NULL;
    }
    if (huge)
        madvise(array, bytes, MADV_HUGEPAGE); /* a wish: it may be refused */
    memset((char *)array + bytes - ALIGNMENT, 0, ALIGNMENT);
    return array;
}

void *array_new(size_t count, size_t size, const char *what, struct error *e)
{
    void *array = allocate(count, size, what, e);
    return array ? memset(array, 0, count * size) : NULL;
}

int array_grow(void **array, size_t *capacity, size_t count, size_t size, const char *what,
               struct error *e)
{
    if (*array && count <= *capacity)
        return 0;
    size_t larger = *capacity > SIZE_MAX / 2 ? count : 2 * *capacity;
    if (larger < count)
        larger = count;
    if (larger < 8)
        larger = 8;
    char *grown = allocate(larger, size, what, e);
    if (!grown)
        return -1;
    size_t kept = *array ? *capacity * size : 0;
    if (kept)
        memcpy(grown, *array, kept);
    memset(grown + kept, 0, larger * size - kept);
    free(*array);
    *array = grown;
    *capacity = larger;
    return 0;
}

char *text_copy(const char *text, struct error *e)
{
    char *copy = strdup(text);
    if (!copy)
        error_set(e, "out of memory: a text of %zu bytes", strlen(text));
    return copy;
}

void memory_free_pointer(void *pointer_to_pointer)
{
    int saved = errno;
    free(*(void **)pointer_to_pointer);
    errno = saved;
}
