/* Time. Monotonic nanoseconds for measuring and deadlines, wall-clock milliseconds for people. */
#ifndef NANO_BASE_CLOCK_H
#define NANO_BASE_CLOCK_H

#include <stdint.h>

typedef int64_t mono_ns; /* CLOCK_MONOTONIC; only differences mean something */

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

mono_ns clock_mono(void);
/* Milliseconds since the epoch, UTC. */
int64_t clock_wall_ms(void);
/* CPU time that this process has used, user and system, in nanoseconds (its children are not
 * counted). */
int64_t clock_cpu_ns(void);
/* CPU time of the calling thread alone. A system call: about 0.5 µs. */
int64_t clock_thread_cpu_ns(void);

#endif
