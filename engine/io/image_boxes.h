/*
 * Finds the areas of connected change: pixels are noted in cells of 16 x 16, and cells that touch
 * (also at a corner) make one area. Coarse on purpose: a changed word is one box, not thirty.
 */
#ifndef NANO_IO_IMAGE_BOXES_H
#define NANO_IO_IMAGE_BOXES_H

#include "io/image.h"

typedef struct box_finder {
    struct box_cell *cells; /* owned between init and finish */
    uint32_t columns, rows;
} box_finder;

void box_finder_init(box_finder *f, uint32_t width, uint32_t height);
void box_finder_add(box_finder *f, uint32_t x, uint32_t y);
/* The areas' exact bounds, largest first; NULL when there is none. The caller frees them. Ends the
 * finder. */
image_box *box_finder_finish(box_finder *f, size_t *count);

#endif
