/* io/cdp_scan: right for any JSON (held against a naive parser on random documents), and from the
 * ends alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/cdp_scan.h"

static bool span_is(cdp_span s, const char *text)
{
    return text ? s.at && s.len == strlen(text) && !memcmp(s.at, text, s.len) : !s.at;
}

#define assert_span(s, text)                                                    \
    do {                                                                        \
        if (!span_is(s, text))                                                  \
            fail_msg("%s is \"%.*s\"", #s, (int)(s).len, (s).at ? (s).at : ""); \
    } while (0)

static cdp_frame scan(const char *text)
{
    cdp_frame f;
    if (!cdp_scan(text, strlen(text), &f))
        fail_msg("refused: %s", text);
    return f;
}

static void finds_what_chromium_sends(void **state)
{
    (void)state;
    cdp_frame f = scan("{\"id\":17,\"result\":{\"a\":[1,\"}\\\"\"]},\"sessionId\":\"AB12\"}");
    assert_int_equal(f.id, 17);
    assert_span(f.result, "{\"a\":[1,\"}\\\"\"]}");
    assert_span(f.session, "AB12");
    assert_span(f.method, NULL);
    f = scan("{\"method\":\"Page.loadEventFired\",\"params\":{\"timestamp\":1.5}}");
    assert_int_equal(f.id, -1);
    assert_span(f.method, "Page.loadEventFired");
    assert_span(f.params, "{\"timestamp\":1.5}");
    assert_span(f.session, NULL);
    f = scan("{\"id\":3,\"error\":{\"code\":-32000,\"message\":\"no\"}}");
    assert_span(f.error, "{\"code\":-32000,\"message\":\"no\"}");
}

static void takes_any_order_spaces_and_escapes(void **state)
{
    (void)state;
    cdp_frame f = scan(" { \"params\" : [ \"{\\\\\" , {} ] "
                       ",\n\"sessi\\u006fnId\":\"S\",\"m\\u0065thod\" : \"A.b\"\t} \n");
    assert_span(f.method, "A.b");
    assert_span(f.session, "S");
    assert_span(f.params, "[ \"{\\\\\" , {} ]");
    f = scan("{\"id\":1,\"params\":{\"id\":2,\"method\":\"x\",\"sessionId\":\"y\"},\"id\":3}");
    assert_int_equal(f.id, 3); /* the last of equal keys, as JSON decoders have it */
    assert_span(f.method, NULL);
    assert_span(f.session, NULL);
    assert_int_equal(scan("{\"id\":-4}").id, -1);
    assert_int_equal(scan("{\"id\":1e3}").id, -1);
    assert_int_equal(scan("{\"id\":\"5\"}").id, -1);
    assert_int_equal(scan("{}").id, -1);
}

static void refuses_what_is_no_object(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "}",
        "[]",
        "null",
        "\"{}\"",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":}",
        "{} {}",
        "{\"a\":\"x}",
        "{\"a\":\"\\\"}",
        "{\"a\":[}",
        "{\"a\":{]",
        "{\"a\":1]",
        "{\"a\":1 2}",
        "{,\"a\":1}",
        "{\"a\\\":1}",
        "garbage",
    };
    cdp_frame f;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (cdp_scan(bad[i], strlen(bad[i]), &f))
            fail_msg("taken: %s", bad[i]);
    }
    assert_true(cdp_scan_is_object("{\"a\":{}}", 8));
    assert_false(cdp_scan_is_object("{\"a\0b\":1}", 9)); /* a NUL would cut the frame on the pipe */
}

static void peeks_only_where_it_can_be_sure(void **state)
{
    (void)state;
    cdp_frame f;
    static const char answer[] = "{\"id\":12,\"result\":{},\"sessionId\":\"AB\"}";
    assert_true(cdp_scan_peek(answer, sizeof answer - 1, &f));
    assert_int_equal(f.id, 12);
    static const char event[] =
        "{\"method\":\"A.b\",\"params\":{\"x\":\"}\"},\"sessionId\":\"AB\"}";
    assert_true(cdp_scan_peek(event, sizeof event - 1, &f));
    assert_span(f.method, "A.b");
    assert_span(f.session, "AB");
    static const char *const unsure[] = {
        "{\"method\":\"A.b\",\"params\":{}}", /* no session: it might stand elsewhere */
        "{\"method\":\"A.b\",\"params\":{\"x\":{\"sessionId\":\"AB\"}}}",
        "{\"method\":\"A.b\",\"params\":\"{\\\"a\\\":1,\\\"sessionId\\\":\\\"AB\\\"}\"}",
        "{\"method\":\"A.b\",\"x\":\"y,\\\"sessionId\\\":\"}",
        "{\"params\":{},\"method\":\"A.b\",\"sessionId\":\"AB\"}",
        "{ \"id\":1,\"result\":{}}",
        "{\"id\":1}",
        "{\"id\":-1,\"result\":{}}",
        "{\"method\":\"A\\\"b\",\"sessionId\":\"AB\"}",
        "",
        "{",
        "\"}",
    };
    for (size_t i = 0; i < sizeof unsure / sizeof *unsure; i++) {
        if (cdp_scan_peek(unsure[i], strlen(unsure[i]), &f))
            fail_msg("sure of %s", unsure[i]);
    }
}

