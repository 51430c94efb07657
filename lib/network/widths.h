/* The text of a residual network whose widths and depths are chosen: of every convolution how many
 * tenths of the largest network's channels it has, and of every stage how many of its blocks there
 * are (Dong and Yang, NeurIPS 2019). Needs neither weights nor engine. The parser takes all text to
 * be hostile. */
#ifndef NETWORK_WIDTHS_H
#define NETWORK_WIDTHS_H
#include <stdbool.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

enum {
    WIDTHS_STAGES = 3,
    WIDTHS_LEAST = 3, /* tenths */
    WIDTHS_MOST = 10,
    WIDTHS_OPTIONS = WIDTHS_MOST - WIDTHS_LEAST + 1,
    WIDTHS_MOST_BLOCKS = 18, /* of a stage */
    WIDTHS_MOST_CONVOLUTIONS = 1 + 2 * WIDTHS_STAGES * WIDTHS_MOST_BLOCKS
};

/* Convolutions: the stem, then two a block, stage by stage, whether or not the block is there. */
struct widths {
    int blocks;               /* of a stage of the largest */
    int depth[WIDTHS_STAGES]; /* blocks that are there, of each stage the first */
    int tenths[WIDTHS_MOST_CONVOLUTIONS];
};
int widths_layers(int blocks); /* of the largest network, with the linear one: 6 blocks + 2 */
int widths_convolutions(int blocks);
int widths_convolution(int blocks, int stage, int block); /* the first of that block */
/* Channels of a convolution that has so many in the largest network. */
int widths_channels(int most, int tenths);

/* The depths to choose from: 1, 3, 5, ... and all; up to three blocks, any. */
int widths_depths(int blocks);
int widths_depth(int blocks, int option);
int widths_depth_option(int blocks, int depth); /* or -1 */

#define WIDTHS_MARK "resnet-" /* by which a text begins */
/* resnet-14(10|10-7 (3-10)|9-9 10-4|5-5 (4-4)): the layers of the largest network, tenths of the
 * stem, then stage by stage those of each block's two convolutions; blocks in brackets are left
 * out. `resnet-14` alone is the largest. White space may stand around it. Errors name the column. */
int widths_parse(struct widths *w, const char *text, size_t length, struct error *e);
int widths_print(const struct widths *w, FILE *to);     /* and a line feed */
int widths_print_dot(const struct widths *w, FILE *to); /* -1 after a write error */
struct value *widths_value(const struct widths *w);     /* for JSON */

#endif
