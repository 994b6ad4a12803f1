/*
 * The process's standard streams and the signals by which people and init systems talk to it. Used
 * by bind/bind_env.c. Loop thread only.
 */
#ifndef NANO_IO_TERMINAL_H
#define NANO_IO_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"

bool terminal_is_tty(int fd);
/* Width of the terminal that fd is; else of $COLUMNS; else 80. */
int terminal_columns(int fd);
/* Height of the same; else $LINES; else 24. */
int terminal_rows(int fd);
/* Writes all of it, waiting while the reader is slow (blocks). Code "closed" when nobody reads any
 * more. */
bool terminal_write(int fd, const void *data, size_t len, err *e);
/* Appends what fd has until its end (blocks). Code "too-large" when there is more than max. */
bool terminal_read_all(int fd, size_t max, buf *out, err *e);

/* Somebody who waits for the next signal; in the caller's memory. */
typedef struct terminal_waiter {
    list node;
    void (*fn)(void *arg, const char *name);
    void *arg;
} terminal_waiter;

/* Starts to catch SIGINT, SIGTERM and SIGHUP, which from then on no longer end the process. May be
 * called again. */
void terminal_watch_signals(void);
/* fn(arg, "INT" | "TERM" | "HUP") is called once, from the loop, for the oldest signal that nobody
 * was given yet. */
void terminal_wait_signal(terminal_waiter *w, void (*fn)(void *arg, const char *name), void *arg);
/* fn is not called after this. Safe on a waiter that has been called. */
void terminal_cancel(terminal_waiter *w);

#endif