static cdp_span span(const char *text)
{
    return (cdp_span){text, strlen(text)};
}

static void reads_members_and_text(void **state)
{
    (void)state;
    char out[64];
    static const char object[] =
        "{\"message\":\"caf\\u00e9 \\ud83d\\ude00 \\\"q\\\"\\n\",\"code\":-3}";
    assert_string_equal(cdp_scan_text(cdp_scan_member(span(object), "message"), out, sizeof out),
                        "caf\xc3\xa9 \xf0\x9f\x98\x80 \"q\"\n");
    assert_span(cdp_scan_member(span(object), "code"), "-3");
    assert_span(cdp_scan_member(span(object), "absent"), NULL);
    assert_string_equal(cdp_scan_text(cdp_scan_member(span("{}"), "x"), out, sizeof out), "");
    /* Cut between characters, never inside one. */
    assert_string_equal(cdp_scan_text(span("abc\xc3\xa9"), out, 5), "abc");
    assert_string_equal(cdp_scan_text(span("\\ud83d!"), out, sizeof out), "\xef\xbf\xbd!");
    assert_string_equal(cdp_scan_text(span("\\u12"), out, sizeof out), "u12");
}

/* ---- against a naive parser on random documents
 * -------------------------------------------------------------- */

static uint64_t seed = 0x9e3779b97f4a7c15u;

static unsigned dice(unsigned sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % sides;
}

static void put_space(buf *b)
{
    static const char spaces[] = " \n\t\r";
    while (dice(6) == 0)
        buf_append_char(b, spaces[dice(4)]);
}

static void put_string(buf *b)
{
    static const char *const parts[] = {
        "a",  "\\\"", "\\\\", "{",       "}",       "[",        "]",         ",",   ":",
        "id", "\\n",  " ",    "\\u0022", "\\u005c", "\xc3\xa9", "sessionId", "\\/", "method"};
    buf_append_char(b, '"');
    for (unsigned n = dice(6); n; n--)
        buf_append_str(b, parts[dice(sizeof parts / sizeof *parts)]);
    buf_append_char(b, '"');
}

static void put_value(buf *b, unsigned depth);

static void put_key(buf *b)
{
    static const char *const keys[] = {
        "\"id\"",    "\"method\"",   "\"sessionId\"",  "\"params\"",          "\"result\"",
        "\"error\"", "\"\\u0069d\"", "\"method\\\\\"", "\"s\\u0065ssionId\"", "\"\"",
    };
    if (dice(3))
        buf_append_str(b, keys[dice(sizeof keys / sizeof *keys)]);
    else
        put_string(b);
}

static void put_object(buf *b, unsigned depth)
{
    buf_append_char(b, '{');
    put_space(b);
    for (unsigned i = 0, n = dice(6); i < n; i++) {
        if (i)
            buf_append_char(b, ',');
        put_space(b);
        put_key(b);
        put_space(b);
        buf_append_char(b, ':');
        put_space(b);
        put_value(b, depth + 1);
        put_space(b);
    }
    buf_append_char(b, '}');
}

static void put_value(buf *b, unsigned depth)
{
    static const char *const scalars[] = {"1",     "0",   "123456789012345", "-1.5e+3", "true",
                                          "false", "null"};
    switch (dice(depth > 4 ? 3 : 6)) {
    case 0:
    case 1: put_string(b); break;
    case 2: buf_append_str(b, scalars[dice(sizeof scalars / sizeof *scalars)]); break;
    case 3:
        buf_append_char(b, '[');
        for (unsigned i = 0, n = dice(4); i < n; i++) {
            if (i)
                buf_append_char(b, ',');
            put_space(b);
            put_value(b, depth + 1);
        }
        put_space(b);
        buf_append_char(b, ']');
        break;
    default: put_object(b, depth); break;
    }
}

/* The naive parser: one byte at a time, by the book. */
static const char *naive_space(const char *p)
{
    while (*p && strchr(" \n\t\r", *p))
        p++;
    return p;
}

static const char *naive_string(const char *p)
{
    assert_int_equal(*p, '"');
    for (p++; *p != '"'; p++) {
        assert_int_not_equal(*p, '\0');
        if (*p == '\\')
            p++;
    }
    return p + 1;
}

