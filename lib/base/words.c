#include "base/words.h"
#include <stdio.h>
#include <string.h>

enum { LONGEST = 63 };

/* The next word of the list, its length set; NULL behind the last. */
static const char *next_word(const char **list, size_t *length)
{
    const char *word = *list;
    if (!*word)
        return NULL;
    *length = strcspn(word, "| ");
    *list = word + *length + (word[*length] != 0);
    return word;
}

bool words_have(const char *words, const char *word)
{
    size_t length;
    for (const char *w; (w = next_word(&words, &length));)
        if (length == strlen(word) && memcmp(w, word, length) == 0)
            return true;
    return false;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Slips between two words of at most LONGEST letters (optimal string alignment). */
static int slips(const char *a, size_t m, const char *b, size_t n)
{
    int d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (int)(i + j);
                continue;
            }
            d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
                            1 + least(d[i - 1][j], d[i][j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[m][n];
}

bool words_nearest(const char *words, const char *word, char *nearest, size_t size)
{
    size_t length = strlen(word), found = 0, n;
    int fewest = least((int)(length + 2) / 3 + 1, (int)length), beginnings = 0;
    const char *best = NULL, *begins = NULL;
    size_t begins_length = 0;
    for (const char *w; (w = next_word(&words, &n));) {
        if (n > LONGEST || length > LONGEST)
            continue;
        int s = slips(word, length, w, n);
        if (s < fewest) {
            fewest = s;
            best = w;
            found = n;
        }
        if (length > 1 && n > length && memcmp(w, word, length) == 0) {
            beginnings++;
            begins = w;
            begins_length = n;
        }
    }
    if (beginnings == 1) {
        best = begins;
        found = begins_length;
    }
    if (!best)
        return false;
    snprintf(nearest, size, "%.*s", (int)found, best);
    return true;
}
