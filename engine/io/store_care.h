/*
 * Looking after a database file as a whole: a copy, or giving back unused space. Works on a
 * connection and a thread of its own, beside whoever uses the file. Used by bind/bind_store.c.
 * Loop thread.
 */
#ifndef NANO_IO_STORE_CARE_H
#define NANO_IO_STORE_CARE_H

#include "base/err.h"

typedef struct store_care store_care;

/* e is NULL when it is done. Called once, on the loop's thread. */
typedef void (*store_care_fn)(void *arg, const err *e);

/* Copies the database at path to the file target, which must not exist (VACUUM INTO: one
 * consistent state, compacted, synced). With target NULL: compacts the database itself, which waits
 * for other writers and keeps them waiting meanwhile. Strings are copied. */
store_care *store_care_start(const char *path, const char *target, store_care_fn fn, void *arg);
/* fn will not be called; the work is done all the same. */
void store_care_abandon(store_care *c);

#endif
