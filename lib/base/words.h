/* Lists of words as one text, parted by '|' or blanks: what options and operands may be. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H
#include <stdbool.h>
#include <stddef.h>

bool words_have(const char *words, const char *word);

/* Copies to `nearest` the word that `word` was probably meant to be: the first of the fewest slips
 * (a letter more, less or another, two neighbours swapped), at most one for every three letters
 * begun, and fewer than letters; or the only one that begins with it. False where there is none:
 * nothing is copied. */
bool words_nearest(const char *words, const char *word, char *nearest, size_t size);

#endif
