#include "network/dense_network.h"
#include "network/layer.h"

static void print_cell(const struct dense_cell *cell, int index, const struct image_shape *made,
                       FILE *to)
{
    fprintf(to,
            "    subgraph cluster_%d {\n        label=\"cell %d\"; color=gray60;\n"
            "        %d [label=\"%d x %d x %d\", fillcolor=palegoldenrod];\n",
            index, index, index, made->height, made->width, made->channels);
    for (int node = 1; node < cell->nodes - 1; node++)
        fprintf(to, "        cell_%d_%d [label=\"%d\", fillcolor=lightblue];\n", index, node, node);
    fputs("    }\n", to);
    for (int node = 1; node < cell->nodes; node++)
        for (int input = 0; input < node; input++) {
            const enum dense_op op = cell->op[dense_edge(node, input)];
            if (op == DENSE_NONE)
                continue;
            fprintf(to, input ? "    cell_%d_%d -> " : "    %d -> ", index - !input, input);
            fprintf(to, node < cell->nodes - 1 ? "cell_%d_%d" : "%d", index, node);
            fprintf(to, " [label=\"%s\"];\n", dense_op_name(op));
        }
}

int dense_print_network_dot(const struct discrete *d, const struct dense_cell *cell, int stages,
                            FILE *to)
{
    struct image_shape made = {d->image.height, d->image.width, d->channels};
    int index = 0;
    dot_begin(to, &d->image, "-1", &made);
    for (int stage = 0; stage < stages; stage++) {
        if (stage) {
            made = (struct image_shape){(made.height + 1) / 2, (made.width + 1) / 2,
                                        2 * made.channels};
            fprintf(to,
                    "    %d [label=\"%d x %d x %d\", fillcolor=lightpink];\n"
                    "    %d -> %d [label=\"residual block\"];\n",
                    index, made.height, made.width, made.channels, index - 1, index);
            index++;
        }
        for (int i = 0; i < d->cells / stages; i++)
            print_cell(cell, index++, &made, to);
    }
    fprintf(to,
            "    classes [label=\"%d classes\", fillcolor=darkseagreen2];\n"
            "    %d -> classes [label=\"mean, linear\"];\n}\n",
            d->classes, index - 1);
    return fflush(to) || ferror(to) ? -1 : 0;
}
