/*
 * What the files of script/ share and nobody else sees: the insides of a script and of a task.
 *
 * A task is a Lua userdata (type "sys.task"), so that its handle, its life and its memory are the
 * state's own. While it is alive it is anchored in the registry; its slot in script.slots is what
 * tokens point at.
 */
#ifndef NANO_SCRIPT_INTERNAL_H
#define NANO_SCRIPT_INTERNAL_H

#include "base/list.h"
#include "script/alloc.h"
#include "script/gate.h"
#include "script/script.h"
#include "script/task.h"

typedef struct task task;

typedef enum { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_DONE } task_state;

struct task {
    list ready_node; /* in script.ready while TASK_READY */
    list all_node;   /* in script.tasks until released */
    script *owner;
    lua_State *co;
    uint32_t slot;
    uint32_t generation; /* of the current wait */
    task_state state;
    bool begun;  /* task_begin was called, the wait is not over */
    bool early;  /* woken before it had yielded */
    bool parked; /* waits for task_unpark */
    bool doomed;
    bool failed;        /* done by an error */
    bool joined;        /* somebody has asked for its result */
    int argument_count; /* values on co's stack for the next resume */
    task_cancel_fn cancel;
    void *op;
    mono_ns limit_at; /* 0: none */
    mono_ns limit_span;
    char *doom_text; /* owned; why it was doomed */
    const char *doom_code;
    char *doom_trace;  /* owned; where it was then */
    char *record_open; /* owned; the recorded call whose result is awaited, NULL if none */
    char *error_text;  /* owned; message with traceback when failed */
    list waiters;      /* join_wait.node of tasks that wait for this one */
};

struct script {
    alloc_account memory; /* first: Lua's allocator gets it as ud, script_of casts it back */
    lua_State *L;
    char *name;
    script_config config;
    struct gate *gate;
    list ready;
    task **slots;
    uint32_t slot_count, slot_cap;
    uint32_t next_generation;
    unsigned alive;
    task *running;
    task *main_task;
    mono_ns slice_start;
    int64_t slice_cpu; /* the thread's CPU time at the slice's first look; 0: none yet */
    char last_seen[160]; /* user's code at the watchdog's last look: "checkout.lua:12" */
    mono_ns armed_at;
    bool turning, scheduled, finished;
    bool kept;              /* the state can be put back as script_prepare has left it */
    char *kept_base;        /* owned; config.base of then */
    size_t kept_used;       /* bytes of Lua memory then */
    int owned;              /* see script_note_owned */
    list tasks;             /* task.all_node of every handle, of tasks that are done too */
    list idle_node;         /* in script.c's list of those that no run has */
    mono_ns idle_since;
    bool every_instruction; /* the hook fires on each: a doomed task runs, or ran last */
    struct script_slot {
        const void *key;
        void *value;
        void (*destroy)(void *value);
    } extras[24];
    int extra_count;
};

/* task.c */
/* In the protected set-up of a new state: the type of the handles. */
void task_open(lua_State *L);
void task_make_ready(task *t);
/* Resumes t, which is ready and unlinked from the ready list. */
void task_resume(task *t);
void task_expire_limits(script *s, mono_ns now);
void task_cancel_all(script *s);
/* Frees what a handle owns beside its own memory: when it is collected, or its state dropped. */
void task_release(task *t);

/* As the public one, with the coroutine in which Lua is right now (a hook or C function knows it).
 */
void task_doom_at(lua_State *L, task *t, const char *code, const char *text);

/* watchdog.c */
/* Once, when the state has been made. */
void watchdog_open(script *s);
/* The cap refused memory: notes the line. Lua's error for it calls no handler and loses it; the
 * line inside of a coroutine is not found, only the one that resumed it. */
void watchdog_refused(alloc_account *account);
/* Before every resume. */
void watchdog_enter(task *t);

/* gate.c */
void gate_note_result(task *t, lua_State *co, int count);

/* loader.c */
void loader_open(lua_State *L);

#endif
