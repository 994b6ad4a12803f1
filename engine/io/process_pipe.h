/*
 * One end of a pipe to a child, on the loop: at most one pending read or write, answered once. The
 * part of io/process that moves bytes; process.c owns one for each standard stream that is a pipe.
 */
#ifndef NANO_IO_PROCESS_PIPE_H
#define NANO_IO_PROCESS_PIPE_H

#include "base/buf.h"
#include "io/loop.h"
#include "io/process.h"

typedef struct process_pipe {
    int fd; /* ours, non-blocking; -1: no pipe */
    ev_io watcher;
    process_read_fn on_read; /* not NULL: a read is pending */
    process_write_fn on_write;
    void *arg;
    buf out; /* what is still to be written */
    size_t written;
} process_pipe;

void process_pipe_init(process_pipe *p);
/* Takes fd over. */
void process_pipe_open(process_pipe *p, int fd);
/* Drops what is pending without a call and closes the descriptor. */
void process_pipe_close(process_pipe *p);
bool process_pipe_read(process_pipe *p, process_read_fn fn, void *arg);
bool process_pipe_write(process_pipe *p, const void *text, size_t len, process_write_fn fn,
                        void *arg);
/* Drops what is pending without a call. */
void process_pipe_cancel(process_pipe *p);

#endif
