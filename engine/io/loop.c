/* loop.c: see loop.h. */
#include "io/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"

typedef struct job {
    list node;
    loop_fn fn;
    void *arg;
} job;

static struct {
    struct ev_loop *ev;
    ev_prepare before_wait;
    ev_idle not_idle; /* keeps the loop from sleeping while deferred jobs wait */
    ev_async posted_signal;
    list deferred;
    list posted; /* guarded by lock */
    pthread_mutex_t lock;
} the = {.lock = PTHREAD_MUTEX_INITIALIZER};

static job *job_create(loop_fn fn, void *arg)
{
    job *j = mem_alloc(sizeof *j);
    list_init(&j->node);
    j->fn = fn;
    j->arg = arg;
    return j;
}

static void run_deferred(void)
{
    /* Jobs that a job defers run in the same turn, but the number of rounds is bounded so that I/O
     * gets its turn. */
    for (int round = 0; round < 64 && !list_empty(&the.deferred); round++) {
        list batch;
        list_init(&batch);
        list *node;
        while ((node = list_shift(&the.deferred)))
            list_push(&batch, node);
        while ((node = list_shift(&batch))) {
            job *j = list_entry(node, job, node);
            loop_fn fn = j->fn;
            void *arg = j->arg;
            free(j);
            fn(arg);
        }
    }
    if (list_empty(&the.deferred))
        ev_idle_stop(the.ev, &the.not_idle);
}

static void on_prepare(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev, (void)w, (void)events;
    run_deferred();
}

static void on_idle(struct ev_loop *ev, ev_idle *w, int events)
{
    (void)ev, (void)w, (void)events;
}

static void on_posted(struct ev_loop *ev, ev_async *w, int events)
{
    (void)ev, (void)w, (void)events;
    pthread_mutex_lock(&the.lock);
    list *node;
    while ((node = list_shift(&the.posted)))
        list_push(&the.deferred, node);
    pthread_mutex_unlock(&the.lock);
    if (!list_empty(&the.deferred))
        ev_idle_start(the.ev, &the.not_idle);
}

void loop_init(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write(), not our death */
    list_init(&the.deferred);
    list_init(&the.posted);
    the.ev = ev_default_loop(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!the.ev)
        abort();
    ev_prepare_init(&the.before_wait, on_prepare);
    ev_prepare_start(the.ev, &the.before_wait);
    ev_unref(the.ev);
    ev_idle_init(&the.not_idle, on_idle);
    ev_async_init(&the.posted_signal, on_posted);
    ev_async_start(the.ev, &the.posted_signal);
}

void loop_finish(void)
{
    list *node;
    while ((node = list_shift(&the.deferred)) || (node = list_shift(&the.posted)))
        free(list_entry(node, job, node));
    ev_idle_stop(the.ev, &the.not_idle);
    ev_async_stop(the.ev, &the.posted_signal);
    ev_ref(the.ev);
    ev_prepare_stop(the.ev, &the.before_wait);
    ev_loop_destroy(the.ev);
    the.ev = NULL;
}

struct ev_loop *loop_ev(void)
{
    return the.ev;
}

void loop_run(void)
{
    ev_run(the.ev, 0);
}

void loop_stop(void)
{
    ev_break(the.ev, EVBREAK_ALL);
}

void loop_defer(loop_fn fn, void *arg)
{
    list_push(&the.deferred, &job_create(fn, arg)->node);
    ev_idle_start(the.ev, &the.not_idle);
}

void loop_post(loop_fn fn, void *arg)
{
    job *j = job_create(fn, arg);
    pthread_mutex_lock(&the.lock);
    list_push(&the.posted, &j->node);
    pthread_mutex_unlock(&the.lock);
    ev_async_send(the.ev, &the.posted_signal);
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev, (void)events;
    loop_timer *t = w->data;
    loop_fn fn = t->fn;
    t->fn = NULL;
    fn(t->arg);
}

void loop_timer_start(loop_timer *t, mono_ns delay, loop_fn fn, void *arg)
{
    loop_timer_stop(t);
    /* libev counts from the time at which the turn began; a long callback would shorten the delay.
     */
    ev_now_update(the.ev);
    ev_timer_init(&t->watcher, on_timer, delay > 0 ? (double)delay / (double)NS_PER_SEC : 0., 0.);
    t->watcher.data = t;
    t->fn = fn;
    t->arg = arg;
    ev_timer_start(the.ev, &t->watcher);
}

void loop_timer_stop(loop_timer *t)
{
    if (t->fn)
        ev_timer_stop(the.ev, &t->watcher);
    t->fn = NULL;
}
