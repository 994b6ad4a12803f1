/*
 * What the store's test programs share: waiting for answers, one-line writes and reads, a temp
 * directory, and this program started again in another mode (a second process that locks the file,
 * that is killed while it writes, …).
 */
#ifndef TEST_STORE_HELP_H
#define TEST_STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/store.h"

#define UNUSED __attribute__((unused))

/* One call and what came back; values are copied as text ("~" for NULL). */
typedef struct reply {
    int answered;
    bool ok;
    err error;
    size_t statements;
    int64_t changes, last_id; /* of the last statement */
    size_t rows, columns;
    char name[8][32];
    char cell[64][8][64];
    store_type type[8]; /* of the first row */
} reply;

static int waiting;
static bool stuck;

static void on_stuck(void *arg)
{
    (void)arg;
    stuck = true;
    loop_stop();
}

/* Runs the loop until everything asked for has been answered. */
static void settle(void)
{
    loop_timer guard = {0};
    stuck = false;
    loop_timer_start(&guard, 60 * NS_PER_SEC, on_stuck, NULL);
    if (waiting)
        loop_run();
    loop_timer_stop(&guard);
    if (stuck)
        fail_msg("%d calls were never answered", waiting);
}

static void cell_text(store_value v, char *out, size_t size)
{
    switch (v.type) {
    case STORE_NULL: snprintf(out, size, "~"); break;
    case STORE_INTEGER: snprintf(out, size, "%lld", (long long)v.integer); break;
    case STORE_REAL: snprintf(out, size, "%.17g", v.real); break;
    default: snprintf(out, size, "%.*s", (int)v.len, v.bytes);
    }
}

static void copy_rows(reply *r, const store_rows *rows)
{
    r->rows = store_rows_count(rows);
    r->columns = store_rows_columns(rows);
    for (size_t c = 0; c < r->columns && c < 8; c++) {
        snprintf(r->name[c], sizeof r->name[c], "%s", store_rows_name(rows, c));
        if (r->rows)
            r->type[c] = store_rows_value(rows, 0, c).type;
        for (size_t i = 0; i < r->rows && i < 64; i++)
            cell_text(store_rows_value(rows, i, c), r->cell[i][c], sizeof r->cell[i][c]);
    }
}

static void on_reply(void *arg, const store_outcome *outcome)
{
    reply *r = arg;
    r->answered++;
    r->ok = !outcome->error;
    if (outcome->error)
        r->error = *outcome->error;
    r->statements = outcome->count;
    if (outcome->count) {
        const store_result *last = &outcome->results[outcome->count - 1];
        r->changes = last->changes;
        r->last_id = last->last_id;
        if (last->rows)
            copy_rows(r, last->rows);
    }
    if (--waiting == 0)
        loop_stop();
}

static UNUSED store_value text(const char *s)
{
    return (store_value){.type = STORE_TEXT, .bytes = s, .len = strlen(s)};
}

static UNUSED store_value integer(int64_t n)
{
    return (store_value){.type = STORE_INTEGER, .integer = n};
}

static void unit_add(store_unit *u, const char *sql)
{
    store_unit_statement(u, sql, strlen(sql));
}

/* A unit of one statement with count values. */
static store_unit *unit_of(const char *sql, size_t count, const store_value *values)
{
    store_unit *u = store_unit_create();
    unit_add(u, sql);
    for (size_t i = 0; i < count; i++)
        store_unit_value(u, values[i]);
    return u;
}

/* Queues; answered by settle(). */
static store_op *queue(store *s, store_unit *u, reply *r)
{
    memset(r, 0, sizeof *r);
    err e = {0};
    store_op *op = store_write(s, u, on_reply, r, &e);
    if (op)
        waiting++;
    else
        r->error = e;
    return op;
}

static UNUSED store_op *queue_read(store *s, const char *sql, reply *r)
{
    memset(r, 0, sizeof *r);
    err e = {0};
    store_op *op = store_read(s, unit_of(sql, 0, NULL), on_reply, r, &e);
    if (op)
        waiting++;
    else
        r->error = e;
    return op;
}

