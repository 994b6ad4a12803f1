/*
 * script.c: the life of a Lua state and its turns; see script.h. Called by bind/ and app/.
 * Invariant: Lua runs only inside script_turn (and in the protected set-up of script_create).
 */
#include "script/script.h"

#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "script/arena.h"
#include "script/script_internal.h"

/* Prepared states that no run has wait here (script.idle_node), the one that was used last at the
 * end. At most IDLE_MAX of them, half a megabyte each, and those that nobody needs for a while go,
 * one whenever another run ends. */
enum { IDLE_MAX = 64 };
#define IDLE_SPAN (60 * NS_PER_SEC)

/* Percent of the prepared state's memory at which a run's first garbage collection begins: most
 * runs end before. */
enum { FIRST_PAUSE = 250 };

static script *running_script;
static list idle = {&idle, &idle};
static unsigned idle_count;

static int open_libraries(lua_State *L)
{
    static const struct {
        const char *name;
        lua_CFunction open;
    } libraries[] = {{"", luaopen_base},
                     {LUA_TABLIBNAME, luaopen_table},
                     {LUA_STRLIBNAME, luaopen_string},
                     {LUA_MATHLIBNAME, luaopen_math},
                     {LUA_BITLIBNAME, luaopen_bit},
                     {LUA_DBLIBNAME, luaopen_debug},
                     {LUA_OSLIBNAME, luaopen_os},
                     {LUA_JITLIBNAME, luaopen_jit}};
    /* Opening jit is what turns the compiler on. Not in a run: the watchdog's hook reaches only
     * interpreted code, and traces cost such a short life more time and memory than they save. */
    size_t count = sizeof libraries / sizeof *libraries - !script_of(L)->config.trusted;
    for (size_t i = 0; i < count; i++) {
        lua_pushcfunction(L, libraries[i].open);
        lua_pushstring(L, libraries[i].name);
        lua_call(L, 1, 0);
    }
    task_open(L);
    loader_open(L);
    return 0;
}

/* What each script has of its own, whatever its state was before. */
static void begin(script *s, const script_config *config)
{
    s->config = *config;
    s->name = mem_strdup(config->name);
    s->config.name = s->name;
    list_init(&s->ready);
    list_init(&s->tasks);
    s->memory.cap = config->memory_cap;
    s->memory.on_refused = config->trusted ? NULL : watchdog_refused;
    s->gate = gate_create();
    if (config->trusted)
        gate_grant(s->gate, CAP_ALL);
}

/* The one that was used last: its memory is still in the processor's caches. */
static script *take_idle(const char *base)
{
    for (list *node = idle.prev; node != &idle; node = node->prev) {
        script *s = list_entry(node, script, idle_node);
        if (strcmp(s->kept_base, base) != 0)
            continue;
        list_remove(&s->idle_node);
        idle_count--;
        arena_restore(s->memory.arena);
        *s = (script){.memory = {.arena = s->memory.arena, .used = s->kept_used,
                                 .peak = s->kept_used},
                      .L = s->L, .kept = true, .kept_base = s->kept_base,
                      .kept_used = s->kept_used};
        return s;
    }
    return NULL;
}

script *script_create(const script_config *config)
{
    script *s = config->base ? take_idle(config->base) : NULL;
    if (s) {
        begin(s, config);
        s->memory.capped = config->memory_cap ? s->L : NULL;
        return s;
    }
    s = mem_zero(1, sizeof *s);
    begin(s, config);
    s->memory.arena = config->base ? arena_create() : NULL;
    s->L = lua_newstate(alloc_lua, &s->memory);
    if (!s->L || lua_cpcall(s->L, (lua_CFunction)open_libraries, NULL)) {
        if (s->L)
            log_error("script.create", "script=%s error=\"%s\"", s->name, lua_tostring(s->L, -1));
        script_destroy(s);
        return NULL;
    }
    s->memory.capped = config->memory_cap ? s->L : NULL;
    watchdog_open(s);
    return s;
}

static int load_base(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, script_of(L)->config.base);
    lua_call(L, 1, 0);
    return 0;
}

bool script_prepare(script *s)
{
    s->memory.uncapped++;
    bool loaded = lua_cpcall(s->L, load_base, NULL) == 0;
    if (!loaded) {
        log_error("script.prepare", "base=%s error=\"%s\"", s->config.base,
                  lua_tostring(s->L, -1));
        lua_settop(s->L, 0);
    }
    lua_gc(s->L, LUA_GCSETPAUSE, FIRST_PAUSE);
    lua_gc(s->L, LUA_GCCOLLECT, 0);
    s->memory.uncapped--;
    s->kept_used = s->memory.peak = s->memory.used;
    s->kept = loaded && s->memory.arena && arena_keep(s->memory.arena);
    s->kept_base = s->kept ? mem_strdup(s->config.base) : NULL;
    return loaded;
}

bool script_is_prepared(const script *s)
{
    return s->kept;
}

static void discard(script *s)
{
    arena_destroy(s->memory.arena);
    free(s->kept_base);
    free(s);
}

static void put_idle(script *s)
{
    s->idle_since = clock_mono();
    list_push(&idle, &s->idle_node);
    script *oldest = list_entry(idle.next, script, idle_node);
    if (++idle_count <= IDLE_MAX && s->idle_since - oldest->idle_since < IDLE_SPAN)
        return;
    list_remove(&oldest->idle_node);
    idle_count--;
    discard(oldest);
}

void script_note_owned(script *s, int change)
{
    s->owned += change;
}

