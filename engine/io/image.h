/*
 * Pictures in memory: 8-bit RGBA, rows from top to bottom without gaps. Plain computation on the
 * calling thread; callers that must not block use io/work.h.
 */
#ifndef NANO_IO_IMAGE_H
#define NANO_IO_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

typedef struct image {
    uint32_t width, height; /* pixels */
    uint8_t *pixels;        /* owned; width * height * 4 bytes; NULL in an empty image */
} image;

typedef struct image_box {
    int32_t x, y, width, height; /* pixels; boxes are clipped to the image wherever they are used */
} image_box;

void image_finish(image *i);
/* Zeroed (transparent black). False when the size is 0 or above 200 million pixels. */
bool image_create(image *i, uint32_t width, uint32_t height, err *e);

/* Any PNG is converted to RGBA. Refuses what is not a PNG, is damaged or larger than 200 million
 * pixels. */
bool image_decode_png(const void *bytes, size_t len, image *out, err *e);
/* level: zlib's 1 (fast) to 9 (small). */
bool image_encode_png(const image *i, int level, buf *out, err *e);

void image_fill(image *i, image_box box, uint32_t rgba); /* 0xRRGGBBAA */
/* Makes what is in the box unreadable: three box blurs of that radius (pixels, at most 64). */
void image_blur(image *i, image_box box, int radius);
/* A copy of the box, clipped; an empty box is an error. */
bool image_crop(const image *i, image_box box, image *out, err *e);
/* A copy of the given width (smaller than i's), height in proportion; every source pixel counts
 * equally. */
bool image_downscale(const image *i, uint32_t width, image *out, err *e);

typedef struct image_diff_options {
    double threshold;       /* 0 (strict) to 1; pixelmatch's default is 0.1 */
    bool count_antialiased; /* count pixels that differ by anti-aliasing alone */
    const image_box *masks; /* areas that do not count */
    size_t mask_count;
    bool draw; /* make a picture of the difference */
} image_diff_options;

typedef struct image_diff_result {
    uint64_t different;   /* pixels */
    uint64_t antialiased; /* pixels that differ by anti-aliasing alone */
    uint64_t compared;    /* pixels of the larger area, masks taken off */
    image_box *boxes;     /* owned: areas of connected change, largest first */
    size_t box_count;
    image picture; /* owned: a faded `after` with the changes in red; empty unless asked for */
} image_diff_result;

/*
 * Compares by perceived colour (YIQ: Kotsarenko and Ramos 2010) and leaves out anti-aliasing
 * (Vysniauskas 2009): the algorithm that pixelmatch made known, with the same counts for images of
 * equal size. Where only one image has pixels, they differ. Never fails but for memory.
 */
void image_diff(const image *before, const image *after, const image_diff_options *options,
                image_diff_result *out);
void image_diff_finish(image_diff_result *r);

#endif