static const char *naive_value(const char *p)
{
    if (*p == '"')
        return naive_string(p);
    if (*p == '{' || *p == '[') {
        char close = *p == '{' ? '}' : ']';
        bool object = *p == '{';
        p = naive_space(p + 1);
        while (*p != close) {
            if (object) {
                p = naive_space(naive_string(p));
                assert_int_equal(*p, ':');
                p = naive_space(p + 1);
            }
            p = naive_space(naive_value(p));
            if (*p == ',')
                p = naive_space(p + 1);
            else
                assert_int_equal(*p, close);
        }
        return p + 1;
    }
    while (*p && !strchr(" \n\t\r,]}", *p))
        p++;
    return p;
}

static const char *naive_key(const char *p, size_t len, char out[64])
{
    size_t n = 0;
    for (size_t i = 1; i + 1 < len && n < 60; i++) {
        if (p[i] == '\\' && p[i + 1] == 'u') {
            char digits[5] = {p[i + 2], p[i + 3], p[i + 4], p[i + 5], 0};
            out[n++] = (char)strtol(digits, NULL, 16); /* only ASCII ones are generated */
            i += 5;
        } else if (p[i] == '\\') {
            i++;
            out[n++] = p[i] == 'n' ? '\n' : p[i];
        } else {
            out[n++] = p[i];
        }
    }
    out[n] = '\0';
    return out;
}

static cdp_span naive_unquote(cdp_span s)
{
    return *s.at == '"' ? (cdp_span){s.at + 1, s.len - 2} : (cdp_span){0};
}

static cdp_frame naive_scan(const char *p)
{
    cdp_frame f = {.id = -1};
    p = naive_space(p);
    for (p = naive_space(p + 1); *p != '}';) {
        char key[64];
        const char *end = naive_string(p);
        naive_key(p, (size_t)(end - p), key);
        p = naive_space(naive_space(end) + 1);
        end = naive_value(p);
        cdp_span value = {p, (size_t)(end - p)};
        if (!strcmp(key, "id"))
            f.id = value.len == strspn(value.at, "0123456789") ? atoll(value.at) : -1;
        else if (!strcmp(key, "method"))
            f.method = naive_unquote(value);
        else if (!strcmp(key, "sessionId"))
            f.session = naive_unquote(value);
        else if (!strcmp(key, "params"))
            f.params = value;
        else if (!strcmp(key, "result"))
            f.result = value;
        else if (!strcmp(key, "error"))
            f.error = value;
        p = naive_space(end);
        if (*p == ',')
            p = naive_space(p + 1);
    }
    return f;
}

static bool same_place(cdp_span a, cdp_span b)
{
    return a.at == b.at && (!a.at || a.len == b.len);
}

static void agrees_with_a_naive_parser(void **state)
{
    (void)state;
    unsigned peeked = 0;
    for (int round = 0; round < 40000; round++) {
        buf b = {0};
        static const char *const tails[] = {"", ",\"sessionId\":\"0123ABCD\"",
                                            ",\"sessionId\":{\"x\":\"y\"}"};
        put_space(&b);
        put_object(&b, 0);
        if (dice(2)) { /* and in the form that Chromium sends */
            b.len = 0;
            buf_append_str(&b,
                           dice(2) ? "{\"id\":7,\"result\":" : "{\"method\":\"A.b\",\"params\":");
            put_value(&b, 0);
            buf_append_str(&b, tails[dice(3)]);
            buf_append_char(&b, '}');
        }
        const char *text = buf_cstr(&b);
        cdp_frame got, peek, want = naive_scan(text);
        if (!cdp_scan(text, b.len, &got))
            fail_msg("refused: %s", text);
        if (got.id != want.id || !same_place(got.method, want.method) ||
            !same_place(got.session, want.session) || !same_place(got.params, want.params) ||
            !same_place(got.result, want.result) || !same_place(got.error, want.error))
            fail_msg("differs: %s", text);
        bool own_form =
            !strncmp(text, "{\"id\":7,\"r", 10) || !strncmp(text, "{\"method\":\"A.b\",\"p", 18);
        if (own_form && cdp_scan_peek(text, b.len, &peek)) {
            peeked++;
            if (peek.id != want.id || !same_place(peek.method, want.method) ||
                (peek.id < 0 && !same_place(peek.session, want.session)))
                fail_msg("the peek differs: %s", text);
        }
        /* A prefix is never taken for the whole. */
        size_t cut = b.len > 1 ? dice((unsigned)b.len) : 0;
        if (memchr(text, '{', b.len) && cut < (size_t)(strrchr(text, '}') - text) &&
            cdp_scan(text, cut, &got))
            fail_msg("cut, but taken: %.*s", (int)cut, text);
        buf_finish(&b);
    }
    assert_true(peeked > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_chromium_sends),
        cmocka_unit_test(takes_any_order_spaces_and_escapes),
        cmocka_unit_test(refuses_what_is_no_object),
        cmocka_unit_test(peeks_only_where_it_can_be_sure),
        cmocka_unit_test(reads_members_and_text),
        cmocka_unit_test(agrees_with_a_naive_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
