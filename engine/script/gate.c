/*
 * gate.c: see gate.h. Every sys.* function that is not pure is called through gate_call.
 *
 * The record holds one line a call, written when its result reaches Lua, so the order of the lines
 * is the order in which the script learned of the world:
 * {"seq","op","class","task","args","result"}.
 */
#include "script/gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "script/record.h"
#include "script/script_internal.h"

struct gate {
    unsigned granted;
    bool dry_run;
    gate_sink sink;
    void *sink_ctx;
    bool sink_broken;
    uint64_t next_seq;
    gate_counts counts;
};

static const char *const class_names[] = {"pure", "read", "effect", "chance"};

static const char *capability_name(gate_capability c)
{
    switch (c) {
    case CAP_HTTP: return "http";
    case CAP_BROWSER: return "browser";
    case CAP_STORE: return "store";
    case CAP_FILES: return "files";
    case CAP_PROCESS: return "process";
    case CAP_SERVER: return "server";
    case CAP_ENV: return "env";
    case CAP_ENGINE: return "engine";
    case CAP_MAIL: return "mail";
    default: return "none";
    }
}

gate *gate_create(void)
{
    return mem_zero(1, sizeof(gate));
}

void gate_destroy(gate *g)
{
    free(g);
}

void gate_grant(gate *g, unsigned capabilities)
{
    g->granted |= capabilities;
}

void gate_restrict(gate *g, unsigned capabilities)
{
    g->granted &= capabilities;
}

void gate_set_dry_run(gate *g, bool on)
{
    g->dry_run = on;
}

void gate_set_sink(gate *g, gate_sink sink, void *ctx)
{
    g->sink = sink;
    g->sink_ctx = ctx;
}

gate_counts gate_get_counts(const gate *g)
{
    return g->counts;
}

static void emit(gate *g, buf *line)
{
    if (!g->sink_broken && !g->sink(g->sink_ctx, line->data, line->len)) {
        g->sink_broken = true;
        log_error("record.lost", "seq=%" PRIu64 " hint=\"the record is not complete\"",
                  g->next_seq);
    }
}

static void begin_line(buf *line, gate *g, const char *module, const gate_fn *fn, gate_class class,
                       lua_State *L, int argument_count)
{
    buf_printf(line,
               "{\"seq\":%" PRIu64 ",\"op\":\"%s.%s\",\"class\":\"%s\",\"args\":", ++g->next_seq,
               module, fn->name, class_names[class]);
    record_values(line, L, 1, argument_count);
}

static void end_line(buf *line, lua_State *L, int count)
{
    buf_append_str(line, ",\"result\":");
    record_values(line, L, lua_gettop(L) - count + 1, count);
    buf_append_str(line, "}\n");
}

void gate_note_result(task *t, lua_State *co, int count)
{
    if (!t->record_open)
        return;
    gate *g = t->owner->gate;
    buf line;
    buf_init(&line);
    buf_append_str(&line, t->record_open);
    free(t->record_open);
    t->record_open = NULL;
    end_line(&line, co, count);
    emit(g, &line);
    buf_finish(&line);
}

static int refuse(lua_State *L, const char *code, const char *text)
{
    lua_pushnil(L);
    lua_pushstring(L, text);
    lua_pushstring(L, code);
    return 3;
}

static int check(lua_State *L, gate *g, const char *module, const gate_fn *fn, gate_class class)
{
    char text[200];
    if (fn->capability && !(g->granted & (unsigned)fn->capability)) {
        g->counts.denied++;
        const char *cap = capability_name(fn->capability);
        snprintf(text, sizeof text,
                 "%s.%s is not granted: the script does not declare \"%s\" in its needs", module,
                 fn->name, cap);
        return refuse(L, "denied", text);
    }
    if (class == GATE_EFFECT && g->dry_run) {
        g->counts.refused++;
        snprintf(text, sizeof text, "%s.%s is an effect, and this is a dry run", module, fn->name);
        return refuse(L, "dry-run", text);
    }
    return 0;
}

static void count(gate *g, gate_class class)
{
    if (class == GATE_READ)
        g->counts.reads++;
    else if (class == GATE_EFFECT)
        g->counts.effects++;
    else if (class == GATE_CHANCE)
        g->counts.chances++;
}

/* Upvalues: the gate_fn and the module's name, both light userdata. */
static int gate_call(lua_State *L)
{
    const gate_fn *fn = lua_touserdata(L, lua_upvalueindex(1));
    const char *module = lua_touserdata(L, lua_upvalueindex(2));
    script *s = script_of(L);
    gate *g = s->gate;
    gate_class class = fn->classify ? fn->classify(L) : fn->class;
    int refused = check(L, g, module, fn, class);
    task *t = s->running;
    if (g->sink) { /* of a call that threw: the result of this one is not its */
        free(t->record_open);
        t->record_open = NULL;
    }
    if (!refused)
        count(g, class);
    if (!g->sink || class == GATE_PURE)
        return refused ? refused : fn->fn(L);
    buf line;
    buf_init(&line);
    begin_line(&line, g, module, fn, class, L, lua_gettop(L) - refused);
    t->record_open = buf_take(&line, NULL); /* kept in the task: a wait finds it there */
    int results = refused ? refused : fn->fn(L);
    if (results >= 0)
        gate_note_result(t, L, results);
    return results;
}

static void push_function(lua_State *L, const char *module, const gate_fn *fn)
{
    if (fn->class == GATE_PURE && !fn->capability) {
        lua_pushcfunction(L, fn->fn);
        return;
    }
    lua_pushlightuserdata(L, (void *)fn);
    lua_pushlightuserdata(L, (void *)module);
    lua_pushcclosure(L, gate_call, 2);
}

void gate_push_module(lua_State *L, const char *module, const gate_fn *fns)
{
    lua_newtable(L);
    for (; fns->name; fns++) {
        push_function(L, module, fns);
        lua_setfield(L, -2, fns->name);
    }
}

void gate_set_methods(lua_State *L, const char *module, const gate_fn *fns)
{
    gate_push_module(L, module, fns);
    lua_setfield(L, -2, "__index");
}
