/* curl_loop.c: see curl_loop.h. libcurl tells which sockets and which time-out to watch; libev
 * tells it what happened. */
#include "io/curl_loop.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"

enum { MAX_IDLE_CONNECTIONS = 512 };

/* One watched socket. Kept in a free list: with a new connection per request they come and go
 * thousands a second. */
typedef struct watch {
    ev_io io;
    struct watch *next_free;
} watch;

static struct {
    CURLM *multi;
    ev_timer timer;
    watch *free_watches;
    list flagged;
    bool flush_planned, kick_planned;
} the;

static void take_results(void)
{
    CURLMsg *message;
    int left;
    while ((message = curl.multi_info_read(the.multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_job *job = NULL;
        CURLcode result = message->data.result; /* message dies with the removal */
        curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
        curl_loop_remove(job);
        job->done(job, result);
    }
}

static void act(curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = curl.multi_socket_action(the.multi, fd, what, &running);
    if (code != CURLM_OK)
        log_error("http.multi", "code=%d", (int)code);
    take_results();
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev;
    int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
               (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    if (events & EV_ERROR)
        what |= CURL_CSELECT_ERR;
    act(w->fd, what);
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev, (void)w, (void)events;
    act(CURL_SOCKET_TIMEOUT, 0);
}

static void kick(void *arg)
{
    (void)arg;
    the.kick_planned = false;
    if (the.multi)
        act(CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi, (void)arg;
    ev_timer_stop(loop_ev(), &the.timer);
    if (timeout_ms == 0) { /* every new request; libev would make it wait for a millisecond */
        if (!the.kick_planned)
            loop_defer(kick, NULL);
        the.kick_planned = true;
    } else if (timeout_ms > 0) {
        /* Counted from the turn's start, so perhaps early: libcurl then sets the rest again. */
        ev_timer_set(&the.timer, (double)timeout_ms / 1000., 0.);
        ev_timer_start(loop_ev(), &the.timer);
    }
    return 0;
}

static watch *watch_take(void)
{
    watch *w = the.free_watches;
    if (w)
        the.free_watches = w->next_free;
    else
        w = mem_zero(1, sizeof *w);
    ev_init(&w->io, on_io);
    return w;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    (void)easy, (void)arg;
    watch *w = of_socket;
    if (w)
        ev_io_stop(loop_ev(), &w->io);
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            w->next_free = the.free_watches;
            the.free_watches = w;
            curl.multi_assign(the.multi, fd, NULL);
        }
        return 0;
    }
    if (!w) {
        w = watch_take();
        curl.multi_assign(the.multi, fd, w);
    }
    ev_io_set(&w->io, fd,
              (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    ev_io_start(loop_ev(), &w->io);
    return 0;
}

bool curl_loop_open(err *e)
{
    if (the.multi)
        return true;
    if (!curl_load(e))
        return false;
    the.multi = curl.multi_init();
    if (!the.multi)
        return err_set(e, "io", "libcurl could not be initialised");
    list_init(&the.flagged);
    ev_init(&the.timer, on_timer);
    curl.multi_setopt(the.multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl.multi_setopt(the.multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl.multi_setopt(the.multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    return true;
}

void curl_loop_close(void)
{
    if (!the.multi)
        return;
    curl.multi_cleanup(the.multi);
    the.multi = NULL;
    ev_timer_stop(loop_ev(), &the.timer);
    while (the.free_watches) {
        watch *w = the.free_watches;
        the.free_watches = w->next_free;
        free(w);
    }
}

bool curl_loop_add(curl_job *job, err *e)
{
    if (!job->flag_node.next)
        list_init(&job->flag_node);
    curl.easy_setopt(job->easy, CURLOPT_PRIVATE, job);
    CURLMcode code = curl.multi_add_handle(the.multi, job->easy);
    job->running = code == CURLM_OK;
    return job->running ||
           err_set(e, "io", "libcurl did not take the request (code %d)", (int)code);
}

void curl_loop_remove(curl_job *job)
{
    if (job->flag_node.next)
        list_remove(&job->flag_node);
    if (!job->running)
        return;
    job->running = false;
    if (the.multi) /* else it went with the multi handle */
        curl.multi_remove_handle(the.multi, job->easy);
}

static void flush(void *arg)
{
    (void)arg;
    the.flush_planned = false;
    list batch;
    list_init(&batch);
    list *node;
    while ((node = list_shift(&the.flagged)))
        list_push(&batch, node);
    while ((node = list_shift(&batch))) {
        curl_job *job = list_entry(node, curl_job, flag_node);
        job->flagged(job);
    }
}

void curl_loop_flag(curl_job *job)
{
    if (!list_empty(&job->flag_node))
        return;
    list_push(&the.flagged, &job->flag_node);
    if (!the.flush_planned)
        loop_defer(flush, NULL);
    the.flush_planned = true;
}
