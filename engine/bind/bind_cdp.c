/*
 * bind_cdp.c: sys.cdp, browsers over the DevTools protocol. JSON crosses as text; nothing here
 * decodes it.
 *
 * connect{kind=, path=, endpoint=, headed=, args=, timeout_ms=} → browser; then browser:call, :send
 * and :wait, :post, :peek, :subscribe, :context, :info, :close, :release. A call that waits keeps
 * its token in the room that io gives each call, so a round trip allocates nothing in Lua but its
 * result.
 */
#include "bind/bind_cdp.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BROWSER_TYPE "sys.cdp.browser"

_Static_assert(sizeof(task_token) <= CDP_CALL_ROOM, "a token fits the room of a call");

typedef struct browser_handle {
    cdp_holder *holder;
    double launch_ms;
    int pid;
    const char *path, *endpoint, *folder; /* behind product in text */
    char text[];                          /* product, path, endpoint, folder, each with its NUL */
} browser_handle;

/* ---- holders ---- */

cdp_holder *cdp_holder_keep(cdp_holder *h)
{
    h->refs++;
    return h;
}

void cdp_holder_drop(cdp_holder *h)
{
    if (!h || --h->refs)
        return;
    cdp_client_destroy(h->client);
    free(h);
}

cdp_holder *cdp_holder_check(lua_State *L, const char *signature)
{
    browser_handle *b = bind_check(L, 1, BROWSER_TYPE);
    if (!b->holder || !b->holder->client)
        bind_usage(L, signature, "the browser handle was closed");
    return b->holder;
}

cdp_span cdp_opt_span(lua_State *L, int index)
{
    cdp_span s = {0};
    if (!lua_isnoneornil(L, index))
        s.at = luaL_checklstring(L, index, &s.len);
    return s;
}

void cdp_check_may_wait(lua_State *L)
{
    if (task_of(L))
        return;
    lua_pushnil(L);
    task_begin(L, NULL, NULL);
}

/* ---- connect ---- */

typedef struct connect_op {
    task_token token;
    browser_request *request; /* NULL: nothing to cancel */
} connect_op;

static void connect_cancel(void *arg)
{
    connect_op *op = arg;
    if (op->request)
        browser_cancel(op->request);
}

static void push_browser(lua_State *L, cdp_client *k, const browser_info *info)
{
    size_t product = strlen(info->product) + 1, path = strlen(info->path) + 1;
    size_t endpoint = strlen(info->endpoint) + 1, folder = strlen(info->folder) + 1;
    browser_handle *b = bind_new(L, BROWSER_TYPE, sizeof *b + product + path + endpoint + folder);
    b->holder = mem_zero(1, sizeof *b->holder);
    b->holder->refs = 1;
    b->holder->client = k;
    b->launch_ms = info->launch_ms;
    b->pid = info->pid;
    b->path = b->text + product;
    b->endpoint = b->path + path;
    b->folder = b->endpoint + endpoint;
    memcpy(b->text, info->product, product);
    memcpy(b->text + product, info->path, path);
    memcpy(b->text + product + path, info->endpoint, endpoint);
    memcpy(b->text + product + path + endpoint, info->folder, folder);
}

static void on_connected(void *arg, cdp_client *k, const browser_info *info, const err *why)
{
    connect_op *op = arg;
    op->request = NULL;
    if (!k) {
        bind_wake_fail(op->token, why);
        return;
    }
    lua_State *co = task_results(op->token);
    if (!co) {
        cdp_client_destroy(k);
        return;
    }
    push_browser(co, k, info);
    task_wake(op->token, 1);
}

static browser_kind read_kind(lua_State *L, const char *signature)
{
    const char *kind = bind_opt_string(L, 1, "kind", "auto", NULL);
    if (!strcmp(kind, "auto"))
        return BROWSER_AUTO;
    if (!strcmp(kind, "shell"))
        return BROWSER_SHELL;
    if (!strcmp(kind, "chromium"))
        return BROWSER_CHROMIUM;
    bind_usage(L, signature, "kind must be \"auto\", \"shell\" or \"chromium\"");
    return BROWSER_AUTO;
}

