/*
 * Finds what routing needs in a frame of the DevTools protocol, without decoding anything: the top
 * level's id, method and sessionId, and where params, result and error lie. Nested values are
 * skipped, not parsed: a frame of unbalanced braces is refused, other nonsense inside a value is
 * left to whoever decodes it. Pure functions, used by cdp_conn.
 */
#ifndef NANO_IO_CDP_SCAN_H
#define NANO_IO_CDP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cdp_span {
    const char *at; /* NULL: absent */
    size_t len;
} cdp_span;

typedef struct cdp_frame {
    int64_t id;                     /* -1: absent or not a natural number */
    cdp_span method, session;       /* inside the quotes, escapes as they are */
    cdp_span params, result, error; /* JSON text */
} cdp_frame;

/* The whole top level, keys in any order, the last of equal keys counts. False: not one JSON
 * object. */
bool cdp_scan(const char *data, size_t len, cdp_frame *out);

/* What the first and last bytes tell of a frame in Chromium's own form, for dropping frames unread:
 * id, or method and session. The rest of out stays absent. False: can't tell, use cdp_scan. */
bool cdp_scan_peek(const char *data, size_t len, cdp_frame *out);

/* The value of a member of a JSON object: JSON text, of a string the part inside the quotes. at
 * NULL: no such member. */
cdp_span cdp_scan_member(cdp_span object, const char *key);
/* Decodes the inside of a JSON string into out (size > 0): cut where out ends, always
 * NUL-terminated. Returns out. */
char *cdp_scan_text(cdp_span text, char *out, size_t size);
/* Whether text is one JSON object, braces balanced, with no NUL in it. */
bool cdp_scan_is_object(const char *text, size_t len);

static inline bool cdp_span_equal(cdp_span a, cdp_span b)
{
    return a.len == b.len && (!a.len || !__builtin_memcmp(a.at, b.at, a.len));
}

#endif
