/* The extents of an image, as those that read images and those that build networks for them name
 * them. */
#ifndef IMAGE_SHAPE_H
#define IMAGE_SHAPE_H

struct image_shape {
    int height, width, channels;
};

#endif
