/* Videos of whatever format libavformat and libavcodec know. The two are loaded when they are asked
 * for, as they bring a hundred libraries with them; where they are missing, now or when winnow was
 * built, a call is an error that says so. */
#ifndef IMAGE_MEDIA_H
#define IMAGE_MEDIA_H
#include "image/video.h"

/* The first video stream; 8 bits a sample, 4:2:0, 4:2:2, 4:4:4 or grey. Damage is an error, as is a
 * frame of another size than the first. The file must be one that can be sought in. */
video_open media_open;

#endif
