/* The descriptors by which main and a worker are joined; worker.c and worker_inside.c agree on them
 * here. */
#ifndef NANO_IO_WORKER_LINE_H
#define NANO_IO_WORKER_LINE_H

enum { WORKER_LINE_FD = 3, WORKER_WORDS_FD = 4 };

#endif
