/* cdp_ws.c: the transport over a WebSocket, for a browser that runs already; see cdp_transport.h.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/cdp_split.h"
#include "io/cdp_transport.h"
#include "io/ws_client.h"

typedef struct cdp_ws {
    cdp_transport base;
    cdp_transport_events events;
    ws_client *client;
    buf frame; /* where the parts of a command are put together */
    bool delivering, destroyed;
} cdp_ws;

static cdp_ws *ws_of(const cdp_transport *t)
{
    return (cdp_ws *)list_entry(t, cdp_ws, base);
}

static void ws_free(cdp_ws *w)
{
    ws_client_close(w->client);
    buf_finish(&w->frame);
    free(w);
}

static void report_closed(cdp_ws *w, const err *why)
{
    ws_client_close(w->client);
    w->client = NULL;
    w->events.closed(w->events.arg, why);
}

static void on_message(ws_client *c, const char *text, size_t len, void *ctx)
{
    (void)c;
    cdp_ws *w = ctx;
    err e;
    w->delivering = true;
    bool sense = w->events.frame(w->events.arg, text, len);
    if (sense && !w->destroyed) {
        w->events.idle(w->events.arg);
    } else if (!w->destroyed) {
        err_set(&e, "protocol", "what came is not the DevTools protocol");
        report_closed(w, &e);
    }
    w->delivering = false;
    if (w->destroyed)
        ws_free(w);
}

static void on_closed(ws_client *c, const err *why, void *ctx)
{
    (void)c;
    cdp_ws *w = ctx;
    w->delivering = true;
    report_closed(w, why);
    w->delivering = false;
    if (w->destroyed)
        ws_free(w);
}

static void ws_start(cdp_transport *t, const cdp_transport_events *events)
{
    ws_of(t)->events = *events;
}

static void ws_send(cdp_transport *t, const struct iovec *parts, int count)
{
    cdp_ws *w = ws_of(t);
    if (!w->client)
        return;
    w->frame.len = 0;
    for (int i = 0; i < count; i++)
        buf_append(&w->frame, parts[i].iov_base, parts[i].iov_len);
    ws_client_send(w->client, w->frame.data, w->frame.len); /* if it has ended, on_closed comes */
    if (w->frame.cap > CDP_SPLIT_KEEP)
        buf_finish(&w->frame);
}

static size_t ws_queued(const cdp_transport *t)
{
    const cdp_ws *w = ws_of(t);
    return w->client ? ws_client_unsent(w->client) : 0;
}

static void ws_destroy(cdp_transport *t)
{
    cdp_ws *w = ws_of(t);
    if (w->delivering)
        w->destroyed = true;
    else
        ws_free(w);
}

cdp_transport *cdp_ws_create(const char *url, err *e)
{
    const ws_client_events events = {.on_message = on_message, .on_closed = on_closed};
    ws_client_config config = ws_client_config_default;
    config.max_message = CDP_FRAME_MAX;
    cdp_ws *w = mem_zero(1, sizeof *w);
    w->base = (cdp_transport){ws_start, ws_send, ws_queued, ws_destroy};
    w->client = ws_client_open(url, &config, &events, w, e);
    if (w->client)
        return &w->base;
    free(w);
    return NULL;
}
