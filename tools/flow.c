/* Clips to stacks of optical flow, as pictures that networks take. */
#include "base/memory.h"
#include "image/flow.h"
#include "image/prepare.h"
#include "rows/clips.h"

static int64_t count = 1, stack = 10;
static double range = 8;
static const char *method_name = "farneback";
static enum flow_method method;

static const struct option options[] = {
    {"method", 0, OPTION_CHOICE, &method_name, "METHOD", "how motion is found", 0, 0, FLOW_WORDS},
    {"stack", 0, OPTION_INT, &stack, "N", "flows of a picture, each from a frame to the next", 1,
     IMAGE_MAX_CHANNELS / 2, NULL},
    {"count", 'n', OPTION_INT, &count, "N", "pictures of each clip, evenly spaced", 1, 65536, NULL},
    {"range", 0, OPTION_REAL, &range, "PIXELS", "motion that is told as the largest", 1e-3, 1e6,
     NULL},
    {0},
};

static const struct program program = {
    .name = "flow",
    .summary = "the optical flow of clips, as pictures",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Writes --count rows for each clip: in the place of clip, image, height x width x twice "
        "--stack: by how many pixels every pixel moves to the right, and down, from a frame to the "
        "next, then from that to the one behind it, and so on. 128 is none, 1 and 255 are --range "
        "or more to the left and right, up and down (networks see -1 to 1). All other fields pass "
        "on, so that a clip's "
        "pictures have its id and its label. Meta `flow` tells the method and the settings.\n\n"
        "Around each pixel both frames are fitted by quadratics (Gaussian window of 9 pixels, "
        "deviation 1.2). The shift that takes one frame to the other is found by least squares "
        "over 11 x 11 pixels, three times at each of at most five levels, the coarsest no smaller "
        "than 16 pixels: that of the quadratics (farneback; SCIA 2003), or that of the brightness, "
        "by the quadratics' slopes (lucas-kanade; IJCAI 1981).\n\n"
        "A network trained on these pictures and one trained on frames are the two streams of "
        "Simonyan and Zisserman (NIPS 2014); fuse puts together what they predict.",
    .examples = "flow --stack 10 clips | train --network cnn --epochs 10 -o motion\n"
                "# of clips that a codec went over, from the frames that it left\n"
                "compress --h264 40 clips | flow | predict --weights motion | evaluate",
    .see_also = "compress frames fuse load",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

static int make(const struct clips *c, const uint8_t *frames, int height, int width, int channels,
                uint8_t *picture, struct error *e)
{
    const size_t pixels = (size_t)height * (size_t)width, flows = (size_t)c->window - 1;
    autofree float *motion = array_new(pixels, 2 * sizeof *motion, "motion", e);
    autofree uint8_t *bytes = array_new(pixels, 2, "motion", e);
    if (!motion || !bytes)
        return -1;
    if (channels != 1 && channels != 3)
        return error_set(e, "frames of %d channels, expected 1 or 3", channels);
    for (size_t f = 0; f < flows; f++, frames += pixels * (size_t)channels) {
        if (flow_between(method, frames, frames + pixels * (size_t)channels, height, width,
                         channels, motion, e))
            return -1;
        flow_to_bytes(motion, 2 * pixels, c->range, bytes);
        for (size_t i = 0; i < pixels; i++)
            for (size_t k = 0; k < 2; k++)
                picture[(i * flows + f) * 2 + k] = bytes[2 * i + k];
    }
    return 0;
}

/* What networks see of a byte: the part of the range, from -1 to 1; no motion is 0. */
static struct value *normalise(void)
{
    struct normalisation n = {.channels = 2 * (int)stack};
    for (int c = 0; c < n.channels; c++) {
        n.mean[c] = 128.f / 255;
        n.sd[c] = 127.f / 255;
    }
    return normalisation_value(&n);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    method = flow_method_of(method_name);
    struct value *flow = value_map(), *normalisation = normalise();
    if (!value_set_text(flow, "method", method_name) || !value_set_int(flow, "stack", stack) ||
        !value_set_real(flow, "range", range) || !normalisation) {
        error_set(&e, "out of memory");
        program_fail(&call, &e);
    }
    const struct clips clips = {.pictures = count,
                                .window = (int)stack + 1,
                                .channels = 2 * (int)stack,
                                .make = make,
                                .range = range,
                                .flow = flow,
                                .normalisation = normalisation};
    if (clips_run(&clips, &call, &e))
        program_fail(&call, &e);
    value_free(flow);
    value_free(normalisation);
    return program_end(&call);
}
