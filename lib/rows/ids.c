#include "rows/ids.h"
#include "base/memory.h"
#include "rows/follow.h"
#include "select/curriculum.h"

/* ---- reading ---- */

static int read_rows(struct stream_reader *r, struct id_list *list, struct error *e)
{
    autofree int64_t *ids = NULL;
    size_t count = 0, capacity = 0;
    const struct cell *row;
    int got, field = header_require(stream_header(r), "id", ELEMENT_I64, 0, e);
    if (field < 0)
        return error_wrap(e, "%s", stream_path(r));
    while ((got = stream_read(r, &row, e)) == 1) {
        if (array_grow((void **)&ids, &capacity, count + 1, sizeof *ids, "ids", e))
            return -1;
        ids[count++] = row[field].integer;
    }
    return got < 0 ? -1 : id_list_init(list, ids, count, e);
}

int ids_read(struct id_list *list, const struct call *c, const char *path, const char *name,
             struct value **inputs, struct value **subset, struct error *e)
{
    struct stream_reader *r = stage_open(c, path, e);
    if (!r)
        return -1;
    int failed =
        read_rows(r, list, e) || stage_note_input(inputs, name, stream_digest(r), e) ? -1 : 0;
    if (!failed && subset) {
        const struct value *from = value_get(stream_header(r)->meta, "subset");
        *subset = value_copy(from);
        if (from && !*subset)
            failed = error_set(e, "out of memory");
    }
    stream_close(r);
    return failed;
}

/* ---- writing ---- */

/* The newcomers that were in the subset already; choice is sorted by id. */
static int note_returned(struct value *subset, const struct choice *choice, size_t count,
                         struct error *e)
{
    struct value *list = NULL;
    int64_t last = INT64_MIN;
    autofree int64_t *before = array_new(count, sizeof *before, "the subset", e);
    if (!before)
        return -1;
    for (size_t i = 0; i < count; i++)
        before[i] = choice[i].replaces;
    subset_sort(before, count);
    for (size_t i = 0; i < count; i++) {
        const int64_t id = choice[i].id;
        if (choice[i].kept || (list && id == last) || !subset_has(before, count, id))
            continue;
        if (!list)
            list = value_set(subset, "returned", value_array());
        if (!list || !value_append(list, value_int(id)))
            return error_set(e, "out of memory");
        last = id;
    }
    return 0;
}

static int note_subset(struct value *meta, const struct choice *choice, size_t count,
                       const struct ids_update *u, struct error *e)
{
    const struct remine_report *r = u->report;
    struct value *s = value_set(meta, "subset", value_map());
    if (value_set_int(s, "update", u->update) && value_set_bool(s, "updated", u->updated) &&
        value_set_bool(s, "mastered", u->mastered) && value_set_int(s, "kept", (int64_t)r->kept) &&
        value_set_int(s, "replaced", (int64_t)r->replaced) &&
        value_set_int(s, "distinct", (int64_t)r->distinct) &&
        value_set_int(s, "visited_nodes", (int64_t)r->visits.nodes) &&
        value_set_int(s, "visited_points", (int64_t)r->visits.points) &&
        value_set_real(s, "visited_share", r->visited_share) &&
        value_set_real(s, "mean_distance", r->mean_distance) &&
        value_set_real(s, "random_distance", r->random_distance) &&
        value_set_real(s, "hub_share", r->hub_share))
        return note_returned(s, choice, count, e);
    return error_set(e, "out of memory");
}

static int make_header(struct header *h, const struct choice *choice, size_t count,
                       const struct ids_update *u, const struct header *from, struct error *e)
{
    if (follow_header(h, "ids", from, e) ||
        header_add_field(h, "id", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "label", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "easiness", ELEMENT_F32, 0, NULL, e) < 0 ||
        header_add_field(h, "kept", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "replaces", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "distance", ELEMENT_F32, 0, NULL, e) < 0)
        return -1;
    return note_subset(h->meta, choice, count, u, e);
}

static int write_choice(struct stream_writer *w, const struct choice *c, struct error *e)
{
    const struct cell row[] = {
        cell_int(ELEMENT_I64, c->id),        cell_int(ELEMENT_I32, c->label),
        cell_real(ELEMENT_F32, c->easiness), cell_int(ELEMENT_I32, c->kept),
        cell_int(ELEMENT_I64, c->replaces),  cell_real(ELEMENT_F32, c->distance),
    };
    return stream_write(w, row, e);
}

int ids_write(const struct choice *choice, size_t count, const struct ids_update *u,
              const struct call *c, const struct header *from, const struct value *inputs,
              struct error *e)
{
    struct header h = {0};
    struct stream_writer *w =
        make_header(&h, choice, count, u, from, e) ? NULL : stage_create(c, &h, inputs, e);
    header_free(&h);
    for (size_t i = 0; w && i < count; i++)
        if (write_choice(w, &choice[i], e)) {
            stream_abandon(w);
            return -1;
        }
    return w ? stream_commit(w, e) : -1;
}
