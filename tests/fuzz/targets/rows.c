/* Rows under a header with a field of every sort. A row that is accepted prints, and written again
 * gives the same cells. */
#include <string.h>
#include "fuzz/fuzz.h"
#include "stream/codec.h"
#include "stream/summary.h"
#include "stream/text.h"

/* Packed once: a field of every element type, tensors of fixed, free and any rank. */
static msgpack_sbuffer packed;

static void make_header(void)
{
    static const int64_t image[] = {2, -1, 1}, free_extent[] = {-1};
    struct header h;
    struct error e;
    must(header_init(&h, "samples", &e) == 0);
    must(header_add_field(&h, "id", ELEMENT_I64, 0, NULL, &e) == 0);
    must(header_add_field(&h, "label", ELEMENT_I32, 0, NULL, &e) == 1);
    must(header_add_field(&h, "flag", ELEMENT_U8, 0, NULL, &e) == 2);
    must(header_add_field(&h, "x", ELEMENT_F32, 0, NULL, &e) == 3);
    must(header_add_field(&h, "name", ELEMENT_STR, 0, NULL, &e) == 4);
    must(header_add_field(&h, "image", ELEMENT_U8, 3, image, &e) == 5);
    must(header_add_field(&h, "z", ELEMENT_F64, 1, free_extent, &e) == 6);
    must(header_add_field(&h, "any", ELEMENT_ANY, -1, NULL, &e) == 7);
    msgpack_sbuffer_init(&packed);
    must(header_pack(&h, &packed, &e) == 0);
    header_free(&h);
}

static void use_row(struct summary *s, const struct header *h, const struct cell *row, FILE *to)
{
    struct error e;
    for (int i = 0; i < h->fields; i++)
        if (h->field[i].rank != 0 && row[i].count) {
            must((uintptr_t)row[i].data % element_size(row[i].element) == 0);
            fwrite(row[i].data, element_size(row[i].element), row[i].count, to);
        }
    must(summary_add(s, h, row, &e) == 0);
    summary_print_row(h, row, to);
    must(text_json_row(to, h, row, &e) == 0);
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    static FILE *nowhere;
    static const struct stream_limits limits = {1 << 16};
    struct error e;
    struct summary s;
    const struct cell *row;
    if (!packed.size)
        make_header();
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    msgpack_sbuffer whole;
    msgpack_sbuffer_init(&whole);
    msgpack_sbuffer_write(&whole, packed.data, packed.size);
    msgpack_sbuffer_write(&whole, (const char *)bytes, size);
    const char *path = fuzz_stream((const uint8_t *)whole.data, whole.size);
    struct stream_reader *r = stream_open(path, &limits, &e);
    must(r && summary_init(&s, stream_header(r), &e) == 0);
    int got;
    while ((got = stream_read(r, &row, &e)) == 1)
        use_row(&s, stream_header(r), row, nowhere);
    must(got < 0 || stream_rows(r) == s.rows);
    int64_t rows = s.rows;
    must(summary_print(stream_header(r), &s, stream_digest(r), nowhere) == 0);
    summary_free(&s);
    stream_close(r);
    msgpack_sbuffer_destroy(&whole);
    return got == 0 && rows > 0;
}
