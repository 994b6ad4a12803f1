/*
 * Inside the store: what its files share. Only store*.c include this.
 *
 *   store_unit.c    units and rows (plain memory)
 *   store_conn.c    one connection: prepared statements, running one statement
 *   store_open.c    opening: whose file it is, WAL, migrations
 *   store_place.c   whether the file is still where it was; putting it back
 *   store_error.c   SQLite's codes to ours, in words
 *   store_writer.c  the writer's thread: groups, commits, checkpoints
 *   store_reader.c  a reader's thread
 *   store.c         the loop's side: queues, answers, life and death
 */
#ifndef NANO_IO_STORE_INTERNAL_H
#define NANO_IO_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/store.h"

/* ---- store_unit.c ---- */

/* A value at rest: text and blobs lie in the owner's buf, at offset. */
typedef struct store_cell {
    store_type type;
    size_t len;
    union {
        int64_t integer;
        double real;
        size_t offset;
    };
} store_cell;

typedef struct store_cells {
    store_cell *items;
    size_t count, cap;
    buf bytes;
} store_cells;

typedef struct store_statement {
    size_t sql, sql_len;  /* in cells.bytes; NUL-terminated there */
    size_t first, params; /* in cells.items */
} store_statement;

struct store_unit {
    store_cells cells;
    store_statement *statements;
    size_t count, cap;
};

struct store_rows {
    size_t columns, count;
    char **names;
    store_cells cells;
};

void store_cells_add(store_cells *c, store_value value);
store_value store_cells_get(const store_cells *c, size_t index);
/* Bytes of memory that the unit takes, about. */
size_t store_unit_size(const store_unit *u);
/* Rows with the columns of a statement that is about to give its first row. */
store_rows *store_rows_create(sqlite3_stmt *st);
void store_rows_add(store_rows *rows, sqlite3_stmt *st);
size_t store_rows_size(const store_rows *rows);
void store_rows_destroy(store_rows *rows); /* NULL is fine */

/* ---- store_conn.c: for one thread at a time ---- */

typedef struct store_conn {
    sqlite3 *db; /* NULL: not open */
    const char *path;
    int busy_timeout_ms;
    size_t read_bytes;
    bool reader;
    const atomic_bool *stop; /* set: the statement that runs ends; NULL: none can be stopped */
    bool in_unit;            /* a unit's statement is compiled or run: see authorize */
    ino_t inode, log_inode;  /* the writer's: of its file, of its write-ahead log; 0: not known */
    int errnum;              /* of the last step that failed; 0: none known */
    list statements;         /* of cached, the latest used first */
    size_t statement_count;
    sqlite3_stmt *begin, *commit, *rollback, *savepoint, *undo, *release; /* the writer's */
} store_conn;

/* Opens the file; reads nothing of it yet. On failure conn is closed. */
bool store_conn_open(store_conn *c, bool create, err *e);
void store_conn_close(store_conn *c);
/* Runs statement index of u. *out is filled on success (out->rows: owned by the caller). */
bool store_conn_run(store_conn *c, const store_unit *u, size_t index, store_result *out, err *e);
/* Runs one prepared statement without parameters to its end; an SQLite code. */
int store_conn_step(store_conn *c, sqlite3_stmt *st);
/* First column of the first row of sql. */
bool store_conn_number(store_conn *c, const char *sql, int64_t *out, err *e);
bool store_conn_exec(store_conn *c, const char *sql, err *e);

/* ---- store_error.c ---- */

/* Fills e from the connection's last error (c->db may be NULL or half open). Returns false. */
bool store_error(const store_conn *c, int rc, err *e);
/* The same for what SQLite refused by itself while it ran sql: adds the statement to the text. */
bool store_error_sql(const store_conn *c, int rc, const char *sql, err *e);

/* ---- store_open.c ---- */

/* Opens the writer's connection; all that store_config promises about the file. On failure conn is
 * closed. */
bool store_open_file(store *s, store_conn *c, err *e);

/* ---- store_place.c: for the writer ---- */

/* The file that is there now is the connection's. Called when it was opened, and again after the
 * first commit: the log is there from then until the last connection closes. */
void store_place_note(store_conn *c);
/* Makes sure that the connection's file is in its place, putting it back if it is gone; opens it
 * when a try before has left it closed. Code "moved": another file is there, or what is gone can't
 * be read. */
bool store_place_hold(store *s, store_conn *c, err *e);
/* The file and its name are on disk. */
void store_place_sync(const char *path);

/* ---- threads ---- */

typedef enum { OP_WRITE, OP_READ, OP_CLOSE } op_kind;

struct store_op {
    list node; /* in writes, reads, running or done, or taken by the writer */
    op_kind kind;
    store *store;
    store_unit *unit; /* owned */
    size_t size;      /* what it counts for in the queue */
    store_fn fn;      /* NULL: abandoned. Loop's thread only */
    void *arg;
    atomic_bool abandoned; /* a read that nobody wants: skipped, or stopped in mid-run */
    bool failed;
    err error;
    store_result *results; /* unit->count of them, owned with their rows; NULL before it ran */
};

enum { STORE_READERS_MAX = 8 };

typedef enum { STORE_OPENING, STORE_OPEN, STORE_FAILED } store_state;

struct store {
    list node; /* of all stores; loop's thread only */
    uintptr_t id;
    char *path;
    char **migrations;
    char *own_table;
    store_config config; /* its pointers are the three above */

    pthread_mutex_t lock;
    pthread_cond_t write_wanted; /* a write was queued, or closing */
    pthread_cond_t read_wanted;  /* a read was queued, closing, or the opening has ended */
    /* All below is guarded by lock. */
    atomic_uint generation; /* how often the file was put back: not guarded */
    store_state state;
    err open_error;
    bool closing;
    list writes, reads, done;
    list running; /* reads that a reader has taken */
    size_t write_bytes;
    bool posted; /* a delivery is on its way to the loop */
    unsigned readers, idle_readers;
    size_t read_count; /* in reads */
    pthread_t reader_threads[STORE_READERS_MAX];
    store_op *close_op; /* owned until delivered */

    pthread_t writer; /* joined by store_destroy */
};

/* Thread bodies; arg is the store. */
void *store_writer_main(void *arg);
void *store_reader_main(void *arg);
void store_op_fail(store_op *op, const err *e);
/* Runs every statement of the op's unit and keeps the results; on failure the op holds the error
 * and no results. */
bool store_op_run(store_op *op, store_conn *c);
/* Drops the results and the error of an earlier try. */
void store_op_reset(store_op *op);
/* Hands ops (emptied) over to the loop's thread. Any thread. */
void store_deliver(store *s, list *ops);

#endif
