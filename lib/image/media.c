#include "image/media.h"

#ifndef HAVE_LIBAV

int media_open(struct video *v, FILE *from, size_t most_bytes, struct error *e)
{
    (void)v;
    (void)from;
    (void)most_bytes;
    return error_set(e, "this winnow was built without libavformat, which reads videos");
}

#else

#include <dlfcn.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/library.h"
#include "base/memory.h"
#include "image/yuv.h"

/* ---- the libraries ---- */

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
#define SONAME(library, major) "lib" library ".so." TEXT_OF(major)

/* What is used of them, by library. */
#define OF_AVFORMAT(X)                                                                             \
    X(avformat_alloc_context)                                                                      \
    X(avformat_open_input)                                                                         \
    X(avformat_find_stream_info)                                                                   \
    X(avformat_close_input) X(avformat_free_context) X(av_find_best_stream) X(av_guess_frame_rate) \
        X(av_read_frame) X(avio_alloc_context) X(avio_context_free) X(avformat_version)
#define OF_AVCODEC(X)                                                                        \
    X(avcodec_find_decoder)                                                                  \
    X(avcodec_alloc_context3)                                                                \
    X(avcodec_parameters_to_context)                                                         \
    X(avcodec_open2) X(avcodec_send_packet) X(avcodec_receive_frame) X(avcodec_free_context) \
        X(av_packet_alloc) X(av_packet_unref) X(av_packet_free)
#define OF_AVUTIL(X)  \
    X(av_frame_alloc) \
    X(av_frame_free)  \
    X(av_malloc)      \
    X(av_freep) X(av_log_set_level) X(av_strerror) X(av_get_pix_fmt_name) X(av_version_info)

static struct {
#define DECLARE(name) __typeof__(&name) name;
    OF_AVFORMAT(DECLARE) OF_AVCODEC(DECLARE) OF_AVUTIL(DECLARE)
} av;

