/* io/cdp_conn over a transport that the test plays: who gets which answer and event, and what
 * becomes of them when a script, a page or the browser goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/cdp_conn.h"

/* ---- the transport ---- */

static struct {
    cdp_transport base;
    cdp_transport_events events;
    buf sent; /* frames, one a line */
    size_t queued;
    bool destroyed;
} wire;

static void wire_start(cdp_transport *t, const cdp_transport_events *events)
{
    (void)t;
    wire.events = *events;
}

static void wire_send(cdp_transport *t, const struct iovec *parts, int count)
{
    (void)t;
    for (int i = 0; i < count; i++)
        buf_append(&wire.sent, parts[i].iov_base, parts[i].iov_len);
    buf_append_char(&wire.sent, '\n');
}

static size_t wire_queued(const cdp_transport *t)
{
    (void)t;
    return wire.queued;
}

static void wire_destroy(cdp_transport *t)
{
    (void)t;
    wire.destroyed = true;
}

/* A frame comes in; memory of exactly its size, gone afterwards. */
static bool come_one(const char *frame)
{
    size_t len = strlen(frame);
    char *copy = malloc(len);
    memcpy(copy, frame, len);
    bool sense = wire.events.frame(wire.events.arg, copy, len);
    free(copy);
    return sense;
}

/* The same, and nothing more has come with it. */
static bool come(const char *frame)
{
    bool sense = come_one(frame);
    if (sense)
        wire.events.idle(wire.events.arg);
    return sense;
}

/* What was sent since the last call. */
static const char *sent(void)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s", buf_cstr(&wire.sent));
    wire.sent.len = 0;
    return text;
}

/* ---- a connection for each test ---- */

static cdp_conn *conn;
static unsigned losses;

static void on_lost(void *arg, const err *why)
{
    (void)arg, (void)why;
    losses++;
}

