/*
 * cdp_sub.c: subscriptions, see cdp_conn.h. The queue is one block of entries, each a header and
 * the text of params, so that a burst of events costs no allocation for each. Invariant: entries
 * fill queue[head..tail).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/cdp_internal.h"

enum { QUEUE_FIRST = 8 * 1024, QUEUE_KEEP = 256 * 1024 };

typedef struct entry {
    uint32_t len; /* of the text that follows */
    int32_t method;
} entry;

cdp_sub *cdp_sub_create(cdp_client *k, cdp_span session, const cdp_span *methods, size_t count)
{
    size_t text = 0;
    for (size_t i = 0; i < count; i++)
        text += methods[i].len;
    cdp_sub *s = mem_zero(1, sizeof *s + count * sizeof *methods + text);
    char *at = (char *)(s->methods + count);
    for (size_t i = 0; i < count; i++) {
        memcpy(at, methods[i].at, methods[i].len);
        s->methods[i] = (cdp_span){at, methods[i].len};
        at += methods[i].len;
    }
    s->method_count = count;
    s->client = k;
    s->conn = k->conn;
    s->session_len = session.len;
    memcpy(s->session, session.at ? session.at : "", session.len);
    list_init(&s->by_session);
    list_init(&s->of_client);
    list_init(&s->ready);
    list_push(cdp_conn_sessions(k->conn, session), &s->by_session);
    list_push(&k->subs, &s->of_client);
    return s;
}

void cdp_sub_destroy(cdp_sub *s)
{
    if (!s)
        return;
    list_remove(&s->by_session);
    list_remove(&s->of_client);
    list_remove(&s->ready);
    free(s->queue);
    free(s);
}

int cdp_sub_wants(const cdp_sub *s, cdp_span method)
{
    for (size_t i = 0; i < s->method_count; i++) {
        if (cdp_span_equal(s->methods[i], method))
            return (int)i;
    }
    return -1;
}

/* The queue is empty: a block that a burst has blown up is not kept. */
static void reset(cdp_sub *s)
{
    s->head = s->tail = 0;
    if (s->cap > QUEUE_KEEP) {
        free(s->queue);
        s->queue = NULL;
        s->cap = 0;
    }
}

/* Room for size more bytes behind tail. */
static void make_room(cdp_sub *s, size_t size)
{
    size_t used = s->tail - s->head;
    if (s->cap - s->tail >= size)
        return;
    if (s->head) {
        memmove(s->queue, s->queue + s->head, used);
        s->head = 0;
        s->tail = used;
    }
    size_t cap = s->cap ? s->cap : QUEUE_FIRST;
    while (cap - used < size)
        cap *= 2;
    if (cap != s->cap)
        s->queue = mem_resize(s->queue, cap);
    s->cap = cap;
}

void cdp_sub_push(cdp_sub *s, int method, cdp_span params)
{
    entry e = {.len = (uint32_t)params.len, .method = method};
    size_t size = sizeof e + params.len;
    /* One event alone may be larger than the bound: it has been read already. */
    if (s->lost || (s->count && s->tail - s->head + size > CDP_SUB_BYTES_MAX)) {
        s->lost++;
        return;
    }
    if (!s->count)
        reset(s);
    make_room(s, size);
    memcpy(s->queue + s->tail, &e, sizeof e);
    memcpy(s->queue + s->tail + sizeof e, params.at, params.len);
    s->tail += size;
    s->count++;
    if (s->fn) {
        list_remove(&s->ready);
        list_push(&s->conn->ready, &s->ready);
    }
}

void cdp_sub_signal(cdp_sub *s)
{
    void (*fn)(void *arg) = s->fn;
    s->fn = NULL;
    if (fn)
        fn(s->arg);
}

bool cdp_sub_wait(cdp_sub *s, void (*fn)(void *arg), void *arg)
{
    if (s->fn)
        return false;
    s->fn = fn;
    s->arg = arg;
    if (s->count || s->lost || s->session_ended || !s->conn || !cdp_conn_alive(s->conn))
        cdp_sub_signal(s);
    return true;
}

void cdp_sub_cancel(cdp_sub *s)
{
    s->fn = NULL;
    list_remove(&s->ready);
}

size_t cdp_sub_count(const cdp_sub *s)
{
    return s->count;
}

/* Nothing is queued: says why, if there is a reason. */
static bool nothing(cdp_sub *s, err *e)
{
    e->code[0] = e->text[0] = '\0';
    if (s->lost) {
        size_t lost = s->lost;
        s->lost = 0;
        return err_set(e, "too-large",
                       "%zu events of the browser were lost: nobody took them in time", lost);
    }
    if (!s->conn)
        return err_set(e, "closed", "the browser was closed");
    if (!cdp_conn_alive(s->conn))
        return err_set(e, s->conn->why.code, "%s", s->conn->why.text);
    if (s->session_ended)
        return err_set(e, "closed", "the page has gone (its session with the browser ended)");
    return false;
}

bool cdp_sub_take(cdp_sub *s, cdp_span *method, cdp_span *params, err *e)
{
    entry next;
    if (!s->count)
        return nothing(s, e);
    memcpy(&next, s->queue + s->head, sizeof next);
    *method = s->methods[next.method];
    *params = (cdp_span){s->queue + s->head + sizeof next, next.len};
    s->head += sizeof next + next.len;
    s->count--;
    return true;
}
