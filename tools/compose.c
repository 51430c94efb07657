/* Scenes made of images, of which is known what is where, how far away, and how it moves. */
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"
#include "image/scene.h"
#include "rows/follow.h"
#include "rows/samples.h"

static const char *ground_path;
static int64_t count = 1000, first, side = 64, most = 3, frames;
static double habit = 0.7;

static const struct option options[] = {
    {"count", 'n', OPTION_INT, &count, "N", "scenes", 1, 1e9, NULL},
    {"first", 0, OPTION_INT, &first, "ID", "id of the first; other ids, other scenes", 0, 0x1p53,
     NULL},
    {"ground", 'g', OPTION_FILE, &ground_path, "FILE",
     "samples whose squares are the grounds; by default clouds are", 0, 0, NULL},
    {"side", 0, OPTION_INT, &side, "N", "pixels a side", 1, 4096, NULL},
    {"most", 0, OPTION_INT, &most, "N", "of pictures: 1 to N images in each", 1, 100, NULL},
    {"frames", 0, OPTION_INT, &frames, "N",
     "clips of so many frames, in which one image moves, instead of pictures", 2, 10000, NULL},
    {"habit", 0, OPTION_REAL, &habit, "P",
     "of clips: how likely a motion is made by an image of the class of its number", 0, 1, NULL},
    {0},
};

static const struct program program = {
    .name = "compose",
    .summary = "make scenes of images: pictures with classes and depths, or clips",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Writes samples, each a square canvas on which images of the input stand; of an image "
        "what is brighter than 32 is drawn. Real pixels, made scenes: stand-ins for data sets "
        "that tell the class or the depth of every pixel, or what moves how.\n\n"
        "Pictures: image; target, the class of every pixel, 0 the ground, else 1 + the image's "
        "label; depth, 0.9 of the ground, of an image drawn from 0.3 to 0.8: a fifth of the canvas "
        "over its depth wide, 1.1 - 0.8 depth times as bright, the nearer in front. There is no "
        "label.\n\n"
        "Clips, with --frames: clip, in which one image moves over a ground that stays, by one to "
        "two 64ths of the canvas a frame in one of eight directions, the label. A share of --habit "
        "of the clips of direction k show an image of class k, the others any, so that both a "
        "frame and the motion tell something.\n\n"
        "A scene depends on --seed, its id and the inputs alone.",
    .examples =
        "load fashion-mnist train | compose --count 200 -o scenes\n"
        "train --network unet --channels 8 --epochs 10 -o net scenes\n"
        "# depths above what the network makes of them\n"
        "predict --weights net -o told scenes\n"
        "mosaic --field depth --pairs told --pairs-field prediction -o sheet.png scenes\n"
        "# eight motions, over photographs\n"
        "load folder photos --size 96x96 -o grounds\n"
        "load fashion-mnist test | compose --frames 12 --ground grounds --count 20 -o clips",
    .see_also = "load mosaic train",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_STREAM,
};

/* meta: source and classes; the things' own is no longer true. */
static int set_meta(struct header *h, const struct samples *things, struct error *e)
{
    const struct value *names = value_get(things->table->header.meta, "classes");
    const size_t named = names && names->type == VALUE_ARRAY ? names->count : 0;
    struct value *meta = value_map(), *classes = value_array();
    char number[16];
    for (int k = 0; frames && k < SCENE_MOTIONS; k++)
        value_append(classes, value_text(scene_motions[k]));
    if (!frames)
        value_append(classes, value_text("ground"));
    for (int k = 0; !frames && k < things->classes; k++) {
        snprintf(number, sizeof number, "%d", k);
        value_append(classes, (size_t)k < named ? value_copy(names->item[k]) : value_text(number));
    }
    value_set_text(meta, "source", "compose");
    value_set(meta, "classes", classes);
    value_free(h->meta);
    h->meta = meta;
    return value_is_whole(meta) ? 0 : error_set(e, "out of memory");
}