/* The list args as an array that the stack keeps alive (its strings live in the table). */
static void read_args(lua_State *L, browser_config *config, const char *signature)
{
    lua_getfield(L, 1, "args");
    if (lua_isnil(L, -1))
        return;
    if (!lua_istable(L, -1))
        bind_usage(L, signature, "args must be a list of strings");
    size_t count = lua_objlen(L, -1);
    const char **args = lua_newuserdata(L, (count + 1) * sizeof *args);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -2, (int)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            bind_usage(L, signature, "args must be a list of strings");
        args[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    config->args = args;
    config->arg_count = count;
}

/*
 * connect{kind="auto"|"shell"|"chromium", path=, endpoint="ws://…", headed=, args={…}, timeout_ms=}
 * waits → browser | nil, text, "not-found" | "exited" | "timeout" | "protocol" | "invalid" | what
 * the endpoint answered
 */
static int l_connect(lua_State *L)
{
    static const char signature[] =
        "cdp.connect{kind=, path=, endpoint=, headed=, args=, timeout_ms=}";
    luaL_checktype(L, 1, LUA_TTABLE);
    browser_config config = {
        .kind = read_kind(L, signature),
        .path = bind_opt_string(L, 1, "path", NULL, NULL),
        .endpoint = bind_opt_string(L, 1, "endpoint", NULL, NULL),
        .headed = bind_opt_bool(L, 1, "headed", false),
        .launch_timeout = (mono_ns)(bind_opt_number(L, 1, "timeout_ms", 0) * (double)NS_PER_MS),
    };
    read_args(L, &config, signature);
    connect_op *op = lua_newuserdata(L, sizeof *op);
    op->request = NULL;
    op->token = task_begin(L, connect_cancel, op);
    op->request = browser_connect(&config, on_connected, op);
    return task_wait(L);
}

/* ---- calls ---- */

static const char call_signature[] =
    "cdp browser:call(method, params_json, session_id, timeout_ms)";
static const char send_signature[] = "cdp browser:send(method, params_json, session_id)";
static const char post_signature[] = "cdp browser:post(method, params_json, session_id)";
static const char wait_signature[] = "cdp browser:wait(ticket, timeout_ms)";
static const char peek_signature[] = "cdp browser:peek(params_json, session_id, timeout_ms)";
static const char peek_send_signature[] = "cdp browser:peek_send(method, params_json, session_id)";

static const cdp_span evaluate = {"Runtime.evaluate", sizeof "Runtime.evaluate" - 1};
static const cdp_span call_function = {"Runtime.callFunctionOn",
                                       sizeof "Runtime.callFunctionOn" - 1};

/* The command (method, params at index, session behind it), or an error. */
static cdp_command read_command(lua_State *L, cdp_span method, int index, const char *signature)
{
    cdp_command cmd = {
        .method = method,
        .params = cdp_opt_span(L, index),
        .session = cdp_opt_span(L, index + 1),
    };
    const char *problem = cdp_command_problem(&cmd);
    if (problem)
        bind_usage(L, signature, problem);
    return cmd;
}

static cdp_span read_method(lua_State *L)
{
    cdp_span method;
    method.at = luaL_checklstring(L, 2, &method.len);
    return method;
}

static void call_cancel(void *call)
{
    cdp_call_drop(call);
}

static void on_answer(void *arg, cdp_span result, const err *error)
{
    task_token token;
    memcpy(&token, arg, sizeof token);
    if (error) {
        bind_wake_fail(token, error);
        return;
    }
    lua_State *co = task_results(token);
    if (!co)
        return;
    lua_pushlstring(co, result.at, result.len);
    task_wake(token, 1);
}

/* Waits for the call; the handle at index 1 is anchored meanwhile. */
static int await(lua_State *L, cdp_call *call, mono_ns timeout)
{
    lua_pushvalue(L, 1);
    task_token token = task_begin(L, call_cancel, call);
    task_limit(token, timeout);
    memcpy(cdp_call_room(call), &token, sizeof token);
    cdp_call_await(call, on_answer, cdp_call_room(call));
    return task_wait(L);
}

static int call_and_wait(lua_State *L, cdp_span method, int params, const char *signature)
{
    cdp_holder *h = cdp_holder_check(L, signature);
    cdp_command cmd = read_command(L, method, params, signature);
    mono_ns timeout = bind_timeout(L, params + 2);
    cdp_check_may_wait(L);
    return await(L, cdp_call_send(h->client, &cmd), timeout);
}

static int send(lua_State *L, cdp_span method, const char *signature)
{
    cdp_holder *h = cdp_holder_check(L, signature);
    cdp_command cmd = read_command(L, method, 3, signature);
    lua_pushnumber(L, (double)cdp_call_id(cdp_call_send(h->client, &cmd)));
    return 1;
}

/* browser:call(method, params_json|nil, session_id|nil[, timeout_ms]) waits → result_json
 * | nil, text, "cdp" (the browser refused) | "closed" (the page has gone) | "exited" | "timeout" |
 * "busy" | "too-large" */
static int l_call(lua_State *L)
{
    return call_and_wait(L, read_method(L), 3, call_signature);
}

/* browser:send(method, params_json|nil, session_id|nil) → ticket; the command is on its way */
static int l_send(lua_State *L)
{
    return send(L, read_method(L), send_signature);
}

/* browser:wait(ticket[, timeout_ms]) waits → as call. Once for a ticket, also if it times out. */
static int l_wait(lua_State *L)
{
    cdp_holder *h = cdp_holder_check(L, wait_signature);
    cdp_call *call = cdp_call_find(h->client, (int64_t)luaL_checknumber(L, 2));
    mono_ns timeout = bind_timeout(L, 3);
    if (!call)
        return bind_usage(L, wait_signature,
                          "there is no such ticket, or it was waited for already");
    cdp_check_may_wait(L);
    return await(L, call, timeout);
}

/* browser:post(method, params_json|nil, session_id|nil): send, the answer unwanted */
static int l_post(lua_State *L)
{
    cdp_holder *h = cdp_holder_check(L, post_signature);
    cdp_command cmd = read_command(L, read_method(L), 3, post_signature);
    cdp_call_post(h->client, &cmd);
    return 0;
}

/* browser:peek(params_json, session_id[, timeout_ms]) waits: Runtime.evaluate for the stdlib's own
 * questions to the page, which change nothing there; so it is a read where the same call is an
 * effect. peek_call: Runtime.callFunctionOn. */
static int l_peek(lua_State *L)
{
    return call_and_wait(L, evaluate, 2, peek_signature);
}

static int l_peek_call(lua_State *L)
{
    return call_and_wait(L, call_function, 2, peek_signature);
}

/* browser:peek_send("Runtime.evaluate"|"Runtime.callFunctionOn", params_json, session_id) → ticket
 */
static int l_peek_send(lua_State *L)
{
    cdp_span method = read_method(L);
    if (!cdp_span_equal(method, evaluate) && !cdp_span_equal(method, call_function))
        return bind_usage(L, peek_send_signature,
                          "the method must be Runtime.evaluate or Runtime.callFunctionOn");
    return send(L, method, peek_send_signature);
}

/* ---- the handle ---- */

static void set_string(lua_State *L, const char *field, const char *text)
{
    if (!*text)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, field);
}