static UNUSED reply *write_unit(store *s, store_unit *u)
{
    static reply r;
    queue(s, u, &r);
    settle();
    return &r;
}

static UNUSED reply *write_sql(store *s, const char *sql)
{
    return write_unit(s, unit_of(sql, 0, NULL));
}

static UNUSED reply *read_sql(store *s, const char *sql)
{
    static reply r;
    queue_read(s, sql, &r);
    settle();
    return &r;
}

/* Waits for the opening; the reply of an empty unit. */
static UNUSED reply *opened(store *s)
{
    return write_unit(s, store_unit_create());
}

static UNUSED void close_store(store *s)
{
    reply r = {0};
    waiting++;
    store_close(s, on_reply, &r);
    settle();
    assert_int_equal(r.answered, 1);
    store_destroy(s);
}

static UNUSED void assert_ok(const reply *r)
{
    if (!r->ok)
        fail_msg("%s: %s", r->error.code, r->error.text);
}

static UNUSED void assert_code(const reply *r, const char *code)
{
    assert_false(r->ok);
    assert_string_equal(r->error.code, code);
}

static UNUSED void assert_says(const reply *r, const char *part)
{
    if (!strstr(r->error.text, part))
        fail_msg("\"%s\" does not contain \"%s\"", r->error.text, part);
}

/* ---- files ---- */

static char temp_dir[64];

static UNUSED int make_temp_dir(void **state)
{
    (void)state;
    snprintf(temp_dir, sizeof temp_dir, "/tmp/test_store.XXXXXX");
    return mkdtemp(temp_dir) && chmod(temp_dir, 0755) == 0 ? 0 : -1;
}

static UNUSED int remove_temp_dir(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", temp_dir);
    return system(command);
}

static const char *in_dir(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", temp_dir, name);
    return path;
}

static UNUSED store *open_with(const store_config *config)
{
    err e = {0};
    store *s = store_create(config, &e);
    assert_non_null(s);
    return s;
}

static UNUSED store *open_plain(const char *path)
{
    return open_with(&(store_config){.path = path, .busy_timeout_ms = 60});
}

/* Runs sql on a connection of the test's own; returns the first column of the first row as a
 * number. */
static UNUSED int64_t outside(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int64_t n = -1;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    const char *tail = sql;
    while (*tail) {
        if (sqlite3_prepare_v2(db, tail, -1, &st, &tail) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        if (sqlite3_step(st) == SQLITE_ROW)
            n = sqlite3_column_int64(st, 0);
        if (sqlite3_finalize(st) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
    return n;
}

static UNUSED void write_file(const char *path, const void *bytes, size_t len, long offset)
{
    FILE *f = fopen(path, offset ? "r+" : "w");
    assert_non_null(f);
    fseek(f, offset, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

/* ---- this program again, as another process ---- */

typedef struct second {
    pid_t pid;
    int in, out; /* its standard input and output */
} second;

/* Starts this test program with the arguments mode and path. */
static UNUSED second start_second(const char *mode, const char *path)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl("/proc/self/exe", "second", mode, path, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    return (second){.pid = pid, .in = to[1], .out = from[0]};
}

/* Closes its input (which ends it), or kills it; returns when it is gone. */
static UNUSED int end_second(second *p, int signal_number)
{
    int status = 0;
    if (signal_number)
        kill(p->pid, signal_number);
    close(p->in);
    waitpid(p->pid, &status, 0);
    close(p->out);
    return status;
}

/* Reads up to a newline (dropped). False at the end. */
static UNUSED bool read_line(int fd, char *out, size_t size)
{
    size_t n = 0;
    char c;
    while (read(fd, &c, 1) == 1) {
        if (c == '\n') {
            out[n] = '\0';
            return true;
        }
        if (n + 1 < size)
            out[n++] = c;
    }
    return false;
}

#endif
