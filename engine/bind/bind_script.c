/*
 * bind_script.c: sys.script starts other scripts in states of their own (worker's runs, tests);
 * sys.host is the started script's line to whoever started it. Messages are text (JSON by
 * agreement) and keep their order.
 *
 * Ownership: the handle userdata owns the child; collecting it ends the child. A child that ends by
 * itself is destroyed at once, its end and its figures stay in the handle.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "bind/bind.h"
#include "bind/driver.h"

#define HANDLE_TYPE "sys.script"

enum { QUEUE_MAX = 10000, GRACE_BYTES = 16 << 20 };

typedef struct message {
    list node;
    size_t len;
    char text[];
} message;

typedef struct mailbox {
    list messages;
    unsigned count;
    task_token waiting;
} mailbox;

typedef struct child {
    driver *driver; /* NULL once it has ended */
    mailbox to_parent, to_child;
    script_end how;
    char *end_text;
    script_stats stats;
    gate_counts counts;
    FILE *record;
} child;

typedef struct handle {
    child *child;
} handle;

static const char child_key = 0;

static void mailbox_init(mailbox *m)
{
    list_init(&m->messages);
}

static void mailbox_finish(mailbox *m)
{
    list *node;
    while ((node = list_shift(&m->messages)))
        free(list_entry(node, message, node));
}

static bool mailbox_deliver(mailbox *m)
{
    if (list_empty(&m->messages) || !m->waiting.script)
        return false;
    lua_State *co = task_results(m->waiting);
    if (!co)
        return false;
    message *msg = list_entry(list_shift(&m->messages), message, node);
    m->count--;
    lua_pushlstring(co, msg->text, msg->len);
    free(msg);
    task_wake(m->waiting, 1);
    m->waiting = (task_token){0};
    return true;
}

static bool mailbox_put(mailbox *m, const char *text, size_t len)
{
    if (m->count >= QUEUE_MAX)
        return false;
    message *msg = mem_alloc(sizeof *msg + len);
    msg->len = len;
    memcpy(msg->text, text, len);
    list_push(&m->messages, &msg->node);
    m->count++;
    mailbox_deliver(m);
    return true;
}

static void mailbox_cancel(void *op)
{
    ((mailbox *)op)->waiting = (task_token){0};
}

static int mailbox_wait(lua_State *L, mailbox *m, mono_ns timeout)
{
    if (m->waiting.script)
        return luaL_error(L, "another task is waiting for these messages already");
    lua_pushnil(L);
    m->waiting = task_begin(L, mailbox_cancel, m);
    if (!mailbox_deliver(m))
        task_limit(m->waiting, timeout);
    return task_wait(L);
}

/* ---- the child's end ---- */

static const char *end_word(script_end how)
{
    return how == SCRIPT_OK ? "finished" : how == SCRIPT_ERROR ? "error" : "killed";
}

static void tell_end(child *c)
{
    if (c->driver || !c->to_parent.waiting.script)
        return;
    task_token token = c->to_parent.waiting;
    c->to_parent.waiting = (task_token){0};
    task_wake_error(token, c->end_text, end_word(c->how));
}

static void take_figures(child *c)
{
    script *s = driver_script(c->driver);
    c->stats = script_get_stats(s);
    c->counts = gate_get_counts(script_gate(s));
}

static void close_down(child *c)
{
    if (c->driver) {
        take_figures(c);
        gate_set_sink(script_gate(driver_script(c->driver)), NULL, NULL);
        script_set_slot(driver_script(c->driver), &child_key, NULL, NULL);
        driver_destroy(c->driver);
        c->driver = NULL;
    }
    if (c->record)
        fclose(c->record);
    c->record = NULL;
}

static void on_child_finish(void *owner, script_end how, const char *text)
{
    child *c = owner;
    c->how = how;
    c->end_text = mem_strdup(text);
    close_down(c);
    tell_end(c);
}

static bool record_line(void *ctx, const char *line, size_t len)
{
    FILE *f = ctx;
    return fwrite(line, 1, len, f) == len && fflush(f) == 0;
}

/* ---- sys.script.start ---- */

/* The bits of the list of names at index. */
static unsigned read_capabilities(lua_State *L, int index)
{
    static const struct {
        const char *name;
        gate_capability bit;
    } known[] = {{"http", CAP_HTTP},   {"browser", CAP_BROWSER}, {"store", CAP_STORE},
                 {"files", CAP_FILES}, {"process", CAP_PROCESS}, {"server", CAP_SERVER},
                 {"env", CAP_ENV},     {"engine", CAP_ENGINE},   {"mail", CAP_MAIL}};
    unsigned bits = 0;
    for (size_t i = 1; i <= lua_objlen(L, index); i++) {
        lua_rawgeti(L, index, (int)i);
        const char *name = luaL_checkstring(L, -1);
        size_t k = 0;
        while (k < sizeof known / sizeof *known && strcmp(known[k].name, name) != 0)
            k++;
        if (k == sizeof known / sizeof *known)
            luaL_error(L, "there is no capability \"%s\"", name);
        bits |= (unsigned)known[k].bit;
        lua_pop(L, 1);
    }
    return bits;
}

