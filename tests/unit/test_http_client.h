/* What the tests of the HTTP client share: one request at a time on the real loop. */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/http.h"
#include "io/loop.h"

typedef struct test_fetch {
    http_request *request; /* NULL: it could not be begun */
    err e;                 /* why not */
    int notified;
} test_fetch;

static inline void fetch_notify(void *arg)
{
    ((test_fetch *)arg)->notified++;
    loop_stop();
}

/* Starts it and runs the loop until it has ended. Streams: until the first notification. */
static inline void fetch_run(test_fetch *f, const http_options *o)
{
    memset(f, 0, sizeof *f);
    f->request = http_start(o, fetch_notify, f, &f->e);
    if (f->request)
        loop_run();
}

static inline const http_answer *fetch_answer(const test_fetch *f)
{
    return http_get_answer(f->request);
}

static inline void fetch_done(test_fetch *f)
{
    http_destroy(f->request);
    f->request = NULL;
}

/* The answer, which must be a good one. */
static inline const http_answer *fetch_good(test_fetch *f, const http_options *o)
{
    fetch_run(f, o);
    if (!f->request)
        fail_msg("not begun: %s", f->e.text);
    if (http_get_state(f->request) != HTTP_DONE)
        fail_msg("%s: %s", fetch_answer(f)->error.code, fetch_answer(f)->error.text);
    assert_int_equal(f->notified, 1);
    return fetch_answer(f);
}

/* The request must fail, at once or later, with this code and a message that contains each of the
 * texts. */
static inline void fetch_fails(const http_options *o, const char *code, const char *const *texts)
{
    test_fetch f;
    fetch_run(&f, o);
    if (f.request) {
        if (http_get_state(f.request) != HTTP_FAILED)
            fail_msg("%s did not fail", o->url);
        f.e = fetch_answer(&f)->error;
        fetch_done(&f);
    }
    if (strcmp(f.e.code, code) != 0)
        fail_msg("%s: code %s, not %s (%s)", o->url, f.e.code, code, f.e.text);
    for (; *texts; texts++)
        if (!strstr(f.e.text, *texts))
            fail_msg("%s: \"%s\" does not contain \"%s\"", o->url, f.e.text, *texts);
}

#define FAILS(o, code, ...) fetch_fails(o, code, (const char *const[]){__VA_ARGS__, NULL})

static inline bool body_is(const http_answer *a, const char *text)
{
    return a->body.len == strlen(text) && memcmp(a->body.data, text, a->body.len) == 0;
}

static inline bool body_has(const http_answer *a, const char *text)
{
    return memmem(a->body.data, a->body.len, text, strlen(text)) != NULL;
}

static inline int http_tests_open(void **state)
{
    (void)state;
    alarm(60); /* a test that hangs shall not hang the others */
    loop_init();
    return 0;
}

static inline int http_tests_close(void **state)
{
    (void)state;
    http_finish();
    loop_finish();
    return 0;
}

#endif