/* browser:info() → {product=, path=, folder=, pid=, launch_ms=} or, attached, {product=, endpoint=,
 * launch_ms=} */
static int l_info(lua_State *L)
{
    browser_handle *b = bind_check(L, 1, BROWSER_TYPE);
    lua_createtable(L, 0, 4);
    set_string(L, "product", b->text);
    set_string(L, "path", b->path);
    set_string(L, "endpoint", b->endpoint);
    set_string(L, "folder", b->folder);
    lua_pushnumber(L, b->launch_ms);
    lua_setfield(L, -2, "launch_ms");
    if (b->pid) {
        lua_pushnumber(L, b->pid);
        lua_setfield(L, -2, "pid");
    }
    return 1;
}

static void on_left(void *arg, cdp_client *k, const browser_info *info, const err *why)
{
    (void)k, (void)info, (void)why;
    connect_op *op = arg;
    op->request = NULL;
    if (task_results(op->token))
        task_wake(op->token, 0);
}

/* browser:close() waits: gives the handle up, with all that came of it. If nobody else uses the
 * browser it ends, and this returns when it is gone. */
static int l_close(lua_State *L)
{
    browser_handle *b = bind_check(L, 1, BROWSER_TYPE);
    connect_op *op = lua_newuserdata(L, sizeof *op);
    op->request = NULL;
    op->token = task_begin(L, connect_cancel, op);
    cdp_client *k = b->holder ? b->holder->client : NULL;
    if (k) {
        b->holder->client = NULL;
        op->request = browser_leave(k, on_left, op);
    } else {
        on_left(op, NULL, NULL, NULL);
    }
    return task_wait(L);
}

