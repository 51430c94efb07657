/* The tensor stream: what is written is read; what is cut, altered or hostile is refused. */
#include "stream/stream.h"
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "stream/stage.h"
#include "tap.h"

static struct error e;

/* ---- streams to try ---- */

/* {id i64, label i32, image u8 [2,3,1], z f32 [?], name str, x f64, any} */
static void make_header(struct header *h)
{
    int64_t image[] = {2, 3, 1}, open[] = {-1};
    header_init(h, "samples", &e);
    header_add_field(h, "id", ELEMENT_I64, 0, NULL, &e);
    header_add_field(h, "label", ELEMENT_I32, 0, NULL, &e);
    header_add_field(h, "image", ELEMENT_U8, 3, image, &e);
    header_add_field(h, "z", ELEMENT_F32, 1, open, &e);
    header_add_field(h, "name", ELEMENT_STR, 0, NULL, &e);
    header_add_field(h, "x", ELEMENT_F64, 0, NULL, &e);
    header_add_field(h, "any", ELEMENT_ANY, -1, NULL, &e);
    value_set_text(h->meta, "source", "test");
}

static const uint8_t image_data[] = {1, 2, 3, 4, 5, 255};
static const float z_data[] = {1.5f, -2, 3e-30f, 4};
static const int64_t any_data[] = {INT64_MIN, INT64_MAX};

static int write_row(struct stream_writer *w, int i)
{
    uint32_t z[] = {(uint32_t)i % 5}, any[] = {1, 2, 1};
    struct cell row[] = {
        cell_int(ELEMENT_I64, INT64_C(1) << (7 * i % 63)),
        cell_int(ELEMENT_I32, -i),
        cell_tensor(ELEMENT_U8, 3, (uint32_t[]){2, 3, 1}, image_data),
        cell_tensor(ELEMENT_F32, 1, z, z_data),
        cell_text("name" + i % 5),
        cell_real(ELEMENT_F64, i / 3.),
        i % 2 ? cell_tensor(ELEMENT_I64, 3, any, any_data)
              : cell_tensor(ELEMENT_F32, 0, NULL, z_data),
    };
    return stream_write(w, row, &e);
}

static bool row_is(const struct cell *c, int i)
{
    return c[0].integer == INT64_C(1) << (7 * i % 63) && c[1].integer == -i && c[2].rank == 3 &&
           c[2].count == 6 && !memcmp(c[2].data, image_data, 6) && c[3].count == (size_t)i % 5 &&
           !memcmp(c[3].data, z_data, c[3].count * 4) && (uintptr_t)c[3].data % 4 == 0 &&
           !strcmp(c[4].data, "name" + i % 5) && c[4].count == strlen("name" + i % 5) &&
           c[5].real == i / 3. &&
           (i % 2 ? c[6].element == ELEMENT_I64 && c[6].count == 2 && c[6].extent[1] == 2 &&
                        !memcmp(c[6].data, any_data, 16) && (uintptr_t)c[6].data % 8 == 0
                  : c[6].rank == 0 && c[6].count == 1 && *(const float *)c[6].data == 1.5f);
}

static void write_stream(const char *path, int rows, const char *parent)
{
    struct header h;
    make_header(&h);
    history_add(&h, parent, NULL, 1, NULL, &e);
    struct stream_writer *w = stream_create(path, &h, &e);
    for (int i = 0; i < rows; i++)
        write_row(w, i);
    stream_commit(w, &e);
    header_free(&h);
}

static void put_file(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "w");
    fwrite(bytes, 1, size, f);
    fclose(f);
}

/* Reads the file to its end: the rows, or -1 with the error set. */
static int64_t read_stream(const char *path)
{
    struct stream_reader *r = stream_open(path, NULL, &e);
    if (!r)
        return -1;
    const struct cell *row;
    int more;
    while ((more = stream_read(r, &row, &e)) > 0)
        ;
    int64_t rows = more < 0 ? -1 : stream_rows(r);
    stream_close(r);
    return rows;
}