/* Ends what the run holds of the engine. In a prepared state that holds nothing the finalizers are
 * not needed, and looking for them costs more than the run. */
static void close_state(script *s)
{
    if (!s->L)
        return;
    s->memory.uncapped++;
    if (!s->kept || s->owned > 0)
        lua_close(s->L);
    list *node;
    while ((node = list_shift(&s->tasks)))
        task_release(list_entry(node, task, all_node));
}

void script_destroy(script *s)
{
    if (!s)
        return;
    task_cancel_all(s);
    for (int i = s->extra_count - 1; i >= 0; i--)
        if (s->extras[i].destroy)
            s->extras[i].destroy(s->extras[i].value);
    s->extra_count = 0;
    close_state(s);
    gate_destroy(s->gate);
    free(s->slots);
    free(s->name);
    if (s->kept)
        put_idle(s);
    else
        discard(s);
}

/* prepare(module, argument) → require(module).run, argument */
static int main_function(lua_State *L)
{
    lua_settop(L, 2);
    lua_getglobal(L, "require");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "run");
    lua_pushvalue(L, 2);
    return 2;
}

void script_start(script *s, const char *module, const char *argument, size_t len)
{
    static const char entry[] = "local prepare, module, argument = ...\n"
                                "local run, value = prepare(module, argument)\n"
                                "return run(value)";
    lua_State *L = s->L;
    s->memory.uncapped++;
    luaL_loadbuffer(L, entry, sizeof entry - 1, "=start");
    lua_pushcfunction(L, main_function);
    lua_pushstring(L, module);
    lua_pushlstring(L, argument, len);
    s->main_task = task_spawn(L, 3);
    s->main_task->joined = true;
    lua_pushlightuserdata(L, &s->main_task); /* the handle stays while the script lives */
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    s->memory.uncapped--;
}

static void report_end(script *s)
{
    task *t = s->main_task;
    s->finished = true;
    if (!s->config.on_finish)
        return;
    if (t->failed) {
        s->config.on_finish(s, s->config.owner, t->doomed ? SCRIPT_KILLED : SCRIPT_ERROR,
                            t->error_text);
        return;
    }
    const char *text = lua_gettop(t->co) ? lua_tostring(t->co, 1) : NULL;
    s->config.on_finish(s, s->config.owner, SCRIPT_OK, text ? text : "");
}

void script_turn(script *s)
{
    s->scheduled = false;
    s->turning = true;
    script *outer = running_script;
    running_script = s;
    mono_ns now = clock_mono();
    if (s->armed_at && s->armed_at <= now)
        task_expire_limits(s, now);
    /* Only those that are ready now: what they wake runs in the next turn, after other I/O. */
    list batch;
    list_init(&batch);
    list *node;
    while ((node = list_shift(&s->ready)))
        list_push(&batch, node);
    while ((node = list_shift(&batch)))
        task_resume(list_entry(node, task, ready_node));
    running_script = outer;
    s->turning = false;
    if (!s->finished && s->main_task && s->main_task->state == TASK_DONE)
        report_end(s);
    if (!list_empty(&s->ready) && !s->scheduled) {
        s->scheduled = true;
        s->config.schedule(s, s->config.owner);
    }
}

void script_kill(script *s, const char *message)
{
    if (s->main_task)
        task_doom(s->main_task, "killed", message);
}

lua_State *script_lua(script *s)
{
    return s->L;
}

script *script_of(lua_State *L)
{
    void *ud;
    lua_getallocf(L, &ud);
    return ud;
}

const char *script_name(const script *s)
{
    return s->name;
}

bool script_trusted(const script *s)
{
    return s->config.trusted;
}

void *script_owner(const script *s)
{
    return s->config.owner;
}

struct gate *script_gate(script *s)
{
    return s->gate;
}

script_stats script_get_stats(const script *s)
{
    return (script_stats){.memory = s->memory.used,
                          .memory_peak = s->memory.peak,
                          .tasks = s->alive,
                          .refused = s->memory.refused};
}

void script_raise_cap(script *s, size_t bytes)
{
    if (s->memory.cap)
        s->memory.cap += bytes;
}

void script_set_slot(script *s, const void *key, void *value, void (*destroy)(void *value))
{
    for (int i = 0; i < s->extra_count; i++)
        if (s->extras[i].key == key) {
            s->extras[i].value = value;
            s->extras[i].destroy = destroy;
            return;
        }
    if (s->extra_count == (int)(sizeof s->extras / sizeof *s->extras))
        abort(); /* a module too many: raise the array's size */
    s->extras[s->extra_count++] = (struct script_slot){key, value, destroy};
}

void *script_get_slot(const script *s, const void *key)
{
    for (int i = 0; i < s->extra_count; i++)
        if (s->extras[i].key == key)
            return s->extras[i].value;
    return NULL;
}

void script_where(script *s, char *out, size_t size)
{
    lua_Debug ar;
    out[0] = '\0';
    task *t = s ? s->running : NULL;
    if (!t)
        return;
    for (int level = 0; level < 200 && lua_getstack(t->co, level, &ar); level++) {
        if (!lua_getinfo(t->co, "Sl", &ar))
            return;
        if (ar.currentline > 0 && strncmp(ar.source, "@[nano]/", 8) != 0 && ar.source[0] == '@') {
            snprintf(out, size, "%s:%d", ar.source + 1, ar.currentline);
            return;
        }
    }
}

const char *script_last_seen(const script *s)
{
    return s->last_seen;
}

script *script_running(void)
{
    return running_script;
}
