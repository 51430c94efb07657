/* PNG and JPEG: round trips, and files cut or altered at every byte. */
#include "tap.h"
#include <string.h>
#include <unistd.h>
#include <jpeglib.h>
#include "image/picture.h"
#include "image/sheet.h"

enum { H = 13, W = 11, MOST = 1 << 20 };

static void paint(uint8_t *pixels, int channels)
{
    for (int i = 0; i < H * W; i++)
        for (int c = 0; c < channels; c++)
            pixels[i * channels + c] = (uint8_t)(i / W * 15 + i % W * (3 + c));
}

/* The file that png_write makes, malloc'd. */
static uint8_t *make_png(uint32_t channels, const uint8_t *pixels, size_t *size)
{
    struct error e;
    struct output o;
    char path[] = "/tmp/winnow-picture-XXXXXX";
    close(mkstemp(path));
    bool made = !output_open(&o, path, &e) && !png_write(&o, H, W, channels, pixels, &e) &&
                !output_commit(&o, &e);
    uint8_t *bytes = made ? (uint8_t *)input_read_all(path, MOST, size, &e) : NULL;
    unlink(path);
    return bytes;
}

static uint8_t *make_jpeg(int channels, const uint8_t *pixels, size_t *size)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &bytes, &length);
    j.image_width = W;
    j.image_height = H;
    j.input_components = channels;
    j.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 95, TRUE);
    jpeg_start_compress(&j, TRUE);
    while (j.next_scanline < H) {
        JSAMPROW row = (JSAMPROW)pixels + (size_t)(j.next_scanline * W * (unsigned)channels);
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    *size = length;
    return bytes;
}

static void test_file(const char *name, uint8_t *bytes, size_t size, const uint8_t *pixels,
                      uint32_t channels, double floor)
{
    struct error e;
    struct picture p;
    if (!ok(bytes && !picture_decode(&p, bytes, size, MOST, &e), "%s: decodes", name))
        return;
    double square = 0;
    ok(p.height == H && p.width == W && p.channels == channels, "%s: its size", name);
    for (uint32_t i = 0; i < H * W * channels; i++)
        square +=
            (p.pixels[i] - pixels[i]) * (p.pixels[i] - pixels[i]) / (H * W * (double)channels);
    ok(square <= floor, "%s: mean squared error %.2f, at most %.2f", name, square, floor);
    free(p.pixels);
    ok(!picture_probe(&p, bytes, size, &e) && p.width == W && !p.pixels, "%s: probed", name);
    ok(picture_decode(&p, bytes, size, H * W * channels - 1, &e) == -1 && !p.pixels,
       "%s: larger than allowed: %s", name, e.text);

    size_t taken = 0; /* a file cut before its end marker must not pass */
    for (size_t cut = 0; cut < size - 2; cut++) {
        uint8_t *part = malloc(cut ? cut : 1); /* of this very size, for the address sanitizer */
        memcpy(part, bytes, cut);
        if (!picture_decode(&p, part, cut, MOST, &e)) {
            taken++;
            free(p.pixels);
        }
        free(part);
    }
    ok(!taken, "%s: cut at every byte: an error (%zu passed)", name, taken);
    for (size_t bit = 0; bit < 8 * size; bit++) { /* may decode or not, must not crash */
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!picture_decode(&p, bytes, size, MOST, &e))
            free(p.pixels);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ok(true, "%s: survives the flip of every bit", name);
}

static void test_sheet(void)
{
    struct error e;
    struct picture p;
    const uint8_t grey[4] = {1, 2, 3, 4}, red[3] = {255, 0, 0};
    struct tile tile[6] = {{2, 2, 1, grey}, {1, 1, 3, red}, {0}, {2, 2, 1, grey}};
    struct sheet s = {.rows = 2,
                      .columns = 3,
                      .together = 1,
                      .scale = 2,
                      .gap = 3,
                      .background = 9,
                      .tile = tile};
    ok(!sheet_draw(&s, &p, MOST, &e), "a sheet of 2 x 3");
    ok(p.height == 3 + 2 * 7 && p.width == 3 + 3 * 7 && p.channels == 3, "its size");
    const uint8_t *at = p.pixels + 3 * (3 * p.width + 3);
    ok(at[0] == 1 && at[3] == 1 && at[6] == 2 && at[2] == 1, "pixels doubled, grey as colour");
    at = p.pixels + 3 * (4 * p.width + 3 + 7 + 1);
    ok(at[0] == 255 && at[1] == 0 && at[-1] == 9, "a smaller tile stands in the middle");
    free(p.pixels);
    ok(sheet_draw(&s, &p, 100, &e) == -1, "too large: %s", e.text);
    s.rows = 0;
    ok(sheet_draw(&s, &p, MOST, &e) == -1, "nothing to show: %s", e.text);
}

int main(void)
{
    uint8_t pixels[H * W * 4];
    size_t size;
    struct error e;
    struct picture p;
    for (int channels = 1; channels <= 3; channels += 2) {
        paint(pixels, channels);
        uint8_t *png = make_png((uint32_t)channels, pixels, &size);
        test_file(channels == 1 ? "grey PNG" : "RGB PNG", png, size, pixels, (uint32_t)channels, 0);
        free(png);
        uint8_t *jpeg = make_jpeg(channels, pixels, &size);
        test_file(channels == 1 ? "grey JPEG" : "RGB JPEG", jpeg, size, pixels, (uint32_t)channels,
                  channels == 1 ? 4 : 40);
        free(jpeg);
    }
    paint(pixels, 4);
    uint8_t *png = make_png(4, pixels, &size);
    ok(png && !picture_decode(&p, png, size, MOST, &e) && p.channels == 3 &&
           p.pixels[3] == pixels[4] && p.pixels[5] == pixels[6],
       "alpha is left out");
    free(p.pixels);
    free(png);
    ok(picture_decode(&p, (const uint8_t *)"GIF89a..", 8, MOST, &e) == -1, "%s", e.text);
    ok(picture_decode(&p, NULL, 0, MOST, &e) == -1, "an empty file: %s", e.text);
    test_sheet();
    return tap_done();
}
