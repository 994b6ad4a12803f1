/*
 * store_conn.c: one SQLite connection with its cache of prepared statements. Used by the store's
 * threads, each connection by one thread at a time. Invariant: between calls no statement is in
 * mid-run, so a reader never holds an old snapshot and the write-ahead log can be reused.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/store_internal.h"

enum {
    STATEMENTS_MAX = 64,
    STEPS_BETWEEN_LOOKS = 10000, /* of SQLite's virtual machine: some 100 us */
};

typedef struct cached {
    list node;
    sqlite3_stmt *st;
    uint64_t hash;
    size_t len;
    char *sql;
} cached;

/* What a unit may not do. */
static int authorize(void *arg, int action, const char *a, const char *b, const char *db,
                     const char *trigger)
{
    (void)a, (void)b, (void)db, (void)trigger;
    const store_conn *c = arg;
    if (!c->in_unit)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION: /* would end the group's transaction */
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH: return SQLITE_DENY;
    case SQLITE_PRAGMA:
        return c->reader ? SQLITE_OK : SQLITE_DENY; /* a reader can't change the file with it */
    default: return SQLITE_OK;
    }
}

/* sqlite3_interrupt would be lost when it comes just before the statement begins. */
static int is_stopped(void *arg)
{
    const store_conn *c = arg;
    return c->stop && *c->stop;
}

bool store_conn_open(store_conn *c, bool create, err *e)
{
    list_init(&c->statements);
    c->statement_count = 0;
    /* One thread at a time uses it: no mutex needed. */
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= c->reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= create ? SQLITE_OPEN_CREATE : 0;
    int rc = sqlite3_open_v2(c->path, &c->db, flags, NULL);
    if (rc != SQLITE_OK) {
        store_error(c, rc, e);
        store_conn_close(c);
        return false;
    }
    sqlite3_busy_timeout(c->db, c->busy_timeout_ms);
    /* The file may come from anybody: what its schema says must not reach beyond the file. */
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_set_authorizer(c->db, authorize, c);
    if (c->reader)
        sqlite3_progress_handler(c->db, STEPS_BETWEEN_LOOKS, is_stopped, c);
    return true;
}

static void drop(store_conn *c, cached *s)
{
    list_remove(&s->node);
    c->statement_count--;
    sqlite3_finalize(s->st);
    free(s->sql);
    free(s);
}

void store_conn_close(store_conn *c)
{
    if (!c->db)
        return;
    while (!list_empty(&c->statements))
        drop(c, list_entry(c->statements.next, cached, node));
    sqlite3_stmt **own[] = {&c->begin,     &c->commit, &c->rollback,
                            &c->savepoint, &c->undo,   &c->release};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        sqlite3_finalize(*own[i]);
        *own[i] = NULL;
    }
    sqlite3_close(c->db);
    c->db = NULL;
}

static uint64_t hash_of(const char *text, size_t len) /* FNV-1a */
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return h;
}

static bool only_space(const char *text, const char *end)
{
    while (text < end && (strchr(" \t\r\n;", *text) && *text))
        text++;
    return text == end;
}

/* Compiles sql; NULL with e filled when it can't be. */
static sqlite3_stmt *compile(store_conn *c, const char *sql, size_t len, err *e)
{
    if (len > INT_MAX - 1) {
        err_set(e, "too-large", "an SQL statement of %zu bytes is too long", len);
        return NULL;
    }
    sqlite3_stmt *st = NULL;
    const char *tail = NULL;
    int rc = sqlite3_prepare_v3(c->db, sql, (int)len + 1, SQLITE_PREPARE_PERSISTENT, &st, &tail);
    if (rc != SQLITE_OK) {
        store_error_sql(c, rc, sql, e);
    } else if (!st) {
        err_set(e, "invalid", "an SQL statement is empty");
    } else if (!only_space(tail, sql + len)) {
        err_set(e, "invalid", "more than one SQL statement in \"%.80s\"; give each its own entry",
                sql);
    } else if (c->reader && !sqlite3_stmt_readonly(st)) {
        err_set(e, "invalid", "\"%.80s\" writes; only statements that read are allowed here", sql);
    } else {
        return st;
    }
    sqlite3_finalize(st);
    return NULL;
}

static sqlite3_stmt *prepare(store_conn *c, const char *sql, size_t len, err *e)
{
    uint64_t hash = hash_of(sql, len);
    for (list *n = c->statements.next; n != &c->statements; n = n->next) {
        cached *s = list_entry(n, cached, node);
        if (s->hash == hash && s->len == len && memcmp(s->sql, sql, len) == 0) {
            list_remove(&s->node);
            list_push(c->statements.next, &s->node); /* before the first */
            return s->st;
        }
    }
    sqlite3_stmt *st = compile(c, sql, len, e);
    if (!st)
        return NULL;
    if (c->statement_count == STATEMENTS_MAX)
        drop(c, list_entry(c->statements.prev, cached, node));
    cached *s = mem_alloc(sizeof *s);
    *s = (cached){.st = st, .hash = hash, .len = len, .sql = mem_strndup(sql, len)};
    list_init(&s->node);
    list_push(c->statements.next, &s->node);
    c->statement_count++;
    return st;
}

