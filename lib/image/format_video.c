/* Videos as clips: a file, or a folder with a sub-folder of them for every class (image/tree.h). A
 * clip is a whole video, or so many frames as the request says, one after the other; a shorter rest
 * is left out. A clip's id: its place in the file, from 0; of a folder, that of the file's path
 * and, where the request cuts, '#' and the place. Opening a folder reads the header of every file:
 * what all share is then fixed, and the rate noted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/dataset.h"
#include "image/media.h"
#include "image/tree.h"
#include "image/video.h"

struct videos {
    video_open *open;
    struct tree tree;
    bool folder;
    size_t at; /* of the tree's files: the next one */
    FILE *file;
    struct video video; /* open where file is */
    char *path;         /* of it, for messages */
    int64_t part;       /* the next clip of it */
    uint8_t *pixels;
    size_t capacity;
};

static void close_video(struct videos *s)
{
    if (s->file) {
        s->video.close(&s->video);
        fclose(s->file);
    }
    s->file = NULL;
    free(s->path);
    s->path = NULL;
}

/* Opens file number s->at. */
static int open_video(struct dataset *d, struct error *e)
{
    struct videos *s = d->state;
    const char *root = d->request.root;
    const bool standard = strcmp(root, "-") == 0;
    s->part = 0;
    s->path = s->folder ? path_join(root, s->tree.file[s->at].path, e)
                        : text_copy(standard ? "standard input" : root, e);
    if (!s->path)
        return -1;
    int fd = input_open(standard ? root : s->path, e);
    if (fd < 0)
        return -1;
    s->file = fdopen(fd, "rb");
    if (!s->file) {
        if (fd != STDIN_FILENO)
            close(fd);
        return error_set(e, "out of memory: %s", s->path);
    }
    if (!s->open(&s->video, s->file, d->request.most_bytes, e))
        return 0;
    fclose(s->file);
    s->file = NULL;
    return error_wrap(e, "%s", s->path);
}

/* Takes the extents of the video that is open for all, or finds those that differ. */
static void note_extents(struct dataset *d, const struct video *v, int64_t rate[2])
{
    const int64_t extent[] = {v->height, v->width, v->channels};
    const bool first = !d->extent[0];
    for (int i = 0; i < 3; i++)
        d->extent[i] = first || d->extent[i] == extent[i] ? extent[i] : -1;
    for (int i = 0; i < 2; i++)
        rate[i] = first || rate[i] == v->rate[i] ? v->rate[i] : 0;
}

static int probe_all(struct dataset *d, int64_t rate[2], struct error *e)
{
    struct videos *s = d->state;
    for (s->at = 0; s->at < s->tree.files; s->at++) {
        if (open_video(d, e))
            return -1;
        note_extents(d, &s->video, rate);
        close_video(s);
    }
    s->at = 0;
    return 0;
}

static int open_videos(struct dataset *d, video_open *open, const char *endings, struct error *e)
{
    struct stat info;
    int64_t rate[2] = {0, 0};
    struct videos *s = d->state = array_new(1, sizeof *s, "data set", e);
    if (!s)
        return -1;
    s->open = open;
    s->folder =
        strcmp(d->request.root, "-") && !stat(d->request.root, &info) && S_ISDIR(info.st_mode);
    if (s->folder) {
        struct value *classes = value_set(d->meta, "classes", value_array());
        if (tree_list(&s->tree, d->request.root, endings, classes, e) || probe_all(d, rate, e))
            return -1;
        memcpy(d->warning, s->tree.warning, sizeof d->warning);
    } else {
        if (open_video(d, e) || dataset_note_file(d, d->request.root, e))
            return -1;
        note_extents(d, &s->video, rate);
    }
    d->frames = d->request.frames ? (int64_t)d->request.frames : -1;
    d->file = s->folder;
    if (!rate[0] || !rate[1])
        return 0;
    struct value *of = value_set(d->meta, "rate", value_array());
    return value_append(of, value_int(rate[0])) && value_append(of, value_int(rate[1]))
               ? 0
               : error_set(e, "out of memory");
}

/* Frames of the open video to s->pixels, as many as make a clip; how many, or -1. */
static int64_t read_clip(struct dataset *d, struct error *e)
{
    struct videos *s = d->state;
    const struct video *v = &s->video;
    const size_t size = (size_t)v->height * v->width * v->channels;
    const size_t most = d->request.most_bytes;
    int64_t frames = 0;
    int got = 1;
    while (!d->request.frames || frames < d->request.frames) {
        size_t all;
        if (size_multiply(size, (size_t)frames + 1, &all) || all > most)
            return error_set(e, "%s: a clip of more bytes than the %zu of --most-bytes", s->path,
                             most);
        if (array_grow((void **)&s->pixels, &s->capacity, all, 1, "a clip", e))
            return -1;
        got = s->video.read(&s->video, s->pixels + all - size, e);
        if (got < 0)
            return error_wrap(e, "%s: frame %lld", s->path,
                              (long long)(s->part * d->request.frames + frames + 1));
        if (!got)
            break;
        frames++;
    }
    return frames && frames >= d->request.frames ? frames : 0;
}

static int name_clip(const struct dataset *d, struct image *image, struct error *e)
{
    struct videos *s = d->state;
    image->id = s->part;
    if (!s->folder)
        return 0;
    const struct tree_file *file = &s->tree.file[s->at];
    image->label = file->label;
    image->file = file->path;
    image->id = file->id;
    if (!d->request.frames)
        return 0;
    char *name;
    if (asprintf(&name, "%s#%lld", file->path, (long long)s->part) < 0)
        return error_set(e, "out of memory");
    image->id = tree_id(name);
    free(name);
    return 0;
}

static int next_clip(struct dataset *d, struct image *image, struct error *e)
{
    struct videos *s = d->state;
    const size_t files = s->folder ? s->tree.files : 1;
    while (s->file || s->at < files) {
        if (!s->file && open_video(d, e))
            return -1;
        /* a whole video has but one clip */
        int64_t frames = s->part && !d->request.frames ? 0 : read_clip(d, e);
        if (frames < 0)
            return -1;
        if (!frames) {
            if (!s->part && !d->request.frames)
                return error_set(e, "%s: no frames", s->path);
            close_video(s);
            s->at++;
            continue;
        }
        image->frames = (uint32_t)frames;
        image->height = s->video.height;
        image->width = s->video.width;
        image->channels = s->video.channels;
        image->pixels = s->pixels;
        if (name_clip(d, image, e))
            return -1;
        s->part++;
        return 1;
    }
    return 0;
}

static void close_videos(struct dataset *d)
{
    struct videos *s = d->state;
    close_video(s);
    tree_free(&s->tree);
    free(s->pixels);
    free(s);
}

static int open_y4m(struct dataset *d, struct error *e)
{
    return open_videos(d, y4m_open, ".y4m", e);
}

const struct format FORMAT_Y4M = {
    .name = "y4m",
    .operands = "FILE-or-DIR",
    .clips = true,
    .open = open_y4m,
    .next = next_clip,
    .close = close_videos,
};

static int open_media(struct dataset *d, struct error *e)
{
    return open_videos(d, media_open, ".mp4|.mkv|.avi|.mov|.webm|.mpg|.mpeg|.m4v|.ogv|.264|.y4m",
                       e);
}

const struct format FORMAT_VIDEO = {
    .name = "video",
    .operands = "FILE-or-DIR",
    .clips = true,
    .open = open_media,
    .next = next_clip,
    .close = close_videos,
};
