/*
 * sys.mail: sends one message over SMTP (io/mail.h). stdlib/mail.lua is what people use.
 *
 *   send{host=, port=, tls="auto"|"starttls"|"full"|"none", user=, password=, from=, to={…},
 *     message=, hello=, ca_pem=, insecure=, connect_timeout=ms, timeout=ms}
 *     waits → {reply=, text=} | nil, text, code (see mail_outcome), reply
 */
#include <lauxlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/bind_http.h"
#include "io/mail.h"

#define OP_TYPE "sys.mail.op"

typedef struct op {
    mail *mail;
    task_token token;
} op;

static void op_abandon(void *arg)
{
    op *o = arg;
    mail_destroy(o->mail);
    o->mail = NULL;
}

static int op_gc(lua_State *L)
{
    op_abandon(lua_touserdata(L, 1));
    return 0;
}

static void on_outcome(void *arg)
{
    op *o = arg;
    const mail_outcome *outcome = mail_get_outcome(o->mail);
    lua_State *co = task_results(o->token);
    if (co && outcome->sent) {
        lua_createtable(co, 0, 2);
        lua_pushinteger(co, outcome->reply);
        lua_setfield(co, -2, "reply");
        lua_pushstring(co, outcome->text);
        lua_setfield(co, -2, "text");
        task_wake(o->token, 1);
    } else if (co) {
        bind_fail(co, &outcome->error);
        lua_pushinteger(co, outcome->reply);
        task_wake(o->token, 4);
    }
    op_abandon(o);
}

static const char *text_field(lua_State *L, const char *field)
{
    size_t len = 0;
    const char *text = bind_opt_string(L, 1, field, NULL, &len);
    if (text && strlen(text) != len)
        luaL_error(L, "the field \"%s\" must not contain a zero byte", field);
    return text;
}

static mail_tls read_tls(lua_State *L)
{
    static const char *const names[] = {"auto", "starttls", "full", "none"};
    const char *name = bind_opt_string(L, 1, "tls", "auto", NULL);
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (mail_tls)i;
    bind_usage(L, "mail.send{…}", "tls is auto, starttls, full or none");
    return MAIL_TLS_AUTO;
}

/* The array is a userdata that stays on the stack. */
static const char *const *read_to(lua_State *L, size_t *count)
{
    lua_getfield(L, 1, "to");
    luaL_argcheck(L, lua_istable(L, -1), 1, "to must be a list of addresses");
    int list = lua_gettop(L);
    *count = lua_objlen(L, list);
    const char **to = lua_newuserdata(L, (*count + 1) * sizeof *to);
    for (size_t i = 0; i < *count; i++) {
        size_t len = 0;
        lua_rawgeti(L, list, (int)i + 1);
        to[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
        luaL_argcheck(L, to[i] && strlen(to[i]) == len, 1, "to must be a list of addresses");
        lua_pop(L, 1); /* the list keeps it alive */
    }
    return to;
}

static mono_ns opt_limit(lua_State *L, const char *field)
{
    double ms = bind_opt_number(L, 1, field, 0);
    if (!(ms >= 0 && ms <= 600000))
        luaL_error(L, "the field \"%s\" must be milliseconds, at most 600000", field);
    return (mono_ns)(ms * (double)NS_PER_MS);
}

static int l_send(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    mail_options options = {
        .host = text_field(L, "host"),
        .port = (int)bind_opt_number(L, 1, "port", 25),
        .tls = read_tls(L),
        .user = text_field(L, "user"),
        .password = text_field(L, "password"),
        .from = text_field(L, "from"),
        .message = bind_opt_string(L, 1, "message", "", NULL),
        .hello = text_field(L, "hello"),
        .ca_pem = text_field(L, "ca_pem"),
        .insecure = bind_opt_bool(L, 1, "insecure", false),
        .connect_timeout = opt_limit(L, "connect_timeout"),
        .total_timeout = opt_limit(L, "timeout"),
        .policy = bind_http_policy(script_of(L)),
    };
    bind_opt_string(L, 1, "message", "", &options.message_len);
    options.from = options.from ? options.from : "";
    options.to = read_to(L, &options.to_count);
    op *o = bind_new(L, OP_TYPE, sizeof *o);
    o->token = task_begin(L, op_abandon, o);
    err e;
    o->mail = mail_start(&options, on_outcome, o, &e);
    if (!o->mail)
        bind_wake_fail(o->token, &e);
    return task_wait(L);
}

static const gate_fn functions[] = {
    {"send", l_send, GATE_EFFECT, CAP_MAIL, NULL},
    {NULL, NULL, GATE_PURE, CAP_NONE, NULL},
};

int bind_mail(lua_State *L)
{
    bind_type(L, OP_TYPE, NULL, op_gc);
    gate_push_module(L, "mail", functions);
    return 1;
}
