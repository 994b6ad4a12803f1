/*
 * Fuzzes what reads pictures: io/image_png, and io/image_diff over what it made. A screenshot comes
 * from a browser, a baseline from a folder that anybody may have written to. Run by make fuzz.
 */
#include <spng.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "io/image.h"
#include "io/image_png_common.h"

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Makes the checksums right: a mutation would otherwise never get behind them. */
static void mend_checksums(uint8_t *png, size_t size)
{
    for (size_t at = 8; at + 12 <= size;) {
        size_t len = read_u32(png + at);
        if (len > size - at - 12)
            return;
        uint32_t sum = (uint32_t)crc32(0, png + at + 4, (uInt)len + 4);
        for (int i = 0; i < 4; i++)
            png[at + 8 + len + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += len + 12;
    }
}

/* What our own decoder reads, libspng reads alike. */
static void hold_against_libspng(const uint8_t *png, size_t size)
{
    image ours;
    size_t theirs_size = 0;
    if (!image_decode_common_png(png, size, &ours))
        return;
    spng_ctx *ctx = spng_ctx_new(0);
    spng_set_png_buffer(ctx, png, size);
    if (!spng_decoded_image_size(ctx, SPNG_FMT_RGBA8, &theirs_size)) {
        uint8_t *theirs = malloc(theirs_size + 1);
        if (!spng_decode_image(ctx, theirs, theirs_size, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS) &&
            (theirs_size != (size_t)ours.width * ours.height * 4 ||
             memcmp(theirs, ours.pixels, theirs_size) != 0))
            abort();
        free(theirs);
    }
    spng_ctx_free(ctx);
    image_finish(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    image whole, part;
    uint8_t *png = malloc(size + 1);
    memcpy(png, data, size);
    mend_checksums(png, size);
    hold_against_libspng(png, size);
    bool read = image_decode_png(png, size, &whole, NULL);
    free(png);
    if (!read)
        return 0;
    if ((uint64_t)whole.width * whole.height <= 1 << 20) {
        image_box box = {(int32_t)size % 7 - 3, 1, (int32_t)whole.width, (int32_t)whole.height};
        if (image_crop(&whole, box, &part, NULL)) {
            image_diff_options o = {
                .threshold = 0.1, .masks = &box, .mask_count = size % 2, .draw = true};
            image_diff_result r;
            image_diff(&whole, &part, &o, &r);
            if (r.different > r.compared)
                abort();
            image_diff_finish(&r);
            image_blur(&part, box, (int)(size % 70));
            image_finish(&part);
        }
    }
    image_finish(&whole);
    return 0;
}
