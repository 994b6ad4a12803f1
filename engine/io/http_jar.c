/* http_jar.c: cookie jars, see http.h. A jar is a libcurl share handle that shares cookies and
 * nothing else. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/http_request.h"

http_jar *http_jar_create(err *e)
{
    if (!curl_loop_open(e))
        return NULL;
    http_jar *jar = mem_zero(1, sizeof *jar);
    jar->refs = 1;
    jar->share = curl.share_init();
    if (!jar->share) {
        free(jar);
        err_set(e, "memory", "no memory for a cookie jar");
        return NULL;
    }
    curl.share_setopt(jar->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    return jar;
}

http_jar *http_jar_ref(http_jar *jar)
{
    if (jar)
        jar->refs++;
    return jar;
}

void http_jar_unref(http_jar *jar)
{
    if (!jar || --jar->refs > 0)
        return;
    curl.share_cleanup(jar->share);
    free(jar);
}

/* libcurl reaches a jar only through an easy handle. */
static CURL *open_jar(http_jar *jar)
{
    CURL *easy = curl.easy_init();
    if (easy)
        curl.easy_setopt(easy, CURLOPT_SHARE, jar->share);
    return easy;
}

void http_jar_list(http_jar *jar, buf *out)
{
    CURL *easy = open_jar(jar);
    struct curl_slist *cookies = NULL;
    if (easy && curl.easy_getinfo(easy, CURLINFO_COOKIELIST, &cookies) == CURLE_OK) {
        for (const struct curl_slist *c = cookies; c; c = c->next)
            buf_printf(out, "%s\n", c->data);
        curl.slist_free_all(cookies);
    }
    curl.easy_cleanup(easy);
}

bool http_jar_add(http_jar *jar, const char *line)
{
    int tabs = 0;
    for (const char *c = line; *c; c++)
        tabs += *c == '\t';
    CURL *easy = tabs == 6 ? open_jar(jar) : NULL;
    if (!easy)
        return false;
    bool added = curl.easy_setopt(easy, CURLOPT_COOKIELIST, line) == CURLE_OK;
    curl.easy_cleanup(easy);
    return added;
}

void http_jar_clear(http_jar *jar)
{
    CURL *easy = open_jar(jar);
    if (!easy)
        return;
    curl.easy_setopt(easy, CURLOPT_COOKIELIST, "ALL");
    curl.easy_cleanup(easy);
}
