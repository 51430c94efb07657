/* One entry a parser: targets/NAME.c defines fuzz_one, which gives the parser bytes that may be
 * anything and checks what must hold whatever they are. engine.c makes of it a libFuzzer or AFL++
 * target, or a plain program that replays corpus/NAME. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* 1: the parser accepted the bytes; 0: it refused them. Aborts where it broke a promise. */
int fuzz_one(const uint8_t *bytes, size_t size);

/* What must hold of any input. */
#define must(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* For parsers that take a path: the path of a regular file, in memory, of these bytes. It is the
 * same file at every call. */
const char *fuzz_file(const uint8_t *bytes, size_t size);

/* For parsers that take a folder: its path. fuzz_put gives its file `name`, a path below it, these
 * bytes, in memory; it is there from then on. */
const char *fuzz_folder(void);
void fuzz_put(const char *name, const uint8_t *bytes, size_t size);

/* For formats that load brings in (rows/import.h): what is accepted becomes a stream of its rows. */
struct import_format;
int fuzz_import(const struct import_format *f, const uint8_t *bytes, size_t size);

/* For readers of a stream's rows: the same, of the header and the whole rows that the bytes begin
 * with, closed by the trailer that fits them, as no engine would guess a digest. NULL where the
 * bytes do not begin with a MessagePack object. */
const char *fuzz_stream(const uint8_t *bytes, size_t size);

#endif
