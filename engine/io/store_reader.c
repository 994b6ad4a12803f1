/*
 * store_reader.c: a reader's thread. It waits until the writer has opened the database, then
 * answers reads one by one on a connection of its own. WAL lets it read while the writer writes.
 */
#include "io/store_internal.h"

/* Waits for a read that somebody still wants. NULL: closing, and nothing is left. */
static store_op *take_read(store *s)
{
    store_op *op = NULL;
    pthread_mutex_lock(&s->lock);
    s->idle_readers++;
    while (s->state == STORE_OPENING || (list_empty(&s->reads) && !s->closing))
        pthread_cond_wait(&s->read_wanted, &s->lock);
    s->idle_readers--;
    list *node = list_shift(&s->reads);
    if (node) {
        s->read_count--;
        op = list_entry(node, store_op, node);
        list_push(&s->running, &op->node);
    }
    pthread_mutex_unlock(&s->lock);
    return op;
}

/* *seen: the generation of the file that c has open. */
static void run_read(store *s, store_conn *c, unsigned *seen, store_op *op)
{
    err e;
    if (s->state == STORE_FAILED) { /* settled before any read is taken */
        store_op_fail(op, &s->open_error);
        return;
    }
    unsigned generation = s->generation;
    if (*seen != generation)
        store_conn_close(c); /* the file was put back: this one is gone */
    *seen = generation;
    if (!c->db && !store_conn_open(c, false, &e)) {
        store_op_fail(op, &e);
        return;
    }
    c->stop = &op->abandoned;
    if (!op->abandoned) {
        store_op_run(op, c);
    } else {
        err_set(&e, "cancelled", "the query was cancelled");
        store_op_fail(op, &e);
    }
    c->stop = NULL;
}

void *store_reader_main(void *arg)
{
    store *s = arg;
    store_conn conn = {.path = s->path,
                       .busy_timeout_ms = s->config.busy_timeout_ms,
                       .read_bytes = s->config.read_bytes,
                       .reader = true};
    unsigned seen = 0;
    for (store_op *op; (op = take_read(s));) {
        run_read(s, &conn, &seen, op);
        list answer;
        list_init(&answer);
        pthread_mutex_lock(&s->lock);
        list_remove(&op->node);
        list_push(&answer, &op->node);
        pthread_mutex_unlock(&s->lock);
        store_deliver(s, &answer);
    }
    store_conn_close(&conn);
    return NULL;
}