/* ---- good streams ---- */

static void round_trip(void)
{
    write_stream("good", 20, "a");
    struct stream_reader *r = stream_open("good", NULL, &e);
    const struct header *h = stream_header(r);
    ok(!strcmp(h->kind, "samples") && h->fields == 7 && h->field[3].extent[0] == -1 &&
           h->field[6].rank == -1 && !strcmp(value_get_text(h->meta, "source", ""), "test"),
       "the header comes back");
    const struct cell *row;
    bool same = true;
    int i = 0;
    struct header copy;
    header_copy(&copy, h, &e);
    struct stream_writer *w = stream_create("raw", &copy, &e);
    for (; stream_read(r, &row, &e) == 1; i++) {
        size_t size;
        same = same && row_is(row, i);
        const void *raw = stream_raw_row(r, &size);
        stream_write_raw(w, raw, size, &e);
    }
    ok(same && i == 20 && stream_rows(r) == 20, "20 rows come back");
    ok(stream_read(r, &row, &e) == 0, "the end stays the end");
    stream_commit(w, &e);
    size_t one, two;
    char *good = input_read_all("good", 1 << 20, &one, &e);
    char *raw = input_read_all("raw", 1 << 20, &two, &e);
    ok(one == two && !memcmp(good, raw, one), "rows passed on raw give the same bytes");
    ok(strlen(stream_digest(r)) == 16 && strstr(good + one - 20, stream_digest(r)),
       "the digest is the trailer's");
    free(good);
    free(raw);
    header_free(&copy);
    stream_close(r);
    write_stream("empty", 0, "a");
    ok(read_stream("empty") == 0, "a stream without rows");
}

