/* Clips to some of their frames. */
#include <string.h>
#include "rows/clips.h"

static int64_t count = 1;

static const struct option options[] = {
    {"count", 'n', OPTION_INT, &count, "N", "frames of each clip, evenly spaced", 1, 65536, NULL},
    {0},
};

static const struct program program = {
    .name = "frames",
    .summary = "take frames out of clips",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Writes --count rows for each clip: in the place of clip, image, the frame in the middle "
        "of each of so many equal parts of the clip (again and again, where there are fewer). All "
        "other fields pass on, so that a clip's frames have its id and its label: fuse puts "
        "together what is predicted of them.",
    .examples = "load y4m street.y4m | frames --count 3 | mosaic -o frames.png\n"
                "frames --count 3 clips | train --network cnn --epochs 10 -o spatial\n"
                "frames --count 19 clips | predict --weights spatial | fuse | evaluate",
    .see_also = "flow fuse load",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static int make(const struct clips *c, const uint8_t *frames, int height, int width, int channels,
                uint8_t *picture, struct error *e)
{
    (void)c, (void)e;
    memcpy(picture, frames, (size_t)height * (size_t)width * (size_t)channels);
    return 0;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    const struct clips clips = {.pictures = count, .window = 1, .make = make};
    if (clips_run(&clips, &call, &e))
        program_fail(&call, &e);
    return program_end(&call);
}
