/*
 * sys.http: the HTTP client (io/http.h). stdlib/http.lua is what people use; here the options are
 * plain.
 *
 *   request{url=, …} waits → answer | nil, text, code
 *   open{url=, …} → stream | nil, text, code     the body is read piece by piece:
 *     stream:head([timeout_ms]) waits → answer without body | nil, text, code
 *     stream:read([timeout_ms]) waits → bytes, "" at the end | nil, text, code
 *     stream:close()
 *   jar() → jar    jar:list() → text (Netscape's format), jar:add(line) → bool, jar:clear()
 *   resolve(host) waits → {addresses} | nil, text, "dns" | "dns-unreachable"
 *   restrict{hosts} gives up every host but these and the store's, once
 *
 * Options: url, method, headers = {name, value, name, value, …} (value false: do not send), body,
 * connect_timeout, first_byte_timeout, timeout (milliseconds, 0: none), max_body (bytes, 0: no
 * cap), max_redirects, jar, proxy, http_version, connect_to, ca_pem, insecure, fresh_connection,
 * keep_encoded.
 */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "bind/bind_http.h"
#include "io/address_lookup.h"
#include "io/http.h"

#define OP_TYPE "sys.http.op"
#define STREAM_TYPE "sys.http.stream"
#define JAR_TYPE "sys.http.jar"

static const char policy_key; /* slot: a policy_slot */

typedef struct policy_slot {
    http_policy *policy;
} policy_slot;

/* One wait: of request or resolve. */
typedef struct op {
    http_request *request;
    address_lookup *lookup;
    task_token token;
} op;

typedef enum { NOBODY, FOR_HEAD, FOR_BODY } stream_wait;

typedef struct stream {
    http_request *request; /* NULL: closed */
    stream_wait waiting;
    task_token token;
} stream;

typedef struct jar {
    http_jar *jar;
} jar;

static void slot_destroy(void *value)
{
    policy_slot *slot = value;
    http_policy_unref(slot->policy);
    free(slot);
}

void bind_http_set_policy(script *s, http_policy *policy)
{
    policy_slot *slot = script_get_slot(s, &policy_key);
    if (!slot) {
        slot = mem_zero(1, sizeof *slot);
        script_set_slot(s, &policy_key, slot, slot_destroy);
    }
    http_policy_unref(slot->policy);
    slot->policy = policy;
}

http_policy *bind_http_policy(script *s)
{
    policy_slot *slot = script_get_slot(s, &policy_key);
    if (!slot && !script_trusted(s)) {
        bind_http_set_policy(s, http_policy_create(&(http_policy_config){.allow_private = false}));
        slot = script_get_slot(s, &policy_key);
    }
    return slot ? slot->policy : NULL;
}

/* ---- answers as tables ---- */

static void set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void set_bytes(lua_State *L, const char *key, const buf *b)
{
    lua_pushlstring(L, b->data ? b->data : "", b->len);
    lua_setfield(L, -2, key);
}

static void push_timings(lua_State *L, const http_timings *t)
{
    lua_createtable(L, 0, 7);
    set_number(L, "redirects", t->redirects);
    set_number(L, "dns", t->dns);
    set_number(L, "connect", t->connect);
    set_number(L, "tls", t->tls);
    set_number(L, "first_byte", t->first_byte);
    set_number(L, "transfer", t->transfer);
    set_number(L, "total", t->total);
}

static void push_certificate(lua_State *L, const http_certificate *c)
{
    lua_createtable(L, 0, 7);
    set_string(L, "subject", c->subject);
    set_string(L, "issuer", c->issuer);
    set_string(L, "names", c->names);
    set_string(L, "not_before", c->not_before);
    set_string(L, "not_after", c->not_after);
    set_string(L, "verify", c->verify);
    set_string(L, "protocol", c->protocol);
}

static void push_answer(lua_State *L, const http_answer *a, bool with_body)
{
    lua_createtable(L, 0, 12);
    set_number(L, "status", a->status);
    set_string(L, "url", a->url);
    set_string(L, "http_version", a->version);
    set_string(L, "remote_ip", a->remote_ip);
    set_number(L, "remote_port", a->remote_port);
    lua_pushboolean(L, a->reused);
    lua_setfield(L, -2, "reused");
    set_bytes(L, "header_block", &a->headers);
    if (with_body)
        set_bytes(L, "body", &a->body);
    push_timings(L, &a->timings);
    lua_setfield(L, -2, "timings");
    if (a->certificate) {
        push_certificate(L, a->certificate);
        lua_setfield(L, -2, "certificate");
    }
    lua_createtable(L, (int)a->redirect_count, 0);
    for (size_t i = 0; i < a->redirect_count; i++) {
        lua_createtable(L, 0, 2);
        set_number(L, "status", a->redirects[i].status);
        set_string(L, "url", a->redirects[i].url);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "redirects");
}

