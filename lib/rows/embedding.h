/* Images as points of a space that no network was trained for: what an encoder's latents are to be
 * compared with, and may be replaced by.
 *
 * pca    the pool's principal components (embed/pca.h)
 * hash   the bits of a perceptual hash (image/hash.h), by which nearest is fewest bits apart
 * ssim   distances near sqrt(1 - SSIM), SSIM the mean over channels (measure/ssim.h): classical
 *        scaling of landmarks of the pool (embed/landmarks.h). Of SSIM's two factors that root is
 *        a metric (Brunet, Vrscay, Wang, IEEE TIP 21(4), 2012), of SSIM nearly. As SSIM of unlike
 *        images is near 0, most are about equally far: between 60 of Fashion-MNIST's test images,
 *        by 256 landmarks of its training images, both correlate at 0.57 with 8 numbers, at 0.61
 *        with 64. */
#ifndef ROWS_EMBEDDING_H
#define ROWS_EMBEDDING_H
#include "embed/landmarks.h"
#include "embed/pca.h"
#include "measure/ssim.h"
#include "rows/samples.h"

enum { EMBEDDING_MOST = 256 }; /* numbers of a point */

struct embedding {
    const struct embedding_method *method;
    int latent;               /* numbers of a point */
    struct image_shape shape; /* of the images */
    size_t marks;             /* landmarks, at least latent; of other methods 0 */
    struct pca pca;
    struct landmarks landmarks;
    struct ssim_plane *plane; /* [marks, channels], of the landmarks */
    double *pixel;            /* [marks, channels, height * width], theirs */
};

/* Whether the method, "pca", "hash" or "ssim", learns from a pool, or takes an image as it is. */
bool embedding_fits(const char *method);

/* latent: 0 for the method's own number. The images of the pool have the shape that the others must
 * have, which is all that `hash` takes from them; `ssim` takes marks of them, or all, at equal
 * distances as they come. Free it whatever is returned. */
int embedding_fit(struct embedding *m, const char *method, int latent, size_t marks,
                  const struct samples *pool, struct error *e);
void embedding_free(struct embedding *m);

/* z: [count, latent]. Threads share the images. */
int embedding_place(const struct embedding *m, const struct samples *s, float *z, struct error *e);

#endif