static bool open_record(child *c, const char *path, err *e)
{
    if (!path)
        return true;
    c->record = fopen(path, "wbe");
    if (!c->record)
        return err_set_errno(e, errno, "can't write the record %s", path);
    gate_set_sink(script_gate(driver_script(c->driver)), record_line, c->record);
    return true;
}

/*
 * start{name, module, argument, memory_cap=bytes, slice_ms=, capabilities={…}, dry_run=,
 * record=path, base=} → handle | nil, text, code. Starts stdlib module `module` (its run(argument))
 * in a fresh state; base: one in which this stdlib module was loaded before.
 */
static int l_start(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t len = 0;
    const char *name = bind_opt_string(L, 1, "name", "script", NULL);
    const char *module = bind_opt_string(L, 1, "module", NULL, NULL);
    const char *argument = bind_opt_string(L, 1, "argument", "", &len);
    const char *record = bind_opt_string(L, 1, "record", NULL, NULL);
    const char *base = bind_opt_string(L, 1, "base", NULL, NULL);
    double cap = bind_opt_number(L, 1, "memory_cap", 0);
    double slice_ms = bind_opt_number(L, 1, "slice_ms", 2000);
    bool dry_run = bind_opt_bool(L, 1, "dry_run", false);
    lua_getfield(L, 1, "capabilities");
    unsigned granted = lua_istable(L, -1) ? read_capabilities(L, lua_gettop(L)) : 0;
    lua_pop(L, 1);
    if (!module)
        return bind_usage(L, "script.start{module=…}", "the field \"module\" is missing");
    handle *h = bind_new(L, HANDLE_TYPE, sizeof *h);
    child *c = h->child = mem_zero(1, sizeof *c);
    mailbox_init(&c->to_parent);
    mailbox_init(&c->to_child);
    c->driver = driver_create(&(driver_config){.name = name,
                                               .memory_cap = (size_t)cap,
                                               .slice_cap = (mono_ns)(slice_ms * (double)NS_PER_MS),
                                               .base = base,
                                               .on_finish = on_child_finish,
                                               .owner = c});
    err e;
    if (!c->driver) {
        err_set(&e, "memory", "can't create a Lua state for %s", name);
        return bind_fail(L, &e);
    }
    script *s = driver_script(c->driver);
    script_set_slot(s, &child_key, c, NULL);
    gate_grant(script_gate(s), granted);
    gate_set_dry_run(script_gate(s), dry_run);
    if (!open_record(c, record, &e))
        return bind_fail(L, &e);
    bind_apply_policy(L, 1, s);
    script_start(s, module, argument, len);
    return 1;
}

/* handle:recv([timeout_ms]) waits → text | nil, text, "finished" (text: what run returned) |
 * "error" | "killed" */
static int l_recv(lua_State *L)
{
    child *c = ((handle *)bind_check(L, 1, HANDLE_TYPE))->child;
    if (c->to_parent.waiting.script)
        return luaL_error(L, "another task is waiting for this script's messages already");
    mono_ns timeout = bind_timeout(L, 2);
    lua_pushvalue(L, 1); /* the handle must live while it waits */
    c->to_parent.waiting = task_begin(L, mailbox_cancel, &c->to_parent);
    if (!mailbox_deliver(&c->to_parent)) {
        task_limit(c->to_parent.waiting, timeout);
        tell_end(c);
    }
    return task_wait(L);
}

/* handle:send(text) → false when it has ended or does not read */
static int l_send(lua_State *L)
{
    child *c = ((handle *)bind_check(L, 1, HANDLE_TYPE))->child;
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    lua_pushboolean(L, c->driver && mailbox_put(&c->to_child, text, len));
    return 1;
}

/* handle:kill(message): dooms its main task */
static int l_kill(lua_State *L)
{
    child *c = ((handle *)bind_check(L, 1, HANDLE_TYPE))->child;
    const char *text = luaL_checkstring(L, 2);
    if (c->driver)
        script_kill(driver_script(c->driver), text);
    return 0;
}

