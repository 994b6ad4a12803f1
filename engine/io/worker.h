/*
 * Worker processes: this program once more, in the role "worker", over a socketpair. A page of shared memory carries the
 * worker's last words, so that a worker that hangs or crashes can still say where it was. Loop thread only.
 *
 * Main's side: worker_spawn … worker_destroy. The worker's side: worker_enter, then worker_parent.
 */
#ifndef NANO_IO_WORKER_H
#define NANO_IO_WORKER_H

#include "base/err.h"
#include "io/channel.h"

enum { WORKER_WORDS_MAX = 4096 };

/* ---- main's side ---- */

typedef struct worker worker;

/* NULL with the reason. The worker dies when this process does. */
worker *worker_spawn(err *e);
/* Closes the line (the worker then ends by itself, its browser with it), SIGKILL after five seconds. NULL is fine. */
void worker_destroy(worker *w);
channel *worker_channel(worker *w);
int worker_pid(const worker *w);
/* Asks for last words (SIGUSR1), then SIGKILL a moment later. The channel's end tells when it is gone. */
void worker_kill(worker *w);
/* "exited with code 3", "was killed by signal 9 (SIGKILL)"; "" while it runs. Valid until the next call. */
const char *worker_describe_end(worker *w);
/* What it said last: set by worker_say or by the handler of worker_on_last_words. Never NULL. Valid until destroy. */
const char *worker_last_words(worker *w);

/* ---- the worker's side ---- */

/* First thing in the process: takes over descriptors 3 (line) and 4 (words), closes all others above 2, dies with the
 * parent, gains no privileges, limits core dumps and open files. Exits with code 3 when not started by worker_spawn. */
void worker_enter(void);
/* The line to main; NULL in any other process. */
channel *worker_parent(void);
/* fn writes into words (at most WORKER_WORDS_MAX bytes, a C string) in a signal handler, when main asks for last words
 * or the process crashes. It must only read memory and format text. */
void worker_on_last_words(void (*fn)(char *words, size_t size));

#endif
