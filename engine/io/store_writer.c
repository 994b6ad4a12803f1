/*
 * store_writer.c: the writer's thread. It opens the database, then takes all units that wait
 * (within bounds), runs them in one transaction with a savepoint each, commits once and answers
 * them all.
 *
 * Checkpoints, which cost two more fsyncs, are made after the answers are out, so nobody waits for
 * one.
 */
#include <string.h>

#include "base/log.h"
#include "io/store_internal.h"

enum {
    CHECKPOINT_FRAMES = 1000
}; /* pages in the write-ahead log that make one worth while: about 4 MB */

typedef struct writer {
    store *store;
    store_conn conn;
    int frames;        /* in the log after the last commit */
    int checkpoint_at; /* the number of frames at which to try (again) */
    unsigned generation; /* of the file that frames is about */
} writer;

/* Waits for work; moves a group to *group (empty list). False: closing, and nothing is left. */
static bool take_group(store *s, list *group)
{
    size_t units = 0, bytes = 0;
    pthread_mutex_lock(&s->lock);
    while (list_empty(&s->writes) && !s->closing)
        pthread_cond_wait(&s->write_wanted, &s->lock);
    while (!list_empty(&s->writes) && units < s->config.group_units) {
        store_op *op = list_entry(s->writes.next, store_op, node);
        if (units && bytes + op->size > s->config.group_bytes)
            break;
        list_remove(&op->node);
        list_push(group, &op->node);
        units++;
        bytes += op->size;
    }
    s->write_bytes -= bytes;
    pthread_mutex_unlock(&s->lock);
    return units > 0;
}

static void fail_all(list *group, const err *e)
{
    for (list *n = group->next; n != group; n = n->next)
        store_op_fail(list_entry(n, store_op, node), e);
}

static bool begin(store_conn *c, err *e)
{
    int rc = store_conn_step(c, c->begin);
    return rc == SQLITE_OK || store_error(c, rc, e);
}

static void roll_back(store_conn *c)
{
    if (!sqlite3_get_autocommit(c->db))
        store_conn_step(c, c->rollback);
}

/* Runs one unit under its own savepoint. False: the whole transaction is lost (SQLite rolls back by
 * itself on some errors: disk full, I/O); the op then holds the error. */
static bool run_unit(store_conn *c, store_op *op)
{
    int rc = store_conn_step(c, c->savepoint);
    if (rc != SQLITE_OK) {
        err e;
        store_error(c, rc, &e);
        store_op_fail(op, &e);
        return false;
    }
    bool done = store_op_run(op, c);
    if (sqlite3_get_autocommit(c->db))
        return false;
    if (!done && store_conn_step(c, c->undo) != SQLITE_OK)
        return false;
    return store_conn_step(c, c->release) == SQLITE_OK;
}

/* One transaction for the whole group. False: nothing of it was kept, *e says why. */
static bool commit_group(store_conn *c, list *group, err *e)
{
    if (!begin(c, e))
        return false;
    for (list *n = group->next; n != group; n = n->next) {
        store_op *op = list_entry(n, store_op, node);
        if (!run_unit(c, op)) {
            if (op->failed)
                *e = op->error;
            else
                store_error(c, sqlite3_extended_errcode(c->db), e);
            roll_back(c);
            return false;
        }
    }
    int rc = store_conn_step(c, c->commit);
    if (rc != SQLITE_OK) {
        store_error(c, rc, e);
        roll_back(c);
        return false;
    }
    if (!c->log_inode)
        store_place_note(c);
    return true;
}

/* When a group is lost, it may be one unit's fault (too big for what is left of the disk): each
 * then gets its own transaction, so that the others are not refused with it. */
