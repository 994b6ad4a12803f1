/* image_png_common.c: see image_png_common.h. Input is hostile: every length is checked against
 * what is there before it is used, and nothing is made that the compressed data could not fill. */
#include "io/image_png_common.h"

#include <endian.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    CHUNK_FRAME = 12, /* length, type and checksum around a chunk's data */
    IHDR_LEN = 13,
    TRUECOLOR = 2,
    TRUECOLOR_ALPHA = 6,
    SIDE_MAX = 65535,
    EXPANSION_MAX = 1032, /* of deflate, at most */
};

typedef struct png {
    uint32_t width, height;
    unsigned channels; /* 3 or 4 */
    uint8_t *packed;   /* owned: the IDAT chunks, joined */
    size_t packed_len;
} png;

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool read_header(png *p, const uint8_t *data, size_t len)
{
    if (len != IHDR_LEN || data[8] != 8 || data[10] || data[11] || data[12])
        return false;
    p->width = read_u32(data);
    p->height = read_u32(data + 4);
    p->channels = data[9] == TRUECOLOR ? 3 : data[9] == TRUECOLOR_ALPHA ? 4 : 0;
    return p->channels && p->width && p->height && p->width <= SIDE_MAX && p->height <= SIDE_MAX;
}

/* Goes through the chunks up to IEND; packed has room for all of them. */
static bool read_chunks(png *p, const uint8_t *bytes, size_t len)
{
    for (size_t at = 8; len - at >= CHUNK_FRAME;) {
        size_t size = read_u32(bytes + at);
        const uint8_t *type = bytes + at + 4, *data = type + 4;
        if (size > len - at - CHUNK_FRAME ||
            libdeflate_crc32(0, type, size + 4) != read_u32(data + size))
            return false;
        if (at == 8) {
            if (memcmp(type, "IHDR", 4) != 0 || !read_header(p, data, size))
                return false;
        } else if (!memcmp(type, "IDAT", 4)) {
            memcpy(p->packed + p->packed_len, data, size);
            p->packed_len += size;
        } else if (!memcmp(type, "IEND", 4)) {
            return p->packed_len > 0;
        } else if (!(type[0] & 0x20) || !memcmp(type, "tRNS", 4)) {
            return false; /* something that changes the picture */
        }
        at += size + CHUNK_FRAME;
    }
    return false;
}

static inline __attribute__((always_inline)) int paeth(int a, int b, int c)
{
    int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* What the filter expects of a byte: a is to the left, b above, c above to the left. */
static inline __attribute__((always_inline)) int expected(int filter, int a, int b, int c)
{
    switch (filter) {
    case 1:
        return a;
    case 2:
        return b;
    case 3:
        return (a + b) >> 1;
    case 4:
        return paeth(a, b, c);
    default:
        return 0;
    }
}

/* One row of filtered bytes to RGBA. Inlined with constants for filter and channels, so that the
 * loop holds nothing but sums in registers. */
static inline __attribute__((always_inline)) void make_row(const int filter, const int channels,
                                                           const uint8_t *from, const uint8_t *up,
                                                           uint8_t *to, uint32_t width)
{
    int left[4] = {0}, corner[4] = {0};
    for (uint32_t x = 0; x < width; x++, from += channels, up += 4, to += 4) {
        uint32_t pixel = channels == 3 ? 0xff000000u : 0;
#pragma GCC unroll 4
        for (int k = 0; k < channels; k++) {
            left[k] = (from[k] + expected(filter, left[k], up[k], corner[k])) & 255;
            corner[k] = up[k];
            pixel |= (uint32_t)left[k] << (8 * k);
        }
        pixel = htole32(pixel);
        memcpy(to, &pixel, 4);
    }
}

/* False for a filter that there is not. */
static bool unfilter(const png *p, const uint8_t *from, const uint8_t *up, uint8_t *to)
{
    int filter = *from++;
    switch (filter * 8 + (int)p->channels) {
#define FILTER(F, C)                                  \
    case (F)*8 + (C):                                 \
        make_row((F), (C), from, up, to, p->width);   \
        return true;
        FILTER(0, 3)
        FILTER(0, 4)
        FILTER(1, 3)
        FILTER(1, 4)
        FILTER(2, 3)
        FILTER(2, 4)
        FILTER(3, 3)
        FILTER(3, 4)
        FILTER(4, 3)
        FILTER(4, 4)
#undef FILTER
    default:
        return false;
    }
}

static bool make_rows(const png *p, const uint8_t *raw, image *out)
{
    size_t stride = (size_t)p->width * p->channels + 1, line = (size_t)p->width * 4;
    uint8_t *above = mem_zero(p->width, 4); /* the first row */
    bool ok = true;
    for (uint32_t y = 0; ok && y < p->height; y++) {
        uint8_t *to = out->pixels + y * line;
        ok = unfilter(p, raw + y * stride, y ? to - line : above, to);
    }
    free(above);
    return ok;
}

static bool inflate_and_make(const png *p, image *out)
{
    size_t size = ((size_t)p->width * p->channels + 1) * p->height, made = 0;
    if (size / EXPANSION_MAX > p->packed_len || !image_create(out, p->width, p->height, NULL))
        return false;
    uint8_t *raw = mem_alloc(size);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    bool ok = d &&
              libdeflate_zlib_decompress(d, p->packed, p->packed_len, raw, size, &made) ==
                  LIBDEFLATE_SUCCESS &&
              made == size && make_rows(p, raw, out);
    libdeflate_free_decompressor(d);
    free(raw);
    if (!ok)
        image_finish(out);
    return ok;
}

bool image_decode_common_png(const uint8_t *bytes, size_t len, image *out)
{
    static const uint8_t signature[8] = {137, 'P', 'N', 'G', 13, 10, 26, 10};
    memset(out, 0, sizeof *out);
    if (len < sizeof signature + CHUNK_FRAME || memcmp(bytes, signature, sizeof signature) != 0)
        return false;
    png p = {.packed = mem_alloc(len)};
    bool ok = read_chunks(&p, bytes, len) && inflate_and_make(&p, out);
    free(p.packed);
    return ok;
}
