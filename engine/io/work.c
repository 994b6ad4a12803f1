/* work.c: see work.h. Two threads: as many as a small machine has cores, and enough to decode a
 * pair of images. */
#include "io/work.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "io/loop.h"

enum { THREADS = 2 };

typedef struct job {
    list node;
    work_fn fn, done;
    void *arg;
} job;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    list queue;
    bool started;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void *run(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&pool.lock);
        while (list_empty(&pool.queue))
            pthread_cond_wait(&pool.more, &pool.lock);
        job *j = list_entry(list_shift(&pool.queue), job, node);
        pthread_mutex_unlock(&pool.lock);
        j->fn(j->arg);
        loop_post(j->done, j->arg);
        free(j);
    }
    return NULL;
}

static void start(void)
{
    pool.started = true;
    list_init(&pool.queue);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run, NULL))
            abort(); /* nothing could ever be answered */
        pthread_detach(thread);
    }
}

void work_submit(work_fn fn, work_fn done, void *arg)
{
    if (!pool.started)
        start();
    job *j = mem_alloc(sizeof *j);
    *j = (job){.fn = fn, .done = done, .arg = arg};
    list_init(&j->node);
    pthread_mutex_lock(&pool.lock);
    list_push(&pool.queue, &j->node);
    pthread_cond_signal(&pool.more);
    pthread_mutex_unlock(&pool.lock);
}