static void commit_each(store_conn *c, list *group)
{
    list rest;
    list_init(&rest);
    while (!list_empty(group))
        list_push(&rest, list_shift(group));
    err e;
    bool locked = false;
    for (list *n; (n = list_shift(&rest)); list_push(group, n)) {
        store_op *op = list_entry(n, store_op, node);
        store_op_reset(op);
        list alone;
        list_init(&alone);
        list_push(&alone, &op->node);
        if (locked || !commit_group(c, &alone, &e)) {
            store_op_fail(op, &e);
            locked = strcmp(e.code, "locked") ==
                     0; /* the next would wait as long, for the same answer */
        }
        list_remove(&op->node);
    }
}

static bool has_work(const list *group)
{
    for (const list *n = group->next; n != group; n = n->next)
        if (list_entry(n, const store_op, node)->unit->count)
            return true;
    return false;
}

static void write_group(store *s, store_conn *c, list *group)
{
    err e;
    if (!has_work(group))
        return;
    if (!store_place_hold(s, c, &e)) {
        fail_all(group, &e);
        return;
    }
    if (commit_group(c, group, &e))
        return;
    if (group->next->next == group || strcmp(e.code, "locked") == 0)
        fail_all(group, &e);
    else
        commit_each(c, group);
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
    (void)db, (void)name;
    writer *w = arg;
    w->frames = frames;
    return SQLITE_OK;
}

/* The connection was opened, perhaps anew. */
static void watch_log(writer *w)
{
    w->generation = w->store->generation;
    w->frames = 0;
    w->checkpoint_at = CHECKPOINT_FRAMES;
    sqlite3_wal_hook(w->conn.db, on_commit, w);
}

static void checkpoint(writer *w)
{
    if (!w->conn.db)
        return;
    if (w->generation != w->store->generation)
        watch_log(w);
    if (w->frames < w->checkpoint_at)
        return;
    int in_log = 0, copied = 0;
    int rc = sqlite3_wal_checkpoint_v2(w->conn.db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log,
                                       &copied);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        log_warn("store.checkpoint", "path=\"%s\" error=\"%s\"", w->conn.path,
                 sqlite3_errmsg(w->conn.db));
    /* Held up by a reader or a full disk: nothing is lost, the log only grows. Not tried again on
     * every commit. */
    bool complete = rc == SQLITE_OK && copied >= in_log;
    w->checkpoint_at = complete ? CHECKPOINT_FRAMES : w->frames + CHECKPOINT_FRAMES;
    w->frames = 0;
}

static bool open_database(writer *w)
{
    store *s = w->store;
    err e = {0};
    bool open = store_open_file(s, &w->conn, &e);
    if (open)
        watch_log(w);
    pthread_mutex_lock(&s->lock);
    s->state = open ? STORE_OPEN : STORE_FAILED;
    s->open_error = e;
    pthread_cond_broadcast(&s->read_wanted);
    pthread_mutex_unlock(&s->lock);
    return open;
}

/* The last connection to close copies the write-ahead log into the file and removes it: that is the
 * writer's. */
static void finish(writer *w)
{
    store *s = w->store;
    for (unsigned i = 0; i < s->readers; i++) /* none is started once closing is set */
        pthread_join(s->reader_threads[i], NULL);
    store_conn_close(&w->conn);
    list last;
    list_init(&last);
    pthread_mutex_lock(&s->lock);
    if (s->close_op)
        list_push(&last, &s->close_op->node);
    s->close_op = NULL;
    pthread_mutex_unlock(&s->lock);
    store_deliver(s, &last);
}

void *store_writer_main(void *arg)
{
    store *s = arg;
    writer w = {.store = s};
    w.conn.path = s->path;
    w.conn.busy_timeout_ms = s->config.busy_timeout_ms;
    w.conn.read_bytes = s->config.read_bytes;
    bool open = open_database(&w);
    list group;
    list_init(&group);
    while (take_group(s, &group)) {
        if (open)
            write_group(s, &w.conn, &group);
        else
            fail_all(&group, &s->open_error);
        store_deliver(s, &group);
        if (open)
            checkpoint(&w);
    }
    finish(&w);
    return NULL;
}
