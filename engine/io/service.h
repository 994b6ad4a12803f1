/*
 * What a process needs that an init system keeps: telling it how things are (sd_notify's protocol,
 * without its library) and being the only one. Used by bind/bind_env.c and bind/bind_watch.c.
 */
#ifndef NANO_IO_SERVICE_H
#define NANO_IO_SERVICE_H

#include <stdbool.h>

#include "base/err.h"

/* Sends text ("READY=1\nSTATUS=…") to $NOTIFY_SOCKET. True when there is none: nobody wants to
 * know. Never blocks. */
bool service_notify(const char *text, err *e);

/* Takes an exclusive lock on the file, which is made if needed. The kernel gives it back when the
 * descriptor is closed or the process ends. -1 with e set: code "busy" when another process has
 * it. */
int service_lock(const char *path, err *e);

#endif
