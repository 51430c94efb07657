/* Gives altered streams a digest that is right, so that what they say is read. A request on
 * standard input is a count of bytes (32 bits, of this machine) and a stream of so many; the answer
 * is that stream, sealed, where it still ends in a trailer, else as it was. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { DIGEST = 16, LEAST = 29, MOST = 37 }; /* bytes of a trailer, by the size of its count */

int main(void)
{
    static const char begins[] = "\x82\xa4rows";
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        char *bytes = malloc(size + 1), digest[DIGEST + 1];
        if (!bytes || fread(bytes, 1, size, stdin) != size)
            return 1;
        for (uint32_t length = LEAST; length <= MOST && length <= size; length++)
            if (memcmp(bytes + size - length, begins, sizeof begins - 1) == 0) {
                unsigned long long hash = XXH3_64bits(bytes, size - length);
                snprintf(digest, sizeof digest, "%016llx", hash);
                memcpy(bytes + size - DIGEST, digest, DIGEST);
            }
        fwrite(bytes, 1, size, stdout);
        fflush(stdout);
        free(bytes);
    }
    return 0;
}