/* Every place where input may break off for a while. */
static void byte_by_byte(void)
{
    int ends[2], status;
    size_t size;
    char *bytes = input_read_all("good", 1 << 20, &size, &e), path[32];
    if (pipe(ends))
        return;
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < size; i++)
            if (write(ends[1], bytes + i, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    ok(read_stream(path) == 20, "a stream that comes byte by byte");
    waitpid(child, &status, 0);
    close(ends[0]);
    free(bytes);
}

/* Rows larger than any buffer. */
static void large_rows(void)
{
    enum { SIZE = 5 << 20 };
    struct header h;
    int64_t extent[] = {SIZE / 4};
    uint32_t *data = array_new(SIZE / 4, 4, "data", &e);
    for (uint32_t i = 0; i < SIZE / 4; i++)
        data[i] = i * 2654435761u;
    header_init(&h, "weights", &e);
    header_add_field(&h, "name", ELEMENT_STR, 0, NULL, &e);
    header_add_field(&h, "value", ELEMENT_I32, 1, extent, &e);
    struct stream_writer *w = stream_create("large", &h, &e);
    for (int i = 0; i < 3; i++) {
        struct cell row[] = {cell_text("xxx" + i),
                             cell_tensor(ELEMENT_I32, 1, (uint32_t[]){SIZE / 4}, data)};
        stream_write(w, row, &e);
    }
    stream_commit(w, &e);
    struct stream_reader *r = stream_open("large", NULL, &e);
    const struct cell *row;
    int same = 0;
    while (stream_read(r, &row, &e) == 1)
        same += (uintptr_t)row[1].data % 4 == 0 && !memcmp(row[1].data, data, SIZE);
    ok(same == 3, "rows of 5 MiB");
    stream_close(r);
    r = stream_open("large", &(struct stream_limits){.most_tensor_bytes = SIZE - 1}, &e);
    ok(stream_read(r, &row, &e) == -1 && strstr(e.text, "large: row 1: value: "), "%s", e.text);
    ok(stream_read(r, &row, &e) == -1, "after an error there is no more");
    stream_close(r);
    header_free(&h);
    free(data);
    unlink("large");
}

static void concatenation(void)
{
    write_stream("b", 3, "b");
    ok(system("cat good b good >both") == 0 && read_stream("both") == 43, "cat a b is a stream");
    struct stream_reader *r = stream_open("both", NULL, &e);
    const struct cell *row;
    while (stream_read(r, &row, &e) == 1)
        ;
    const struct value *history = stream_header(r)->history;
    ok(history->count == 2 && !strcmp(value_get_text(history->item[1], "program", ""), "b"),
       "the history holds every parent, once");
    stream_close(r);

    struct header h;
    header_init(&h, "latents", &e);
    header_add_field(&h, "id", ELEMENT_I64, 0, NULL, &e);
    stream_commit(stream_create("other", &h, &e), &e);
    ok(system("cat good other >both") == 0 && read_stream("both") == -1 &&
           strstr(e.text, "expected the kind of the first part, samples, found latents"),
       "%s", e.text);
    header_free(&h);
    make_header(&h);
    h.field[2].extent[0] = 9;
    stream_commit(stream_create("other", &h, &e), &e);
    ok(system("cat good other >both") == 0 && read_stream("both") == -1 &&
           strstr(e.text, "expected the first part's field image u8 [2,3,1], found image u8 [9"),
       "%s", e.text);
    ok(system("{ cat good; echo; } >both") == 0 && read_stream("both") == -1 &&
           strstr(e.text, "after row 20: part 2: not a tensor stream"),
       "%s", e.text);
    header_free(&h);
}

/* ---- bad streams ---- */

/* The error must not come from elsewhere: it names the file and, behind the header, the row. */
static bool refused(const char *path, const char *wanted)
{
    snprintf(e.text, sizeof e.text, "no error");
    return read_stream(path) == -1 && !strncmp(e.text, path, strlen(path)) &&
           strstr(e.text, wanted);
}

static void cut_and_flipped(void)
{
    size_t size;
    write_stream("small", 2, "a");
    char *bytes = input_read_all("small", 1 << 20, &size, &e);
    size_t accepted = 0;
    for (size_t i = 0; i < size; i++) {
        put_file("bad", bytes, i);
        if (!refused("bad", i == 0 ? "empty" : "truncated")) {
            printf("# cut at byte %zu: %s\n", i, e.text);
            accepted++;
        }
    }
    ok(accepted == 0, "cut at each of %zu bytes: truncated", size);
    for (size_t i = 0; i < 8 * size; i++) {
        bytes[i / 8] ^= (char)(1 << i % 8);
        put_file("bad", bytes, size);
        if (!refused("bad", "")) {
            printf("# bit %zu of byte %zu\n", i % 8, i / 8);
            accepted++;
        }
        bytes[i / 8] ^= (char)(1 << i % 8);
    }
    ok(accepted == 0, "each of %zu bits flipped: refused", 8 * size);
    put_file("bad", bytes, size);
    ok(read_stream("bad") == 2, "and unharmed it is read");
    free(bytes);
}

enum { TRAILER = 29 };

/* The header of {value any, of any rank; or as given} and then these bytes. */
static void put_after_header(enum element element, int rank, const int64_t *extent,
                             const void *bytes, size_t size)
{
    struct header h;
    header_init(&h, "weights", &e);
    header_add_field(&h, "value", element, rank, extent, &e);
    stream_commit(stream_create("header", &h, &e), &e);
    header_free(&h);
    size_t length;
    char *header = input_read_all("header", 1 << 20, &length, &e);
    FILE *f = fopen("bad", "w");
    fwrite(header, 1, length - TRAILER, f);
    fwrite(bytes, 1, size, f);
    fclose(f);
    free(header);
}

#define REFUSE_AS(element, rank, extent, bytes, wanted)                   \
    do {                                                                  \
        put_after_header(element, rank, extent, bytes, sizeof bytes - 1); \
        ok(refused("bad", wanted), "%s (wanted: %s)", e.text, wanted);    \
    } while (0)
#define REFUSE(bytes, wanted) REFUSE_AS(ELEMENT_ANY, -1, NULL, bytes, wanted)

static void bad_rows(void)
{
    int64_t four[] = {4};
    /* 0xc8 size16 type: an extension */
    REFUSE("\x91\xc8\x00\x08\x01\x00\x01\x00\x00\x00\x00\x00\x80", "a tensor of more than");
    REFUSE("\x91\xc7\x0c\x01\x03\x02\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", "a tensor of more than");
    REFUSE("\x91\xc7\x14\x01\x00\x04\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00"
           "\x00\x01\x00",
           "a tensor of more than"); /* 2^64: the product wraps to 0 */
    REFUSE("\x91\xc7\x10\x01\x00\x03\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff",
           "a tensor of more than"); /* a zero hides what would overflow */
    REFUSE("\x91\xc7\x04\x01\x00\xff\x00\x00", "expected a tensor of rank 8, found 255");
    REFUSE("\x91\xc7\x04\x01\x00\x09\x00\x00", "expected a tensor of rank 8, found 9");
    REFUSE("\x91\xc7\x04\x01\x00\x01\x00\x00", "rank");
    REFUSE("\x91\xc7\x03\x01\x00\x00\x00", "does not begin well");
    REFUSE("\x91\xc7\x04\x01\x05\x00\x00\x00", "does not begin well"); /* a type that is none */
    REFUSE("\x91\xc7\x05\x01\x00\x00\x01\x00\x00", "does not begin well");
    REFUSE("\x91\xc7\x08\x01\x00\x01\x00\x00\x01\x00\x00\x00", "expected 1 bytes of elements");
    REFUSE("\x91\xc7\x0a\x01\x00\x01\x00\x00\x01\x00\x00\x00\x01\x02", "found 2");
    REFUSE("\x91\xc7\x05\x02\x00\x00\x00\x00\x01", "expected value, a tensor");
    REFUSE("\x91\xc9\xff\xff\xff\xff\x01\x00", "expected a tensor of at most 1073741824 bytes");
    REFUSE("\x91\xc9\x40\x00\x00\x00\x01\x00", "truncated: expected 1073741824 bytes of value");
    REFUSE("\x91\x01", "expected value, a tensor, found an integer");
    REFUSE("\x91\xc1", "expected MessagePack");
    REFUSE("\x92\x01\x01", "expected an array of 1 fields");
    REFUSE("\xdd\xff\xff\xff\xff",
           "expected an array of 1 fields"); /* msgpack-c would take 128 GiB */
    REFUSE("\xdf\xff\xff\xff\xff", "a map of 4294967295 members");
    REFUSE("\x05", "expected an array of 1 fields, found an integer");
    REFUSE("\x81\xa4rows\x00", "expected a trailer of rows and xxh3");
    REFUSE("\x82\xa4rows\x00\xa4xxh3\xb0"
           "0123456789abcdef",
           "the data were altered");
    REFUSE("\x82\xa4rows\x01\xa4xxh3\xb0"
           "0123456789abcdef",
           "the trailer counts 1 rows, found 0");
    REFUSE_AS(ELEMENT_F32, 1, four, "\x91\xc7\x08\x01\x03\x01\x00\x00\x05\x00\x00\x00",
              "expected extent 0 to be 4, found 5");
    REFUSE_AS(ELEMENT_F32, 1, four, "\x91\xc7\x08\x01\x04\x01\x00\x00\x04\x00\x00\x00",
              "expected a tensor of f32, found f64");
    REFUSE_AS(ELEMENT_F32, 1, four, "\x91\xc7\x04\x01\x03\x00\x00\x00", "of rank 1, found 0");
    REFUSE_AS(ELEMENT_U8, 0, NULL, "\x91\xcd\x01\x00", "out of the range of u8");
    REFUSE_AS(ELEMENT_I32, 0, NULL, "\x91\xce\x80\x00\x00\x00", "out of the range of i32");
    REFUSE_AS(ELEMENT_I64, 0, NULL, "\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "range of i64");
    REFUSE_AS(ELEMENT_I64, 0, NULL, "\x91\xca\x00\x00\x00\x00",
              "expected value, i64, found a real");
    REFUSE_AS(ELEMENT_STR, 0, NULL, "\x91\xdb\xff\xff\xff\xff", "value: expected at most");
    REFUSE_AS(ELEMENT_STR, 0, NULL, "\x91\xa2x\x00", "a text with a NUL");
    REFUSE_AS(ELEMENT_STR, 0, NULL, "\x91\xc4\x01x", "expected value, a text, found binary");
}

#define MAGIC "\xadtensor-stream"
#define REFUSE_HEADER(bytes, wanted)                                   \
    do {                                                               \
        put_file("bad", bytes, sizeof bytes - 1);                      \
        ok(refused("bad", wanted), "%s (wanted: %s)", e.text, wanted); \
    } while (0)

static void bad_headers(void)
{
    static const char deep[4000] = "\x82" MAGIC "\x01\xa1x";
    char nested[4000];
    memcpy(nested, deep, sizeof deep);
    memset(nested + 18, '\x91', sizeof nested - 18);
    put_file("bad", nested, sizeof nested);
    ok(refused("bad", "more than 30 levels"), "%s", e.text);
    REFUSE_HEADER("P5 28 28 255\n", "not a tensor stream");
    REFUSE_HEADER("\x81", "truncated inside the header");
    REFUSE_HEADER("\x81" MAGIC "\x02", "expected version 1 of the tensor stream, found 2");
    REFUSE_HEADER("\x81" MAGIC "\x01", "expected a kind");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa4kind\xa1\n", "expected a kind");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa4kind\xa1x", "expected fields");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xdd\xff\xff\xff\xff", "truncated inside the header");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xdf\xff\xff\xff\xff", "a map of 4294967295 members");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xc6\xff\xff\xff\xff", "more than 16777216 bytes");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xc1", "no MessagePack");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xc4\x01x", "a value that is no number");
    REFUSE_HEADER("\x82" MAGIC "\x01\x01\x01", "a key that is no text");
    REFUSE_HEADER("\x83" MAGIC "\x01\xa1x\x01\xa1x\x01", "the key 'x' twice");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xa1\x00", "a text with a NUL");
    REFUSE_HEADER("\x82" MAGIC "\x01\xa1x\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "an integer above");
#define WITH_FIELD                       \
    "\x83" MAGIC "\x01\xa4kind\xa1k\xa6" \
    "fields\x91"
    REFUSE_HEADER(WITH_FIELD "\x92\xa1x\xa2u8", "expected [name, type, dims]");
    REFUSE_HEADER(WITH_FIELD "\x93\xa1x\xa2u9\x90", "unknown type 'u9'");
    REFUSE_HEADER(WITH_FIELD "\x93\xa1x\xa2u8\x99\x01\x01\x01\x01\x01\x01\x01\x01\x01", "8 dims");
    REFUSE_HEADER(WITH_FIELD "\x93\xa1x\xa2u8\x91\xff", "not below 0");
    REFUSE_HEADER(WITH_FIELD "\x93\xa1x\xa2u8\x91\xcf\x00\x00\x00\x01\x00\x00\x00\x00",
                  "below 2^32");
    REFUSE_HEADER(WITH_FIELD "\x93\xa0\xa2u8\x90", "a plain name");
    REFUSE_HEADER(WITH_FIELD "\x93\xa1x\xa3str\x91\x01", "cannot have rank 1");
    REFUSE_HEADER(WITH_FIELD "\x93\xa1x\xa3"
                             "any\x90",
                  "cannot have rank 0");
    REFUSE_HEADER("\x83" MAGIC "\x01\xa4kind\xa1k\xa6"
                  "fields\x92\x93\xa1x\xa2u8\x90\x93\xa1x\xa2u8\x90",
                  "each field its own");
    REFUSE_HEADER("\x84" MAGIC "\x01\xa4kind\xa1k\xa6"
                  "fields\x91\x93\xa1x\xa2u8\x90\xa4meta\x90",
                  "expected meta to be a map");
    ok(!stream_open("none", NULL, &e) && strstr(e.text, "cannot open none: No such file"), "%s",
       e.text);
    ok(!stream_open(".", NULL, &e) && strstr(e.text, "directory"), "%s", e.text);
}