/* ---- options ---- */

static mono_ns opt_limit(lua_State *L, const char *field, mono_ns def)
{
    double ms = bind_opt_number(L, 1, field, (double)def / (double)NS_PER_MS);
    if (!(ms >= 0 && ms < 1e12))
        luaL_error(L, "the field \"%s\" must be milliseconds, 0 or more", field);
    return (mono_ns)(ms * (double)NS_PER_MS);
}

/* The flat list of names and values; the array is a userdata left on the stack. */
static void read_headers(lua_State *L, http_options *o)
{
    lua_getfield(L, 1, "headers");
    if (lua_isnil(L, -1))
        return;
    luaL_argcheck(L, lua_istable(L, -1) && lua_objlen(L, -1) % 2 == 0, 1,
                  "headers must be {name, value, …}");
    int list = lua_gettop(L);
    size_t count = lua_objlen(L, list) / 2;
    http_header *headers = lua_newuserdata(L, (count + 1) * sizeof *headers);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (int)(2 * i + 1));
        lua_rawgeti(L, list, (int)(2 * i + 2));
        bool fine = lua_type(L, -2) == LUA_TSTRING &&
                    (lua_type(L, -1) == LUA_TSTRING || !lua_toboolean(L, -1));
        luaL_argcheck(L, fine, 1, "headers must be a list of texts");
        size_t name_len, value_len = 0;
        headers[i].name = lua_tolstring(L, -2, &name_len); /* the list keeps them alive */
        headers[i].value = lua_isstring(L, -1) ? lua_tolstring(L, -1, &value_len) : NULL;
        bool cut = strlen(headers[i].name) != name_len ||
                   (headers[i].value && strlen(headers[i].value) != value_len);
        luaL_argcheck(L, !cut, 1, "a header must not contain a zero byte");
        lua_pop(L, 2);
    }
    o->headers = headers;
    o->header_count = count;
}

/* Reads the table at 1; what the options point to lives on L's stack. */
static http_options read_options(lua_State *L, const char *signature)
{
    if (!lua_istable(L, 1))
        bind_usage(L, signature, "a table of options is wanted");
    lua_settop(L, 1);
    http_options o = http_options_default;
    size_t url_len = 0;
    o.url = bind_opt_string(L, 1, "url", NULL, &url_len);
    if (!o.url || strlen(o.url) != url_len)
        bind_usage(L, signature, "the field \"url\" must be a URL");
    o.method = bind_opt_string(L, 1, "method", NULL, NULL);
    o.body = bind_opt_string(L, 1, "body", NULL, &o.body_len);
    o.connect_timeout = opt_limit(L, "connect_timeout", o.connect_timeout);
    o.first_byte_timeout = opt_limit(L, "first_byte_timeout", o.first_byte_timeout);
    o.total_timeout = opt_limit(L, "timeout", o.total_timeout);
    double max_body = bind_opt_number(L, 1, "max_body", (double)o.max_body);
    double max_redirects = bind_opt_number(L, 1, "max_redirects", o.max_redirects);
    luaL_argcheck(L, max_body >= 0 && max_body < 9e15, 1, "max_body must be a number of bytes");
    luaL_argcheck(L, max_redirects >= 0 && max_redirects <= 1000, 1,
                  "max_redirects must be from 0 to 1000");
    o.max_body = (uint64_t)max_body;
    o.max_redirects = (int)max_redirects;
    o.proxy = bind_opt_string(L, 1, "proxy", NULL, NULL);
    o.http_version = bind_opt_string(L, 1, "http_version", NULL, NULL);
    o.connect_to = bind_opt_string(L, 1, "connect_to", NULL, NULL);
    o.ca_pem = bind_opt_string(L, 1, "ca_pem", NULL, NULL);
    o.insecure = bind_opt_bool(L, 1, "insecure", false);
    o.fresh = bind_opt_bool(L, 1, "fresh_connection", false);
    o.keep_encoded = bind_opt_bool(L, 1, "keep_encoded", false);
    lua_getfield(L, 1, "jar");
    if (!lua_isnil(L, -1))
        o.jar = ((jar *)bind_check(L, -1, JAR_TYPE))->jar;
    read_headers(L, &o);
    o.policy = bind_http_policy(script_of(L));
    return o;
}

