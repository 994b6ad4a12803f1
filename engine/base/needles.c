/* needles.c: see needles.h. Called by bind_codec.c for stdlib/redact.lua. */
#include "base/needles.h"

#include <string.h>

int needles_init(needles *set, const char *lines, size_t len)
{
    memset(set, 0, sizeof *set);
    size_t used = 0;
    const char *end = lines + len;
    for (const char *at = lines; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop ? stop : end) - at);
        int i = set->count;
        if (i == NEEDLES_MAX || !size || size > UINT8_MAX || size > sizeof set->words - used)
            return i;
        memcpy(set->words + used, at, size);
        set->start[i] = (uint16_t)used;
        set->len[i] = (uint8_t)size;
        uint8_t *first = &set->first[(unsigned char)*at];
        set->next[i] = *first;
        *first = (uint8_t)(i + 1);
        set->count++;
        used += size;
        at += size + 1;
    }
    return -1;
}

uint64_t needles_in(const needles *set, const char *text, size_t len)
{
    uint64_t found = 0;
    for (size_t at = 0; at < len; at++)
        for (int i = set->first[(unsigned char)text[at]]; i; i = set->next[i - 1]) {
            size_t size = set->len[i - 1];
            if (size <= len - at && !(found >> (i - 1) & 1) &&
                memcmp(text + at + 1, set->words + set->start[i - 1] + 1, size - 1) == 0)
                found |= UINT64_C(1) << (i - 1);
        }
    return found;
}
