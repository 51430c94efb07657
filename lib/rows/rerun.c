#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/words.h"
#include "rows/provenance.h"

/* Programs whose standard output is a stream: no other is run, whatever a history says. */
#define RUN_WORDS                                                                \
    "load|pick|compose|degrade|frames|flow|compress|decompress|train-encoder|"   \
    "encode-latent|decode-latent|embed-2d|build-kdtree|mine|search-step|derive|" \
    "train|predict|fuse|evaluate"

/* Options that name what is written. The first is standard output's. */
static const struct {
    const char *name;
    char letter;
} writes[] = {{"output", 'o'}, {"state", 's'}, {"checkpoint", 0}};
enum {
    WRITES = sizeof writes / sizeof *writes,
    MOST_ARGUMENTS = 256,
    MOST_STEPS = 1000,
    CANNOT_RUN = 127
};

struct command {
    const struct provenance *from;
    const struct value *entry;
    const char *scratch, *before;   /* before: what the last command said its output was to be */
    char *word[MOST_ARGUMENTS + 2]; /* owned */
    int words;
    struct error *e;
};

const char *rerun_name(enum rerun r)
{
    static const char *const name[] = {"the same", "differs", "failed", "impossible"};
    return name[r];
}

static int add_word(struct command *c, const char *before, const char *word)
{
    if (c->words > MOST_ARGUMENTS)
        return error_set(c->e, "more than %d arguments", MOST_ARGUMENTS);
    if (asprintf(&c->word[c->words], "%s%s", before, word) < 0) {
        c->word[c->words] = NULL;
        return error_set(c->e, "out of memory");
    }
    c->words++;
    return 0;
}

static void forget_words(struct command *c)
{
    while (c->words)
        free(c->word[--c->words]);
}

/* The file that goes by this name in the command: NULL where it is none that was read, or is as it
 * was; "" where it is not here any more. */
static const char *find_input(const struct command *c, const char *name)
{
    const struct value *inputs = value_get(c->entry, "inputs");
    for (size_t i = 0; inputs && inputs->type == VALUE_ARRAY && i < inputs->count; i++) {
        if (strcmp(value_get_text(inputs->item[i], "name", ""), name))
            continue;
        const char *digest = value_get_text(inputs->item[i], "digest", "");
        const struct found_stream *found = provenance_find(c->from, digest);
        return found                                                 ? found->path
               : *digest && file_is(name, digest, c->e) != FILE_SAME ? ""
                                                                     : NULL;
    }
    return NULL;
}

static int copy_file(const char *from, const char *to, struct error *e)
{
    char bytes[1 << 16];
    struct output o;
    ssize_t got = -1;
    int in = input_open(from, e), failed = in < 0 || output_open(&o, to, e);
    while (!failed && (got = input_read(in, bytes, sizeof bytes, e)) > 0)
        failed = output_write(&o, bytes, (size_t)got, e);
    if (in >= 0)
        close(in);
    return failed || got < 0 ? -1 : output_commit(&o, e);
}

/* A file that the command goes on from, and writes: its copy in the scratch folder. */
static enum rerun add_written(struct command *c, int which, const char *option, const char *name)
{
    autofree char *path = NULL;
    const char *from = find_input(c, name);
    if (asprintf(&path, "%s/%s", c->scratch, writes[which].name) < 0) {
        path = NULL;
        error_set(c->e, "out of memory");
        return RERUN_FAILED;
    }
    if (access(path, F_OK) && from && !*from) {
        error_set(c->e, "%s, from which it went on, is not here", name);
        return RERUN_IMPOSSIBLE;
    }
    if (access(path, F_OK) && from && copy_file(from, path, c->e))
        return RERUN_FAILED;
    return add_word(c, option, "") || add_word(c, path, "") ? RERUN_FAILED : RERUN_SAME;
}

/* An argument, or the value of the option in front of it ("--ids="). */
static enum rerun add_read(struct command *c, const char *option, const char *name, const char *as)
{
    const char *from = find_input(c, as ? as : name);
    if (from && !*from) {
        error_set(c->e, "%s, which it read, %s", name,
                  provenance_changed(name) ? "has changed" : "is not here");
        return RERUN_IMPOSSIBLE;
    }
    if (!from && !*option && c->before && !strcmp(c->before, name))
        from = "-";
    return add_word(c, option, from ? from : name) ? RERUN_FAILED : RERUN_SAME;
}

