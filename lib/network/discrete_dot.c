#include "network/layer.h"

/* Inputs of a cell are the outputs of the two before it; -1 is the stem. */
static struct name output_of(int cell)
{
    return cell < 0 ? name_of("stem") : name_of("cell_%d_out", cell);
}

static struct name state_of(int cell, int state)
{
    return state < CELL_INPUTS
               ? output_of(cell - CELL_INPUTS + state < -1 ? -1 : cell - CELL_INPUTS + state)
               : name_of("cell_%d_%d", cell, state - CELL_INPUTS);
}

static void print_cell(const struct cell_genotype *c, int cell, bool reduction,
                       const struct image_shape *made, FILE *to)
{
    fprintf(to,
            "    subgraph cluster_%d {\n        label=\"cell %d%s\"; color=%s;\n"
            "        %s [label=\"%d x %d x %d\", fillcolor=palegoldenrod];\n",
            cell, cell, reduction ? ", reduction" : "", reduction ? "indianred" : "gray60",
            output_of(cell).text, made->height, made->width, made->channels);
    for (int i = 0; i < CELL_NODES; i++)
        fprintf(to, "        cell_%d_%d [label=\"%d\", fillcolor=lightblue];\n", cell, i, i);
    fputs("    }\n", to);
    for (int i = 0; i < GENOTYPE_PAIRS; i++)
        fprintf(to, "    %s -> cell_%d_%d [label=\"%s\"];\n", state_of(cell, c->gene[i].input).text,
                cell, i / 2, primitive_name(c->gene[i].op));
    for (int i = 0; i < c->concats; i++)
        fprintf(to, "    %s -> %s [style=dashed];\n", state_of(cell, c->concat[i]).text,
                output_of(cell).text);
}

void dot_begin(FILE *to, const struct image_shape *image, const char *stem,
               const struct image_shape *made)
{
    fprintf(to,
            "digraph network {\n"
            "    node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\"];\n"
            "    edge [fontname=\"Helvetica\", fontsize=10];\n"
            "    graph [fontname=\"Helvetica\"];\n"
            "    image [label=\"image\\n%d x %d x %d\", fillcolor=darkseagreen2];\n"
            "    %s [label=\"stem\\n%d x %d x %d\", fillcolor=palegoldenrod];\n"
            "    image -> %s [label=\"conv_3x3\"];\n",
            image->height, image->width, image->channels, stem, made->height, made->width,
            made->channels, stem);
}

int discrete_print_dot(const struct discrete *d, const struct genotype *g, FILE *to)
{
    struct image_shape made = d->image;
    int channels = d->channels, auxiliary = 2 * d->cells / 3;
    made.channels = 3 * channels;
    dot_begin(to, &d->image, "stem", &made);
    for (int i = 0; i < d->cells; i++) {
        bool reduction = layer_is_reduction(i, d->cells);
        const struct cell_genotype *cell = reduction ? &g->reduce : &g->normal;
        if (reduction) {
            channels *= 2;
            made.height = (made.height + 1) / 2;
            made.width = (made.width + 1) / 2;
        }
        made.channels = channels * cell->concats;
        print_cell(cell, i, reduction, &made, to);
    }
    fprintf(to,
            "    classes [label=\"%d classes\", fillcolor=darkseagreen2];\n"
            "    %s -> classes [label=\"mean, linear\"];\n",
            d->classes, output_of(d->cells - 1).text);
    if (d->auxiliary && auxiliary < d->cells)
        fprintf(to,
                "    auxiliary [label=\"%d classes,\\nwhile training\", fillcolor=gray90];\n"
                "    %s -> auxiliary [label=\"auxiliary head\"];\n",
                d->classes, output_of(auxiliary).text);
    fputs("}\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}
