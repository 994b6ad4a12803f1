/*
 * Worker processes: this program once more, in the role "worker", over a socketpair. A page of
 * shared memory carries the worker's last words, so that a worker that hangs or crashes can still
 * say where it was. A worker dies with main, and its browser with it. Loop thread only.
 *
 * Main's side: worker_spawn … worker_destroy (worker.c). The worker's side: worker_enter,
 * worker_parent (worker_inside.c).
 */
#ifndef NANO_IO_WORKER_H
#define NANO_IO_WORKER_H

#include "base/clock.h"
#include "base/err.h"
#include "io/channel.h"

enum { WORKER_WORDS_MAX = 4096 };

/* ---- main's side ---- */

typedef struct worker worker;

/* NULL with the reason. Messages may be sent at once. */
worker *worker_spawn(err *e);
/* Lets go of it: its line closes, upon which it ends by itself, its browser with it; killed if that
 * takes longer than five seconds. No callback comes any more. NULL is fine. */
void worker_destroy(worker *w);
int worker_pid(const worker *w);

/* As channel_send, and "exited" when it has ended. */
bool worker_send(worker *w, const void *data, size_t len, err *e);
/* As channel_receive: fn is called once with the next message, inside this call if it is there
 * already. When all messages have been taken and the process is reaped: data NULL, why "exited" and
 * how. False: another receiver waits. */
bool worker_receive(worker *w, channel_fn fn, void *arg);
void worker_receive_cancel(worker *w);

/* Asks it for its last words (SIGUSR1), which end it; SIGKILL when that takes longer than 200 ms.
 */
void worker_kill(worker *w);
/* Closes our direction of the line: it will get no message any more, upon which it ends by itself;
 * killed if that takes longer than grace. What it still sends can be received. */
void worker_close(worker *w, mono_ns grace);
/* "exited with code 3", "was killed by signal 9 (SIGKILL)"; "" while it runs. Valid until destroy.
 */
const char *worker_describe_end(const worker *w);
/* What it said last, "" if nothing: what the handler of worker_on_last_words wrote. Never NULL.
 * Valid until destroy. */
const char *worker_last_words(worker *w);

/* Before loop_finish, after process_finish: frees what is left of workers that were ending. */
void worker_finish(void);

/* ---- the worker's side ---- */

/* First thing in the process: takes over descriptors 3 (line) and 4 (words), closes all others
 * above 2, dies with the parent, gains no privileges, limits core dumps, open files and memory.
 * Exits with code 3 when not started by worker_spawn. */
void worker_enter(void);
/* The line to main; NULL in any other process. Needs the loop. */
channel *worker_parent(void);
/* fn writes into words (at most WORKER_WORDS_MAX bytes, a C string) in a signal handler, when main
 * asks for last words or the process crashes. It must only read memory and format text. */
void worker_on_last_words(void (*fn)(char *words, size_t size));

#endif
