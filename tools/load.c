/* Files of a data set to a samples stream. */
#include <string.h>
#include "base/program.h"
#include "rows/dataset.h"
#include "rows/import.h"
#include "stream/stage.h"

static const char *root;
static const char *size;
static bool grey;
static int64_t most_bytes = 256 << 20, frames;

static const struct option options[] = {
    {"root", 0, OPTION_FILE, &root, "DIR", "folder of the data set's files", 0, 0, NULL},
    {"size", 0, OPTION_TEXT, &size, "HxW", "resize every image to this height and width", 0, 0,
     NULL},
    {"grey", 0, OPTION_FLAG, &grey, NULL, "convert colour to grey (BT.601 luma)", 0, 0, NULL},
    {"frames", 0, OPTION_INT, &frames, "N",
     "cut videos into clips of N frames, a shorter rest left out; 0: each is one clip", 0, 1e6,
     NULL},
    {"most-bytes", 0, OPTION_BYTES, &most_bytes, "BYTES",
     "largest image, clip or picture file that is accepted", 1, 1e15, NULL},
    {0},
};

static const struct program program = {
    .name = "load",
    .summary = "bring a data set's files into a samples stream",
    .operands = "FORMAT [ROOT-or-FILES...] [train|test]",
    .least_operands = 1,
    .most_operands = 3,
    .words = DATASET_WORDS "|" IMPORT_WORDS,
    .description =
        "Writes one row an image: id (names the image for good), label (-1: none), image (bytes, "
        "height x width x channels), and, where the format knows them, coarse label and file name. "
        "The header tells source, split, class names and, for known sets, the normalisation.\n\n"
        "fashion-mnist [DIR] train|test: Debian's package dataset-fashion-mnist, or DIR.\n\n"
        "mnist DIR train|test: IDX files under their canonical names, plain or with .gz.\n\n"
        "cifar10 DIR train|test: data_batch_1.bin to data_batch_5.bin, those that exist; "
        "test_batch.bin.\n\n"
        "cifar100 DIR train|test: train.bin, test.bin; label is the fine one.\n\n"
        "camvid DIR train|val|test: SegNet's copy of CamVid, images and labels in a folder a "
        "split; the row has target, the class of every pixel (height x width), and no label. What "
        "meta calls void is the class of pixels that count for nothing.\n\n"
        "idx IMAGES [LABELS]: any IDX files of bytes, plain or with .gz.\n\n"
        "folder DIR: PNG and JPEG, a sub-folder for every class, or all in DIR, without labels; as "
        "8 bits a colour, "
        "deeper ones cut, without transparency.\n\n"
        "y4m FILE-or-DIR: video as YUV4MPEG2 (8 bits, progressive), a file or a sub-folder for "
        "every class: clips, in the field clip, frames x height x width x channels, RGB or grey; a "
        "colour sample goes to all of its pixels, and save y4m gives those back that RGB can show. "
        "Meta `rate`: frames a second.\n\n"
        "video FILE-or-DIR: likewise, of any format that libavformat knows, where that is "
        "installed.\n\n"
        "npy DIR: arrays as save npy leaves them, a field an array: image.npy [rows, height, "
        "width, channels] and, where they are, label.npy and id.npy make samples, with target.npy "
        "or depth.npy [rows, height, width] of networks of pixels; z.npy makes latents, scores.npy "
        "predictions.\n\n"
        "tsv FILE, json FILE: tables as save tsv and save json leave them, or another tool: a line "
        "of names and then values, parted by tabs, columns NAME0, NAME1 and so on being one array; "
        "or a JSON object a line. Every row has what the first has. Fields that streams have are "
        "what they are there (id, label, z, scores, image ...), other numbers f64. tsv tells "
        "nothing of shapes, so that images need json.\n\n"
        "safetensors FILE: weights, as save safetensors leaves them.\n\n"
        "Ids: MNIST and Fashion-MNIST: index of a training image, 60000 + index of a test image; "
        "CIFAR: 10000 (k - 1) + index in the k-th training file, 50000 + index of a test image; "
        "idx: index; folder, camvid: XXH3-64 of the path below DIR, cut to 53 bits, but that of "
        "DIR/12.png is 12 where there are no classes; clips: index in their file, of a folder like "
        "folder, with --frames of path#index.",
    .examples = "load fashion-mnist test | peek\n"
                "load cifar10 cifar-10-batches-bin train -o cifar\n"
                "load npy arrays -o samples\n"
                "# embedded elsewhere: columns id, label, z0, z1 ...\n"
                "load tsv embedding.tsv | build-kdtree -o forest\n"
                "load safetensors net.safetensors -o net\n"
                "load y4m street.y4m --frames 12 | peek\n"
                "# pictures of all sizes, brought to one\n"
                "load folder photos --size 64x64 | mosaic -o sheet.png",
    .files = "/usr/share/datasets/fashion-mnist: where Debian's package dataset-fashion-mnist puts "
             "its files.",
    .see_also = "mosaic peek pick save",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_HISTORY | COMMON_STREAM,
};

