/* A line of text, "YUV4MPEG2" and parameters of a letter and a value each; then for every frame a
 * line "FRAME" and its planes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/video.h"
#include "image/yuv.h"

enum { MOST_LINE = 1024, MOST_SIDE = 65535 };

struct y4m {
    FILE *from;
    struct yuv frame;
    size_t size; /* bytes of all planes */
    uint8_t planes[];
};

/* Reads a line without its line feed: its length, -1 where there is none, -2 where it has no end
 * within the room. */
static int read_line(FILE *from, char line[MOST_LINE])
{
    for (int n = 0; n < MOST_LINE; n++) {
        int c = getc(from);
        if (c == EOF)
            return n ? -2 : -1;
        line[n] = (char)c;
        if (c == '\n') {
            line[n] = '\0';
            return n;
        }
    }
    return -2;
}

static int read_chroma(struct yuv *f, const char *name, struct error *e)
{
    static const struct {
        const char *name;
        int across, down;
    } KNOWN[] = {{"420", 2, 2}, {"420jpeg", 2, 2}, {"420mpeg2", 2, 2}, {"420paldv", 2, 2},
                 {"422", 2, 1}, {"444", 1, 1},     {"mono", 0, 0}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (!strcmp(name, KNOWN[i].name)) {
            f->across = KNOWN[i].across;
            f->down = KNOWN[i].down;
            return 0;
        }
    return error_set(e, "y4m: colour space C%s, expected 8 bits of 420, 422, 444 or mono", name);
}

static int read_side(const char *text, uint32_t *side, struct error *e)
{
    char *end;
    unsigned long x = strtoul(text, &end, 10);
    if (end == text || *end || *text == '-' || x < 1 || x > MOST_SIDE)
        return error_set(e, "y4m: a side of '%s', expected 1 to %d", text, MOST_SIDE);
    *side = (uint32_t)x;
    return 0;
}

static int read_rate(const char *text, int64_t rate[2], struct error *e)
{
    uint32_t over, under;
    char rest;
    if (sscanf(text, "%9" SCNu32 ":%9" SCNu32 "%c", &over, &under, &rest) != 2)
        return error_set(e, "y4m: a frame rate of '%s', expected a fraction like 30:1", text);
    rate[0] = over && under ? over : 0;
    rate[1] = over && under ? under : 0;
    return 0;
}

static int read_parameter(struct video *v, struct yuv *f, const char *word, struct error *e)
{
    const char *value = word + 1;
    switch (*word) {
    case 'W':
        return read_side(value, &f->width, e);
    case 'H':
        return read_side(value, &f->height, e);
    case 'F':
        return read_rate(value, v->rate, e);
    case 'C':
        return read_chroma(f, value, e);
    case 'I':
        return *value == 'p' || *value == '?'
                   ? 0
                   : error_set(e, "y4m: interlaced (%s), expected progressive frames", word);
    case 'X':
        f->full = f->full || !strcmp(value, "COLORRANGE=FULL");
    }
    return 0; /* aspect ratio, comments */
}

static int read_head(struct video *v, struct yuv *f, FILE *from, struct error *e)
{
    char line[MOST_LINE], *rest = line, *word;
    if (read_line(from, line) < 0 || strcmp(strsep(&rest, " "), "YUV4MPEG2"))
        return error_set(e, "y4m: expected a whole line that begins with YUV4MPEG2");
    while ((word = strsep(&rest, " ")))
        if (*word && read_parameter(v, f, word, e))
            return -1;
    return f->width && f->height ? 0 : error_set(e, "y4m: no width or no height");
}

static size_t plane_bytes(const struct yuv *f, int plane)
{
    return plane && !f->across ? 0 : (size_t)yuv_rows(f, plane) * yuv_columns(f, plane);
}

/* Points the planes to where they lie one after the other. */
static void lay_out(struct yuv *f, uint8_t *planes)
{
    for (int p = 0; p < 3; p++) {
        f->plane[p] = planes;
        f->stride[p] = yuv_columns(f, p);
        planes += plane_bytes(f, p);
    }
}

static int read_frame(struct video *v, uint8_t *pixels, struct error *e)
{
    struct y4m *y = v->own;
    char line[MOST_LINE];
    int length = read_line(y->from, line);
    if (length < 0 && ferror(y->from))
        return error_set(e, "cannot read:");
    if (length == -1)
        return 0;
    if (length < 5 || strncmp(line, "FRAME", 5) || (line[5] && line[5] != ' '))
        return error_set(e, "y4m: expected a line that begins with FRAME");
    if (fread(y->planes, 1, y->size, y->from) != y->size)
        return ferror(y->from) ? error_set(e, "cannot read:")
                               : error_set(e, "y4m: ends within a frame");
    yuv_to_rgb(&y->frame, pixels);
    return 1;
}

static void close_y4m(struct video *v)
{
    free(v->own);
}

int y4m_open(struct video *v, FILE *from, size_t most_bytes, struct error *e)
{
    struct yuv f = {.across = 2, .down = 2};
    *v = (struct video){.read = read_frame, .close = close_y4m};
    if (read_head(v, &f, from, e))
        return -1;
    v->height = f.height;
    v->width = f.width;
    v->channels = f.across ? 3 : 1;
    if ((size_t)v->height * v->width * v->channels > most_bytes)
        return error_set(e, "y4m: frames of %u x %u x %u, more than the %zu of --most-bytes",
                         v->height, v->width, v->channels, most_bytes);
    size_t size = plane_bytes(&f, 0) + plane_bytes(&f, 1) + plane_bytes(&f, 2);
    struct y4m *y = v->own = array_new(1, sizeof *y + size, "a frame", e);
    if (!y)
        return -1;
    *y = (struct y4m){.from = from, .frame = f, .size = size};
    lay_out(&y->frame, y->planes);
    return 0;
}

void video_rate(const struct value *meta, int64_t rate[2])
{
    enum { MOST = 1000000000 };
    const struct value *of = value_get(meta, "rate");
    bool good = of && of->type == VALUE_ARRAY && of->count == 2;
    for (int i = 0; i < 2; i++) {
        const struct value *x = good ? of->item[i] : NULL;
        good = x && x->type == VALUE_INT && x->integer > 0 && x->integer <= MOST;
    }
    for (int i = 0; i < 2; i++)
        rate[i] = good ? of->item[i]->integer : 0;
}

int y4m_write_header(struct output *o, uint32_t height, uint32_t width, uint32_t channels,
                     const int64_t rate[2], struct error *e)
{
    char line[128];
    int length =
        snprintf(line, sizeof line, "YUV4MPEG2 W%u H%u F%lld:%lld Ip A1:1 C%s\n", width, height,
                 (long long)rate[0], (long long)rate[1], channels == 1 ? "mono" : "420jpeg");
    return output_write(o, line, (size_t)length, e);
}

int y4m_write_frame(struct output *o, uint32_t height, uint32_t width, uint32_t channels,
                    const uint8_t *pixels, struct error *e)
{
    static const char line[] = "FRAME\n";
    const int step = channels == 1 ? 0 : 2;
    struct yuv f = {.height = height, .width = width, .across = step, .down = step};
    size_t size = plane_bytes(&f, 0) + plane_bytes(&f, 1) + plane_bytes(&f, 2);
    autofree uint8_t *planes = array_new(size, 1, "a frame", e);
    if (!planes)
        return -1;
    lay_out(&f, planes);
    yuv_from_rgb(&f, pixels);
    return output_write(o, line, sizeof line - 1, e) || output_write(o, planes, size, e) ? -1 : 0;
}
