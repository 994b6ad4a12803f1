/*
 * How frames reach a browser and come back: behind this, a pipe (cdp_pipe.c) and a WebSocket
 * (cdp_ws.c) look the same to cdp_conn. Frames are JSON text, without terminator on this side. Loop
 * thread only.
 */
#ifndef NANO_IO_CDP_TRANSPORT_H
#define NANO_IO_CDP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/err.h"

typedef struct cdp_transport_events {
    /* One frame, valid during the call. False: it is nonsense; the transport then closes with code
     * "protocol". */
    bool (*frame)(void *arg, const char *data, size_t len);
    /* Everything that had come has been handed out. */
    void (*idle)(void *arg);
    /* Once: nothing will come or go any more. */
    void (*closed)(void *arg, const err *why);
    void *arg;
} cdp_transport_events;

typedef struct cdp_transport cdp_transport;
struct cdp_transport {
    /* Once, before anything else; copied. Events come from the loop, never from inside these
     * functions. */
    void (*start)(cdp_transport *t, const cdp_transport_events *events);
    /* Queues one frame, given in parts (copied); it goes out before the loop next waits. */
    void (*send)(cdp_transport *t, const struct iovec *parts, int count);
    /* Bytes that the other side has not taken yet. */
    size_t (*queued)(const cdp_transport *t);
    /* Closes and frees; may be called inside an event. No event comes afterwards. */
    void (*destroy)(cdp_transport *t);
};

/* Chromium's --remote-debugging-pipe. Takes both descriptors over: in to read from, out to write
 * to. */
cdp_transport *cdp_pipe_create(int in, int out);
/* A ws:// address. NULL with the reason if it is no such address; failing to connect is a closed
 * event. */
cdp_transport *cdp_ws_create(const char *url, err *e);

#endif
