/* Paired differences into a verdict. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/program.h"
#include "measure/evidence.h"

static const char *code;
static double level = 95;
static int64_t draws = 10000;
static bool ranks, flips;

static const struct option options[] = {
    {"code", 0, OPTION_TEXT, &code, "CODE", "what is claimed, of tables without a column code", 0,
     0, NULL},
    {"level", 0, OPTION_REAL, &level, "PERCENT", "of the intervals", 50, 99.99, NULL},
    {"draws", 0, OPTION_INT, &draws, "N", "of the bootstrap", 100, 1e5, NULL},
    {"ranks", 0, OPTION_FLAG, &ranks, NULL,
     "estimate Spearman's rank correlation of value and base over items, each the sum over units",
     0, 0, NULL},
    {"flips", 0, OPTION_FLAG, &flips, NULL,
     "exact one-sided sign-flip probabilities, too: of claims that are wrong that they hold, of "
     "those that are right that they fail; at most 24 units",
     0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "judge",
    .summary = "tell whether differences between runs hold a claim",
    .operands = "[TABLE]",
    .most_operands = 1,
    .description =
        "Reads a table as text, tab-separated, with a line of names: unit, what was drawn on its "
        "own (a seed), and value, the side claimed better minus the other; if need be part, of "
        "which a claim may have several (it holds if it holds in all, fails if it fails in any); "
        "code; item, of test images or classes so few that they count as drawn, too: every unit "
        "has a value of each; base, where the estimate is the sum of values over the sum of bases "
        "and not the mean of values. - is nothing.\n\n"
        "Intervals are Student's t over units where there are neither items nor bases, else "
        "bootstraps that draw units and items anew.\n\n"
        "Codes: D(d) better: holds if the interval lies above 0, fails if not and its top is below "
        "d. E(d) no difference: holds inside -d..d, fails wholly outside. N(d) no worse: holds if "
        "the bottom is above -d, fails if the top is below. T(x) beyond x: holds wholly above, "
        "fails wholly below; T(<x) the other way round. O(d) an order, the items from the lowest "
        "up: T(0) of Kendall's tau of claimed and measured order, and D(d) of the last item minus "
        "the first. All else cannot be told.\n\n"
        "Prints a line a part: name, code, estimate and interval with the number of units (and "
        "items), verdict; the last line is the verdict of all.",
    .examples = "printf 'unit\\tvalue\\n1\\t0.8\\n2\\t1.1\\n3\\t0.7\\n' | judge --code 'D(0.5)'\n"
                "judge --flips --json differences.tsv",
    .see_also = "evaluate",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_JSON,
};

static bool is_drawn(const struct value *report)
{
    const struct value *parts = value_get(report, "parts");
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(value_get_text(parts->item[i], "interval", ""), "bootstrap") == 0)
            return true;
    return false;
}

static int run(const struct call *call, struct error *e)
{
    struct evidence v = {0};
    struct text_output t = {0};
    size_t size;
    const char *path = call->argc ? call->argv[0] : "-";
    char *text = input_read_all(path, EVIDENCE_BYTES, &size, e);
    if (!text)
        return -1;
    struct judging how = {level / 100, (int)draws, call->seed, flips};
    struct value *report = NULL;
    if (evidence_read(&v, text, size, code, ranks, e) || !(report = evidence_judge(&v, &how, e)))
        error_wrap(e, "%s", strcmp(path, "-") ? path : "standard input");
    evidence_free(&v);
    const bool idle = report && !is_drawn(report) &&
                      (program_given(call, "draws") || program_given(call, "seed"));
    if (idle)
        error_set(e, "neither items, bases nor ranks: --draws and --seed would do nothing");
    int failed = !report || idle || text_output_begin(&t, e);
    if (!failed && (call->json ? value_print_json(report, t.to) : evidence_print(report, t.to)))
        failed = error_set(e, "out of memory: the report");
    value_free(report);
    return text_output_end(&t, failed, call->output, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    if (run(&call, &e))
        program_fail(&call, &e);
    return program_end(&call);
}
