/*
 * Fuzzes what reads pictures: io/image_png, and io/image_diff over what it made. A screenshot comes
 * from a browser, a baseline from a folder that anybody may have written to. Run by make fuzz.
 */
#include <stdlib.h>

#include "io/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    image whole, part;
    if (!image_decode_png(data, size, &whole, NULL))
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
