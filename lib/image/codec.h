/* Codecs: what they leave of a picture or a clip, and in how many bytes. One row a codec of one
 * table, each in its own file. Nothing here is random but levels_draw(). */
#ifndef IMAGE_CODEC_H
#define IMAGE_CODEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/value.h"

/* Coded bytes; the array grows and is kept for the next ones. Owned: free(bytes). */
struct coded {
    uint8_t *bytes;
    size_t size, capacity;
    size_t scan; /* those of them that are entropy-coded image: the rest is headers and tables */
};
/* Adds size bytes (NULL: room for them alone). */
int coded_append(struct coded *c, const void *bytes, size_t size, struct error *e);

struct codec_settings {
    const char *chroma;        /* jpeg: one of CHROMA_WORDS */
    bool optimize;             /* jpeg: Huffman tables of each picture's own */
    const char *preset, *tune; /* h264: x264's, of these; tune may be NULL */
    int64_t rate[2];           /* h264: frames a second, a fraction; 0: unknown, taken for 25 */
};
#define PRESET_WORDS "ultrafast|superfast|veryfast|faster|fast|medium|slow|slower|veryslow|placebo"
#define TUNE_WORDS "film|animation|grain|stillimage|psnr|ssim|fastdecode|zerolatency"
#define CHROMA_WORDS "420|422|444"

struct codec {
    const char *name;
    int rank;        /* 3: takes pictures, height x width x channels; 4: clips, frames first */
    int least, most; /* levels; both 0: it has none */
    int reference;   /* the level that others are measured by */
    /* Notes library, version and every setting but the level. */
    void (*describe)(const struct codec_settings *s, struct value *to);
    /* What one thread works with. NULL with the error set. */
    void *(*open)(const struct codec_settings *s, struct error *e);
    /* Codes the pixels, of 1 or 3 channels, at this level: `to` holds the file. Unless left is NULL:
     * then `to` tells of the file its size and scan alone, and what decoding it gives back is
     * written to left, an array of the same extents, which may be that of the pixels. */
    int (*code)(void *own, int level, const uint32_t *extent, const uint8_t *pixels,
                struct coded *to, uint8_t *left, struct error *e);
    void (*close)(void *own); /* NULL is fine */
};
extern const struct codec CODEC_JPEG, CODEC_PNG, CODEC_H264;
#define CODEC_WORDS "jpeg|png|h264" /* their names */

/* Decodes what one of them has coded, told by its first bytes, to `left`, which has these extents;
 * rank 3 for pictures. The bytes may be hostile. */
int coded_decode(const uint8_t *bytes, size_t size, int rank, const uint32_t *extent, uint8_t *left,
                 struct error *e);
/* What the name of such a file ends in, "jpg"; NULL: none of them made it. */
const char *coded_ending(const uint8_t *bytes, size_t size);

/* ---- levels ---- */

enum { LEVELS_MOST = 64 };
struct levels {
    int count; /* at least 1; the same level may be there more than once */
    int level[LEVELS_MOST];
};
/* Reads "5,10,15": whole numbers from 0. */
int levels_parse(struct levels *l, const char *text, struct error *e);
/* Whether the codec has them all. */
int levels_fit(const struct levels *l, const struct codec *c, struct error *e);
/* The level of an image: each equally likely, by (seed, epoch, id) alone. */
int levels_draw(const struct levels *l, uint64_t seed, uint64_t epoch, int64_t id);

#endif