/* Which of writes[] the option is, or -1. */
static int which_writes(const char *argument)
{
    const char *name = argument + 2;
    const size_t length = strcspn(name, "=");
    for (int i = 0; i < WRITES; i++)
        if (strlen(writes[i].name) == length && !strncmp(writes[i].name, name, length))
            return i;
    return -1;
}

/* The same of a cluster of letters ("-qo"); its value, where it is in the same word. */
static int which_letter(const char *argument, const char **value)
{
    for (const char *l = argument + 1; *l; l++) {
        for (int i = 0; i < WRITES; i++)
            if (writes[i].letter == *l) {
                *value = l[1] ? l + 1 : NULL;
                return i;
            }
        if (*l != 'q' && *l != 'v') /* which alone take no value */
            break;
    }
    return -1;
}

static enum rerun add_argument(struct command *c, const struct value *list, size_t *at,
                               const char **output, bool operands)
{
    const char *a = list->item[*at]->text, *equals = strchr(a, '='), *value = NULL;
    bool lengthy = !operands && !strncmp(a, "--", 2), brief = !lengthy && !operands && *a == '-';
    int which = lengthy ? which_writes(a) : brief && a[1] ? which_letter(a, &value) : -1;
    if (lengthy && equals)
        value = equals + 1;
    if (which >= 0) {
        if (!value && *at + 1 == list->count) {
            error_set(c->e, "%s has no value", a);
            return RERUN_FAILED;
        }
        value = value ? value : list->item[++*at]->text;
        if (which)
            return add_written(c, which, which == 1 ? "--state" : "--checkpoint", value);
        *output = value;
        return RERUN_SAME;
    }
    if (!lengthy)
        return add_read(c, "", a, NULL);
    char option[64], name[64];
    if (strcspn(a, "=") + 2 > sizeof option) {
        error_set(c->e, "no program has the option %s", a);
        return RERUN_FAILED;
    }
    snprintf(option, sizeof option, "%.*s=", (int)strcspn(a, "="), a);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(a + 2, "="), a + 2);
    if (!value && find_input(c, name) && *at + 1 < list->count) /* noted by the option's name */
        value = list->item[++*at]->text;
    if (!value)
        return add_word(c, a, "") ? RERUN_FAILED : RERUN_SAME;
    return add_read(c, option, value, find_input(c, name) ? name : NULL);
}

/* Files that no argument names: those of a data set in its folder. */
static enum rerun check_files(const struct command *c)
{
    const struct value *inputs = value_get(c->entry, "inputs");
    for (size_t i = 0; inputs && inputs->type == VALUE_ARRAY && i < inputs->count; i++) {
        const char *name = value_get_text(inputs->item[i], "name", "");
        const char *digest = value_get_text(inputs->item[i], "digest", "");
        if (strchr(name, '/') && !provenance_find(c->from, digest) &&
            !provenance_past(c->from, digest) && provenance_changed(name) &&
            file_is(name, digest, c->e) != FILE_SAME) {
            error_set(c->e, "%s, which it read, has changed", name);
            return RERUN_IMPOSSIBLE;
        }
    }
    return RERUN_SAME;
}

/* The command's words: what it writes goes to the scratch folder, what it read is found by digest.
 */
static enum rerun make_command(struct command *c, const char *programs, const char **output)
{
    const struct value *arguments = value_get(c->entry, "arguments");
    const char *program = value_get_text(c->entry, "program", "?");
    autofree char *path = NULL;
    enum rerun r = RERUN_SAME;
    bool operands = false;
    if (!words_have(RUN_WORDS, program)) {
        error_set(c->e, "%s is no program that is run again", program);
        return RERUN_IMPOSSIBLE;
    }
    if (asprintf(&path, "%s/%s", programs, program) < 0) {
        path = NULL;
        error_set(c->e, "out of memory");
        return RERUN_FAILED;
    }
    if (add_word(c, path, ""))
        return RERUN_FAILED;
    for (size_t i = 0; r == RERUN_SAME && arguments && i < arguments->count; i++)
        if (arguments->type != VALUE_ARRAY || arguments->item[i]->type != VALUE_TEXT) {
            error_set(c->e, "arguments that are no texts");
            return RERUN_FAILED;
        }
    for (size_t i = 0; r == RERUN_SAME && arguments && i < arguments->count; i++) {
        r = add_argument(c, arguments, &i, output, operands);
        operands = operands || !strcmp(arguments->item[i]->text, "--");
    }
    c->word[c->words] = NULL;
    return r == RERUN_SAME ? check_files(c) : r;
}

