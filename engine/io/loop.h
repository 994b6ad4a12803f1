/*
 * The process's one event loop (libev). Every io module hangs its watchers on loop_ev(); callbacks
 * run on the loop's thread and must not block. Other threads reach the loop only through loop_post.
 */
#ifndef NANO_IO_LOOP_H
#define NANO_IO_LOOP_H

#include <ev.h>
#include <stdbool.h>

#include "base/clock.h"

typedef void (*loop_fn)(void *arg);

/* Once per process, before any other io call. Ignores SIGPIPE and SIGXFSZ. */
void loop_init(void);
void loop_finish(void);
/* The libev loop; valid between loop_init and loop_finish. */
struct ev_loop *loop_ev(void);

/* Runs until loop_stop. */
void loop_run(void);
void loop_stop(void);

/* Runs fn(arg) on the loop's thread before the loop next waits, in order of the calls. Loop thread
 * only. */
void loop_defer(loop_fn fn, void *arg);
/* The same from any thread; wakes the loop. */
void loop_post(loop_fn fn, void *arg);

/* A one-shot timer in the caller's memory. */
typedef struct loop_timer {
    ev_timer watcher;
    loop_fn fn;
    void *arg;
} loop_timer;

/* Starts (or restarts) t: fn(arg) is called once after delay (<= 0: on the next turn). */
void loop_timer_start(loop_timer *t, mono_ns delay, loop_fn fn, void *arg);
/* No call happens after this. Safe on a zeroed, stopped or fired timer. */
void loop_timer_stop(loop_timer *t);

#endif
