#include "rows/embedding.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/hash.h"

struct embedding_method {
    const char *name;
    int latent; /* unless told */
    bool fits;  /* learns from a pool */
    int (*fit)(struct embedding *m, const struct samples *pool, struct error *e);
    int (*place)(const struct embedding *m, const uint8_t *image, float *z, struct error *e);
};

static size_t numbers_of(const struct image_shape *s)
{
    return (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}

/* ---- principal components ---- */

static int fit_pca(struct embedding *m, const struct samples *pool, struct error *e)
{
    return pca_fit(&m->pca, pool->count, numbers_of(&m->shape), pool->image, (size_t)m->latent, e);
}

static int place_pca(const struct embedding *m, const uint8_t *image, float *z, struct error *e)
{
    (void)e;
    pca_project(&m->pca, image, z);
    return 0;
}

/* ---- hash ---- */

static int side_of(int latent)
{
    int side = 1;
    while (side * side < latent)
        side++;
    return side;
}

static int fit_hash(struct embedding *m, const struct samples *pool, struct error *e)
{
    (void)pool;
    const int side = side_of(m->latent);
    if (side * side != m->latent || side > HASH_MOST_SIDE)
        return error_set(e, "a hash of %d bits, expected the square of 1 to %d", m->latent,
                         HASH_MOST_SIDE);
    if (m->shape.channels != 1 && m->shape.channels != 3)
        return error_set(e, "images of %d channels, a hash takes 1 or 3", m->shape.channels);
    return 0;
}

static int place_hash(const struct embedding *m, const uint8_t *image, float *z, struct error *e)
{
    (void)e;
    hash_perceptual(image, m->shape.height, m->shape.width, m->shape.channels, side_of(m->latent),
                    z);
    return 0;
}

/* ---- structural similarity ---- */

/* An image's planes; pixel: room for its numbers. */
static int measure_planes(const struct embedding *m, const uint8_t *image, double *pixel,
                          double *room, struct ssim_plane *plane, struct error *e)
{
    const size_t channels = (size_t)m->shape.channels, pixels = numbers_of(&m->shape) / channels;
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < pixels; i++)
            pixel[c * pixels + i] = image[i * channels + c];
        if (ssim_measure(&plane[c], (size_t)m->shape.height, (size_t)m->shape.width,
                         pixel + c * pixels, room, e))
            return -1;
    }
    return 0;
}

/* How unlike two images are: a squared distance. */
static double dissimilarity(const struct embedding *m, const struct ssim_plane *a,
                            const struct ssim_plane *b, double *room)
{
    double sum = 0;
    for (int c = 0; c < m->shape.channels; c++)
        sum += 1 - ssim_compare(&a[c], &b[c], room).whole;
    return sum / m->shape.channels;
}

static size_t room_of(const struct embedding *m)
{
    return ssim_room((size_t)m->shape.height, (size_t)m->shape.width);
}

static int measure_marks(struct embedding *m, const struct samples *pool, struct error *e)
{
    const size_t numbers = numbers_of(&m->shape), channels = (size_t)m->shape.channels;
    autofree double *room = array_new(room_of(m), sizeof *room, "sums", e);
    if (!room || !(m->plane = array_new(m->marks * channels, sizeof *m->plane, "landmarks", e)) ||
        !(m->pixel = array_new(m->marks * numbers, sizeof *m->pixel, "landmarks", e)))
        return -1;
    for (size_t i = 0; i < m->marks; i++) {
        const size_t row = i * pool->count / m->marks;
        if (measure_planes(m, pool->image + row * numbers, m->pixel + i * numbers, room,
                           m->plane + i * channels, e))
            return -1;
    }
    return 0;
}

