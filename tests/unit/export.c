/* What save writes: arrays of NumPy, tab-separated values, JSON lines. */
#include "tap.h"
#include <string.h>
#include <unistd.h>
#include "stream/npy.h"
#include "stream/text.h"

static char folder[] = "/tmp/winnow-export-XXXXXX", path[64];

/* The file's array part, NUL-terminated, its head in head[]; NULL where it is malformed. */
static char *read_npy(char head[512], size_t *size)
{
    struct error e;
    char *bytes = input_read_all(path, 1 << 22, size, &e);
    if (!bytes || *size < 10 || memcmp(bytes, "\x93NUMPY\x01", 8))
        return NULL;
    size_t length = (uint8_t)bytes[8] + 256 * (size_t)(uint8_t)bytes[9];
    if ((10 + length) % 64 || length >= 512 || bytes[10 + length - 1] != '\n')
        return NULL;
    memcpy(head, bytes + 10, length);
    head[length] = 0;
    *size -= 10 + length;
    memmove(bytes, bytes + 10 + length, *size + 1);
    return bytes;
}

static void test_npy(void)
{
    struct error e;
    struct npy n;
    char head[512], *bytes;
    size_t size;
    const float x[6] = {1, 2, 3, 4, 5, -6};
    struct cell cell = cell_tensor(ELEMENT_F32, 2, (const uint32_t[]){2, 3}, x);
    ok(!npy_save(path, &cell, &e) && (bytes = read_npy(head, &size)), "a tensor alone");
    ok(strstr(head, "'<f4'") && strstr(head, "(2, 3, )") && size == 24 && !memcmp(bytes, x, 24),
       "its type, shape and elements: %.60s", head);
    free(bytes);

    struct cell scalar = cell_real(ELEMENT_F64, 2.5);
    double back;
    ok(!npy_save(path, &scalar, &e) && (bytes = read_npy(head, &size)) && size == 8, "a scalar");
    ok(strstr(head, "()") && memcpy(&back, bytes, 8) && back == 2.5, "has the shape (): %.60s",
       head);
    free(bytes);

    /* More than the buffer holds, in rows smaller and larger than it. */
    for (uint32_t width = 300; width <= 300000; width *= 1000) {
        uint8_t *row = malloc(width);
        int rows = width == 300 ? 1000 : 3, wrong = 0;
        ok(!npy_open(&n, path, ELEMENT_U8, 1, &width, &e), "an array that grows");
        for (int i = 0; i < rows; i++) {
            memset(row, i, width);
            cell = cell_tensor(ELEMENT_U8, 1, &width, row);
            wrong += npy_write(&n, &cell, &e) != 0;
        }
        cell.extent[0]--;
        ok(npy_write(&n, &cell, &e) == -1, "refuses another shape");
        ok(!wrong && !npy_commit(&n, &e) && (bytes = read_npy(head, &size)), "rows of %u", width);
        for (size_t i = 0; i < size; i++)
            wrong += (uint8_t)bytes[i] != (uint8_t)(i / width);
        snprintf((char *)row, width, "(%d, %u, )", rows, width);
        ok(!wrong && size == (size_t)rows * width && strstr(head, (char *)row), "all there: %.70s",
           head);
        free(bytes);
        free(row);
    }
    unlink(path);
    ok(!npy_open(&n, path, ELEMENT_I64, 0, NULL, &e), "to be given up");
    npy_abandon(&n);
    ok(access(path, F_OK), "nothing appears");
    npy_abandon(&n);
    ok(npy_open(&n, path, ELEMENT_STR, 0, NULL, &e) == -1, "texts are no array: %s", e.text);
}

static void test_text(void)
{
    struct error e;
    struct header h;
    header_init(&h, "samples", &e);
    header_add_field(&h, "name", ELEMENT_STR, 0, NULL, &e);
    header_add_field(&h, "x", ELEMENT_F32, 0, NULL, &e);
    header_add_field(&h, "y", ELEMENT_F64, 1, (const int64_t[]){3}, &e);
    header_add_field(&h, "big", ELEMENT_I64, 0, NULL, &e);
    const double y[3] = {0.1, NAN, -INFINITY};
    const struct cell row[] = {cell_text("a\tb\n\"\\"), cell_real(ELEMENT_F32, 0.1f),
                               cell_tensor(ELEMENT_F64, 1, (const uint32_t[]){3}, y),
                               cell_int(ELEMENT_I64, INT64_MIN)};
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    ok(!text_tsv_head(to, &h, &e), "a line of names");
    text_tsv_row(to, &h, row);
    fclose(to);
    ok(!strcmp(text, "name\tx\ty0\ty1\ty2\tbig\n"
                     "a\\tb\\n\"\\\\\t0.1\t0.1\tnan\t-inf\t-9223372036854775808\n"),
       "tab-separated, escaped, shortest digits");
    free(text);
    to = open_memstream(&text, &size);
    ok(!text_json_row(to, &h, row, &e), "a row of JSON");
    fclose(to);
    ok(!strcmp(text, "{\"name\":\"a\\tb\\n\\\"\\\\\",\"x\":0.1,\"y\":[0.1,null,null],"
                     "\"big\":-9223372036854775808}\n"),
       "escaped, without what is not finite");
    struct value *v = value_parse_json(text, strlen(text), &e);
    ok(v && value_get_real(v, "x", 0) == 0.1, "and it parses");
    value_free(v);
    free(text);
    header_free(&h);

    /* No elements, but extents that would print for hours. */
    header_init(&h, "samples", &e);
    header_add_field(&h, "t", ELEMENT_F32, -1, NULL, &e);
    struct cell none = {.element = ELEMENT_F32, .rank = 2, .extent = {UINT32_MAX, 0}, .data = ""};
    to = open_memstream(&text, &size);
    ok(!text_json_row(to, &h, &none, &e), "a tensor without elements");
    fclose(to);
    ok(!strcmp(text, "{\"t\":[]}\n"), "is []");
    free(text);
    to = open_memstream(&text, &size);
    ok(text_tsv_head(to, &h, &e) == -1, "no fixed shape: %s", e.text);
    header_add_field(&h, "wide", ELEMENT_F32, 2, (const int64_t[]){1 << 20, 1 << 20}, &e);
    h.field[0].rank = 0;
    ok(text_tsv_head(to, &h, &e) == -1, "too many columns: %s", e.text);
    fclose(to);
    free(text);
    header_free(&h);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/x.npy", folder);
    test_npy();
    test_text();
    unlink(path);
    rmdir(folder);
    return tap_done();
}
