#include "rows/provenance.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- streams ---- */

/* Whether the file is a stream, or was: what begins as most of one does (man 5 winnow-stream), or
 * is empty, or cannot be read, is to be told of. */
static bool may_be_stream(const char *path)
{
    static const char mark[] = "\xad"
                               "tensor-stream"; /* behind the first byte, that of a small map */
    char head[sizeof mark];
    struct error e;
    int fd = input_open(path, &e);
    ssize_t size = fd < 0 ? -1 : input_read(fd, head, sizeof head, &e);
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return true;
    ssize_t good = (head[0] & 0xf0) == 0x80;
    for (ssize_t i = 1; i < size; i++)
        good += head[i] == mark[i - 1];
    return 2 * good > size;
}

bool provenance_changed(const char *path)
{
    return !access(path, F_OK) && !may_be_stream(path);
}

static int read_stream(struct found_stream *s, const struct stream_limits *limits, struct error *e)
{
    struct stream_reader *r = stream_open(s->path, limits, e);
    const struct cell *row;
    int more = -1;
    if (!r)
        return -1;
    while ((more = stream_read(r, &row, e)) == 1)
        ;
    if (!more)
        more = header_copy(&s->header, stream_header(r), e);
    s->rows = stream_rows(r);
    snprintf(s->digest, sizeof s->digest, "%s", more ? "" : stream_digest(r));
    stream_close(r);
    return more;
}

static int add_past(struct provenance *p, const struct value *states, size_t at, struct error *e)
{
    const char *digest = value_get_text(states->item[at], "digest", "");
    if (value_get(p->past_of, digest))
        return 0;
    if (array_grow((void **)&p->past, &p->past_capacity, p->pasts + 1, sizeof *p->past, "states",
                   e))
        return -1;
    if (!p->past_of)
        p->past_of = value_map();
    if (!value_set_int(p->past_of, digest, (int64_t)p->pasts))
        return error_set(e, "out of memory");
    p->past[p->pasts++] = (struct past){states, at};
    return 0;
}

static int add_pasts(struct provenance *p, const struct value *history, struct error *e)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct value *states = value_get(history->item[i], "past");
        for (size_t k = 0; states && states->type == VALUE_ARRAY && k < states->count; k++)
            if (add_past(p, states, k, e))
                return -1;
    }
    return 0;
}

static int add_file(struct provenance *p, const char *path, struct error *e)
{
    if (array_grow((void **)&p->stream, &p->capacity, p->streams + 1, sizeof *p->stream, "streams",
                   e))
        return -1;
    struct found_stream *s = &p->stream[p->streams];
    s->path = text_copy(path, e);
    if (!s->path)
        return -1;
    p->streams++;
    if (read_stream(s, &p->limits, &s->damage))
        return 0;
    *s->damage.text = 0;
    return add_pasts(p, s->header.history, e);
}

static int is_entry(const struct dirent *d)
{
    return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int add_folder(struct provenance *p, const char *folder, struct error *e);

/* What lies in a folder: a link is not followed, so that no folder comes twice. */
static int add_entry(struct provenance *p, const char *path, struct error *e)
{
    struct stat s;
    if (lstat(path, &s))
        return error_set(e, "cannot read %s:", path);
    if (S_ISDIR(s.st_mode))
        return add_folder(p, path, e);
    return S_ISREG(s.st_mode) && may_be_stream(path) ? add_file(p, path, e) : 0;
}

/* subset.9 before subset.10: a state that is made again serves the next one. (Not by fts(3), which
 * in glibc 2.36 reads where it was not given memory.) */
static int add_folder(struct provenance *p, const char *folder, struct error *e)
{
    struct dirent **entry;
    int entries = scandir(folder, &entry, is_entry, versionsort), failed = 0;
    if (entries < 0)
        return error_set(e, "cannot read %s:", folder);
    for (int i = 0; i < entries; i++) {
        autofree char *path = failed ? NULL : path_join(folder, entry[i]->d_name, e);
        failed = failed || !path || add_entry(p, path, e);
        free(entry[i]);
    }
    free(entry);
    return failed ? -1 : 0;
}

int provenance_add(struct provenance *p, const char *path, struct error *e)
{
    struct stat s;
    if (strcmp(path, "-") && stat(path, &s))
        return error_set(e, "cannot read %s:", path);
    if (!strcmp(path, "-") || !S_ISDIR(s.st_mode))
        return add_file(p, path, e);
    return add_folder(p, path, e);
}

void provenance_free(struct provenance *p)
{
    for (size_t i = 0; i < p->streams; i++) {
        free(p->stream[i].path);
        header_free(&p->stream[i].header);
    }
    free(p->stream);
    free(p->past);
    value_free(p->past_of);
    *p = (struct provenance){0};
}

const struct found_stream *provenance_find(const struct provenance *p, const char *digest)
{
    for (size_t i = 0; i < p->streams; i++)
        if (*digest && !strcmp(p->stream[i].digest, digest))
            return &p->stream[i];
    return NULL;
}

const struct past *provenance_past(const struct provenance *p, const char *digest)
{
    int64_t at = value_get_int(p->past_of, digest, -1);
    return at < 0 ? NULL : &p->past[at];
}

/* ---- what is known ---- */

static bool is_plain(const char *word)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-_./,:=+@%";
    return *word && word[strspn(word, good)] == 0;
}

