/*
 * cdp_conn.c: see cdp_conn.h. Here: commands out, frames in, who gets what. A frame is first looked
 * at from its ends (cdp_scan_peek); only if somebody wants it is it scanned.
 */
#include "io/cdp_conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/cdp_internal.h"

enum {
    METHOD_MAX = 128,
    HEAD_MAX = METHOD_MAX + CDP_SESSION_MAX + 64, /* 64: keys, punctuation and the number */
};

static const cdp_span detached = CDP_SPAN("Target.detachedFromTarget");

static list *call_bucket(cdp_conn *c, int64_t id)
{
    return &c->calls[(uint64_t)id % CDP_BUCKETS];
}

list *cdp_conn_sessions(cdp_conn *c, cdp_span session)
{
    uint32_t hash = 2166136261u; /* FNV-1a; ids are random, so their beginning is enough */
    for (size_t i = 0; i < session.len && i < 8; i++)
        hash = (hash ^ (unsigned char)session.at[i]) * 16777619u;
    return &c->sessions[hash % CDP_BUCKETS];
}

static cdp_call *call_by_id(cdp_conn *c, int64_t id)
{
    list *bucket = call_bucket(c, id);
    for (list *n = bucket->next; n != bucket; n = n->next) {
        cdp_call *call = list_entry(n, cdp_call, by_id);
        if (call->id == id)
            return call;
    }
    return NULL;
}

/* The call leaves the table; whoever awaits it is called, otherwise the answer is kept. */
static void answer(cdp_call *call, cdp_span result, const err *error)
{
    list_remove(&call->by_id);
    call->conn->pending--;
    call->answered = true;
    if (call->fn) {
        cdp_answer_fn fn = call->fn;
        void *arg = call->arg;
        list_remove(&call->of_client);
        fn(arg, result, error);
        free(call);
        return;
    }
    if (error)
        call->error = *error;
    else
        call->result = mem_strndup(result.at, result.len);
    call->result_len = result.len;
}

/* The browser's {"code":…,"message":"…","data":"…"} in words. */
static void read_error(cdp_span error, err *out)
{
    char text[sizeof out->text], data[sizeof out->text / 2];
    cdp_scan_text(cdp_scan_member(error, "message"), text, sizeof text);
    cdp_scan_text(cdp_scan_member(error, "data"), data, sizeof data);
    err_set(out, "cdp", "%s%s%s%s", *text ? text : "the browser refused", *data ? " (" : "", data,
            *data ? ")" : "");
}

static void fail_calls(cdp_conn *c, const cdp_span *session, const err *why)
{
    list doomed;
    list_init(&doomed);
    for (size_t i = 0; i < CDP_BUCKETS && c->pending; i++) {
        for (list *n = c->calls[i].next, *next; n != &c->calls[i]; n = next) {
            cdp_call *call = list_entry(n, cdp_call, by_id);
            next = n->next;
            if (!session ||
                cdp_span_equal(*session, (cdp_span){call->session, call->session_len})) {
                list_remove(n);
                list_push(&doomed, n);
            }
        }
    }
    /* A callback may drop other doomed calls: they unlink themselves from here as from the table.
     */
    while (!list_empty(&doomed))
        answer(list_entry(doomed.next, cdp_call, by_id), (cdp_span){0}, why);
}

/* Chromium never answers what was under way in a session that has ended, and sends no more events.
 */
static void end_session(cdp_conn *c, cdp_span params)
{
    cdp_span session = cdp_scan_member(params, "sessionId");
    err e;
    if (!session.at || !session.len)
        return;
    err_set(&e, "closed", "the page has gone (its session with the browser ended)");
    list *bucket = cdp_conn_sessions(c, session);
    for (list *n = bucket->next; n != bucket; n = n->next) {
        cdp_sub *s = list_entry(n, cdp_sub, by_session);
        if (!cdp_span_equal((cdp_span){s->session, s->session_len}, session))
            continue;
        s->session_ended = true;
        list_remove(&s->ready);
        if (s->fn)
            list_push(&c->ready, &s->ready);
    }
    fail_calls(c, &session, &e);
}