static bool is_split(const struct format *f, const char *word)
{
    return !strcmp(word, "train") || !strcmp(word, "test") ||
           (f->validation && !strcmp(word, "val"));
}

static void read_size(const struct call *c, struct dataset_request *q)
{
    char rest;
    if (size && (sscanf(size, "%5dx%5d%c", &q->height, &q->width, &rest) != 2 || q->height < 1 ||
                 q->width < 1))
        program_usage(c, "--size %s: expected HEIGHTxWIDTH", size);
}

/* The operands behind the format's name, by what its row in the table says of them. */
static struct dataset_request read_operands(const struct call *c, const struct format *f)
{
    struct dataset_request q = {.root = root, .most_bytes = (size_t)most_bytes};
    char **operand = c->argv + 1;
    int count = c->argc - 1;
    if (f->split && (!count || !is_split(f, operand[count - 1])))
        program_usage(c, "expected: load %s %s", f->name, f->operands);
    if (f->split)
        q.split = operand[--count];
    if (f->files) {
        program_forbid(c, true, "goes with formats that are a folder", "root");
        if (count < 1 || count > 2)
            program_usage(c, "expected: load %s %s", f->name, f->operands);
        q.file[0] = operand[0];
        q.file[1] = count == 2 ? operand[1] : NULL;
    } else {
        if (count > 1 || (count && root))
            program_usage(c, "expected: load %s %s", f->name, f->operands);
        if (count)
            q.root = operand[0];
        if (!q.root && !f->root)
            program_usage(c, "%s needs its folder: load %s %s", f->name, f->name, f->operands);
    }
    read_size(c, &q);
    program_forbid(c, !f->clips, "goes with y4m and video", "frames");
    q.grey = grey;
    q.frames = (uint32_t)frames;
    return q;
}

static struct stream_writer *create(const struct call *c, const struct header *h,
                                    const struct value *files, struct error *e)
{
    struct value *inputs = NULL;
    struct stream_writer *w = NULL;
    int failed = 0;
    for (size_t i = 0; files && i < files->count && !failed; i++)
        failed = stage_note_file(&inputs, files->item[i]->text, e);
    if (!failed)
        w = stage_create(c, h, inputs, e);
    value_free(inputs);
    return w;
}

/* What save, or another tool, has left. */
static int load_import(struct call *c, const struct import_format *f)
{
    struct error e;
    struct import m;
    struct stream_limits limits = stage_limits(c);
    if (c->argc != 2)
        program_usage(c, "expected: load %s %s", f->name, f->operands);
    program_forbid(c, true, "goes with data sets of images", "root size grey frames most-bytes");
    if (import_open(&m, f, c->argv[1], &limits, &e))
        program_fail(c, &e);
    struct value *files = value_array(); /* a folder is not noted */
    if (!value_append(files, value_text(c->argv[1])))
        program_fail(c, (error_set(&e, "out of memory"), &e));
    struct stream_writer *w = create(c, &m.header, files, &e);
    value_free(files);
    if (!w)
        program_fail(c, &e);
    int got;
    while ((got = import_next(&m, w, &e)) == 1)
        ;
    if (got < 0 || stream_commit(w, &e))
        program_fail(c, &e);
    import_close(&m);
    return program_end(c);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct dataset d;
    struct image image;
    struct header h;
    struct progress progress;
    program_begin(&program, argc, argv, &call);
    const struct import_format *import = import_find(call.argv[0]);
    if (import)
        return load_import(&call, import);
    const struct format *f = format_find(call.argv[0]);
    struct dataset_request q = read_operands(&call, f);
    program_forbid(&call, true, "goes with npy, tsv, json and safetensors; see --most-bytes", "max-tensor");

    if (dataset_open(&d, f, &q, &e) || dataset_header(&d, &h, &e))
        program_fail(&call, &e);
    if (*d.warning)
        program_warn(&call, "%s", d.warning);
    struct stream_writer *w = create(&call, &h, d.files, &e);
    if (!w)
        program_fail(&call, &e);

    int got;
    double rows = 0;
    progress_begin(&progress, &call, "image", (double)d.rows);
    while ((got = dataset_next(&d, &image, &e)) == 1) {
        if (dataset_write(&d, &image, w, &e))
            program_fail(&call, &e);
        progress_at(&progress, ++rows, NULL);
    }
    if (got < 0)
        program_fail(&call, &e);
    progress_end(&progress);
    if (frames && !rows) {
        error_set(&e, "%s: no clip: no video of %lld frames", q.root, (long long)frames);
        program_fail(&call, &e);
    }

    if (stream_commit(w, &e))
        program_fail(&call, &e);
    header_free(&h);
    dataset_close(&d);
    return program_end(&call);
}