static struct stream_writer *create(const struct call *c, const struct scene *s,
                                    const struct samples *things, const struct value *inputs,
                                    struct error *e)
{
    struct header h = {0};
    struct stream_writer *w = NULL;
    const int64_t extent[] = {frames, side, side, s->channels}, *picture = extent + 1;
    if (!follow_header(&h, "samples", &things->table->header, e) && !set_meta(&h, things, e) &&
        header_add_field(&h, "id", ELEMENT_I64, 0, NULL, e) >= 0 &&
        header_add_field(&h, "label", ELEMENT_I32, 0, NULL, e) >= 0 &&
        (frames ? header_add_field(&h, "clip", ELEMENT_U8, 4, extent, e) >= 0
                : header_add_field(&h, "target", ELEMENT_U8, 2, picture, e) >= 0 &&
                      header_add_field(&h, "depth", ELEMENT_F32, 2, picture, e) >= 0 &&
                      header_add_field(&h, "image", ELEMENT_U8, 3, picture, e) >= 0))
        w = stage_create(c, &h, inputs, e);
    header_free(&h);
    return w;
}

/* What a row is made in. */
struct canvas {
    uint8_t *pixels, *class;
    float *depth;
};

static int write_scene(struct scene *s, int64_t id, struct canvas *to, struct stream_writer *w,
                       struct error *e)
{
    const uint32_t n = (uint32_t)side;
    const uint32_t extent[] = {(uint32_t)frames, n, n, (uint32_t)s->channels};
    const uint32_t *picture = extent + 1;
    if (frames) {
        const int motion = scene_clip(s, id, (int)frames, to->pixels);
        const struct cell row[] = {cell_int(ELEMENT_I64, id), cell_int(ELEMENT_I32, motion),
                                   cell_tensor(ELEMENT_U8, 4, extent, to->pixels)};
        return stream_write(w, row, e);
    }
    scene_picture(s, id, to->pixels, to->class, to->depth);
    const struct cell row[] = {cell_int(ELEMENT_I64, id), cell_int(ELEMENT_I32, -1),
                               cell_tensor(ELEMENT_U8, 2, picture, to->class),
                               cell_tensor(ELEMENT_F32, 2, picture, to->depth),
                               cell_tensor(ELEMENT_U8, 3, picture, to->pixels)};
    return stream_write(w, row, e);
}

static int write_all(struct scene *s, const struct call *c, struct stream_writer *w,
                     struct error *e)
{
    struct progress bar;
    const size_t pixels = (size_t)side * (size_t)side;
    size_t all;
    if (size_multiply(pixels * (size_t)s->channels, frames ? (size_t)frames : 1, &all) ||
        all > c->most_tensor_bytes)
        return error_set(e, "a clip of more bytes than the %zu of --max-tensor",
                         c->most_tensor_bytes);
    autofree uint8_t *canvas = array_new(all, 1, "a canvas", e);
    autofree uint8_t *class = array_new(pixels, 1, "a canvas", e);
    autofree float *depth = array_new(pixels, sizeof *depth, "a canvas", e);
    struct canvas to = {canvas, class, depth};
    int failed = canvas && class && depth ? 0 : -1;
    progress_begin(&bar, c, "scene", (double)count);
    for (int64_t i = 0; i < count && !failed; i++) {
        failed = write_scene(s, first + i, &to, w, e);
        progress_at(&bar, (double)i + 1, NULL);
    }
    progress_end(&bar);
    return failed;
}

static struct scene_images images_of(const struct samples *s)
{
    return (struct scene_images){s->image, s->label, s->count, s->shape};
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct table table, grounds = {0};
    struct samples things, ground;
    struct value *inputs = NULL;
    program_begin(&program, argc, argv, &call);
    const char *path = call.argc ? call.argv[0] : "-";
    program_forbid(&call, !frames, "goes with --frames", "habit");
    program_forbid(&call, frames > 0, "goes with pictures", "most");
    program_check_inputs(&call, (const char *[]){path, ground_path ? ground_path : "", NULL});

    struct scene s = {.side = (int)side, .most = (int)most, .habit = habit, .seed = call.seed};
    if (samples_read(&call, path, true, &table, &things, &e) ||
        (ground_path && (samples_read(&call, ground_path, false, &grounds, &ground, &e) ||
                         stage_note_input(&inputs, ground_path, grounds.digest, &e))))
        program_fail(&call, &e);
    s.things = images_of(&things);
    if (ground_path)
        s.grounds = images_of(&ground);
    struct stream_writer *w = NULL;
    if (scene_init(&s, frames > 0, &e) || !(w = create(&call, &s, &things, inputs, &e)) ||
        write_all(&s, &call, w, &e) || stream_commit(w, &e))
        program_fail(&call, &e);

    scene_free(&s);
    table_free(&table);
    if (ground_path)
        table_free(&grounds);
    value_free(inputs);
    return program_end(&call);
}