static bool wanted(cdp_conn *c, const cdp_frame *frame)
{
    if (frame->id >= 0)
        return call_by_id(c, frame->id) != NULL;
    list *bucket = cdp_conn_sessions(c, frame->session);
    for (list *n = bucket->next; n != bucket; n = n->next) {
        const cdp_sub *s = list_entry(n, cdp_sub, by_session);
        if (cdp_span_equal((cdp_span){s->session, s->session_len}, frame->session) &&
            cdp_sub_wants(s, frame->method) >= 0)
            return true;
    }
    return cdp_span_equal(frame->method, detached);
}

static void dispatch_event(cdp_conn *c, const cdp_frame *frame)
{
    list *bucket = cdp_conn_sessions(c, frame->session);
    for (list *n = bucket->next; n != bucket; n = n->next) {
        cdp_sub *s = list_entry(n, cdp_sub, by_session);
        if (!cdp_span_equal((cdp_span){s->session, s->session_len}, frame->session))
            continue;
        int method = cdp_sub_wants(s, frame->method);
        if (method >= 0)
            cdp_sub_push(s, method, frame->params.at ? frame->params : CDP_SPAN("{}"));
    }
    if (cdp_span_equal(frame->method, detached))
        end_session(c, frame->params);
}

static void dispatch_answer(cdp_conn *c, const cdp_frame *frame)
{
    cdp_call *call = call_by_id(c, frame->id);
    if (!call)
        return;
    if (frame->error.at) {
        err e;
        read_error(frame->error, &e);
        answer(call, (cdp_span){0}, &e);
    } else {
        answer(call, frame->result.at ? frame->result : CDP_SPAN("{}"), NULL);
    }
}

static bool on_frame(void *arg, const char *data, size_t len)
{
    cdp_conn *c = arg;
    cdp_frame frame;
    if (cdp_scan_peek(data, len, &frame) && !wanted(c, &frame))
        return true;
    if (!cdp_scan(data, len, &frame)) {
        log_error("cdp.nonsense", "bytes=%zu", len);
        return false;
    }
    if (frame.id >= 0) {
        dispatch_answer(c, &frame);
    } else if (frame.method.at) {
        dispatch_event(c, &frame);
    } else if (frame.error.at) {
        /* Not JSON to the browser, so it does not know which command it was. Nobody may wait for
         * ever. */
        err e;
        read_error(frame.error, &e);
        log_error("cdp.refused", "pending=%zu", c->pending);
        fail_calls(c, NULL, &e);
    }
    return c->transport != NULL;
}

static void on_idle(void *arg)
{
    cdp_conn *c = arg;
    list *n;
    while ((n = list_shift(&c->ready)))
        cdp_sub_signal(list_entry(n, cdp_sub, ready));
}

static void on_closed(void *arg, const err *why)
{
    cdp_conn *c = arg;
    on_idle(c);
    if (c->transport)
        c->on_lost(c->lost_arg, why);
}

cdp_conn *cdp_conn_create(cdp_transport *t, void (*on_lost)(void *arg, const err *why), void *arg)
{
    cdp_conn *c = mem_zero(1, sizeof *c);
    c->transport = t;
    c->on_lost = on_lost;
    c->lost_arg = arg;
    for (size_t i = 0; i < CDP_BUCKETS; i++) {
        list_init(&c->calls[i]);
        list_init(&c->sessions[i]);
    }
    list_init(&c->ready);
    t->start(t, &(cdp_transport_events){on_frame, on_idle, on_closed, c});
    return c;
}

void cdp_conn_fail(cdp_conn *c, const err *why)
{
    if (!c->transport)
        return;
    c->clients++; /* a callback may let the last client go */
    c->transport->destroy(c->transport);
    c->transport = NULL;
    c->why = *why;
    fail_calls(c, NULL, why);
    for (size_t i = 0; i < CDP_BUCKETS; i++) {
        list ended;
        list_init(&ended);
        list *n;
        while ((n = list_shift(&c->sessions[i])))
            list_push(&ended, n);
        while ((n = list_shift(&ended))) {
            list_push(&c->sessions[i], n);
            cdp_sub_signal(list_entry(n, cdp_sub, by_session));
        }
    }
    cdp_conn_remove_client(c);
}

void cdp_conn_add_client(cdp_conn *c)
{
    c->clients++;
}