/* The gate asks before the arguments are checked: what is no table is let through to the usage
 * error. */
static gate_class classify(lua_State *L)
{
    if (!lua_istable(L, 1))
        return GATE_READ;
    lua_getfield(L, 1, "method");
    const char *method = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "GET";
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
                 strcmp(method, "OPTIONS") == 0;
    lua_pop(L, 1);
    return reads ? GATE_READ : GATE_EFFECT;
}

/* ---- request ---- */

static void op_abandon(void *arg)
{
    op *o = arg;
    http_destroy(o->request);
    address_lookup_cancel(o->lookup);
    o->request = NULL;
    o->lookup = NULL;
}

static int op_gc(lua_State *L)
{
    op_abandon(lua_touserdata(L, 1));
    return 0;
}

static void on_answer(void *arg)
{
    op *o = arg;
    const http_answer *a = http_get_answer(o->request);
    if (http_get_state(o->request) == HTTP_FAILED) {
        bind_wake_fail(o->token, &a->error);
    } else {
        lua_State *co = task_results(o->token);
        if (co) {
            push_answer(co, a, true);
            task_wake(o->token, 1);
        }
    }
    http_destroy(o->request);
    o->request = NULL;
}

static int http_request_wait(lua_State *L)
{
    http_options options = read_options(L, "http.request{url=…}");
    op *o = bind_new_op(L, OP_TYPE, sizeof *o);
    o->token = task_begin(L, op_abandon, o);
    err e;
    o->request = http_start(&options, on_answer, o, &e);
    if (!o->request)
        bind_wake_fail(o->token, &e);
    return task_wait(L);
}

/* ---- streams ---- */

/* Gives the waiting task what it waits for, if that is there. */
static void stream_serve(stream *s)
{
    http_state state = http_get_state(s->request);
    buf piece = {0};
    if (s->waiting == NOBODY || state == HTTP_WAITING)
        return;
    bool has_piece = s->waiting == FOR_BODY && http_read(s->request, &piece);
    if (s->waiting == FOR_BODY && !has_piece && state == HTTP_HEAD)
        return;
    bool for_head = s->waiting == FOR_HEAD;
    s->waiting = NOBODY;
    if (!has_piece && state == HTTP_FAILED) {
        bind_wake_fail(s->token, &http_get_answer(s->request)->error);
        return;
    }
    lua_State *co = task_results(s->token);
    if (co) {
        if (for_head)
            push_answer(co, http_get_answer(s->request), false);
        else
            lua_pushlstring(co, piece.data ? piece.data : "", piece.len);
        task_wake(s->token, 1);
    }
    buf_finish(&piece);
}

static void on_stream(void *arg)
{
    stream_serve(arg);
}

static void stream_abandon(void *arg)
{
    ((stream *)arg)->waiting = NOBODY;
}

static int stream_close(lua_State *L)
{
    stream *s = bind_check(L, 1, STREAM_TYPE);
    http_destroy(s->request);
    s->request = NULL;
    if (s->waiting != NOBODY) {
        s->waiting = NOBODY;
        task_wake_error(s->token, "the stream was closed", "closed");
    }
    return 0;
}

static int stream_gc(lua_State *L)
{
    stream *s = lua_touserdata(L, 1);
    http_destroy(s->request);
    s->request = NULL;
    return 0;
}

static int http_open(lua_State *L)
{
    http_options options = read_options(L, "http.open{url=…}");
    lua_getfield(L, 1, "max_body");
    if (lua_isnil(L, -1))
        options.max_body = 0; /* nothing piles up here */
    options.stream = true;
    stream *s = bind_new(L, STREAM_TYPE, sizeof *s);
    err e;
    s->request = http_start(&options, on_stream, s, &e);
    return s->request ? 1 : bind_fail(L, &e);
}

static int stream_await(lua_State *L, stream_wait what, const char *signature)
{
    stream *s = bind_check(L, 1, STREAM_TYPE);
    mono_ns limit = bind_timeout(L, 2);
    if (s->waiting != NOBODY)
        return bind_usage(L, signature, "another task is waiting for this stream");
    lua_settop(L, 1);
    s->token = task_begin(L, stream_abandon, s);
    s->waiting = what;
    task_limit(s->token, limit);
    if (s->request) {
        stream_serve(s);
    } else {
        s->waiting = NOBODY;
        task_wake_error(s->token, "the stream was closed", "closed");
    }
    return task_wait(L);
}

