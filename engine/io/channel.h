/*
 * Messages over a stream socket: a u32 length in native order, then the bytes. Both ends are this
 * program (main and worker). Pull-based on the way in: nothing is read while nobody waits for a
 * message, so a slow receiver stops its sender through the socket. On the way out messages queue up
 * to a bound. Loop thread only.
 */
#ifndef NANO_IO_CHANNEL_H
#define NANO_IO_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

enum {
    CHANNEL_MESSAGE_MAX = 64 * 1024 * 1024,
    CHANNEL_QUEUE_MAX =
        64 * 1024 * 1024, /* bytes that wait to be sent, beyond which channel_send refuses */
};

typedef struct channel channel;

/* One message, valid during the call; or data NULL: the channel has ended, why says how. */
typedef void (*channel_fn)(void *arg, const char *data, size_t len, const err *why);

/* Takes fd over (it is made non-blocking and close-on-exec). Never NULL. */
channel *channel_create(int fd);
/* Closes; what is queued is lost (channel_flush first), a waiting receiver is not called. NULL is
 * fine. */
void channel_destroy(channel *c);

/* Queues a copy and sends what the socket takes. False, nothing queued: "too-large", "busy" (the
 * peer does not keep up) or "closed". */
bool channel_send(channel *c, const void *data, size_t len, err *e);
/* Bytes that wait because the peer does not read: the sender's sign to hold back. */
size_t channel_queued(const channel *c);
/* Nothing more will be sent: the peer sees the end behind what is queued. Receiving goes on. */
void channel_end(channel *c);
/* Blocks until everything is sent, for at most limit. False if something is left or the peer is
 * gone. */
bool channel_flush(channel *c, mono_ns limit);

/* Calls fn once with the next message or the end; inside this call if it is there already. fn may
 * call channel_receive again (not after the end) or channel_destroy. One receiver at a time: false
 * if another waits. */
bool channel_receive(channel *c, channel_fn fn, void *arg);
void channel_receive_cancel(channel *c);

/* A connected pair, both close-on-exec; false with the reason. */
bool channel_pair(int fds[2], err *e);

#endif
