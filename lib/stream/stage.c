#include "stream/stage.h"
#include <string.h>
#include "base/file.h"

struct stream_limits stage_limits(const struct call *c)
{
    return (struct stream_limits){.most_tensor_bytes = c->most_tensor_bytes};
}

struct stream_reader *stage_open(const struct call *c, const char *path, struct error *e)
{
    struct stream_limits limits = stage_limits(c);
    return stream_open(path, &limits, e);
}

int stage_table(const struct call *c, struct table *t, const char *path, struct error *e)
{
    struct stream_limits limits = stage_limits(c);
    return table_read(t, path, &limits, e);
}

int stage_note_input(struct value **inputs, const char *name, const char *digest, struct error *e)
{
    if (!*inputs)
        *inputs = value_array();
    struct value *input = value_append(*inputs, value_map());
    if (value_set_text(input, "name", name) && value_set_text(input, "digest", digest))
        return 0;
    return error_set(e, "out of memory: the history");
}

int stage_note_file(struct value **inputs, const char *path, struct error *e)
{
    char digest[17];
    if (!strcmp(path, "-"))
        return 0;
    if (file_digest(path, digest, e))
        return -1;
    return *digest ? stage_note_input(inputs, path, digest, e) : 0;
}

struct stream_writer *stage_create(const struct call *c, const struct header *h,
                                   const struct value *inputs, struct error *e)
{
    return stage_create_at(c, c->output, h, inputs, e);
}

struct stream_writer *stage_create_at(const struct call *c, const char *path,
                                      const struct header *h, const struct value *inputs,
                                      struct error *e)
{
    struct header signed_by_us;
    if (header_copy(&signed_by_us, h, e))
        return NULL;
    struct stream_writer *w = NULL;
    int noted = 0;
    if (c->history) {
        noted = history_add(&signed_by_us, c->program->name, c->arguments, c->seed, inputs, e);
    } else {
        value_free(signed_by_us.history);
        signed_by_us.history = value_array();
        noted = signed_by_us.history ? 0 : error_set(e, "out of memory: the history");
    }
    if (noted == 0)
        w = stream_create(path, &signed_by_us, e);
    header_free(&signed_by_us);
    return w;
}

int stage_note(const struct call *c, struct stream_writer *w, const char *key,
               const struct value *what, struct error *e)
{
    struct value *history = stream_writer_header(w)->history;
    if (!c->history || value_set(history->item[history->count - 1], key, value_copy(what)))
        return 0;
    return error_set(e, "out of memory: the history");
}
