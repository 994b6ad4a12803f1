/*
 * Fuzzes what reads a browser's bytes: io/cdp_split and io/cdp_scan. The first byte of the input
 * says how the rest is cut into chunks. Checked beyond memory: the frames are those that the NULs
 * make, every span lies inside its frame, and a peek that is sure agrees with the scan.
 *
 *   make fuzz
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/cdp_scan.h"
#include "io/cdp_split.h"

typedef struct expected {
    const char *next; /* the next frame in the input */
    size_t left;
} expected;

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_inside(cdp_span s, const char *frame, size_t len)
{
    check(!s.at || (s.at >= frame && s.at + s.len <= frame + len));
}

static void check_text(cdp_span s)
{
    char out[40];
    check(strlen(cdp_scan_text(s, out, sizeof out)) < sizeof out);
}

static void check_scan(const char *frame, size_t len)
{
    cdp_frame whole, peek;
    bool scanned = cdp_scan(frame, len, &whole), sure = cdp_scan_peek(frame, len, &peek);
    const cdp_span spans[] = {whole.method, whole.session, whole.params, whole.result, whole.error};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        check_inside(spans[i], frame, len);
        check_text(spans[i]);
        check_text(cdp_scan_member(spans[i], "message"));
    }
    if (sure) {
        check_inside(peek.method, frame, len);
        check_inside(peek.session, frame, len);
    }
    if (scanned && sure && peek.id < 0) /* the session is the last member, so it counts in both */
        check(whole.session.at == peek.session.at && whole.session.len == peek.session.len);
    if (scanned)
        check(cdp_scan_is_object(frame, len));
}

static bool on_frame(void *arg, const char *frame, size_t len)
{
    expected *e = arg;
    const char *nul = memchr(e->next, '\0', e->left);
    check(nul && (size_t)(nul - e->next) == len && !memcmp(e->next, frame, len));
    e->left -= len + 1;
    e->next = nul + 1;
    /* A copy of exactly this size: reading past the frame is then an error. */
    char *copy = malloc(len ? len : 1);
    check(copy != NULL);
    memcpy(copy, frame, len);
    check_scan(copy, len);
    free(copy);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t chunk = data[0] ? data[0] : size;
    const char *bytes = (const char *)data + 1;
    size_t left = size - 1;
    cdp_split split = {0};
    expected e = {bytes, left};
    while (left) {
        size_t room, n = chunk < left ? chunk : left;
        char *space = cdp_split_space(&split, &room);
        check(room >= n);
        memcpy(space, bytes, n);
        check(cdp_split_commit(&split, n, on_frame, &e));
        bytes += n;
        left -= n;
    }
    check(!memchr(e.next, '\0', e.left)); /* no frame was kept back */
    cdp_split_finish(&split);
    return 0;
}
