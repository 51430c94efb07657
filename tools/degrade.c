/* Images made as much worse as others, in another way, or without what lies beside what. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/degrade.h"
#include "rows/follow.h"

static const char *of;
static bool blur, noise, shuffle;

static const struct option options[] = {
    {"of", 0, OPTION_FILE, &of, "FILE", "the images as they were", 0, 0, NULL},
    {"blur", 0, OPTION_FLAG, &blur, NULL, "by a Gaussian blur", 0, 0, NULL},
    {"noise", 0, OPTION_FLAG, &noise, NULL, "by white noise", 0, 0, NULL},
    {"shuffle", 0, OPTION_FLAG, &shuffle, NULL,
     "put the pixels of all images in the same other order", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "degrade",
    .summary = "blur images, or add noise, by as much as a codec did; shuffle their pixels",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Reads what compress left of the images of --of, the same ids in the same order, and "
        "writes each image of --of blurred, or with noise added, so that its mean squared error, "
        "and with it its PSNR, is that of the codec's. So it can be told whether a network suffers "
        "from lost detail, or merely from an error of that size.\n\n"
        "The blur is a Gaussian, edges continued; the noise normal and independent for every "
        "pixel and channel, by --seed and the image's id. Their strength is found by bisection, "
        "image by image; pixels are rounded and clipped; what no blur, or noise, makes as bad is "
        "at the "
        "most of it, and a warning tells of how many images. The fields bytes, scan and level of "
        "the "
        "codec, and meta `codec`, do not pass on. Images of one size.\n\n"
        "--shuffle needs no other images: it puts the pixels of each into another order, drawn by "
        "--seed, the same for all of them. What classes look like is still there to be learnt, but "
        "not what lies beside what: a control of whatever is said to come from that.",
    .examples =
        "load fashion-mnist test | pick --first 500 -o test\n"
        "compress --jpeg 10 test | degrade --blur --of test | evaluate images test\n"
        "load fashion-mnist train | degrade --shuffle | train --network cnn --epochs 5 -o net",
    .see_also = "compress evaluate",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static const char *const own[] = {"image", "bytes", "scan", "level", NULL};

/* The images as they were, and what was left of them. */
struct pairs {
    struct table table;
    const struct column *was, *left;
    const int64_t *id;
};

static int match(struct pairs *p, const struct follow *f, struct error *e)
{
    const int64_t *id;
    if (!(p->was = table_column(&p->table, "image", ELEMENT_U8, 3, e)) ||
        !(p->id = table_integers(&p->table, "id", e)))
        return error_wrap(e, "%s", of);
    if (!(p->left = table_column(&f->table, "image", ELEMENT_U8, 3, e)) ||
        !(id = table_integers(&f->table, "id", e)))
        return error_wrap(e, "%s", stream_path(f->from));
    if (f->table.rows != p->table.rows || f->table.rows == 0)
        return error_set(e, "%s: %zu rows, and %zu in %s, expected as many, and at least one",
                         stream_path(f->from), f->table.rows, p->table.rows, of);
    if (memcmp(p->left->extent, p->was->extent, 3 * sizeof *p->left->extent))
        return error_set(e, "%s: images of another size than those of %s", stream_path(f->from),
                         of);
    for (size_t i = 0; i < f->table.rows; i++)
        if (id[i] != p->id[i])
            return error_set(e, "%s: row %zu: id %lld, expected %lld as in %s",
                             stream_path(f->from), i + 1, (long long)id[i], (long long)p->id[i],
                             of);
    return 0;
}

static int degrade(struct follow *f, void *context, struct error *e)
{
    const struct pairs *p = context;
    const uint32_t *extent = p->was->extent;
    const size_t size = (size_t)extent[0] * extent[1] * extent[2], rows = f->table.rows;
    const uint8_t *was = p->was->data, *left = p->left->data;
    autofree uint8_t *to = array_new(rows * size, 1, "images", e);
    if (!to)
        return -1;
    bool failed = false;
    size_t short_of = 0;
#pragma omp parallel for schedule(dynamic) reduction(|| : failed) reduction(+ : short_of)
    for (size_t i = 0; i < rows; i++) {
        struct error of_row;
        double square = degrade_error(was + i * size, left + i * size, size);
        struct random r = random_stream(f->call->seed, "degrade", (uint64_t)p->id[i]);
        const int state = noise ? degrade_noise(was + i * size, size, square, &r, to + i * size)
                                : degrade_blur(was + i * size, extent[0], extent[1], extent[2],
                                               square, to + i * size, &of_row);
        failed = failed || state < 0;
        short_of += state > 0;
    }
    if (failed)
        return error_set(e, "out of memory: a picture"); /* that alone fails */
    if (short_of)
        program_warn(f->call, "%zu of %zu images cannot be made as bad: they are at the most",
                     short_of, rows);
    for (size_t i = 0; i < rows; i++)
        if (follow_write(f, i, cell_tensor(ELEMENT_U8, 3, extent, to + i * size), e))
            return -1;
    return 0;
}

