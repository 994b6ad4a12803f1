/*
 * The store: one SQLite file, one writer thread with group commit, reader threads of its own
 * connections. Called by bind/bind_store.c; knows no Lua and no tables of ours (those are
 * migrations, handed in).
 *
 * Promises
 * - Nothing here blocks the loop's thread, except store_destroy.
 * - A write (a unit: one or more statements) is all or nothing. Its function is called without an
 * error only after the COMMIT that holds it has been synced to disk (journal_mode WAL, synchronous
 * FULL). Units that wait at the same time share one COMMIT and so one fsync; each fails alone, with
 * its own error, under its own savepoint.
 * - Writes happen in the order in which they were queued. A read sees every write that was reported
 * durable before the read was queued; it sees one consistent state and neither waits for writers
 * nor delays them.
 * - A file that somebody removes while it is open is put back with all that was committed; one that
 *   is replaced by another fails as "moved" until the store is opened again.
 * - Every call is answered exactly once, on the loop's thread, unless it was abandoned.
 *
 * All functions are for the loop's thread.
 */
#ifndef NANO_IO_STORE_H
#define NANO_IO_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct store store;
typedef struct store_unit store_unit;
typedef struct store_rows store_rows;
typedef struct store_op store_op;

typedef enum { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB } store_type;

typedef struct store_value {
    store_type type;
    int64_t integer;   /* STORE_INTEGER */
    double real;       /* STORE_REAL; never NaN */
    const char *bytes; /* STORE_TEXT, STORE_BLOB: not owned, not NUL-terminated */
    size_t len;
} store_value;

/* ---- units: what to execute ---- */

/* An empty unit; the caller owns it until it is handed to store_write or store_read. */
store_unit *store_unit_create(void);
void store_unit_destroy(store_unit *u); /* NULL is fine */
/* Adds a statement: one SQL statement, copied. The values that follow are its parameters, in order.
 */
void store_unit_statement(store_unit *u, const char *sql, size_t len);
/* Adds a parameter to the last statement; bytes are copied. */
void store_unit_value(store_unit *u, store_value value);

/* ---- outcomes ---- */

typedef struct store_result {
    int64_t changes; /* rows inserted, updated or deleted by the statement itself */
    int64_t last_id; /* rowid of the row that it inserted last; 0: it inserted none */
    const store_rows
        *rows; /* NULL: the statement has no columns (it is not SELECT, RETURNING, …) */
} store_result;

typedef struct store_outcome {
    const err *error; /* NULL: done. Codes: locked full readonly corrupt moved not-found permission
                       * io invalid exists (a UNIQUE constraint) too-large denied cancelled */
    const store_result *results; /* one for each statement of the unit, none after an error */
    size_t count;
} store_outcome;

/* outcome and all that it points to is valid during the call. Must not call store_destroy. */
typedef void (*store_fn)(void *arg, const store_outcome *outcome);

size_t store_rows_count(const store_rows *rows);
size_t store_rows_columns(const store_rows *rows);
/* Column names and values live as long as rows. column < columns, row < count. */
const char *store_rows_name(const store_rows *rows, size_t column);
store_value store_rows_value(const store_rows *rows, size_t row, size_t column);

/* ---- the store ---- */

typedef struct store_config {
    const char *path; /* always a file's path: "file:" and ":memory:" mean nothing special */
    const char *const *migrations; /* SQL scripts; the one at index i leads from version i to i + 1
                                      (user_version) */
    size_t migration_count;
    int32_t application_id; /* marks our files; a file with another's mark is refused. 0: neither */
    const char *own_table;  /* a file without version that has tables, but not this one, is refused.
                               NULL: taken */
    int busy_timeout_ms;    /* how long to wait for a lock of another process; 0: 5000 */
    unsigned readers;       /* most reader threads; 0: 2 */
    size_t group_units;     /* most units in one COMMIT; 0: 1024 */
    size_t group_bytes;     /* most bytes in one COMMIT (one unit may exceed it alone); 0: 4 MiB */
    size_t queue_bytes;     /* waiting writes beyond this are refused as "busy"; 0: 64 MiB */
    size_t read_bytes;      /* a result beyond this fails as "too-large"; 0: 16 MiB */
} store_config;

/* Begins to open the database (creating it, and migrating it, where needed) on the writer's thread
 * and returns at once. Everything in config is copied. The first call waits for the opening; when
 * it failed, every call fails with that error. NULL, with e filled, only when no thread can be
 * started. Release it with store_destroy. */
store *store_create(const store_config *config, err *e);

/* Queues a unit and takes ownership of it. fn(arg, …) is called when it is durable or has failed.
 * An empty unit writes nothing and tells how the opening went. The op is valid until fn is called.
 * Returns NULL, with e filled, the unit destroyed and fn never called, when nothing was queued: the
 * store is closing, or too much waits. */
store_op *store_write(store *s, store_unit *u, store_fn fn, void *arg, err *e);
/* The same for one statement that only reads. */
store_op *store_read(store *s, store_unit *u, store_fn fn, void *arg, err *e);
/* fn will not be called. A write happens all the same, if it has not; a read is interrupted. */
void store_abandon(store_op *op);

/* No more calls from here on; what is queued is done first, then the files are closed and fn(arg,
 * …) is called (never with an error). Once only. */
store_op *store_close(store *s, store_fn fn, void *arg);
/* Blocks until what is queued is written and the files are closed (at once after store_close has
 * answered), then releases s. Functions that were not called yet never are. NULL is fine. */
void store_destroy(store *s);

#endif
