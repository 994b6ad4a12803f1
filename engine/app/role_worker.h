/* The role "worker": one process that runs users' scripts. Started by main over a socketpair; see
 * io/worker.h. */
#ifndef NANO_APP_ROLE_WORKER_H
#define NANO_APP_ROLE_WORKER_H

/* Makes this process a worker, first thing in main(). Exits when it was not started by nano-sre. */
void role_worker_enter(void);

#endif
