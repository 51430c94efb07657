/* The libraries of others that a program is linked with, for --version. Each file that uses one
 * says so, and no program names one that it is not made of:
 *
 *     LIBRARY(zlib, "zlib", zlibVersion);
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

struct library {
    const char *name;
    const char *(*version)(void); /* asked of the library that runs, where it can tell; NULL: it is
                                     not on this machine */
    struct library *next;
};

/* By name, each once. */
const struct library *library_first(void);
void library_add(struct library *l); /* which stays where it is */

#define LIBRARY(id, name, version)                                  \
    __attribute__((constructor)) static void add_library_##id(void) \
    {                                                               \
        static struct library id##_library = {name, version, NULL}; \
        library_add(&id##_library);                                 \
    }                                                               \
    _Static_assert(1, "")

#endif