void cdp_conn_remove_client(cdp_conn *c)
{
    if (--c->clients == 0 && c->released)
        free(c);
}

void cdp_conn_release(cdp_conn *c)
{
    err e;
    err_set(&e, "exited", "the browser was closed");
    c->clients++;
    cdp_conn_fail(c, &e);
    c->released = true;
    cdp_conn_remove_client(c);
}

bool cdp_conn_alive(const cdp_conn *c)
{
    return c->transport != NULL;
}

unsigned cdp_conn_clients(const cdp_conn *c)
{
    return c->clients;
}

/* printf would be a tenth of what a round trip costs us. */
static char *put(char *at, cdp_span text)
{
    memcpy(at, text.at, text.len);
    return at + text.len;
}

static char *put_number(char *at, int64_t n)
{
    char digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = (char)('0' + n % 10);
    while (n /= 10);
    return put(at, (cdp_span){digits + first, sizeof digits - first});
}

/* Everything of a frame but its params and the last brace; head holds HEAD_MAX. Returns the end. */
static char *put_head(char *head, int64_t id, const cdp_command *cmd)
{
    char *at = put(head, CDP_SPAN("{\"id\":"));
    at = put_number(at, id);
    at = put(at, CDP_SPAN(",\"method\":\""));
    at = put(at, cmd->method);
    if (cmd->session.len) {
        at = put(at, CDP_SPAN("\",\"sessionId\":\""));
        at = put(at, cmd->session);
    }
    return put(at, cmd->params.at ? CDP_SPAN("\",\"params\":") : CDP_SPAN("\""));
}

/* Hands the frame to the transport; false with the reason. */
static bool transmit(cdp_conn *c, int64_t id, const cdp_command *cmd, err *e)
{
    char head[HEAD_MAX];
    if (!c->transport)
        return err_set(e, c->why.code, "%s", c->why.text);
    if (cmd->params.len > CDP_COMMAND_MAX - sizeof head) {
        return err_set(e, "too-large", "%.*s with %zu MB of parameters is over the browser's limit",
                       (int)cmd->method.len, cmd->method.at, cmd->params.len / (1024 * 1024));
    }
    if (c->transport->queued(c->transport) > CDP_QUEUE_MAX)
        return err_set(e, "busy", "the browser does not take commands any more");
    struct iovec parts[] = {
        {.iov_base = head, .iov_len = (size_t)(put_head(head, id, cmd) - head)},
        {.iov_base = (void *)(uintptr_t)cmd->params.at, .iov_len = cmd->params.len},
        {.iov_base = "}", .iov_len = 1},
    };
    c->transport->send(c->transport, parts, 3);
    return true;
}

cdp_call *cdp_conn_call(cdp_conn *c, const cdp_command *cmd)
{
    cdp_call *call = mem_alloc(sizeof *call);
    call->conn = c;
    call->id = ++c->last_id;
    call->fn = NULL;
    call->answered = false;
    call->result = NULL;
    list_init(&call->by_id);
    list_init(&call->of_client);
    call->session_len = cmd->session.len;
    memcpy(call->session, cmd->session.at ? cmd->session.at : "", cmd->session.len);
    if (transmit(c, call->id, cmd, &call->error)) {
        list_push(call_bucket(c, call->id), &call->by_id);
        c->pending++;
    } else {
        call->answered = true;
    }
    return call;
}

void cdp_conn_post(cdp_conn *c, const cdp_command *cmd)
{
    transmit(c, ++c->last_id, cmd, NULL);
}

static bool all_of(cdp_span text, char extra, char another)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && c != extra && c != another)
            return false;
    }
    return true;
}

const char *cdp_command_problem(const cdp_command *cmd)
{
    if (!cmd->method.len || cmd->method.len > METHOD_MAX || !all_of(cmd->method, '.', '.'))
        return "the method must be a name like \"Page.navigate\"";
    if (cmd->session.len > CDP_SESSION_MAX || !all_of(cmd->session, '-', '_'))
        return "the session is not an id that the browser gave";
    if (cmd->params.at && !cdp_scan_is_object(cmd->params.at, cmd->params.len))
        return "the parameters must be a JSON object";
    return NULL;
}