/* The program does not outlive this one: a training may take hours. */
static void become(char *const *word, const char *from, const char *to, pid_t parent)
{
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (in >= 0 && out >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
        execv(word[0], word);
    _exit(CANNOT_RUN);
}

static int run(char *const *word, const char *from, const char *to, struct error *e)
{
    pid_t parent = getpid(), child = fork();
    int status;
    if (child == 0)
        become(word, from, to, parent);
    if (child < 0)
        return error_set(e, "cannot run %s:", word[0]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return error_set(e, "cannot wait for %s:", word[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN)
        return error_set(e, "cannot run %s", word[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return error_set(e, WIFEXITED(status) ? "it ended with status %d" : "a signal ended it",
                     WEXITSTATUS(status));
}

/* ---- comparing ---- */

static bool is_digest(const struct value *v)
{
    return v->type == VALUE_TEXT && strlen(v->text) == 16 &&
           strspn(v->text, "0123456789abcdef") == 16;
}

/* Equal but for clocks' times, and for digests of streams: those cover histories, where a command
 * stands as it was given. */
static bool same_value(const struct value *a, const struct value *b)
{
    bool map = a && a->type == VALUE_MAP, list = a && a->type == VALUE_ARRAY;
    if (!a || !b || a->type != b->type || !(map || list))
        return a && b && (value_equal(a, b) || (is_digest(a) && is_digest(b)));
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same =
            map ? !strcmp(a->key[i], "seconds") || same_value(a->item[i], value_get(b, a->key[i]))
                : same_value(a->item[i], b->item[i]);
    return same;
}

static int same_header(const struct header *a, const struct header *b, struct error *e)
{
    bool same = a->fields == b->fields;
    for (int i = 0; i < a->fields && same; i++)
        same = field_equal(&a->field[i], &b->field[i]);
    if (!same)
        return error_set(e, "other fields");
    return same_value(a->meta, b->meta) ? 0 : error_set(e, "another meta");
}

static enum rerun compare(struct stream_reader *a, struct stream_reader *b, struct error *e)
{
    const struct cell *row;
    size_t sizes[2];
    int more[2];
    if (same_header(stream_header(a), stream_header(b), e))
        return RERUN_DIFFERS;
    while ((more[0] = stream_read(a, &row, e)) == 1 && (more[1] = stream_read(b, &row, e)) == 1) {
        const void *x = stream_raw_row(a, &sizes[0]), *y = stream_raw_row(b, &sizes[1]);
        if (sizes[0] != sizes[1] || memcmp(x, y, sizes[0])) {
            error_set(e, "another row %lld", (long long)stream_rows(a));
            return RERUN_DIFFERS;
        }
    }
    if (!more[0])
        more[1] = stream_read(b, &row, e);
    if (more[0] < 0 || more[1] < 0)
        return RERUN_FAILED;
    if (more[0] == more[1])
        return RERUN_SAME;
    error_set(e, "another number of rows");
    return RERUN_DIFFERS;
}

/* The result is the last command's output, or what it kept beside it: that which is of its kind. */
static enum rerun compare_with(const struct provenance *p, const struct found_stream *of,
                               const char *const *made, int count, struct error *e)
{
    enum rerun r = RERUN_DIFFERS;
    error_set(e, "no stream of kind %s", of->header.kind);
    for (int i = 0; i < count && r != RERUN_SAME; i++) {
        if (access(made[i], F_OK))
            continue;
        struct stream_reader *b = stream_open(made[i], &p->limits, e), *a = NULL;
        if (b && !strcmp(stream_header(b)->kind, of->header.kind))
            a = stream_open(of->path, &p->limits, e);
        if (a)
            r = compare(a, b, e);
        stream_close(a);
        stream_close(b);
    }
    return r;
}

/* ---- running a history ---- */

enum { EVEN, ODD, STATE, CHECKPOINT, REPLAYED, FILES };

struct rerunner {
    struct provenance *p;
    const char *programs, *scratch;
    char *file[FILES]; /* owned: paths in the scratch folder */
};

/* The last command's output is then the file EVEN or ODD, of which *last tells. */
static enum rerun run_history(const struct rerunner *r, const struct value *history, int *last,
                              struct error *e)
{
    const char *output = NULL;
    enum rerun done = RERUN_SAME;
    if (!history || history->type != VALUE_ARRAY || !history->count ||
        history->count > MOST_STEPS) {
        error_set(
            e, history && history->count ? "a history of more than %d steps" : "it has no history",
            MOST_STEPS);
        return RERUN_IMPOSSIBLE;
    }
    for (size_t i = 0; i < history->count && done == RERUN_SAME; i++) {
        struct command c = {.from = r->p,
                            .entry = history->item[i],
                            .scratch = r->scratch,
                            .before = output,
                            .e = e};
        const char *from = i ? r->file[*last] : "/dev/null";
        *last = (int)(i % 2);
        output = NULL;
        done = make_command(&c, r->programs, &output);
        if (done == RERUN_SAME && run(c.word, from, r->file[*last], e))
            done = RERUN_FAILED;
        if (done != RERUN_SAME)
            error_wrap(e, "step %zu, %s", i + 1, value_get_text(c.entry, "program", "?"));
        forget_words(&c);
    }
    return done;
}

/* Makes the state past->at anew, in the file STATE, and keeps a copy for the next time. */
static enum rerun replay(const struct rerunner *r, const struct past *past, struct error *e)
{
    const struct value *states = past->states;
    enum rerun done = RERUN_SAME;
    size_t from = past->at + 1;
    int last;
    while (from && strcmp(value_get_text(states->item[from - 1], "digest", ""), r->p->replayed))
        from--;
    if (past->at + 1 - from > MOST_STEPS) {
        error_set(e, "more than %d states before it", MOST_STEPS);
        return RERUN_IMPOSSIBLE;
    }
    if (from && rename(r->file[REPLAYED], r->file[STATE])) {
        error_set(e, "cannot rename %s:", r->file[REPLAYED]);
        return RERUN_FAILED;
    }
    *r->p->replayed = 0;
    for (; from <= past->at && done == RERUN_SAME; from++)
        if ((done = run_history(r, value_get(states->item[from], "history"), &last, e)))
            error_wrap(e, "%zu before it", past->at + 1 - from);
    if (done == RERUN_SAME && copy_file(r->file[STATE], r->file[REPLAYED], e))
        done = RERUN_FAILED;
    if (done == RERUN_SAME)
        snprintf(r->p->replayed, sizeof r->p->replayed, "%s",
                 value_get_text(states->item[past->at], "digest", ""));
    return done;
}

/* The state that a command of the history went on from, where it is gone but can be made. */
static const struct past *lost_state(const struct provenance *p, const struct value *history)
{
    const struct past *past = NULL;
    for (size_t i = 0; i < history->count && !past; i++) {
        const struct value *inputs = value_get(history->item[i], "inputs");
        for (size_t k = 0; inputs && inputs->type == VALUE_ARRAY && k < inputs->count && !past;
             k++) {
            const char *digest = value_get_text(inputs->item[k], "digest", "");
            if (!provenance_find(p, digest))
                past = provenance_past(p, digest);
        }
    }
    return past;
}

static enum rerun run_again(const struct rerunner *r, const struct found_stream *of,
                            struct error *e)
{
    const struct value *history = of->header.history;
    const struct past *past = lost_state(r->p, history);
    enum rerun done = past ? replay(r, past, e) : RERUN_SAME;
    int last = EVEN;
    if (done == RERUN_SAME)
        done = run_history(r, history, &last, e);
    if (done != RERUN_SAME)
        return done;
    const char *made[] = {r->file[last], r->file[STATE], r->file[CHECKPOINT]};
    return compare_with(r->p, of, made, 3, e);
}

enum rerun provenance_rerun(struct provenance *p, const struct found_stream *of,
                            const char *programs, const char *scratch, struct error *e)
{
    static const char *const name[FILES] = {"even", "odd", "state", "checkpoint", "replayed"};
    struct rerunner r = {.p = p, .programs = programs, .scratch = scratch};
    enum rerun done = RERUN_SAME;
    for (int i = 0; i < FILES && done == RERUN_SAME; i++)
        if (asprintf(&r.file[i], "%s/%s", scratch, name[i]) < 0) {
            r.file[i] = NULL;
            error_set(e, "out of memory");
            done = RERUN_FAILED;
        }
    if (done == RERUN_SAME)
        done = run_again(&r, of, e);
    for (int i = 0; i < FILES; i++) {
        if (r.file[i] && i != REPLAYED)
            unlink(r.file[i]);
        free(r.file[i]);
    }
    return done;
}
