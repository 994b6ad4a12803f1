/*
 * Asking the system's resolver for the addresses of a name, off the loop: getaddrinfo blocks, so
 * each lookup runs on a thread, at most 16 at a time. The result tells "there is no such name" from
 * "the resolver does not answer", which libcurl does not, and which decides whether the shop or the
 * monitor's own network is to blame.
 */
#ifndef NANO_IO_ADDRESS_LOOKUP_H
#define NANO_IO_ADDRESS_LOOKUP_H

#include <stddef.h>

#include "base/err.h"

typedef struct address_lookup address_lookup;

/* On the loop's thread, once, never from inside address_lookup_start. Success: e is NULL and
 * addresses holds count numeric texts without repeats, valid in the call. Failure: e has the code
 * "dns" (no such name, or a name without addresses) or "dns-unreachable" (the resolver failed). */
typedef void (*address_lookup_fn)(void *arg, const char *const *addresses, size_t count,
                                  const err *e);

/* host is copied; numeric hosts are fine and are returned as they are. The handle is valid until
 * the callback. */
address_lookup *address_lookup_start(const char *host, address_lookup_fn fn, void *arg);
/* No callback happens after this (the thread ends by itself). NULL is fine. */
void address_lookup_cancel(address_lookup *lookup);
/* Before loop_finish: lookups that are under way no longer reach the loop. */
void address_lookup_finish(void);

/* What an EAI_… code of getaddrinfo means; the part of a lookup that tests can reach without a
 * network. */
void address_lookup_explain(int eai, int errnum, const char *host, err *e);

#endif