static int bind_one(sqlite3_stmt *st, int i, store_value v)
{
    switch (v.type) {
    case STORE_INTEGER: return sqlite3_bind_int64(st, i, v.integer);
    case STORE_REAL: return sqlite3_bind_double(st, i, v.real);
    case STORE_TEXT: return sqlite3_bind_text64(st, i, v.bytes, v.len, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BLOB: return sqlite3_bind_blob64(st, i, v.bytes, v.len, SQLITE_STATIC);
    default: return sqlite3_bind_null(st, i);
    }
}

static bool bind_all(store_conn *c, sqlite3_stmt *st, const store_unit *u, const store_statement *s,
                     err *e)
{
    size_t wanted = (size_t)sqlite3_bind_parameter_count(st);
    if (wanted != s->params)
        return err_set(e, "invalid", "\"%.80s\" has %zu parameters, but %zu values were given",
                       sqlite3_sql(st), wanted, s->params);
    for (size_t i = 0; i < s->params; i++) {
        int rc = bind_one(st, (int)i + 1, store_cells_get(&u->cells, s->first + i));
        if (rc != SQLITE_OK)
            return store_error_sql(c, rc, sqlite3_sql(st), e);
    }
    return true;
}

/* sqlite3_system_errno knows nothing of a COMMIT that failed, so errno is noted here. */
static int step(store_conn *c, sqlite3_stmt *st)
{
    errno = 0;
    int rc = sqlite3_step(st);
    c->errnum = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : errno;
    return rc;
}

/* Steps through the statement, keeping its rows if it has columns. */
static bool step_all(store_conn *c, sqlite3_stmt *st, store_result *out, err *e)
{
    store_rows *rows = NULL;
    int rc;
    while ((rc = step(c, st)) == SQLITE_ROW) {
        if (!rows)
            rows = store_rows_create(st);
        store_rows_add(rows, st);
        if (store_rows_size(rows) > c->read_bytes) {
            err_set(e, "too-large",
                    "the result of \"%.80s\" is larger than %zu MiB; ask for fewer rows (LIMIT)",
                    sqlite3_sql(st), c->read_bytes >> 20);
            store_rows_destroy(rows);
            return false;
        }
    }
    if (rc != SQLITE_DONE) {
        store_rows_destroy(rows);
        return store_error_sql(c, rc, sqlite3_sql(st), e);
    }
    if (!rows && sqlite3_column_count(st) > 0)
        rows = store_rows_create(st);
    out->rows = rows;
    return true;
}

static bool run(store_conn *c, const store_unit *u, size_t index, store_result *out, err *e)
{
    const store_statement *s = &u->statements[index];
    sqlite3_stmt *st = prepare(c, u->cells.bytes.data + s->sql, s->sql_len, e);
    if (!st)
        return false;
    sqlite3_int64 before = sqlite3_total_changes64(c->db);
    sqlite3_set_last_insert_rowid(c->db, 0);
    bool done = bind_all(c, st, u, s, e) && step_all(c, st, out, e);
    if (done && sqlite3_total_changes64(c->db) != before) {
        out->changes = sqlite3_changes64(c->db);
        out->last_id = sqlite3_last_insert_rowid(c->db);
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st); /* the bytes are the unit's */
    return done;
}

bool store_conn_run(store_conn *c, const store_unit *u, size_t index, store_result *out, err *e)
{
    *out = (store_result){0};
    c->in_unit = true;
    bool done = run(c, u, index, out, e);
    c->in_unit = false;
    return done;
}

int store_conn_step(store_conn *c, sqlite3_stmt *st)
{
    int rc = step(c, st);
    sqlite3_reset(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

bool store_conn_number(store_conn *c, const char *sql, int64_t *out, err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        rc = step(c, st);
        if (rc == SQLITE_ROW) {
            *out = sqlite3_column_int64(st, 0);
            rc = SQLITE_OK;
        }
    }
    bool done = rc == SQLITE_OK || rc == SQLITE_DONE || store_error(c, rc, e);
    sqlite3_finalize(st);
    return done;
}

bool store_conn_exec(store_conn *c, const char *sql, err *e)
{
    errno = 0;
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    c->errnum = errno;
    return rc == SQLITE_OK || store_error(c, rc, e);
}