static void push_counts(lua_State *L, const gate_counts *n)
{
    lua_createtable(L, 0, 5);
    lua_pushnumber(L, (double)n->reads);
    lua_setfield(L, -2, "reads");
    lua_pushnumber(L, (double)n->effects);
    lua_setfield(L, -2, "effects");
    lua_pushnumber(L, (double)n->chances);
    lua_setfield(L, -2, "chances");
    lua_pushnumber(L, (double)n->refused);
    lua_setfield(L, -2, "refused");
    lua_pushnumber(L, (double)n->denied);
    lua_setfield(L, -2, "denied");
}

/* handle:stats() → {memory=, memory_peak= (bytes), tasks=, gate={reads, effects, chances, refused,
 * denied}} */
static int l_stats(lua_State *L)
{
    child *c = ((handle *)bind_check(L, 1, HANDLE_TYPE))->child;
    if (c->driver)
        take_figures(c);
    lua_createtable(L, 0, 4);
    lua_pushnumber(L, (double)c->stats.memory);
    lua_setfield(L, -2, "memory");
    lua_pushnumber(L, (double)c->stats.memory_peak);
    lua_setfield(L, -2, "memory_peak");
    lua_pushnumber(L, c->stats.tasks);
    lua_setfield(L, -2, "tasks");
    push_counts(L, &c->counts);
    lua_setfield(L, -2, "gate");
    return 1;
}

static int l_gc(lua_State *L)
{
    handle *h = bind_check(L, 1, HANDLE_TYPE);
    child *c = h->child;
    h->child = NULL;
    if (!c)
        return 0;
    close_down(c);
    mailbox_finish(&c->to_parent);
    mailbox_finish(&c->to_child);
    free(c->end_text);
    free(c);
    return 0;
}

static const gate_fn functions[] = {
    {"start", l_start, GATE_EFFECT, CAP_ENGINE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"recv", l_recv, GATE_READ, CAP_ENGINE, NULL},
    {"send", l_send, GATE_EFFECT, CAP_ENGINE, NULL},
    {"kill", l_kill, GATE_EFFECT, CAP_ENGINE, NULL},
    {"stats", l_stats, GATE_READ, CAP_ENGINE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_script(lua_State *L)
{
    bind_type(L, HANDLE_TYPE, methods, l_gc);
    gate_push_module(L, "script", functions);
    return 1;
}

/* ---- sys.host ---- */

static child *own_child(lua_State *L)
{
    child *c = script_get_slot(script_of(L), &child_key);
    if (!c)
        luaL_error(L, "sys.host: nobody has started this script, so there is no one to talk to");
    return c;
}

/* send(text) → false when the receiver has fallen 10,000 messages behind */
static int host_send(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, mailbox_put(&own_child(L)->to_parent, text, len));
    return 1;
}

/* recv([timeout_ms]) waits → text | nil, text, "timeout" */
static int host_recv(lua_State *L)
{
    return mailbox_wait(L, &own_child(L)->to_child, bind_timeout(L, 1));
}

/* gate() → {reads=, effects=, chances=, refused=, denied=} so far */
static int host_gate(lua_State *L)
{
    gate_counts n = gate_get_counts(script_gate(script_of(L)));
    push_counts(L, &n);
    return 1;
}

/* memory() → bytes now, bytes at the peak, how often the cap has refused */
static int host_memory(lua_State *L)
{
    script_stats st = script_get_stats(script_of(L));
    lua_pushnumber(L, (double)st.memory);
    lua_pushnumber(L, (double)st.memory_peak);
    lua_pushnumber(L, (double)st.refused);
    return 3;
}

/* last_seen() → "checkout.lua:12" | "": where the watchdog saw the script last; a stack overflow
 * leaves no better trace */
static int host_last_seen(lua_State *L)
{
    lua_pushstring(L, script_last_seen(script_of(L)));
    return 1;
}

/* grace(): lifts the memory cap by 16 MB, so that the runner can report a script that used it all
 * up */
static int host_grace(lua_State *L)
{
    script_raise_cap(script_of(L), GRACE_BYTES);
    return 0;
}

/* restrict{capabilities}: gives up every other capability, for good. The runner does it once it
 * knows the manifest. */
static int host_restrict(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    gate_restrict(script_gate(script_of(L)), read_capabilities(L, 1));
    return 0;
}

static const gate_fn host_functions[] = {
    {"restrict", host_restrict, GATE_PURE, CAP_NONE, NULL},
    {"send", host_send, GATE_PURE, CAP_NONE, NULL},
    {"recv", host_recv, GATE_READ, CAP_NONE, NULL},
    {"gate", host_gate, GATE_PURE, CAP_NONE, NULL},
    {"grace", host_grace, GATE_PURE, CAP_NONE, NULL},
    {"memory", host_memory, GATE_PURE, CAP_NONE, NULL},
    {"last_seen", host_last_seen, GATE_PURE, CAP_NONE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_host(lua_State *L)
{
    gate_push_module(L, "host", host_functions);
    return 1;
}
