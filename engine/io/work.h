/*
 * Work that takes too long for the loop's thread (decoding and comparing images) runs on a small
 * pool of threads. The pool starts with the first job. fn must not touch the loop, Lua or anything
 * that the loop's thread may touch.
 */
#ifndef NANO_IO_WORK_H
#define NANO_IO_WORK_H

typedef void (*work_fn)(void *arg);

/* Runs fn(arg) on a thread of the pool, then done(arg) on the loop's thread. Jobs start in the
 * order of the calls. */
void work_submit(work_fn fn, work_fn done, void *arg);

#endif