static int set_up(void **state)
{
    (void)state;
    memset(&wire, 0, sizeof wire);
    wire.base = (cdp_transport){wire_start, wire_send, wire_queued, wire_destroy};
    losses = 0;
    conn = cdp_conn_create(&wire.base, on_lost, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cdp_conn_release(conn);
    buf_finish(&wire.sent);
    return 0;
}

static cdp_span span(const char *text)
{
    return (cdp_span){text, text ? strlen(text) : 0};
}

static cdp_command command(const char *method, const char *params, const char *session)
{
    cdp_command cmd = {span(method), span(params), span(session)};
    const char *problem = cdp_command_problem(&cmd);
    if (problem)
        fail_msg("%s", problem);
    return cmd;
}

static cdp_call *call(cdp_client *k, const char *method, const char *params, const char *session)
{
    cdp_command cmd = command(method, params, session);
    return cdp_call_send(k, &cmd);
}

typedef struct outcome {
    unsigned count;
    char text[512], code[24];
    cdp_client *destroy; /* in the callback */
} outcome;

static void on_answer(void *arg, cdp_span result, const err *error)
{
    outcome *o = arg;
    o->count++;
    snprintf(o->code, sizeof o->code, "%s", error ? error->code : "");
    if (error)
        snprintf(o->text, sizeof o->text, "%s", error->text);
    else
        snprintf(o->text, sizeof o->text, "%.*s", (int)result.len, result.at);
    cdp_client_destroy(o->destroy);
}

#define assert_outcome(o, want_code, want_text)       \
    do {                                              \
        assert_int_equal((o).count, 1);               \
        assert_string_equal((o).code, want_code);     \
        assert_non_null(strstr((o).text, want_text)); \
    } while (0)

/* ---- calls ---- */

static void answers_reach_their_calls(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    outcome early = {0}, late = {0}, refused = {0};
    cdp_call *a = call(k, "A.one", "{\"x\":1}", "S1"), *b = call(k, "A.two", NULL, NULL),
             *c = call(k, "A.three", NULL, NULL);
    assert_string_equal(
        sent(), "{\"id\":1,\"method\":\"A.one\",\"sessionId\":\"S1\",\"params\":{\"x\":1}}\n"
                "{\"id\":2,\"method\":\"A.two\"}\n{\"id\":3,\"method\":\"A.three\"}\n");
    cdp_call_await(a, on_answer, &early);
    cdp_call_await(c, on_answer, &refused);
    assert_true(come(
        "{\"id\":2,\"result\":{\"second\":true}}")); /* before anybody waits, and out of order */
    assert_true(come("{\"id\":1,\"result\":{\"first\":[]},\"sessionId\":\"S1\"}"));
    assert_true(come("{\"id\":3,\"error\":{\"code\":-32602,\"message\":\"Invalid "
                     "\\\"x\\\"\",\"data\":\"why\"}}"));
    assert_outcome(early, "", "{\"first\":[]}");
    assert_outcome(refused, "cdp", "Invalid \"x\" (why)");
    assert_ptr_equal(cdp_call_find(k, 2), b);
    cdp_call_await(b, on_answer, &late);
    assert_outcome(late, "", "{\"second\":true}");
    assert_null(cdp_call_find(k, 2));
    assert_true(come("{\"id\":1,\"result\":{}}")); /* a second answer, and one to nobody */
    assert_true(come("{\"id\":99,\"result\":{}}"));
    assert_int_equal(early.count, 1);
    cdp_client_destroy(k);
}

static void refuses_commands_that_would_break_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *method, *params, *session;
    } bad[] = {
        {"", NULL, NULL},
        {"A.b\",\"x\":\"", NULL, NULL},
        {"A.b", "{\"x\":1}}", NULL},
        {"A.b", "{\"x\":", NULL},
        {"A.b", "1", NULL},
        {"A.b", "", NULL},
        {"A.b", NULL, "S\"1"},
        {"A.b", NULL, "0123456789012345678901234567890123456789012345678901234567890123"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cdp_command cmd = {span(bad[i].method), span(bad[i].params), span(bad[i].session)};
        if (!cdp_command_problem(&cmd))
            fail_msg("taken: %s %s %s", bad[i].method, bad[i].params, bad[i].session);
    }
    cdp_client *k = cdp_client_create(conn);
    outcome busy = {0};
    wire.queued = (size_t)CDP_QUEUE_MAX + 1;
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &busy);
    assert_outcome(busy, "busy", "does not take commands");
    assert_string_equal(sent(), "");
    cdp_client_destroy(k);
}

static void dropped_calls_and_gone_clients_get_nothing(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn), *other = cdp_client_create(conn);
    outcome o = {0}, kept = {0};
    cdp_call *dropped = call(k, "A.b", NULL, NULL);
    cdp_call_await(dropped, on_answer, &o);
    cdp_call_drop(dropped);
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &o);
    call(k, "A.b", NULL, NULL);
    cdp_call_await(call(other, "A.b", NULL, NULL), on_answer, &kept);
    assert_true(come("{\"id\":3,\"result\":{}}")); /* kept for a client that then goes */
    cdp_client_destroy(k);
    for (int i = 1; i <= 4; i++) {
        char frame[64];
        snprintf(frame, sizeof frame, "{\"id\":%d,\"result\":{\"n\":%d}}", i, i);
        assert_true(come(frame));
    }
    assert_int_equal(o.count, 0);
    assert_outcome(kept, "", "{\"n\":4}");
    cdp_client_destroy(other);
}

static void unreadable_command_fails_all_that_wait(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    outcome o = {0};
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &o);
    assert_true(come("{\"error\":{\"code\":-32700,\"message\":\"JSON: invalid\"}}"));
    assert_outcome(o, "cdp", "JSON: invalid");
    cdp_client_destroy(k);
}

/* ---- events ---- */

typedef struct listener {
    cdp_sub *sub;
    unsigned woken;
    buf seen; /* "method params;" */
    err end;
} listener;

