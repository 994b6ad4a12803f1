/* image_png.c: PNG in and out; see image.h. What browsers write is read by image_png_common.c, all
 * else by libspng. Input is hostile: sizes are checked before anything is made. */
#include <spng.h>
#include <stdlib.h>
#include <string.h>

#include "io/image.h"
#include "io/image_png_common.h"

enum { SIDE_MAX = 65535, CHUNK_MAX = 64 << 20 };

static bool decode_by_libspng(const void *bytes, size_t len, image *out, err *e)
{
    memset(out, 0, sizeof *out);
    struct spng_ihdr header;
    size_t size = 0;
    spng_ctx *ctx = spng_ctx_new(0);
    int failed = ctx ? 0 : SPNG_EMEM;
    if (!failed)
        failed = spng_set_image_limits(ctx, SIDE_MAX, SIDE_MAX);
    if (!failed)
        failed = spng_set_chunk_limits(ctx, CHUNK_MAX, CHUNK_MAX);
    if (!failed)
        failed = spng_set_png_buffer(ctx, bytes, len);
    if (!failed)
        failed = spng_get_ihdr(ctx, &header);
    if (!failed)
        failed = spng_decoded_image_size(ctx, SPNG_FMT_RGBA8, &size);
    if (!failed && !image_create(out, header.width, header.height, e)) {
        spng_ctx_free(ctx);
        return false;
    }
    if (!failed)
        failed = spng_decode_image(ctx, out->pixels, size, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS);
    if (failed) {
        image_finish(out);
        err_set(e, "corrupt", "this is not a PNG that can be read: %s", spng_strerror(failed));
    }
    spng_ctx_free(ctx);
    return !failed;
}

bool image_decode_png(const void *bytes, size_t len, image *out, err *e)
{
    return image_decode_common_png(bytes, len, out) || decode_by_libspng(bytes, len, out, e);
}

bool image_encode_png(const image *i, int level, buf *out, err *e)
{
    struct spng_ihdr header = {.width = i->width,
                               .height = i->height,
                               .bit_depth = 8,
                               .color_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
    size_t size = 0;
    void *png = NULL;
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    int failed = ctx ? 0 : SPNG_EMEM;
    if (!failed)
        failed = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    if (!failed)
        failed = spng_set_option(ctx, SPNG_IMG_COMPRESSION_LEVEL, level);
    if (!failed)
        failed = spng_set_ihdr(ctx, &header);
    if (!failed)
        failed = spng_encode_image(ctx, i->pixels, (size_t)i->width * i->height * 4, SPNG_FMT_PNG,
                                   SPNG_ENCODE_FINALIZE);
    if (!failed)
        png = spng_get_png_buffer(ctx, &size, &failed);
    if (png)
        buf_append(out, png, size);
    free(png);
    spng_ctx_free(ctx);
    return failed
               ? err_set(e, "io", "the picture can't be written as PNG: %s", spng_strerror(failed))
               : true;
}