static int fit_ssim(struct embedding *m, const struct samples *pool, struct error *e)
{
    const size_t channels = (size_t)m->shape.channels;
    int failed = 0;
    if (m->shape.height < SSIM_WINDOW || m->shape.width < SSIM_WINDOW)
        return error_set(e, "images of %d x %d, structural similarity takes at least %d x %d",
                         m->shape.height, m->shape.width, SSIM_WINDOW, SSIM_WINDOW);
    m->marks = m->marks < pool->count ? m->marks : pool->count;
    if ((size_t)m->latent > m->marks)
        return error_set(e, "%d numbers of %zu landmarks, expected at most as many", m->latent,
                         m->marks);
    autofree double *squared = array_new(m->marks * m->marks, sizeof *squared, "landmarks", e);
    if (!squared || measure_marks(m, pool, e))
        return -1;
#pragma omp parallel
    {
        struct error own;
        autofree double *room = array_new(room_of(m), sizeof *room, "sums", &own);
        if (!room)
#pragma omp critical(embedding)
        {
            failed = -1;
            *e = own;
        }
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < m->marks; i++)
            for (size_t j = 0; room && j < i; j++)
                squared[i * m->marks + j] = squared[j * m->marks + i] =
                    dissimilarity(m, m->plane + i * channels, m->plane + j * channels, room);
    }
    return failed ? -1 : landmarks_fit(&m->landmarks, m->marks, squared, (size_t)m->latent, e);
}

static int place_ssim(const struct embedding *m, const uint8_t *image, float *z, struct error *e)
{
    const size_t numbers = numbers_of(&m->shape), channels = (size_t)m->shape.channels;
    struct ssim_plane plane[IMAGE_MAX_CHANNELS] = {0};
    autofree double *room =
        array_new(room_of(m) + numbers + m->marks, sizeof *room, "a picture", e);
    double *pixel = room ? room + room_of(m) : NULL, *squared = room ? pixel + numbers : NULL;
    int failed = !room || measure_planes(m, image, pixel, room, plane, e);
    for (size_t i = 0; !failed && i < m->marks; i++)
        squared[i] = dissimilarity(m, plane, m->plane + i * channels, room);
    if (!failed)
        landmarks_place(&m->landmarks, squared, z);
    for (size_t c = 0; c < channels; c++)
        ssim_free(&plane[c]);
    return failed ? -1 : 0;
}

/* ---- all of them ---- */

static const struct embedding_method methods[] = {
    {"pca", 32, true, fit_pca, place_pca},
    {"hash", 64, false, fit_hash, place_hash},
    {"ssim", 32, true, fit_ssim, place_ssim},
};

static const struct embedding_method *find(const char *name)
{
    const struct embedding_method *m = methods;
    while (strcmp(m->name, name))
        m++;
    return m;
}

bool embedding_fits(const char *method)
{
    return find(method)->fits;
}

int embedding_fit(struct embedding *m, const char *method, int latent, size_t marks,
                  const struct samples *pool, struct error *e)
{
    *m = (struct embedding){.method = find(method), .shape = pool->shape};
    m->marks = m->method->place == place_ssim ? marks : 0;
    m->latent = latent ? latent : m->method->latent;
    return m->method->fit(m, pool, e);
}

void embedding_free(struct embedding *m)
{
    for (size_t i = 0; m->plane && i < m->marks * (size_t)m->shape.channels; i++)
        ssim_free(&m->plane[i]);
    free(m->plane);
    free(m->pixel);
    pca_free(&m->pca);
    landmarks_free(&m->landmarks);
    *m = (struct embedding){0};
}

int embedding_place(const struct embedding *m, const struct samples *s, float *z, struct error *e)
{
    const size_t numbers = numbers_of(&m->shape);
    int failed = 0;
    if (memcmp(&s->shape, &m->shape, sizeof s->shape))
        return error_set(e, "images of %d x %d x %d, those of the pool are %d x %d x %d",
                         s->shape.height, s->shape.width, s->shape.channels, m->shape.height,
                         m->shape.width, m->shape.channels);
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t i = 0; i < s->count; i++) {
        struct error own;
        if (m->method->place(m, s->image + i * numbers, z + i * (size_t)m->latent, &own))
#pragma omp critical(embedding)
        {
            failed = -1;
            *e = own;
        }
    }
    return failed;
}