static void take_all(listener *l)
{
    cdp_span method, params;
    while (cdp_sub_take(l->sub, &method, &params, &l->end))
        buf_printf(&l->seen, "%.*s %.*s;", (int)method.len, method.at, (int)params.len, params.at);
}

static void on_events(void *arg)
{
    listener *l = arg;
    l->woken++;
    take_all(l);
}

static const char *seen(listener *l)
{
    static char text[512];
    snprintf(text, sizeof text, "%s", buf_cstr(&l->seen));
    l->seen.len = 0;
    return text;
}

static listener listen_to(cdp_client *k, const char *session, const char *one, const char *two)
{
    cdp_span methods[] = {span(one), span(two)};
    return (listener){.sub = cdp_sub_create(k, span(session), methods, two ? 2 : 1)};
}

static void stop_listening(listener *l)
{
    cdp_sub_destroy(l->sub);
    buf_finish(&l->seen);
}

static void events_reach_who_asked_for_them(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    listener page = listen_to(k, "S1", "Page.load", "Net.sent"),
             twin = listen_to(k, "S1", "Net.sent", NULL);
    listener root = listen_to(k, "", "Target.new", NULL);
    assert_true(cdp_sub_wait(page.sub, on_events, &page));
    assert_false(cdp_sub_wait(page.sub, on_events, &page));
    /* Two frames in one go wake once. */
    assert_true(come_one("{\"method\":\"Net.sent\",\"params\":{\"n\":1},\"sessionId\":\"S1\"}"));
    assert_true(come_one("{\"method\":\"Page.load\",\"sessionId\":\"S1\"}"));
    assert_int_equal(page.woken, 0);
    assert_true(come("{\"method\":\"Net.other\",\"params\":{},\"sessionId\":\"S1\"}"));
    assert_int_equal(page.woken, 1);
    assert_string_equal(seen(&page), "Net.sent {\"n\":1};Page.load {};");
    assert_true(come("{\"method\":\"Net.sent\",\"params\":{},\"sessionId\":\"S2\"}"));
    assert_true(come("{\"method\":\"Net.sent\",\"params\":{}}"));
    assert_true(come("{\"method\":\"Target.new\",\"params\":{\"a\":\"\\u0041\"}}"));
    take_all(&page);
    take_all(&twin);
    take_all(&root);
    assert_string_equal(seen(&page), "");
    assert_string_equal(seen(&twin), "Net.sent {\"n\":1};");
    assert_string_equal(seen(&root), "Target.new {\"a\":\"\\u0041\"};");
    assert_string_equal(root.end.code, "");
    /* Events that came before the wait are there at once; after a cancel nobody is woken. */
    assert_true(come("{\"method\":\"Page.load\",\"params\":{},\"sessionId\":\"S1\"}"));
    assert_true(cdp_sub_wait(page.sub, on_events, &page));
    assert_int_equal(page.woken, 2);
    assert_true(cdp_sub_wait(page.sub, on_events, &page));
    cdp_sub_cancel(page.sub);
    assert_true(come("{\"method\":\"Page.load\",\"params\":{},\"sessionId\":\"S1\"}"));
    assert_int_equal(page.woken, 2);
    stop_listening(&twin);
    assert_true(come("{\"method\":\"Net.sent\",\"params\":{},\"sessionId\":\"S1\"}"));
    stop_listening(&page);
    cdp_client_destroy(k);
    stop_listening(&root); /* in either order */
}

