/*
 * The PNGs that browsers write, decoded in half of libspng's time: whole in one go, by libdeflate.
 * Used by image_png.c alone, which takes libspng for everything else.
 */
#ifndef NANO_IO_IMAGE_PNG_COMMON_H
#define NANO_IO_IMAGE_PNG_COMMON_H

#include "io/image.h"

/* False, with an empty image, for a PNG that is not of the common kind (8 bits a channel, RGB or
 * RGBA, no interlace, no transparent colour) or not sound; libspng then says what it is. */
bool image_decode_common_png(const uint8_t *bytes, size_t len, image *out);

#endif
