/*
 * The fork and exec behind process_spawn, alone because its child half may only make system calls.
 * Called by process.c only.
 */
#ifndef NANO_IO_PROCESS_SPAWN_H
#define NANO_IO_PROCESS_SPAWN_H

#include "io/process.h"

/* fds[0..fd_count): source → target, targets 0, 1 and 2 included. Returns the pid, or -1 with the
 * reason. */
pid_t process_spawn_exec(const process_config *config, const process_fd *fds, size_t fd_count,
                         err *e);

#endif
