/* Images and clips through a codec: pictures are the rows' `image`, u8 [height, width, channels],
 * clips their `clip`, with the frames first. What comes out has for each row
 *
 *     bytes i64   of the file that the codec makes of it
 *     scan i64    those of its bytes that are entropy-coded image
 *     level i32   what it was coded at; -1: the codec has no levels
 *
 * and either the pixels that decoding gives back or the file: `coded`, u8 [bytes], and `extent`,
 * i32, what the pixels' extents were. Meta and this call's entry in the history get `codec`: its
 * name, library and settings, and as `extent` what the header said of the pixels (nil: they vary).
 * All else passes on. */
#ifndef ROWS_COMPRESSION_H
#define ROWS_COMPRESSION_H
#include "image/codec.h"
#include "stream/stage.h"

struct compression {
    const struct codec *codec;
    struct codec_settings settings;
    struct levels levels; /* more than one: drawn for each row by the call's seed, epoch and id */
    uint64_t epoch;
    bool coded; /* pass the files on, not the pixels */
};

/* The field that holds what codecs of this rank take: "image" or "clip". */
const char *compression_field(int rank);

/* Reads r, which is of kind samples, to its end and writes the call's output. */
int compression_run(const struct compression *c, const struct call *call, struct stream_reader *r,
                    struct error *e);
/* The way back: a stream of `coded` to the pixels. */
int decompression_run(const struct call *call, struct stream_reader *r, struct error *e);

#endif