static int load_libraries(struct error *e)
{
    static bool loaded;
    if (loaded)
        return 0;
    void *format = dlopen(SONAME("avformat", LIBAVFORMAT_VERSION_MAJOR), RTLD_NOW);
    void *codec = format ? dlopen(SONAME("avcodec", LIBAVCODEC_VERSION_MAJOR), RTLD_NOW) : NULL;
    void *util = codec ? dlopen(SONAME("avutil", LIBAVUTIL_VERSION_MAJOR), RTLD_NOW) : NULL;
    if (!util) /* the last call is the one that failed */
        return error_set(e, "cannot load libavformat, which reads videos: %s", dlerror());
    const char *missing = NULL;
#define FIND(library, name)                                      \
    if (!(av.name = (__typeof__(av.name))dlsym(library, #name))) \
        missing = #name;
#define FIND_FORMAT(name) FIND(format, name)
#define FIND_CODEC(name) FIND(codec, name)
#define FIND_UTIL(name) FIND(util, name)
    OF_AVFORMAT(FIND_FORMAT)
    OF_AVCODEC(FIND_CODEC)
    OF_AVUTIL(FIND_UTIL)
    if (missing) return error_set(e, "libavformat, which reads videos, has no %s", missing);
    av.av_log_set_level(AV_LOG_QUIET);
    loaded = true;
    return 0;
}

static const char *libav_version(void)
{
    static char text[128];
    struct error e;
    if (load_libraries(&e))
        return NULL;
    const unsigned v = av.avformat_version();
    snprintf(text, sizeof text, "%u.%u.%u of FFmpeg %s", AV_VERSION_MAJOR(v), AV_VERSION_MINOR(v),
             AV_VERSION_MICRO(v), av.av_version_info());
    return text;
}
LIBRARY(libav, "libavformat", libav_version);

static int failed(const char *what, int code, struct error *e)
{
    char why[AV_ERROR_MAX_STRING_SIZE] = "";
    av.av_strerror(code, why, sizeof why);
    return error_set(e, "%s: %s", what, why);
}

/* ---- reading ---- */

enum { BUFFER_BYTES = 1 << 15 };

struct media {
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    int stream;
    bool drained; /* the decoder knows that no more comes */
};

static int read_bytes(void *from, uint8_t *to, int size)
{
    size_t got = fread(to, 1, (size_t)size, from);
    return got ? (int)got : ferror(from) ? AVERROR(EIO) : AVERROR_EOF;
}

static int64_t seek(void *from, int64_t offset, int whence)
{
    if (whence == AVSEEK_SIZE)
        return -1;
    return fseeko(from, offset, whence & ~AVSEEK_FORCE) ? -1 : ftello(from);
}

/* A playlist may not make us open other files. */
static int refuse_to_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                          AVDictionary **options)
{
    (void)format;
    (void)io;
    (void)url;
    (void)flags;
    (void)options;
    return AVERROR(EACCES);
}

static void close_media(struct video *v)
{
    struct media *m = v->own;
    av.avcodec_free_context(&m->codec);
    av.av_packet_free(&m->packet);
    av.av_frame_free(&m->frame);
    if (m->format)
        av.avformat_close_input(&m->format);
    if (m->io)
        av.av_freep(&m->io->buffer);
    av.avio_context_free(&m->io);
    free(m);
    v->own = NULL;
}

static int open_format(struct media *m, FILE *from, struct error *e)
{
    void *buffer = av.av_malloc(BUFFER_BYTES);
    m->io = buffer ? av.avio_alloc_context(buffer, BUFFER_BYTES, 0, from, read_bytes, NULL, seek)
                   : NULL;
    m->format = av.avformat_alloc_context();
    m->packet = av.av_packet_alloc();
    m->frame = av.av_frame_alloc();
    if (!m->io)
        av.av_freep(&buffer);
    if (!m->io || !m->format || !m->packet || !m->frame)
        return error_set(e, "out of memory: a video");
    m->format->pb = m->io;
    m->format->io_open = refuse_to_open;
    int code = av.avformat_open_input(&m->format, NULL, NULL, NULL); /* frees it where it fails */
    if (code < 0)
        return failed("no video that libavformat knows", code, e);
    code = av.avformat_find_stream_info(m->format, NULL);
    return code < 0 ? failed("no video that can be read", code, e) : 0;
}

static int open_codec(struct media *m, struct error *e)
{
    const AVCodec *codec;
    m->stream = av.av_find_best_stream(m->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (m->stream < 0)
        return failed("no video stream", m->stream, e);
    m->codec = av.avcodec_alloc_context3(codec);
    if (!m->codec)
        return error_set(e, "out of memory: a video");
    int code = av.avcodec_parameters_to_context(m->codec, m->format->streams[m->stream]->codecpar);
    m->codec->thread_count = 1;
    m->codec->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    if (code >= 0)
        code = av.avcodec_open2(m->codec, codec, NULL);
    return code < 0 ? failed("the video cannot be decoded", code, e) : 0;
}

/* How the format lays out its planes; -1: one that is not taken. */
static int read_layout(enum AVPixelFormat format, struct yuv *f, struct error *e)
{
    static const struct {
        enum AVPixelFormat format;
        int across, down;
        bool full;
    } KNOWN[] = {
        {AV_PIX_FMT_YUV420P, 2, 2, false}, {AV_PIX_FMT_YUVJ420P, 2, 2, true},
        {AV_PIX_FMT_YUV422P, 2, 1, false}, {AV_PIX_FMT_YUVJ422P, 2, 1, true},
        {AV_PIX_FMT_YUV444P, 1, 1, false}, {AV_PIX_FMT_YUVJ444P, 1, 1, true},
        {AV_PIX_FMT_GRAY8, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (KNOWN[i].format == format) {
            f->across = KNOWN[i].across;
            f->down = KNOWN[i].down;
            f->full = KNOWN[i].full;
            return 0;
        }
    const char *name = av.av_get_pix_fmt_name(format);
    return error_set(e, "pixels of format %s, expected 8 bits of 4:2:0, 4:2:2, 4:4:4 or grey",
                     name ? name : "unknown");
}

static int convert(const struct video *v, const AVFrame *from, uint8_t *pixels, struct error *e)
{
    struct yuv f = {.height = v->height, .width = v->width};
    if (read_layout((enum AVPixelFormat)from->format, &f, e))
        return -1;
    if (from->height != (int)v->height || from->width != (int)v->width ||
        (f.across ? 3 : 1) != v->channels)
        return error_set(e, "a frame of %d x %d, expected %u x %u like the first", from->height,
                         from->width, v->height, v->width);
    if (from->flags & AV_FRAME_FLAG_CORRUPT || from->decode_error_flags)
        return error_set(e, "damaged");
    f.full = f.full || from->color_range == AVCOL_RANGE_JPEG;
    f.bt709 = from->colorspace == AVCOL_SPC_BT709;
    for (int p = 0; p < (f.across ? 3 : 1); p++) {
        if (from->linesize[p] < (int)yuv_columns(&f, p))
            return error_set(e, "a frame stored upside down");
        f.plane[p] = from->data[p];
        f.stride[p] = (size_t)from->linesize[p];
    }
    yuv_to_rgb(&f, pixels);
    return 0;
}

/* Gives the decoder the next packet of its stream, or word that there is none. */
static int feed(struct media *m, struct error *e)
{
    int code;
    do {
        av.av_packet_unref(m->packet);
        code = av.av_read_frame(m->format, m->packet);
    } while (code >= 0 && m->packet->stream_index != m->stream);
    if (code < 0 && code != AVERROR_EOF)
        return failed("cannot read on", code, e);
    if (ferror((FILE *)m->io->opaque))
        return error_set(e, "cannot read on:");
    m->drained = code == AVERROR_EOF;
    code = av.avcodec_send_packet(m->codec, m->drained ? NULL : m->packet);
    return code < 0 ? failed("damaged", code, e) : 0;
}

static int read_frame(struct video *v, uint8_t *pixels, struct error *e)
{
    struct media *m = v->own;
    int code;
    while ((code = av.avcodec_receive_frame(m->codec, m->frame)) == AVERROR(EAGAIN))
        if (m->drained)
            return error_set(e, "damaged");
        else if (feed(m, e))
            return -1;
    if (code == AVERROR_EOF)
        return 0;
    if (code < 0)
        return failed("damaged", code, e);
    return convert(v, m->frame, pixels, e) ? -1 : 1;
}

int media_open(struct video *v, FILE *from, size_t most_bytes, struct error *e)
{
    struct yuv f = {0};
    *v = (struct video){.read = read_frame, .close = close_media};
    int missing;
#pragma omp critical(media)
    missing = load_libraries(e);
    if (missing)
        return -1;
    struct media *m = v->own = array_new(1, sizeof *m, "a video", e);
    if (!m)
        return -1;
    if (open_format(m, from, e) || open_codec(m, e) || read_layout(m->codec->pix_fmt, &f, e)) {
        close_media(v);
        return -1;
    }
    AVStream *stream = m->format->streams[m->stream];
    AVRational rate = av.av_guess_frame_rate(m->format, stream, NULL);
    v->height = (uint32_t)m->codec->height;
    v->width = (uint32_t)m->codec->width;
    v->channels = f.across ? 3 : 1;
    v->rate[0] = rate.num > 0 && rate.den > 0 ? rate.num : 0;
    v->rate[1] = rate.num > 0 && rate.den > 0 ? rate.den : 0;
    size_t size = (size_t)v->height * v->width * v->channels;
    if (m->codec->height > 0 && m->codec->width > 0 && size <= most_bytes)
        return 0;
    close_media(v);
    return error_set(e, "frames of %u x %u x %u, more than the %zu bytes allowed", v->height,
                     v->width, v->channels, most_bytes);
}

#endif
