/*
 * Glue between libcurl's multi interface and libev, and nothing else: transfers go in, results come
 * out. One multi handle for the process, so that all requests share connections and the DNS cache.
 * Loop thread.
 */
#ifndef NANO_IO_CURL_LOOP_H
#define NANO_IO_CURL_LOOP_H

#include "base/list.h"
#include "io/curl_load.h"

/* In the caller's memory, with `easy` and the functions set, the rest zeroed. */
typedef struct curl_job {
    CURL *easy;
    /* The transfer has ended and is out of the multi handle; called outside of libcurl, so the
     * callee may do anything, also add the job again or free it. */
    void (*done)(struct curl_job *job, CURLcode result);
    /* The answer to curl_loop_flag; called outside of libcurl as well. */
    void (*flagged)(struct curl_job *job);
    list flag_node;
    bool running;
} curl_job;

/* Loads libcurl and makes the multi handle, once. */
bool curl_loop_open(err *e);
/* Closes idle connections and the multi handle; no job may be running. */
void curl_loop_close(void);

/* Starts the transfer. done follows from the loop, never from inside this call. False (code "io")
 * if libcurl does not take it, which only lack of memory explains. */
bool curl_loop_add(curl_job *job, err *e);
/* Ends it without done; nothing of the job is touched afterwards. Safe when it is not running. Not
 * from inside one of libcurl's own callbacks. */
void curl_loop_remove(curl_job *job);
/* From inside libcurl's callbacks: have `flagged` called soon, once for several flags. */
void curl_loop_flag(curl_job *job);

#endif
