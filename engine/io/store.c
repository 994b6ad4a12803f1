/*
 * store.c: the loop's side of the store: life and death, queues, and the way back of the answers;
 * see store.h.
 *
 * An answer reaches the loop through one posted call for all that are ready. That call carries the
 * store's number, not its address: a store that is gone by then is simply not found.
 */
#include "io/store.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/loop.h"
#include "io/store_internal.h"

static struct {
    list stores; /* loop's thread only */
    uintptr_t last_id;
} the = {.stores = {&the.stores, &the.stores}};

/* ---- ops ---- */

static store_op *op_create(store *s, op_kind kind, store_unit *u, store_fn fn, void *arg)
{
    store_op *op = mem_zero(1, sizeof *op);
    list_init(&op->node);
    op->kind = kind;
    op->store = s;
    op->unit = u;
    op->size = u ? store_unit_size(u) : 0;
    op->fn = fn;
    op->arg = arg;
    return op;
}

void store_op_reset(store_op *op)
{
    for (size_t i = 0; op->results && i < op->unit->count; i++)
        store_rows_destroy((store_rows *)op->results[i].rows);
    free(op->results);
    op->results = NULL;
    op->failed = false;
}

static void op_destroy(store_op *op)
{
    store_op_reset(op);
    store_unit_destroy(op->unit);
    free(op);
}

void store_op_fail(store_op *op, const err *e)
{
    store_op_reset(op);
    op->failed = true;
    if (e != &op->error)
        op->error = *e;
}

bool store_op_run(store_op *op, store_conn *c)
{
    op->results = mem_zero(op->unit->count, sizeof *op->results);
    for (size_t i = 0; i < op->unit->count; i++) {
        if (!store_conn_run(c, op->unit, i, &op->results[i], &op->error)) {
            store_op_fail(op, &op->error);
            return false;
        }
    }
    return true;
}

/* ---- answers ---- */

static void answer(store_op *op)
{
    if (op->fn) {
        store_outcome outcome = {.error = op->failed ? &op->error : NULL,
                                 .results = op->results,
                                 .count = op->results ? op->unit->count : 0};
        op->fn(op->arg, &outcome);
    }
    op_destroy(op);
}

static void on_posted(void *arg)
{
    for (list *n = the.stores.next; n != &the.stores; n = n->next) {
        store *s = list_entry(n, store, node);
        if (s->id != (uintptr_t)arg)
            continue;
        list ready;
        list_init(&ready);
        pthread_mutex_lock(&s->lock);
        s->posted = false;
        for (list *op; (op = list_shift(&s->done));)
            list_push(&ready, op);
        pthread_mutex_unlock(&s->lock);
        for (list *op; (op = list_shift(&ready));)
            answer(list_entry(op, store_op, node));
        return;
    }
}

void store_deliver(store *s, list *ops)
{
    pthread_mutex_lock(&s->lock);
    for (list *op; (op = list_shift(ops));)
        list_push(&s->done, op);
    bool post = !s->posted && !list_empty(&s->done);
    s->posted = s->posted || post;
    uintptr_t id = s->id;
    pthread_mutex_unlock(&s->lock);
    if (post)
        loop_post(on_posted, (void *)id);
}

/* ---- life ---- */

