/*
 * image_diff.c: what differs between two pictures; see image.h.
 *
 * Most pixels of two screenshots are equal, so rows are first compared as memory and only what
 * differs is looked at. Colour distance: squared YIQ difference with weights 0.5053, 0.299, 0.1957;
 * the largest possible is 35215, and a pixel differs when its distance is above 35215 *
 * threshold^2. Transparent pixels are blended with white first.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/image.h"
#include "io/image_boxes.h"

static const uint8_t *at(const image *i, int64_t x, int64_t y)
{
    return i->pixels + ((size_t)y * i->width + (size_t)x) * 4;
}

static double blend(uint8_t c, uint8_t alpha)
{
    return alpha == 255 ? c : 255. + (c - 255.) * alpha / 255.;
}

static double luma(double r, double g, double b)
{
    return r * 0.29889531 + g * 0.58662247 + b * 0.11448223;
}

static double luma_of(const uint8_t *p)
{
    return luma(blend(p[0], p[3]), blend(p[1], p[3]), blend(p[2], p[3]));
}

/* Of the difference, not the difference of the lumas: with whole numbers, equal steps then give
 * exactly equal results. */
static double brightness_step(const uint8_t *a, const uint8_t *b)
{
    return luma(blend(a[0], a[3]) - blend(b[0], b[3]), blend(a[1], a[3]) - blend(b[1], b[3]),
                blend(a[2], a[3]) - blend(b[2], b[3]));
}

static double distance(const uint8_t *a, const uint8_t *b)
{
    double r = blend(a[0], a[3]) - blend(b[0], b[3]), g = blend(a[1], a[3]) - blend(b[1], b[3]),
           u = blend(a[2], a[3]) - blend(b[2], b[3]);
    double y = luma(r, g, u);
    double i = r * 0.59597799 - g * 0.27417610 - u * 0.32180189;
    double q = r * 0.21147017 - g * 0.52261711 + u * 0.31114694;
    return 0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q;
}

typedef struct window {
    int64_t x0, y0, x1, y1; /* the neighbours of a pixel, inclusive, inside the image */
    bool at_edge;
} window;

static window around(const image *i, int64_t x, int64_t y)
{
    window w = {x > 0 ? x - 1 : 0, y > 0 ? y - 1 : 0, x + 1 < i->width ? x + 1 : i->width - 1,
                y + 1 < i->height ? y + 1 : i->height - 1, false};
    w.at_edge = x == w.x0 || x == w.x1 || y == w.y0 || y == w.y1;
    return w;
}

/* Whether at least three neighbours have exactly this pixel's colour; outside of the image counts
 * as one. */
static bool has_siblings(const image *i, int64_t x, int64_t y)
{
    window w = around(i, x, y);
    int equal = w.at_edge;
    const uint8_t *centre = at(i, x, y);
    for (int64_t ny = w.y0; ny <= w.y1; ny++)
        for (int64_t nx = w.x0; nx <= w.x1; nx++)
            if ((nx != x || ny != y) && memcmp(at(i, nx, ny), centre, 4) == 0 && ++equal > 2)
                return true;
    return false;
}

/* Whether the pixel of i is likely part of a smoothed edge: it lies between a darkest and a
 * brightest neighbour, one of which belongs to an even area in both pictures. */
static bool is_antialiased(const image *i, const image *other, int64_t x, int64_t y)
{
    window w = around(i, x, y);
    int equal = w.at_edge;
    double low = 0, high = 0;
    const uint8_t *centre = at(i, x, y);
    int64_t low_x = 0, low_y = 0, high_x = 0, high_y = 0;
    for (int64_t nx = w.x0; nx <= w.x1; nx++)
        for (int64_t ny = w.y0; ny <= w.y1; ny++) {
            if (nx == x && ny == y)
                continue;
            double delta = brightness_step(centre, at(i, nx, ny));
            if (delta == 0) {
                if (++equal > 2)
                    return false;
            } else if (delta < low) {
                low = delta, low_x = nx, low_y = ny;
            } else if (delta > high) {
                high = delta, high_x = nx, high_y = ny;
            }
        }
    if (low == 0 || high == 0)
        return false;
    return (has_siblings(i, low_x, low_y) && has_siblings(other, low_x, low_y)) ||
           (has_siblings(i, high_x, high_y) && has_siblings(other, high_x, high_y));
}

/* ---- one comparison ---- */

typedef struct comparison {
    const image *a, *b;
    const image_diff_options *options;
    double limit;
    uint32_t width, height, common_width, common_height;
    bool same_size;
    image_diff_result *out;
    uint8_t *masked; /* a byte a pixel, NULL without masks */
    box_finder boxes;
} comparison;

