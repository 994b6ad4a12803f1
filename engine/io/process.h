/*
 * Child processes: start, talk over pipes, stop, reap. Used by io/browser, io/worker and
 * sys.process.
 *
 * Every child gets default signal dispositions, an empty signal mask, no descriptors but the ones
 * given here, and SIGKILL from the kernel when we die. It leads a process group of its own, and
 * that group ends with it: when the child has exited, what is left of the group is killed. No
 * zombie stays: orphans of our children are adopted and reaped too. Loop thread only, which must be
 * the process's main thread: the kernel's parent-death signal follows the thread that forked, not
 * the process.
 */
#ifndef NANO_IO_PROCESS_H
#define NANO_IO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"

typedef struct process process;

typedef enum {
    PROCESS_NULL,    /* /dev/null */
    PROCESS_PIPE,    /* a pipe to us: process_read, process_write */
    PROCESS_INHERIT, /* our own */
} process_stream;

typedef enum { PROCESS_STDIN, PROCESS_STDOUT, PROCESS_STDERR, PROCESS_STREAMS } process_which;

typedef struct process_fd {
    int source; /* ours; stays open and ours */
    int target; /* the number that it has in the child; above 2 */
} process_fd;

typedef struct process_limit {
    int resource; /* RLIMIT_… */
    struct rlimit value;
} process_limit;

/* How a process ended: exactly one of code >= 0 and signal > 0. */
typedef struct process_status {
    int code;
    int signal;
} process_status;

enum { PROCESS_FD_MAX = 8, PROCESS_LIMIT_MAX = 8 };

typedef struct process_config {
    const char *const *argv; /* NULL-terminated; argv[0] without a slash is looked up in PATH */
    const char *path;        /* what to execute instead of argv[0]; NULL: argv[0] */
    const char *const *env;  /* "NAME=value", NULL-terminated; NULL: our own environment */
    const char *cwd;         /* NULL: ours */
    process_stream streams[PROCESS_STREAMS];
    const process_fd *fds; /* at most PROCESS_FD_MAX */
    size_t fd_count;
    const process_limit *limits; /* at most PROCESS_LIMIT_MAX; core dumps are always off */
    size_t limit_count;
    /* Called once, from the loop, when the process has ended and is reaped; not after
     * process_destroy. May be NULL. */
    void (*on_exit)(void *arg, process_status status);
    void *arg;
} process_config;

/* Starts the program; config is read during the call only. NULL with the reason (what could not be
 * executed, why, and what to do) when it can't be started: a missing program is known here, not by
 * an exit code. */
process *process_spawn(const process_config *config, err *e);
/* Kills the group (SIGKILL) if the process still runs, drops pending reads and writes without
 * calling back, and releases p; the process is reaped in the background. NULL is fine. */
void process_destroy(process *p);

pid_t process_pid(const process *p);
/* False while it runs. status may be NULL. */
bool process_ended(const process *p, process_status *status);
/* Sends the signal to the whole group. False with a reason when the process has already ended. */
bool process_signal(process *p, int signal, err *e);
/* SIGTERM to the group now, SIGKILL after grace if it still runs then. */
void process_stop(process *p, mono_ns grace);

/* Kills the group and waits until the process is reaped: blocks, as a rule for some milliseconds,
 * at most half a second. on_exit is not called. */
void process_end_now(process *p);

/* "exited with code 3" or "was killed by signal 9 (SIGKILL)". Returns out. */
const char *process_describe(process_status status, char *out, size_t size);

/* data, len: bytes that have come, valid during the call. len 0: end of the stream, why NULL or the
 * reason. */
typedef void (*process_read_fn)(void *arg, const char *data, size_t len, const err *why);
/* why NULL: all of it has been written. */
typedef void (*process_write_fn)(void *arg, const err *why);

/* Calls fn once, from the loop, with the next bytes of stdout or stderr; nothing is read ahead, so
 * a child whose output nobody wants waits. False (wrong use) if the stream is no pipe of p or a
 * read is pending. */
bool process_read(process *p, process_which which, process_read_fn fn, void *arg);
void process_read_cancel(process *p, process_which which);
/* Reads what is there already, at most size bytes; 0 when there is nothing. Only while no read is
 * pending. */
size_t process_read_now(process *p, process_which which, void *data, size_t size);
/* Writes all of text (copied) to stdin, then calls fn once, from the loop. False as for
 * process_read. */
bool process_write(process *p, const void *text, size_t len, process_write_fn fn, void *arg);
/* What was not yet written is dropped. */
void process_write_cancel(process *p);
/* End of input for the child; a pending write is cancelled. */
void process_close_stdin(process *p);

/* Before loop_finish, and on every way out: SIGTERM to all that still run, SIGKILL after grace, and
 * everything that can be reaped is reaped, orphans included. Blocks for at most grace and half a
 * second. No callbacks. */
void process_finish(mono_ns grace);

#endif
