/*
 * address_lookup.c: see address_lookup.h.
 * Invariants: a lookup is owned by the loop's thread while it is queued, by its own thread while it
 * runs, and by the loop's thread again from loop_post on. `cancelled` and `the` are guarded by
 * the.lock.
 */
#include "io/address_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/mem.h"
#include "io/loop.h"

enum { MAX_THREADS = 16 };

struct address_lookup {
    list node; /* in the.queue until it runs */
    char *host;
    address_lookup_fn fn;
    void *arg;
    bool cancelled;
    int eai, errnum;
    struct addrinfo *found;
};

static struct {
    pthread_mutex_t lock;
    list queue; /* waiting for a thread */
    int threads;
    bool open; /* the loop may be posted to */
} the = {.lock = PTHREAD_MUTEX_INITIALIZER};

void address_lookup_explain(int eai, int errnum, const char *host, err *e)
{
    switch (eai) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        err_set(e, "dns", "there is no such name as %s (the DNS has no address for it)", host);
        break;
    case EAI_SYSTEM:
        err_set(e, "dns-unreachable", "the name %s could not be looked up: %s", host,
                strerror(errnum));
        break;
    default:
        err_set(e, "dns-unreachable",
                "the name %s could not be looked up: the DNS resolver of this machine did not "
                "answer (%s)",
                host, gai_strerror(eai));
        break;
    }
}

static void lookup_destroy(address_lookup *l)
{
    if (l->found)
        freeaddrinfo(l->found);
    free(l->host);
    free(l);
}

static size_t collect(const address_lookup *l, char (*texts)[NI_MAXHOST], const char **out,
                      size_t room)
{
    size_t count = 0;
    for (const struct addrinfo *a = l->found; a && count < room; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, texts[count], NI_MAXHOST, NULL, 0,
                        NI_NUMERICHOST))
            continue;
        bool seen = false;
        for (size_t i = 0; i < count; i++)
            seen = seen || strcmp(texts[i], texts[count]) == 0;
        if (!seen) {
            out[count] = texts[count];
            count++;
        }
    }
    return count;
}

static void start_next(void);

static void on_loop(void *arg)
{
    address_lookup *l = arg;
    pthread_mutex_lock(&the.lock);
    the.threads--;
    bool cancelled = l->cancelled;
    pthread_mutex_unlock(&the.lock);
    start_next();
    if (cancelled) {
        lookup_destroy(l);
        return;
    }
    if (l->eai) {
        err e;
        address_lookup_explain(l->eai, l->errnum, l->host, &e);
        l->fn(l->arg, NULL, 0, &e);
    } else {
        char texts[16][NI_MAXHOST];
        const char *out[16];
        size_t count = collect(l, texts, out, 16);
        l->fn(l->arg, out, count, NULL);
    }
    lookup_destroy(l);
}

static void *lookup_thread(void *arg)
{
    address_lookup *l = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_IDN};
    l->eai = getaddrinfo(l->host, NULL, &hints, &l->found);
    l->errnum = errno;
    if (l->eai)
        l->found = NULL;
    pthread_mutex_lock(&the.lock);
    bool open = the.open;
    if (open)
        loop_post(on_loop, l);
    pthread_mutex_unlock(&the.lock);
    if (!open)
        lookup_destroy(l);
    return NULL;
}

/* Gives waiting lookups to threads, as many as are allowed. Loop thread. */
static void start_next(void)
{
    for (;;) {
        pthread_mutex_lock(&the.lock);
        list *node = the.threads < MAX_THREADS ? list_shift(&the.queue) : NULL;
        if (node)
            the.threads++;
        pthread_mutex_unlock(&the.lock);
        if (!node)
            return;
        address_lookup *l = list_entry(node, address_lookup, node);
        pthread_t thread;
        int failed = pthread_create(&thread, NULL, lookup_thread, l);
        if (!failed) {
            pthread_detach(thread);
            continue;
        }
        l->eai = EAI_SYSTEM;
        l->errnum = failed;
        loop_defer(on_loop, l);
    }
}

address_lookup *address_lookup_start(const char *host, address_lookup_fn fn, void *arg)
{
    address_lookup *l = mem_zero(1, sizeof *l);
    list_init(&l->node);
    l->host = mem_strdup(host);
    l->fn = fn;
    l->arg = arg;
    pthread_mutex_lock(&the.lock);
    if (!the.queue.next)
        list_init(&the.queue);
    the.open = true;
    list_push(&the.queue, &l->node);
    pthread_mutex_unlock(&the.lock);
    start_next();
    return l;
}

void address_lookup_cancel(address_lookup *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&the.lock);
    bool queued = !list_empty(&l->node);
    list_remove(&l->node);
    l->cancelled = true;
    pthread_mutex_unlock(&the.lock);
    if (queued)
        lookup_destroy(l);
}

void address_lookup_finish(void)
{
    pthread_mutex_lock(&the.lock);
    the.open = false;
    pthread_mutex_unlock(&the.lock);
}
