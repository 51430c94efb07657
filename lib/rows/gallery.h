/* Images gathered from streams for a contact sheet (image/sheet.h), and their places on it. */
#ifndef ROWS_GALLERY_H
#define ROWS_GALLERY_H
#include "image/sheet.h"
#include "stream/stream.h"

struct gallery {
    size_t columns;    /* of the sheet */
    size_t most;       /* images */
    size_t most_bytes; /* of pixels held */
    bool by_class;     /* a row of the sheet for each class, with its first images that fit */
    bool paired;       /* below each image stands another of the same id */
    bool mapped; /* each image stands where a stream of latents says; not paired nor by class */
    /* What is drawn, of both streams: u8 [height, width, channels], or f32 [height, width], from
     * black at 0 to white at 1. */
    const char *field, *pair_field;

    /* The rest is zero at first. */
    struct shown {
        int64_t id;    /* 0 where neither paired nor mapped */
        int32_t label; /* -1 where not by class */
        size_t order;
        struct tile tile, pair; /* pixels owned */
        float at[2];            /* where mapped */
        bool placed;
    } * shown;
    size_t count, capacity;
    size_t bytes;
    struct tile *tile; /* of the sheet, owned */
    float *at;         /* of the map, owned */
};

/* Takes the images that there is room for, and reads to the end. Errors name stream and row. */
int gallery_gather(struct gallery *g, struct stream_reader *r, struct error *e);
/* Gives every image its pair from a second stream, which must have them all. */
int gallery_pair(struct gallery *g, struct stream_reader *r, struct error *e);
/* Gives every image the z of its id, two numbers, from a stream of latents, and leaves out those
 * that it does not have. Fills in the map's tiles, which the gallery keeps. */
int gallery_map(struct gallery *g, struct stream_reader *r, struct sheet_map *m, struct error *e);
/* Fills in the sheet's extents and tiles, which the gallery keeps. */
int gallery_lay_out(struct gallery *g, struct sheet *s, struct error *e);
void gallery_free(struct gallery *g);

#endif
