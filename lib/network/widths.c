#include "network/widths.h"
#include "network/scan.h"

int widths_layers(int blocks)
{
    return 2 * WIDTHS_STAGES * blocks + 2;
}

int widths_convolutions(int blocks)
{
    return widths_layers(blocks) - 1;
}

int widths_convolution(int blocks, int stage, int block)
{
    return 1 + 2 * (stage * blocks + block);
}

int widths_channels(int most, int tenths)
{
    const int channels = most * tenths / WIDTHS_MOST;
    return channels > 0 ? channels : 1;
}

int widths_depths(int blocks)
{
    return blocks <= 3 ? blocks : blocks / 2 + 1;
}

int widths_depth(int blocks, int option)
{
    const int depth = blocks <= 3 ? 1 + option : 1 + 2 * option;
    return depth < blocks ? depth : blocks;
}

int widths_depth_option(int blocks, int depth)
{
    for (int i = 0; i < widths_depths(blocks); i++)
        if (widths_depth(blocks, i) == depth)
            return i;
    return -1;
}

/* ---- parsing ---- */

static int parse_tenths(struct scan *p, int *to)
{
    const size_t at = p->at;
    *to = scan_number(p);
    if (*to >= WIDTHS_LEAST && *to <= WIDTHS_MOST)
        return 0;
    p->at = at;
    return scan_expected(p, "tenths of the channels, 3 to 10");
}

static int parse_layers(struct scan *p, struct widths *w)
{
    if (!scan_take_word(p, WIDTHS_MARK))
        return scan_expected(p, WIDTHS_MARK);
    const size_t at = p->at;
    const int layers = scan_number(p);
    for (w->blocks = 1; w->blocks <= WIDTHS_MOST_BLOCKS; w->blocks++)
        if (layers == widths_layers(w->blocks))
            return 0;
    p->at = at;
    return scan_expected(p, "layers, 6 n + 2 and at most 110");
}

/* Blocks that are left out stand behind those that are there. */
static int parse_block(struct scan *p, struct widths *w, int stage, int block)
{
    int *tenths = w->tenths + widths_convolution(w->blocks, stage, block);
    const bool left_out = scan_take(p, '(');
    if (!left_out && block > w->depth[stage])
        return scan_expected(p, "'('");
    w->depth[stage] += !left_out;
    if (parse_tenths(p, &tenths[0]) || scan_need(p, '-') || parse_tenths(p, &tenths[1]))
        return -1;
    return left_out ? scan_need(p, ')') : 0;
}

static int parse_stages(struct scan *p, struct widths *w)
{
    if (parse_tenths(p, &w->tenths[0]))
        return -1;
    for (int stage = 0; stage < WIDTHS_STAGES; stage++)
        for (int block = 0; block < w->blocks; block++)
            if (scan_need(p, block ? ' ' : '|') || parse_block(p, w, stage, block))
                return -1;
    return scan_need(p, ')');
}

int widths_parse(struct widths *w, const char *text, size_t length, struct error *e)
{
    struct scan p = scan_begin(text, length, e);
    *w = (struct widths){0};
    if (parse_layers(&p, w))
        return -1;
    if (scan_ended(&p)) {
        for (int stage = 0; stage < WIDTHS_STAGES; stage++)
            w->depth[stage] = w->blocks;
        for (int i = 0; i < widths_convolutions(w->blocks); i++)
            w->tenths[i] = WIDTHS_MOST;
        return 0;
    }
    if (scan_need(&p, '(') || parse_stages(&p, w))
        return -1;
    return scan_ended(&p) ? 0 : scan_expected(&p, "the end");
}

/* ---- printing ---- */

int widths_print(const struct widths *w, FILE *to)
{
    fprintf(to, WIDTHS_MARK "%d(%d", widths_layers(w->blocks), w->tenths[0]);
    for (int stage = 0; stage < WIDTHS_STAGES; stage++)
        for (int block = 0; block < w->blocks; block++) {
            const int *tenths = w->tenths + widths_convolution(w->blocks, stage, block);
            fprintf(to, block < w->depth[stage] ? "%c%d-%d" : "%c(%d-%d)", block ? ' ' : '|',
                    tenths[0], tenths[1]);
        }
    fputs(")\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

int widths_print_dot(const struct widths *w, FILE *to)
{
    fprintf(to,
            "digraph network {\n"
            "    node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\"];\n"
            "    stem [label=\"stem\\n%.1f\", fillcolor=darkseagreen2];\n",
            w->tenths[0] / 10.0);
    int last = 0;
    for (int stage = 0; stage < WIDTHS_STAGES; stage++)
        for (int block = 0; block < w->depth[stage]; block++) {
            const int at = widths_convolution(w->blocks, stage, block);
            fprintf(to, "    %d [label=\"stage %d, block %d\\n%.1f, %.1f\", fillcolor=%s];\n", at,
                    stage + 1, block + 1, w->tenths[at] / 10.0, w->tenths[at + 1] / 10.0,
                    block ? "lightblue" : "palegoldenrod");
            if (last)
                fprintf(to, "    %d -> %d;\n", last, at);
            else
                fprintf(to, "    stem -> %d;\n", at);
            last = at;
        }
    fputs("}\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

struct value *widths_value(const struct widths *w)
{
    struct value *v = value_map();
    value_set_int(v, "layers", widths_layers(w->blocks));
    value_set_int(v, "stem", w->tenths[0]);
    struct value *depths = value_set(v, "depths", value_array());
    struct value *stages = value_set(v, "stages", value_array());
    for (int stage = 0; stage < WIDTHS_STAGES; stage++) {
        value_append(depths, value_int(w->depth[stage]));
        struct value *blocks = value_append(stages, value_array());
        for (int block = 0; block < w->blocks; block++) {
            const int *tenths = w->tenths + widths_convolution(w->blocks, stage, block);
            struct value *pair = value_append(blocks, value_array());
            value_append(pair, value_int(tenths[0]));
            value_append(pair, value_int(tenths[1]));
        }
    }
    if (value_is_whole(v))
        return v;
    value_free(v);
    return NULL;
}