static void paint(comparison *c, uint32_t x, uint32_t y, uint32_t rgb)
{
    if (!c->out->picture.pixels)
        return;
    uint8_t *p = c->out->picture.pixels + ((size_t)y * c->width + x) * 4;
    p[0] = (uint8_t)(rgb >> 16), p[1] = (uint8_t)(rgb >> 8), p[2] = (uint8_t)rgb, p[3] = 255;
}

static bool is_masked(const comparison *c, uint32_t x, uint32_t y)
{
    return c->masked && c->masked[(size_t)y * c->width + x];
}

static void note_difference(comparison *c, uint32_t x, uint32_t y)
{
    c->out->different++;
    box_finder_add(&c->boxes, x, y);
    paint(c, x, y, 0xe00020);
}

static void compare_pixel(comparison *c, uint32_t x, uint32_t y)
{
    if (is_masked(c, x, y) || distance(at(c->a, x, y), at(c->b, x, y)) <= c->limit)
        return;
    /* Neighbours are compared across the pictures, which only makes sense when they have the same
     * shape. */
    if (!c->options->count_antialiased && c->same_size &&
        (is_antialiased(c->a, c->b, x, y) || is_antialiased(c->b, c->a, x, y))) {
        c->out->antialiased++;
        paint(c, x, y, 0xffc000);
        return;
    }
    note_difference(c, x, y);
}

static void compare_row(comparison *c, uint32_t y)
{
    const uint32_t *a = (const uint32_t *)(const void *)at(c->a, 0, y),
                   *b = (const uint32_t *)(const void *)at(c->b, 0, y);
    if (memcmp(a, b, (size_t)c->common_width * 4) != 0)
        for (uint32_t x = 0; x < c->common_width; x++)
            if (a[x] != b[x])
                compare_pixel(c, x, y);
}

/* Where only one picture has pixels. */
static void count_rest(comparison *c)
{
    for (uint32_t y = 0; y < c->height; y++)
        for (uint32_t x = y < c->common_height ? c->common_width : 0; x < c->width; x++)
            if (!is_masked(c, x, y))
                note_difference(c, x, y);
}

static void draw_background(comparison *c)
{
    if (!image_create(&c->out->picture, c->width, c->height, NULL))
        return;
    for (uint32_t y = 0; y < c->b->height; y++)
        for (uint32_t x = 0; x < c->b->width; x++) {
            uint8_t grey = (uint8_t)(255 - (255 - luma_of(at(c->b, x, y))) * 0.25);
            paint(c, x, y, (uint32_t)grey << 16 | (uint32_t)grey << 8 | grey);
        }
}

static uint64_t mark_masks(comparison *c)
{
    uint64_t count = 0;
    if (!c->options->mask_count)
        return 0;
    c->masked = mem_zero((size_t)c->width * c->height, 1);
    for (size_t k = 0; k < c->options->mask_count; k++) {
        image_box m = c->options->masks[k];
        for (int64_t y = m.y < 0 ? 0 : m.y; y < (int64_t)m.y + m.height && y < c->height; y++)
            for (int64_t x = m.x < 0 ? 0 : m.x; x < (int64_t)m.x + m.width && x < c->width; x++) {
                uint8_t *cell = &c->masked[(size_t)y * c->width + (size_t)x];
                count += !*cell;
                *cell = 1;
            }
    }
    return count;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void image_diff(const image *before, const image *after, const image_diff_options *options,
                image_diff_result *out)
{
    memset(out, 0, sizeof *out);
    comparison c = {.a = before, .b = after, .options = options, .out = out};
    c.limit = 35215. * options->threshold * options->threshold;
    c.width = larger(before->width, after->width);
    c.height = larger(before->height, after->height);
    c.common_width = before->width + after->width - c.width;
    c.common_height = before->height + after->height - c.height;
    c.same_size = before->width == after->width && before->height == after->height;
    out->compared = (uint64_t)c.width * c.height - mark_masks(&c);
    if (options->draw)
        draw_background(&c);
    box_finder_init(&c.boxes, c.width, c.height);
    for (uint32_t y = 0; y < c.common_height; y++)
        compare_row(&c, y);
    if (!c.same_size)
        count_rest(&c);
    out->boxes = box_finder_finish(&c.boxes, &out->box_count);
    free(c.masked);
}

void image_diff_finish(image_diff_result *r)
{
    image_finish(&r->picture);
    free(r->boxes);
    memset(r, 0, sizeof *r);
}