/* Signals are for the loop's thread. Returns an errno, 0 when the thread runs. */
static int start_thread(pthread_t *thread, void *(*body)(void *), store *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, body, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

/* Absolute, so that messages say where the file is, and so that no name is taken for a URI or for
 * memory. */
static char *absolute_path(const char *path)
{
    char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
    if (!cwd)
        return mem_strdup(path);
    buf b = {0};
    buf_printf(&b, "%s/%s", cwd, path);
    free(cwd);
    return buf_take(&b, NULL);
}

static void copy_config(store *s, const store_config *config)
{
    store_config *c = &s->config;
    *c = *config;
    s->path = absolute_path(config->path);
    s->own_table = config->own_table ? mem_strdup(config->own_table) : NULL;
    s->migrations = mem_zero(config->migration_count, sizeof *s->migrations);
    for (size_t i = 0; i < config->migration_count; i++)
        s->migrations[i] = mem_strdup(config->migrations[i]);
    c->path = s->path;
    c->own_table = s->own_table;
    c->migrations = (const char *const *)s->migrations;
    c->busy_timeout_ms = c->busy_timeout_ms ? c->busy_timeout_ms : 5000;
    c->readers = !c->readers ? 2 : c->readers < STORE_READERS_MAX ? c->readers : STORE_READERS_MAX;
    c->group_units = c->group_units ? c->group_units : 1024;
    c->group_bytes = c->group_bytes ? c->group_bytes : 4 << 20;
    c->queue_bytes = c->queue_bytes ? c->queue_bytes : 64 << 20;
    c->read_bytes = c->read_bytes ? c->read_bytes : 16 << 20;
}

static void release(store *s)
{
    for (size_t i = 0; i < s->config.migration_count; i++)
        free(s->migrations[i]);
    free(s->migrations);
    free(s->own_table);
    free(s->path);
    pthread_cond_destroy(&s->read_wanted);
    pthread_cond_destroy(&s->write_wanted);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

store *store_create(const store_config *config, err *e)
{
    store *s = mem_zero(1, sizeof *s);
    s->id = ++the.last_id;
    list_init(&s->node);
    list_init(&s->writes);
    list_init(&s->reads);
    list_init(&s->done);
    list_init(&s->running);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->write_wanted, NULL);
    pthread_cond_init(&s->read_wanted, NULL);
    copy_config(s, config);
    int failed = start_thread(&s->writer, store_writer_main, s);
    if (failed) {
        err_set_errno(e, failed, "can't start a thread for the database %s", s->path);
        release(s);
        return NULL;
    }
    list_push(&the.stores, &s->node);
    return s;
}

static void begin_closing(store *s)
{
    s->closing = true;
    pthread_cond_broadcast(&s->write_wanted);
    pthread_cond_broadcast(&s->read_wanted);
}

store_op *store_close(store *s, store_fn fn, void *arg)
{
    store_op *op = op_create(s, OP_CLOSE, NULL, fn, arg);
    pthread_mutex_lock(&s->lock);
    s->close_op = op;
    begin_closing(s);
    pthread_mutex_unlock(&s->lock);
    return op;
}

void store_destroy(store *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    begin_closing(s);
    for (list *n = s->reads.next; n != &s->reads; n = n->next)
        list_entry(n, store_op, node)->abandoned = true;
    for (list *n = s->running.next; n != &s->running; n = n->next)
        list_entry(n, store_op, node)->abandoned = true;
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer, NULL);
    for (list *n; (n = list_shift(&s->done));)
        op_destroy(list_entry(n, store_op, node));
    list_remove(&s->node);
    release(s);
}

/* ---- calls ---- */

static store_op *refuse(store_unit *u, err *e, const char *code, const char *text)
{
    store_unit_destroy(u);
    err_set(e, code, "%s", text);
    return NULL;
}

store_op *store_write(store *s, store_unit *u, store_fn fn, void *arg, err *e)
{
    size_t size = store_unit_size(u);
    pthread_mutex_lock(&s->lock);
    const char *code = s->closing ? "closed" : NULL;
    if (!code && s->write_bytes && s->write_bytes + size > s->config.queue_bytes)
        code = "busy";
    store_op *op = NULL;
    if (!code) {
        op = op_create(s, OP_WRITE, u, fn, arg);
        s->write_bytes += size;
        list_push(&s->writes, &op->node);
        pthread_cond_signal(&s->write_wanted);
    }
    pthread_mutex_unlock(&s->lock);
    if (!op)
        return refuse(
            u, e, code,
            *code == 'c'
                ? "the database is closed"
                : "too much waits to be written to the database; the disk does not keep up");
    return op;
}

/* Lock held. Readers are started only when reads would have to wait for one another. */
static void want_reader(store *s)
{
    if (s->idle_readers > s->read_count || s->readers == s->config.readers)
        return;
    if (!start_thread(&s->reader_threads[s->readers], store_reader_main, s))
        s->readers++;
}

store_op *store_read(store *s, store_unit *u, store_fn fn, void *arg, err *e)
{
    if (u->count != 1)
        return refuse(u, e, "invalid", "a read is exactly one SQL statement");
    pthread_mutex_lock(&s->lock);
    bool closed = s->closing;
    if (!closed)
        want_reader(s);
    store_op *op = NULL;
    if (!closed && s->readers) {
        op = op_create(s, OP_READ, u, fn, arg);
        list_push(&s->reads, &op->node);
        s->read_count++;
        pthread_cond_signal(&s->read_wanted);
    }
    pthread_mutex_unlock(&s->lock);
    if (!op)
        return refuse(u, e, closed ? "closed" : "io",
                      closed ? "the database is closed"
                             : "can't start a thread to read the database");
    return op;
}

void store_abandon(store_op *op)
{
    op->fn = NULL;
    if (op->kind == OP_READ)
        op->abandoned = true;
}
