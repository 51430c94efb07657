/* Whether results are whole, and the commands that make them again. */
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "rows/provenance.h"
#include "stream/stage.h"

static bool rerun;

static const struct option options[] = {
    {"rerun", 0, OPTION_FLAG, &rerun, NULL,
     "run the commands of each stream again, in a scratch folder, and compare", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "verify",
    .summary = "check results and print the commands that make them again",
    .operands = "RUN...",
    .least_operands = 1,
    .most_operands = 1000,
    .runs_programs = &rerun,
    .description =
        "Reads every stream that is named, or lies in a folder that is named or below it, to its "
        "end: its digest, and that nothing is missing. Prints for each the commands in its "
        "history and, of every other stream that one of them read, whether it is here: found by "
        "its digest, whatever its name; of a file that is no stream, a text or a data set's, "
        "whether it still has the bytes that were read, if it lies below what is named here: a "
        "data set's folder may be named for that beside the streams.\n\n"
        "With --rerun the commands run again, with the programs beside this one, in the folder "
        "from which verify is called, so that data are found by the names given then. What they "
        "write goes to a scratch folder in TMPDIR and is removed at the end, also by a signal; "
        "nothing else is written. The result is compared: rows, fields and meta, but for seconds "
        "and for digests of other streams, which cover their histories, as the commands are not "
        "written as they were. It is the same, or it differs, or a command failed, or it is "
        "impossible, as "
        "something that was read is not here any more or there is no history. The states that a "
        "search went through took the place of one another, but the last one's history tells how "
        "each was made: they are made again first, one after the other. A stream that `cat` "
        "joined from several does not come out of one row of commands, and differs.\n\n"
        "In a folder, a file counts as a stream, if a damaged one, where it is empty, cannot be "
        "read, or most of its first bytes are those of one; folders without any are an error.\n\n"
        "Exit status 1 where a stream is damaged, or did not come out the same: it differs, a "
        "command failed, or it was impossible.",
    .examples = "verify net\n"
                "verify --rerun net arch pool validation",
    .files = "TMPDIR: where the scratch folder is made; /tmp where it is not set.",
    .see_also = "peek",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_JSON | COMMON_STREAM,
};

/* The folder of this program, without a slash at its end. */
static int find_programs(char path[PATH_MAX], struct error *e)
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return error_set(e, "cannot find the folder of this program:");
    path[length] = 0;
    *strrchr(path, '/') = 0;
    return 0;
}

/* 1 where it did not come out the same. */
static int run_again(struct provenance *p, const struct found_stream *s, const char *scratch,
                     struct value *v, struct error *e)
{
    char programs[PATH_MAX];
    struct error why = {""};
    if (find_programs(programs, e))
        return -1;
    enum rerun r = provenance_rerun(p, s, programs, scratch, &why);
    text_make_printable(why.text);
    if (!value_set_text(v, "rerun", rerun_name(r)) ||
        (r != RERUN_SAME && !value_set_text(v, "why", why.text)))
        return error_set(e, "out of memory");
    return r != RERUN_SAME;
}

static int print(const struct call *c, const struct value *all, struct error *e)
{
    struct text_output t;
    if (text_output_begin(&t, e))
        return -1;
    const bool failed = c->json && value_print_json(all, t.to);
    if (failed)
        error_set(e, "out of memory: the report");
    for (size_t i = 0; i < all->count && !c->json; i++) {
        const struct value *v = all->item[i];
        const char *result = value_get_text(v, "rerun", NULL), *why = value_get_text(v, "why", "");
        provenance_print(v, t.to);
        if (result)
            fprintf(t.to, "    again: %s%s%s\n", result, *why ? ": " : "", why);
    }
    return text_output_end(&t, failed, c->output, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    struct provenance p = {.limits = stage_limits(&call)};
    for (int i = 0; i < call.argc; i++)
        if (provenance_add(&p, call.argv[i], &e))
            program_fail(&call, &e);
    if (!p.streams) {
        error_set(&e, "%s: no stream in %s", call.argv[0],
                  call.argc > 1 ? "these folders" : "this folder");
        program_fail(&call, &e);
    }

    char *scratch = rerun ? scratch_make(&e) : NULL;
    if (rerun && !scratch)
        program_fail(&call, &e);
    struct value *all = value_array();
    int bad = 0;
    for (size_t i = 0; i < p.streams; i++) {
        const struct found_stream *s = &p.stream[i];
        struct value *v = value_append(all, provenance_value(&p, s, &e));
        int failed = v ? *s->damage.text != 0 : -1;
        if (!failed && rerun)
            failed = run_again(&p, s, scratch, v, &e);
        if (failed < 0)
            program_fail(&call, &e);
        bad += failed;
    }
    scratch_remove(scratch);
    if (print(&call, all, &e))
        program_fail(&call, &e);
    if (bad) {
        error_set(&e, "%d of %zu streams %s", bad, p.streams,
                  rerun ? "are damaged or did not come out the same" : "are damaged");
        program_fail(&call, &e);
    }
    value_free(all);
    provenance_free(&p);
    return program_end(&call);
}
