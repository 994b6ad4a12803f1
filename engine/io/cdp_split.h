/*
 * Cuts the byte stream of Chromium's pipe into frames, which end with a NUL. A frame is handed out
 * where it was read, never copied; only the beginning of a frame that is not yet whole moves to the
 * front of the buffer. The buffer grows for a large frame and goes back afterwards. Used by
 * cdp_pipe.
 */
#ifndef NANO_IO_CDP_SPLIT_H
#define NANO_IO_CDP_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CDP_SPLIT_BASE = 256 * 1024,       /* the buffer's usual size */
    CDP_SPLIT_KEEP = 1024 * 1024,      /* a buffer up to this size is kept */
    CDP_FRAME_MAX = 256 * 1024 * 1024, /* a larger frame is an error */
};

typedef struct cdp_split {
    char *data;
    size_t len, cap;
    size_t scanned; /* no NUL in data[0..scanned) */
} cdp_split;

/* One frame, without its NUL; valid during the call. May not touch the splitter. False: stop, drop
 * the rest. */
typedef bool (*cdp_frame_fn)(void *arg, const char *frame, size_t len);

/* The caller owns the struct; a zeroed struct is initialised. */
void cdp_split_finish(cdp_split *s);
/* Where to put the next bytes, room (at least 64 KB) of them. */
char *cdp_split_space(cdp_split *s, size_t *room);
/* n bytes were put there: hands out each frame that is whole now. False if fn said stop or a frame
 * is too large. */
bool cdp_split_commit(cdp_split *s, size_t n, cdp_frame_fn fn, void *arg);

#endif
