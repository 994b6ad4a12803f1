/* image.c: making, cutting, scaling and blurring pictures; see image.h. PNG is in image_png.c, diff
 * in image_diff.c. */
#include "io/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PIXELS_MAX UINT64_C(200000000)

enum { BLUR_RADIUS_MAX = 64 };

void image_finish(image *i)
{
    free(i->pixels);
    memset(i, 0, sizeof *i);
}

bool image_create(image *i, uint32_t width, uint32_t height, err *e)
{
    memset(i, 0, sizeof *i);
    if (!width || !height || (uint64_t)width * height > PIXELS_MAX)
        return err_set(e, "invalid", "a picture of %u x %u pixels is empty or too large", width,
                       height);
    i->width = width;
    i->height = height;
    i->pixels = mem_zero((size_t)width * height, 4);
    return true;
}

static image_box clip(const image *i, image_box b)
{
    int64_t x0 = b.x < 0 ? 0 : b.x, y0 = b.y < 0 ? 0 : b.y;
    int64_t x1 = (int64_t)b.x + b.width, y1 = (int64_t)b.y + b.height;
    if (x1 > i->width)
        x1 = i->width;
    if (y1 > i->height)
        y1 = i->height;
    if (x1 <= x0 || y1 <= y0)
        return (image_box){0};
    return (image_box){(int32_t)x0, (int32_t)y0, (int32_t)(x1 - x0), (int32_t)(y1 - y0)};
}

static uint8_t *at(const image *i, int32_t x, int32_t y)
{
    return i->pixels + ((size_t)y * i->width + (size_t)x) * 4;
}

void image_fill(image *i, image_box box, uint32_t rgba)
{
    box = clip(i, box);
    const uint8_t c[4] = {(uint8_t)(rgba >> 24), (uint8_t)(rgba >> 16), (uint8_t)(rgba >> 8),
                          (uint8_t)rgba};
    for (int32_t y = 0; y < box.height; y++)
        for (int32_t x = 0; x < box.width; x++)
            memcpy(at(i, box.x + x, box.y + y), c, 4);
}

/* One box blur along a line of count pixels that are stride bytes apart; line is room for count
 * pixels. */
static void blur_line(uint8_t *first, size_t stride, int count, int radius, uint8_t *line)
{
    for (int k = 0; k < count; k++)
        memcpy(line + 4 * k, first + stride * (size_t)k, 4);
    for (int c = 0; c < 4; c++) {
        int sum = 0, n = 0;
        for (int k = 0; k < radius && k < count; k++, n++)
            sum += line[4 * k + c];
        for (int k = 0; k < count; k++) {
            if (k + radius < count)
                sum += line[4 * (k + radius) + c], n++;
            if (k - radius - 1 >= 0)
                sum -= line[4 * (k - radius - 1) + c], n--;
            first[stride * (size_t)k + (size_t)c] = (uint8_t)(sum / n);
        }
    }
}

void image_blur(image *i, image_box box, int radius)
{
    box = clip(i, box);
    if (!box.width || radius < 1)
        return;
    if (radius > BLUR_RADIUS_MAX)
        radius = BLUR_RADIUS_MAX;
    uint8_t *line = mem_alloc(4 * (size_t)(box.width > box.height ? box.width : box.height));
    for (int round = 0; round < 3; round++) {
        for (int32_t y = 0; y < box.height; y++)
            blur_line(at(i, box.x, box.y + y), 4, box.width, radius, line);
        for (int32_t x = 0; x < box.width; x++)
            blur_line(at(i, box.x + x, box.y), (size_t)i->width * 4, box.height, radius, line);
    }
    free(line);
}

bool image_crop(const image *i, image_box box, image *out, err *e)
{
    box = clip(i, box);
    if (!image_create(out, (uint32_t)box.width, (uint32_t)box.height, e))
        return err_set(e, "invalid", "the part to cut out lies outside of the picture (%u x %u)",
                       i->width, i->height);
    for (int32_t y = 0; y < box.height; y++)
        memcpy(at(out, 0, y), at(i, box.x, box.y + y), (size_t)box.width * 4);
    return true;
}

/* The mean of the source pixels below target pixel (x, y); parts of pixels count by their area. */
static void average(const image *from, double scale, uint32_t x, uint32_t y, uint8_t *target)
{
    double x0 = x * scale, x1 = (x + 1) * scale, y0 = y * scale, y1 = (y + 1) * scale, sum[4] = {0},
           area = 0;
    for (uint32_t sy = (uint32_t)y0; sy < y1 && sy < from->height; sy++) {
        double h = (y1 < sy + 1 ? y1 : sy + 1) - (y0 > sy ? y0 : sy);
        for (uint32_t sx = (uint32_t)x0; sx < x1 && sx < from->width; sx++) {
            double w = h * ((x1 < sx + 1 ? x1 : sx + 1) - (x0 > sx ? x0 : sx));
            const uint8_t *p = at(from, (int32_t)sx, (int32_t)sy);
            for (int c = 0; c < 4; c++)
                sum[c] += w * p[c];
            area += w;
        }
    }
    for (int c = 0; c < 4; c++)
        target[c] = (uint8_t)(sum[c] / area + 0.5);
}

bool image_downscale(const image *i, uint32_t width, image *out, err *e)
{
    if (!width || width > i->width)
        return err_set(e, "invalid", "a picture of width %u can't be scaled down to %u", i->width,
                       width);
    double scale = (double)i->width / width;
    uint32_t height = (uint32_t)(i->height / scale + 0.5);
    if (!image_create(out, width, height ? height : 1, e))
        return false;
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < width; x++)
            average(i, scale, x, y, at(out, (int32_t)x, (int32_t)y));
    return true;
}