/* ---- the writer ---- */

static void refused_writes(void)
{
    struct header h;
    int64_t extent[] = {2};
    header_init(&h, "latents", &e);
    header_add_field(&h, "z", ELEMENT_F32, 1, extent, &e);
    ok(header_add_field(&h, "z", ELEMENT_F32, 1, extent, &e) == -1, "%s", e.text);
    ok(header_require(&h, "z", ELEMENT_F64, 1, &e) == -1, "%s", e.text);
    ok(header_require(&h, "y", ELEMENT_F64, 1, &e) == -1, "%s", e.text);
    ok(header_require(&h, "z", ELEMENT_ANY, -1, &e) == 0, "a field of any type and rank");
    ok(header_require_kind(&h, "samples|latents", &e) == 0 &&
           header_require_kind(&h, "latent|samples", &e) == -1,
       "%s", e.text);
    struct stream_writer *w = stream_create("refused", &h, &e);
    struct cell three = cell_tensor(ELEMENT_F32, 1, (uint32_t[]){3}, z_data);
    ok(stream_write(w, &three, &e) == -1, "%s", e.text);
    ok(stream_commit(w, &e) == -1 && access("refused", F_OK) != 0, "then no file appears: %s",
       e.text);
    w = stream_create("refused", &h, &e);
    struct cell other = cell_tensor(ELEMENT_I32, 1, (uint32_t[]){2}, z_data);
    ok(stream_write(w, &other, &e) == -1, "%s", e.text);
    stream_abandon(w);
    w = stream_create("refused", &h, &e);
    struct value *v = value_set_map(stream_writer_header(w)->meta, "x");
    for (int i = 0; i < 40; i++)
        v = value_set_map(v, "x");
    ok(stream_commit(w, &e) == -1 && access("refused", F_OK) != 0, "%s", e.text);
    header_free(&h);
    header_init(&h, "latents", &e);
    header_add_field(&h, "z", ELEMENT_F32, -1, NULL, &e);
    w = stream_create("refused", &h, &e);
    struct cell huge = cell_tensor(ELEMENT_F32, 2, (uint32_t[]){UINT32_MAX, UINT32_MAX}, z_data);
    ok(stream_write(w, &huge, &e) == -1, "%s", e.text);
    stream_abandon(w);
    w = stream_create("/dev/full", &h, &e);
    ok(stream_commit(w, &e) == -1 && strstr(e.text, "No space left"), "%s", e.text);
    header_free(&h);
}