/* As a shell takes it; as bash and zsh do where it holds what a terminal would obey. */
static void print_word(const char *word, FILE *to)
{
    const bool printable = text_is_printable(word);
    if (is_plain(word)) {
        fputs(word, to);
        return;
    }
    fputs(printable ? "'" : "$'", to);
    for (; *word; word++)
        if (*word == '\'')
            fputs(printable ? "'\\''" : "\\'", to);
        else if (printable || (*word >= ' ' && *word < 0x7f && *word != '\\'))
            putc(*word, to);
        else
            fprintf(to, "\\x%02x", (unsigned char)*word);
    putc('\'', to);
}

static struct value *command_value(const struct value *entry)
{
    struct text_buffer text = {0};
    const struct value *arguments = value_get(entry, "arguments");
    FILE *to = text_buffer_open(&text);
    if (!to)
        return NULL;
    print_word(value_get_text(entry, "program", "?"), to);
    for (size_t i = 0; arguments && arguments->type == VALUE_ARRAY && i < arguments->count; i++) {
        const struct value *a = arguments->item[i];
        putc(' ', to);
        print_word(a->type == VALUE_TEXT ? a->text : "?", to);
    }
    struct value *v = text_buffer_close(to, &text) ? NULL : value_text(text.text);
    free(text.text);
    return v;
}

static struct value *step_value(const struct provenance *p, const struct value *entry,
                                struct error *e)
{
    struct value *v = value_map();
    const struct value *inputs = value_get(entry, "inputs");
    value_set(v, "command", command_value(entry));
    value_set_text(v, "version", value_get_text(entry, "version", "?"));
    struct value *to = value_set(v, "inputs", value_array());
    bool good = to && value_get(v, "command") && value_get(v, "version");
    for (size_t i = 0; good && inputs && inputs->type == VALUE_ARRAY && i < inputs->count; i++) {
        const char *digest = value_get_text(inputs->item[i], "digest", "");
        const struct found_stream *found = provenance_find(p, digest);
        const struct past *past = found ? NULL : provenance_past(p, digest);
        const char *name = value_get_text(inputs->item[i], "name", "?");
        /* a file that is no stream: in a sandbox, one below what the command line names */
        const int state = found ? FILE_GONE : file_is(name, digest, e);
        const char *file = found ? found->path : state == FILE_SAME ? name : NULL;
        struct value *input = value_append(to, value_map());
        value_set_text(input, "name", name);
        good = state >= 0 && value_set_text(input, "digest", digest) &&
               (state != FILE_SHUT || value_set_bool(input, "shut", true)) &&
               (state != FILE_CHANGED || !provenance_changed(name) ||
                value_set_bool(input, "changed", true)) &&
               value_set(input, "file", file ? value_text(file) : value_nil()) &&
               (!past || value_set_int(input, "past", (int64_t)past->at + 1));
    }
    if (good)
        return v;
    value_free(v);
    return NULL;
}

struct value *provenance_value(const struct provenance *p, const struct found_stream *of,
                               struct error *e)
{
    struct value *v = value_map();
    error_set(e, "out of memory"); /* unless a file cannot be read */
    bool good = value_set_text(v, "file", of->path);
    if (*of->damage.text) {
        good = value_set_text(v, "damage", of->damage.text);
    } else {
        const struct value *history = of->header.history;
        good = value_set_text(v, "kind", of->header.kind) && value_set_int(v, "rows", of->rows) &&
               value_set_text(v, "digest", of->digest) && good;
        struct value *steps = value_set(v, "steps", value_array());
        for (size_t i = 0; good && i < history->count; i++)
            good = value_append(steps, step_value(p, history->item[i], e));
        good = good && steps;
    }
    if (good && value_is_whole(v))
        return v;
    value_free(v);
    return NULL;
}

static void print_input(const struct value *input, FILE *to)
{
    int64_t past = value_get_int(input, "past", 0);
    fputs("        ", to);
    text_print_printable(value_get_text(input, "name", ""), to);
    putc(' ', to);
    text_print_printable(value_get_text(input, "digest", ""), to);
    fputs(": ", to);
    text_print_printable(value_get_text(input, "file",
                                        value_get(input, "shut")
                                            ? "not looked at: name it, or its folder"
                                        : value_get(input, "changed") ? "has changed"
                                                                      : "not here"),
                         to);
    if (past)
        fprintf(to, ", made by %lld call%s before", (long long)past, past > 1 ? "s" : "");
    putc('\n', to);
}

void provenance_print(const struct value *stream, FILE *to)
{
    const char *damage = value_get_text(stream, "damage", NULL);
    const struct value *steps = value_get(stream, "steps");
    text_print_printable(damage ? damage : value_get_text(stream, "file", ""),
                         to); /* damage names it */
    if (damage) {
        putc('\n', to);
        return;
    }
    fprintf(to, ": whole; %s, %lld rows, digest %s\n", value_get_text(stream, "kind", ""),
            (long long)value_get_int(stream, "rows", 0), value_get_text(stream, "digest", ""));
    for (size_t i = 0; steps && i < steps->count; i++) {
        const struct value *inputs = value_get(steps->item[i], "inputs");
        fprintf(to, "    %s\n", value_get_text(steps->item[i], "command", ""));
        for (size_t k = 0; k < inputs->count; k++)
            print_input(inputs->item[k], to);
    }
}