static void lost_events_are_told(void **state)
{
    (void)state;
    enum { SIZE = 1024 * 1024 };
    cdp_client *k = cdp_client_create(conn);
    listener l = listen_to(k, "S1", "A.b", NULL);
    char *frame = malloc(SIZE + 100);
    int n = sprintf(frame, "{\"method\":\"A.b\",\"params\":{\"x\":\"");
    memset(frame + n, 'x', SIZE);
    strcpy(frame + n + SIZE, "\"},\"sessionId\":\"S1\"}");
    for (int i = 0; i < 20; i++)
        assert_true(come(frame));
    size_t kept = cdp_sub_count(l.sub);
    assert_true(kept >= 15 && kept < 20);
    cdp_span method, params;
    for (size_t i = 0; i < kept; i++)
        assert_true(cdp_sub_take(l.sub, &method, &params, &l.end));
    assert_false(cdp_sub_take(l.sub, &method, &params, &l.end));
    assert_string_equal(l.end.code, "too-large");
    assert_non_null(strstr(l.end.text, "events of the browser were lost"));
    assert_true(come("{\"method\":\"A.b\",\"params\":{\"after\":1},\"sessionId\":\"S1\"}"));
    take_all(&l);
    assert_string_equal(seen(&l), "A.b {\"after\":1};");
    free(frame);
    stop_listening(&l);
    cdp_client_destroy(k);
}

static void end_of_a_session_ends_its_waits(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    outcome gone = {0}, stays = {0};
    listener l = listen_to(k, "S1", "A.b", NULL);
    cdp_call_await(call(k, "Runtime.evaluate", NULL, "S1"), on_answer, &gone);
    cdp_call_await(call(k, "Runtime.evaluate", NULL, "S2"), on_answer, &stays);
    cdp_sub_wait(l.sub, on_events, &l);
    assert_true(come("{\"method\":\"Target.detachedFromTarget\",\"params\":{\"sessionId\":\"S1\","
                     "\"targetId\":\"T\"}}"));
    assert_outcome(gone, "closed", "the page has gone");
    assert_int_equal(stays.count, 0);
    assert_int_equal(l.woken, 1);
    assert_string_equal(l.end.code, "closed");
    stop_listening(&l);
    cdp_client_destroy(k);
}

/* ---- the end ---- */

static void end_of_the_connection_ends_everything(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    outcome waits = {0}, stored = {0}, later = {0};
    listener l = listen_to(k, "S1", "A.b", NULL);
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &waits);
    cdp_call *unawaited = call(k, "A.b", NULL, NULL);
    assert_true(come("{\"method\":\"A.b\",\"params\":{\"last\":1},\"sessionId\":\"S1\"}"));
    err e;
    err_set(&e, "exited", "the pipe broke");
    wire.events.closed(wire.events.arg, &e);
    assert_int_equal(losses, 1);
    assert_int_equal(waits.count, 0); /* its owner says how they fail */
    err_set(&e, "exited", "killed by signal 9");
    cdp_conn_fail(conn, &e);
    assert_true(wire.destroyed);
    assert_outcome(waits, "exited", "signal 9");
    cdp_call_await(unawaited, on_answer, &stored);
    assert_outcome(stored, "exited", "signal 9");
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &later);
    assert_outcome(later, "exited", "signal 9");
    assert_true(cdp_sub_wait(l.sub, on_events, &l));
    assert_string_equal(seen(&l), "A.b {\"last\":1};"); /* what had come is still delivered */
    assert_string_equal(l.end.code, "exited");
    stop_listening(&l);
    cdp_client_destroy(k);
}

static void nonsense_is_reported(void **state)
{
    (void)state;
    assert_false(come("this is no browser"));
    assert_false(come("{\"id\":1"));
    assert_true(come("{\"unheard\":\"of\"}"));
}

static void callbacks_may_destroy_the_client(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    outcome first = {.destroy = k}, second = {0};
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &first);
    cdp_call_await(call(k, "A.b", NULL, NULL), on_answer, &second);
    err e;
    err_set(&e, "exited", "gone");
    cdp_conn_fail(conn, &e);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 0);
}

/* ---- contexts ---- */

static void on_context(void *arg, const err *error)
{
    on_answer(arg, (cdp_span){"", 0}, error);
}