/* ---- tables and stages ---- */

static void tables(void)
{
    struct header h;
    header_init(&h, "latents", &e);
    header_add_field(&h, "id", ELEMENT_I64, 0, NULL, &e);
    header_add_field(&h, "z", ELEMENT_F32, 1, (int64_t[]){-1}, &e);
    header_add_field(&h, "file", ELEMENT_STR, 0, NULL, &e);
    header_add_field(&h, "x", ELEMENT_F32, 0, NULL, &e);
    struct stream_writer *w = stream_create("table", &h, &e);
    for (uint32_t i = 0; i < 100; i++) {
        float z[] = {(float)i, 1, 2};
        struct cell row[] = {cell_int(ELEMENT_I64, i),
                             cell_tensor(ELEMENT_F32, 1, (uint32_t[]){3}, z), cell_text("file"),
                             cell_real(ELEMENT_F32, 0.5)};
        stream_write(w, row, &e);
    }
    stream_commit(w, &e);
    struct table t;
    ok(table_read(&t, "table", NULL, &e) == 0 && t.rows == 100, "a table of 100 rows");
    const int64_t *id = table_integers(&t, "id", &e);
    const struct column *z = table_column(&t, "z", ELEMENT_F32, 1, &e);
    const struct column *x = table_column(&t, "x", ELEMENT_F32, 0, &e);
    const struct column *file = table_column(&t, "file", ELEMENT_STR, 0, &e);
    ok(id && id[99] == 99 && z && z->stride == 3 && z->extent[0] == 3 &&
           ((float *)z->data)[99 * 3] == 99 && x && ((double *)x->data)[7] == 0.5 && file &&
           !strcmp(((char **)file->data)[99], "file"),
       "its columns");
    ok(!table_integers(&t, "x", &e) && !table_column(&t, "y", ELEMENT_F32, 0, &e), "%s", e.text);
    ok(strlen(t.digest) == 16, "its digest");
    table_free(&t);
    struct stream_reader *r = stream_open("table", NULL, &e);
    ok(table_read_rows(&t, r, 30, &e) == 0 && t.rows == 30, "the first 30 rows");
    table_free(&t);
    ok(table_read_rows(&t, r, 90, &e) == 0 && t.rows == 70 && table_integers(&t, "id", &e)[0] == 30,
       "and the rest");
    table_free(&t);
    stream_close(r);
    ok(table_read(&t, "good", NULL, &e) == -1 && strstr(e.text, "good: z: expected tensors of one"),
       "%s", e.text);
    header_free(&h);
}

