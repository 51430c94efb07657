/* What follows the rows: the trailer, and the parts behind it. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "stream/codec.h"

/* A header, and behind it rows that the input's trailer has to fit: none. */
static const char header[] = "\x85\xadtensor-stream\x01\xa4kind\xa3ids\xa6"
                             "fields\x91\x93\xa2id\xa3i64\x90\xa4meta\x80\xa7history\x90";

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    const struct cell *row;
    size_t head = sizeof header - 1;
    uint8_t *whole = malloc(head + size);
    must(whole);
    memcpy(whole, header, head);
    if (size)
        memcpy(whole + head, bytes, size);
    struct stream_reader *r = stream_open(fuzz_file(whole, head + size), NULL, &e);
    must(r);
    int got;
    while ((got = stream_read(r, &row, &e)) == 1)
        must(row[0].element == ELEMENT_I64);
    must(got < 0 || strlen(stream_digest(r)) == 16);
    stream_close(r);
    free(whole);
    return got == 0;
}