/* The same order of pixels for all images, which must be of one size. */
struct order {
    uint32_t extent[3];
    size_t *place;
};

static int shuffle_rows(struct follow *f, void *context, struct error *e)
{
    const struct order *o = context;
    const struct column *image = table_column(&f->table, "image", ELEMENT_U8, 3, e);
    if (!image)
        return -1;
    if (memcmp(image->extent, o->extent, sizeof o->extent))
        return error_set(e, "images of other sizes than the first");
    const size_t pixels = (size_t)o->extent[0] * o->extent[1], size = pixels * o->extent[2];
    autofree uint8_t *to = array_new(size, 1, "an image", e);
    if (!to)
        return -1;
    for (size_t i = 0; i < f->table.rows; i++) {
        degrade_shuffle((const uint8_t *)image->data + i * size, o->place, pixels, o->extent[2],
                        to);
        if (follow_write(f, i, cell_tensor(ELEMENT_U8, 3, o->extent, to), e))
            return -1;
    }
    return 0;
}

static int run_shuffle(const struct call *call, struct error *e)
{
    static const char *const image_alone[] = {"image", NULL};
    enum { BATCH = 256 };
    struct order o = {.place = NULL};
    struct follow f = {0};
    struct header h = {0};
    const struct column *image = NULL;
    int failed = follow_open(&f, call, "samples", image_alone, BATCH, e) ||
                 !(image = table_column(&f.table, "image", ELEMENT_U8, 3, e)) ||
                 follow_table(&h, "samples", &f.table, image_alone, e);
    if (!failed) {
        const uint32_t *extent = memcpy(o.extent, image->extent, sizeof o.extent);
        const size_t pixels = (size_t)extent[0] * extent[1];
        struct random r = random_stream(call->seed, "pixels", 0);
        failed = !(o.place = array_new(pixels, sizeof *o.place, "pixels", e)) ||
                 header_add_field(&h, "image", ELEMENT_U8, 3,
                                  (int64_t[]){extent[0], extent[1], extent[2]}, e) < 0 ||
                 follow_create(&f, &h, NULL, e);
        if (!failed) {
            random_permutation(&r, o.place, pixels);
            failed = follow_all(&f, shuffle_rows, &o, e);
        }
    }
    header_free(&h);
    follow_close(&f);
    free(o.place);
    return failed;
}

static int run(const struct call *call, struct error *e)
{
    struct pairs p = {0};
    struct follow f = {0};
    struct header h = {0};
    struct value *inputs = NULL;
    int failed = stage_table(call, &p.table, of, e) ||
                 stage_note_input(&inputs, "of", p.table.digest, e) ||
                 follow_open(&f, call, "samples", own, -1, e) || match(&p, &f, e) ||
                 follow_table(&h, "samples", &f.table, own, e);
    if (!failed) {
        const uint32_t *extent = p.was->extent;
        value_remove(h.meta, "codec");
        failed = header_add_field(&h, "image", ELEMENT_U8, 3,
                                  (int64_t[]){extent[0], extent[1], extent[2]}, e) < 0 ||
                 follow_create(&f, &h, inputs, e) || follow_all(&f, degrade, &p, e);
    }
    header_free(&h);
    value_free(inputs);
    follow_close(&f);
    table_free(&p.table);
    return failed;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    if (blur + noise + shuffle != 1)
        program_usage(&call, "expected one of --blur, --noise and --shuffle");
    if (!of && !shuffle)
        program_usage(&call, "expected --of FILE");
    program_forbid(&call, shuffle, "goes with --blur and --noise", "of threads");
    program_forbid(&call, blur, "goes with --noise and --shuffle", "seed");
    program_check_inputs(&call, (const char *[]){call.argc ? call.argv[0] : "-", of, NULL});
    if (shuffle ? run_shuffle(&call, &e) : run(&call, &e))
        program_fail(&call, &e);
    return program_end(&call);
}