static void stages(void)
{
    struct program p = {.name = "stage"};
    struct value *arguments = value_array(), *inputs = NULL;
    value_append(arguments, value_text("--first=3"));
    struct call c = {.program = &p, .seed = 7, .arguments = arguments, .history = true};
    struct header h;
    make_header(&h);
    stage_note_input(&inputs, "ids", "0123456789abcdef", &e);
    stream_commit(stage_create_at(&c, "staged", &h, inputs, &e), &e);
    struct table t;
    stage_table(&c, &t, "staged", &e);
    char *text = value_json_text(t.header.history);
    char wanted[512];
    snprintf(wanted, sizeof wanted,
             "[{\"program\": \"stage\", \"version\": \"%s\", \"arguments\": [\"--first=3\"], "
             "\"seed\": 7, "
             "\"inputs\": [{\"name\": \"ids\", \"digest\": \"0123456789abcdef\"}]}]",
             winnow_version());
    ok(!strcmp(text, wanted), "%s", text);
    free(text);
    table_free(&t);
    c.history = false;
    stream_commit(stage_create_at(&c, "staged", &h, inputs, &e), &e);
    stage_table(&c, &t, "staged", &e);
    ok(t.header.history->count == 0, "--no-history");
    table_free(&t);
    header_free(&h);
    value_free(arguments);
    value_free(inputs);
}

int main(void)
{
    /* memory, where there is such a folder: every commit is synced */
    char folder[64];
    bool shared = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/winnow-stream.XXXXXX", shared ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder) || chdir(folder))
        return 1;
#ifndef __SANITIZE_ADDRESS__
    setrlimit(RLIMIT_AS, &(struct rlimit){256 << 20, 256 << 20});
#endif
    round_trip();
    byte_by_byte();
    large_rows();
    concatenation();
    cut_and_flipped();
    bad_rows();
    bad_headers();
    refused_writes();
    tables();
    stages();
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return tap_done() | (system(command) != 0);
}
