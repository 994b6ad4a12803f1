/*
 * sys.env: what surrounds the process: environment, standard streams, signals, host. Streams block:
 * the command line writes to them in small pieces, and whoever pipes our output decides how fast.
 */
#include <lauxlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "io/service.h"
#include "io/terminal.h"

#define STDIN_MAX (64u << 20)

extern char **environ;

static int env_get(lua_State *L)
{
    lua_pushstring(L, getenv(bind_text(L, 1, "env.get(name)", "name", NULL))); /* nil if not set */
    return 1;
}

/* {NAME = "value", …} */
static int env_list(lua_State *L)
{
    lua_newtable(L);
    for (char **entry = environ; entry && *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        if (!equals)
            continue;
        lua_pushlstring(L, *entry, (size_t)(equals - *entry));
        lua_pushstring(L, equals + 1);
        lua_rawset(L, -3);
    }
    return 1;
}

static int env_cwd(lua_State *L)
{
    char path[PATH_MAX];
    if (getcwd(path, sizeof path)) {
        lua_pushstring(L, path);
        return 1;
    }
    err e;
    err_set(&e, "not-found", "the working directory no longer exists");
    return bind_fail(L, &e);
}

static int env_pid(lua_State *L)
{
    lua_pushinteger(L, getpid());
    return 1;
}

static int env_exe(lua_State *L)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    if (len > 0 && (size_t)len < sizeof path) {
        lua_pushlstring(L, path, (size_t)len);
        return 1;
    }
    err e;
    err_set(&e, "not-found", "the path of the program is unknown: /proc/self/exe cannot be read");
    return bind_fail(L, &e);
}

static int env_is_tty(lua_State *L)
{
    lua_pushboolean(L, terminal_is_tty((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* columns([fd]): of the terminal there; standard error, where progress goes, if absent */
static int env_columns(lua_State *L)
{
    lua_pushinteger(L, terminal_columns(luaL_optint(L, 1, 2)));
    return 1;
}

static int env_rows(lua_State *L)
{
    lua_pushinteger(L, terminal_rows(1)); /* the view goes to standard output */
    return 1;
}

static int env_write(lua_State *L)
{
    static const char signature[] = "env.write(fd, text)";
    int fd = lua_type(L, 1) == LUA_TNUMBER ? (int)lua_tointeger(L, 1) : 0;
    size_t len;
    const char *text = bind_text(L, 2, signature, "text", &len);
    if (fd != 1 && fd != 2)
        bind_usage(L, signature, "fd must be 1 (standard output) or 2 (standard error)");
    err e;
    if (!terminal_write(fd, text, len, &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, true);
    return 1;
}

static int env_read_stdin(lua_State *L)
{
    buf *out = bind_buf_push(L);
    err e;
    return terminal_read_all(0, STDIN_MAX, out, &e) ? bind_buf_result(L, out) : bind_fail(L, &e);
}

typedef struct signal_op {
    terminal_waiter waiter;
    task_token token;
} signal_op;

static void signal_cancel(void *arg)
{
    signal_op *op = arg;
    terminal_cancel(&op->waiter);
}

static void signal_arrived(void *arg, const char *name)
{
    signal_op *op = arg;
    lua_State *co = task_results(op->token);
    if (!co)
        return;
    lua_pushstring(co, name);
    task_wake(op->token, 1);
}

static int env_signal(lua_State *L)
{
    mono_ns timeout = bind_timeout(L, 1);
    signal_op *op = lua_newuserdata(L, sizeof *op);
    memset(op, 0, sizeof *op);
    op->token = task_begin(L, signal_cancel, op);
    terminal_wait_signal(&op->waiter, signal_arrived, op);
    task_limit(op->token, timeout);
    return task_wait(L);
}

static int env_hostname(lua_State *L)
{
    char name[HOST_NAME_MAX + 1] = "";
    gethostname(name, sizeof name - 1);
    lua_pushstring(L, name);
    return 1;
}

static int env_uid(lua_State *L)
{
    lua_pushnumber(L, (double)geteuid());
    return 1;
}

/* notify(text): tells the init system (sd_notify); true also when there is none */
static int env_notify(lua_State *L)
{
    err e;
    if (!service_notify(bind_text(L, 1, "env.notify(text)", "text", NULL), &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, true);
    return 1;
}

static const gate_fn functions[] = {
    {"get", env_get, GATE_READ, CAP_ENV, NULL},
    {"list", env_list, GATE_READ, CAP_ENV, NULL},
    {"cwd", env_cwd, GATE_READ, CAP_ENV, NULL},
    {"pid", env_pid, GATE_READ, CAP_ENV, NULL},
    {"exe", env_exe, GATE_READ, CAP_ENV, NULL},
    {"is_tty", env_is_tty, GATE_READ, CAP_ENV, NULL},
    {"columns", env_columns, GATE_READ, CAP_ENV, NULL},
    {"rows", env_rows, GATE_READ, CAP_ENV, NULL},
    {"write", env_write, GATE_EFFECT, CAP_ENV, NULL},
    {"read_stdin", env_read_stdin, GATE_READ, CAP_ENV, NULL},
    {"signal", env_signal, GATE_READ, CAP_ENV, NULL},
    {"hostname", env_hostname, GATE_READ, CAP_ENV, NULL},
    {"uid", env_uid, GATE_READ, CAP_ENV, NULL},
    {"notify", env_notify, GATE_EFFECT, CAP_ENV, NULL},
    {0},
};

int bind_env(lua_State *L)
{
    gate_push_module(L, "env", functions);
    return 1;
}