static void contexts_go_with_their_client(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    cdp_context *open, *dropped, *closed;
    outcome made = {0}, never = {0}, shut = {0};
    cdp_context_create(k, &open, on_context, &made);
    assert_string_equal(sent(), "{\"id\":1,\"method\":\"Target.createBrowserContext\",\"params\":{"
                                "\"disposeOnDetach\":true}}\n");
    assert_string_equal(cdp_context_id(open), "");
    assert_true(come("{\"id\":1,\"result\":{\"browserContextId\":\"C1\"}}"));
    assert_outcome(made, "", "");
    assert_string_equal(cdp_context_id(open), "C1");
    /* Destroyed while it is being made: the answer disposes of it. */
    cdp_context_create(k, &dropped, on_context, &never);
    cdp_context_destroy(dropped);
    sent();
    assert_true(come("{\"id\":2,\"result\":{\"browserContextId\":\"C2\"}}"));
    assert_string_equal(sent(), "{\"id\":3,\"method\":\"Target.disposeBrowserContext\",\"params\":{"
                                "\"browserContextId\":\"C2\"}}\n");
    assert_int_equal(never.count, 0);
    /* Closed by hand: told when done. */
    cdp_context_create(k, &closed, on_context, &never);
    assert_true(come("{\"id\":4,\"result\":{\"browserContextId\":\"C3\"}}"));
    assert_true(cdp_context_close(closed, on_context, &shut));
    assert_false(cdp_context_close(closed, on_context, &shut));
    assert_int_equal(shut.count, 0);
    assert_true(come("{\"id\":5,\"result\":{}}"));
    assert_int_equal(shut.count, 1);
    sent();
    cdp_context_destroy(closed);
    assert_string_equal(sent(), "");
    /* The client goes: the open one is disposed of, its handle stays valid. */
    cdp_client_destroy(k);
    assert_string_equal(sent(), "{\"id\":6,\"method\":\"Target.disposeBrowserContext\",\"params\":{"
                                "\"browserContextId\":\"C1\"}}\n");
    assert_string_equal(cdp_context_id(open), "");
    cdp_context_destroy(open);
}

static void context_of_a_client_that_went_meanwhile(void **state)
{
    (void)state;
    cdp_client *k = cdp_client_create(conn);
    cdp_context *x;
    outcome o = {0};
    cdp_context_create(k, &x, on_context, &o);
    cdp_client_destroy(k);
    sent();
    assert_true(come("{\"id\":1,\"result\":{\"browserContextId\":\"C1\"}}"));
    assert_non_null(strstr(sent(), "disposeBrowserContext"));
    cdp_context_destroy(x);
    /* And of a connection that has ended, with a hostile id before that. */
    k = cdp_client_create(conn);
    cdp_context_create(k, &x, on_context, &o);
    o = (outcome){0};
    assert_true(come("{\"id\":3,\"result\":{\"browserContextId\":\"\\\"}\"}}"));
    assert_outcome(o, "protocol", "without an id");
    cdp_context_destroy(x);
    err e;
    err_set(&e, "exited", "gone");
    cdp_conn_fail(conn, &e);
    o = (outcome){0};
    cdp_context_create(k, &x, on_context, &o);
    assert_outcome(o, "exited", "gone");
    cdp_context_destroy(x);
    cdp_client_destroy(k);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_reach_their_calls),
        TEST(refuses_commands_that_would_break_the_line),
        TEST(dropped_calls_and_gone_clients_get_nothing),
        TEST(unreadable_command_fails_all_that_wait),
        TEST(events_reach_who_asked_for_them),
        TEST(lost_events_are_told),
        TEST(end_of_a_session_ends_its_waits),
        TEST(end_of_the_connection_ends_everything),
        TEST(nonsense_is_reported),
        TEST(callbacks_may_destroy_the_client),
        TEST(contexts_go_with_their_client),
        TEST(context_of_a_client_that_went_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