/* browser:release(): gives the handle up at once, with all that came of it; the browser goes on for
 * those who use it later. */
static int l_release(lua_State *L)
{
    browser_handle *b = bind_check(L, 1, BROWSER_TYPE);
    if (b->holder)
        script_note_owned(script_of(L), -1);
    cdp_holder_drop(b->holder);
    b->holder = NULL;
    return 0;
}

/* ---- classes ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A script of the user's runs as the page's own; the stdlib's are in a world apart, which looks. In
 * JSON the key cannot stand inside of a text: its quotes would be escaped there. */
static gate_class classify_script(lua_State *L)
{
    const char *params = luaL_optstring(L, 3, "");
    return strstr(params, "\"worldName\":") ? GATE_READ : GATE_EFFECT;
}

/* What a command does to the shop or the page: acting in it is an effect, looking at it is not. */
static gate_class classify(lua_State *L)
{
    static const char *const domains[] = {"Input.", "Storage.", "DOMStorage.", "IndexedDB.",
                                          "CacheStorage."};
    static const char *const methods[] = {"Runtime.evaluate",     "Runtime.callFunctionOn",
                                          "Runtime.runScript",    "Page.setDocumentContent",
                                          "Fetch.fulfillRequest", "Network.setCookie",
                                          "Network.setCookies",   "Network.deleteCookies",
                                          "Network.replayXHR",    "Network.clearBrowserCookies",
                                          "Fetch.enable",         "DOM.setFileInputFiles"};
    const char *method = luaL_checkstring(L, 2);
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        if (begins(method, domains[i]))
            return begins(method + strlen(domains[i]), "get") ? GATE_READ : GATE_EFFECT;
    }
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!strcmp(method, methods[i]))
            return GATE_EFFECT;
    }
    if (!strcmp(method, "Page.addScriptToEvaluateOnNewDocument"))
        return classify_script(L);
    return GATE_READ;
}

static const gate_fn functions[] = {
    {"connect", l_connect, GATE_READ, CAP_BROWSER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn browser_methods[] = {
    {"call", l_call, GATE_READ, CAP_BROWSER, classify},
    {"send", l_send, GATE_READ, CAP_BROWSER, classify},
    {"wait", l_wait, GATE_READ, CAP_BROWSER, NULL},
    {"post", l_post, GATE_READ, CAP_BROWSER, classify},
    {"peek", l_peek, GATE_READ, CAP_BROWSER, NULL},
    {"peek_call", l_peek_call, GATE_READ, CAP_BROWSER, NULL},
    {"peek_send", l_peek_send, GATE_READ, CAP_BROWSER, NULL},
    {"subscribe", bind_cdp_subscribe, GATE_READ, CAP_BROWSER, NULL},
    {"context", bind_cdp_context, GATE_READ, CAP_BROWSER, NULL},
    {"info", l_info, GATE_READ, CAP_BROWSER, NULL},
    {"close", l_close, GATE_READ, CAP_BROWSER, NULL},
    {"release", l_release, GATE_READ, CAP_BROWSER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_cdp(lua_State *L)
{
    bind_type(L, BROWSER_TYPE, browser_methods, l_release);
    bind_cdp_events(L);
    gate_push_module(L, "cdp", functions);
    return 1;
}
