/* cdp_split.c: see cdp_split.h. Invariant between calls: data[0] is the first byte of a frame, and
 * none is whole. */
#include "io/cdp_split.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ROOM_MIN = 64 * 1024 };

void cdp_split_finish(cdp_split *s)
{
    free(s->data);
    memset(s, 0, sizeof *s);
}

static void resize(cdp_split *s, size_t cap)
{
    s->data = mem_resize(s->data, cap);
    s->cap = cap;
}

char *cdp_split_space(cdp_split *s, size_t *room)
{
    if (!s->cap)
        resize(s, CDP_SPLIT_BASE);
    else if (s->cap - s->len < ROOM_MIN)
        resize(s, s->cap * 2);
    *room = s->cap - s->len;
    return s->data + s->len;
}

/* Drops the first n bytes; a buffer that one large frame has blown up goes back to its usual size.
 */
static void drop(cdp_split *s, size_t n)
{
    s->len -= n;
    if (s->cap > CDP_SPLIT_KEEP && s->len <= CDP_SPLIT_BASE / 2) {
        char *data = mem_alloc(CDP_SPLIT_BASE);
        memcpy(data, s->data + n, s->len);
        free(s->data);
        s->data = data;
        s->cap = CDP_SPLIT_BASE;
    } else if (n && s->len) {
        memmove(s->data, s->data + n, s->len);
    }
    s->scanned = s->len;
}

bool cdp_split_commit(cdp_split *s, size_t n, cdp_frame_fn fn, void *arg)
{
    size_t start = 0, at = s->scanned;
    bool go_on = true;
    s->len += n;
    while (go_on) {
        char *nul = memchr(s->data + at, '\0', s->len - at);
        if (!nul)
            break;
        size_t end = (size_t)(nul - s->data);
        go_on = fn(arg, s->data + start, end - start);
        start = at = end + 1;
    }
    if (!go_on)
        start = s->len;
    drop(s, start);
    return go_on && s->len <= CDP_FRAME_MAX;
}