static int stream_head(lua_State *L)
{
    return stream_await(L, FOR_HEAD, "http.stream:head([timeout_ms])");
}

static int stream_read(lua_State *L)
{
    return stream_await(L, FOR_BODY, "http.stream:read([timeout_ms])");
}

/* ---- cookies ---- */

static int http_jar_new(lua_State *L)
{
    jar *j = bind_new(L, JAR_TYPE, sizeof *j);
    err e;
    j->jar = http_jar_create(&e);
    return j->jar ? 1 : bind_fail(L, &e);
}

static int jar_gc(lua_State *L)
{
    jar *j = lua_touserdata(L, 1);
    http_jar_unref(j->jar);
    j->jar = NULL;
    return 0;
}

static jar *check_jar(lua_State *L)
{
    jar *j = bind_check(L, 1, JAR_TYPE);
    if (!j->jar)
        luaL_error(L, "the cookie jar is closed");
    return j;
}

static int jar_list(lua_State *L)
{
    jar *j = check_jar(L);
    buf *lines = bind_buf_push(L);
    http_jar_list(j->jar, lines);
    return bind_buf_result(L, lines);
}

static int jar_add(lua_State *L)
{
    jar *j = check_jar(L);
    lua_pushboolean(L, http_jar_add(j->jar, luaL_checkstring(L, 2)));
    return 1;
}

static int jar_clear(lua_State *L)
{
    http_jar_clear(check_jar(L)->jar);
    return 0;
}

/* ---- resolve, restrict ---- */

static void on_addresses(void *arg, const char *const *addresses, size_t count, const err *e)
{
    op *o = arg;
    o->lookup = NULL;
    if (e) {
        bind_wake_fail(o->token, e);
        return;
    }
    lua_State *co = task_results(o->token);
    if (!co)
        return;
    lua_createtable(co, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(co, addresses[i]);
        lua_rawseti(co, -2, (int)i + 1);
    }
    task_wake(o->token, 1);
}

static int http_resolve(lua_State *L)
{
    const char *host = luaL_checkstring(L, 1);
    op *o = bind_new_op(L, OP_TYPE, sizeof *o);
    o->token = task_begin(L, op_abandon, o);
    o->lookup = address_lookup_start(host, on_addresses, o);
    return task_wait(L);
}

static int http_restrict(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_objlen(L, 1);
    const char **hosts = lua_newuserdata(L, (count + 1) * sizeof *hosts);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (int)i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "a list of hosts is wanted");
        hosts[i] = lua_tostring(L, -1); /* the list keeps it alive */
        lua_pop(L, 1);
    }
    script *s = script_of(L);
    http_policy *narrow = http_policy_narrow(bind_http_policy(s), hosts, count);
    if (!narrow)
        return bind_usage(L, "http.restrict{hosts}",
                          "the hosts of this script are restricted already");
    bind_http_set_policy(s, narrow);
    return 0;
}

static const gate_fn functions[] = {
    {"request", http_request_wait, GATE_READ, CAP_HTTP, classify},
    {"open", http_open, GATE_READ, CAP_HTTP, classify},
    {"resolve", http_resolve, GATE_READ, CAP_NONE, NULL},
    {"jar", http_jar_new, GATE_PURE, CAP_NONE, NULL},
    {"restrict", http_restrict, GATE_PURE, CAP_NONE, NULL},
    {NULL, NULL, GATE_PURE, CAP_NONE, NULL},
};

static const gate_fn stream_methods[] = {
    {"head", stream_head, GATE_READ, CAP_HTTP, NULL},
    {"read", stream_read, GATE_READ, CAP_HTTP, NULL},
    {"close", stream_close, GATE_PURE, CAP_NONE, NULL},
    {NULL, NULL, GATE_PURE, CAP_NONE, NULL},
};

static const gate_fn jar_methods[] = {
    {"list", jar_list, GATE_READ, CAP_HTTP, NULL},
    {"add", jar_add, GATE_PURE, CAP_NONE, NULL},
    {"clear", jar_clear, GATE_PURE, CAP_NONE, NULL},
    {NULL, NULL, GATE_PURE, CAP_NONE, NULL},
};

int bind_http(lua_State *L)
{
    bind_type(L, OP_TYPE, NULL, op_gc);
    bind_type(L, STREAM_TYPE, stream_methods, stream_gc);
    bind_type(L, JAR_TYPE, jar_methods, jar_gc);
    gate_push_module(L, "http", functions);
    return 1;
}
