/* lws_glue.c: see lws_glue.h. */
#include "io/lws_glue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/lws_headers.h"

/* A piece of input that libwebsockets keeps for later; it tells nobody, but its allocator sees it
 * come and go. */
typedef struct leftover {
    void *piece;
    lws_handler *owner;
} leftover;

static struct {
    struct lws_context *context;
    struct lws_vhost *plain;
    struct lws_vhost *tls_client;
    char last_error[256]; /* what libwebsockets said last at level error */
    lws_handler *current; /* whose callback came last: input is kept right behind it */
    leftover *leftovers;
    size_t leftover_count, leftover_cap;
} the;

static void leftover_add(void *piece, lws_handler *owner)
{
    if (the.leftover_count == the.leftover_cap) {
        the.leftover_cap = the.leftover_cap ? the.leftover_cap * 2 : 16;
        the.leftovers = mem_resize(the.leftovers, the.leftover_cap * sizeof *the.leftovers);
    }
    the.leftovers[the.leftover_count++] = (leftover){piece, owner};
    owner->leftovers++;
}

static void leftover_remove(size_t i)
{
    the.leftovers[i].owner->leftovers--;
    the.leftovers[i] = the.leftovers[--the.leftover_count];
}

static void *allocate(void *ptr, size_t size, const char *reason)
{
    for (size_t i = 0; ptr && i < the.leftover_count; i++)
        if (the.leftovers[i].piece == ptr) {
            leftover_remove(i);
            break;
        }
    void *block = lws_headers_allocate(ptr, size, reason);
    if (block && !ptr && the.current && strcmp(reason, "lws_buflist_append_segment") == 0)
        leftover_add(block, the.current);
    return block;
}

bool lws_glue_has_leftovers(const lws_handler *handler)
{
    return handler->leftovers > 0;
}

void lws_glue_forget(lws_handler *handler)
{
    if (the.current == handler)
        the.current = NULL;
    for (size_t i = the.leftover_count; i-- > 0;)
        if (the.leftovers[i].owner == handler)
            leftover_remove(i);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    (void)user;
    lws_handler *handler = wsi ? lws.get_opaque_user_data(wsi) : NULL;
    if (handler)
        the.current = handler;
    return handler ? handler->on_event(handler, wsi, reason, in, len) : 0;
}

/* One protocol serves all: what a connection is for is its handler's business. */
static const struct lws_protocols protocols[] = {
    {.name = "http",
     .callback = on_event,
     .rx_buffer_size = LWS_GLUE_READ_BYTES,
     .tx_packet_size = 4 * LWS_GLUE_READ_BYTES},
    {.name = NULL},
};

/* Remote parties can provoke its messages at will, so they are for debugging only. */
static void on_log(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    if (level == LLL_ERR) {
        size_t room = sizeof the.last_error - 1;
        memcpy(the.last_error, line, len < room ? len : room);
        the.last_error[len < room ? len : room] = '\0';
    }
    log_debug("lws.message", "text=\"%.*s\"", (int)len, line);
}

/* libwebsockets sizes and clears its tables by the limit of open files, which can be a million. */
static struct lws_context *create_context(const struct lws_context_creation_info *info)
{
    struct rlimit was, now;
    bool lowered = false;
    if (getrlimit(RLIMIT_NOFILE, &was) == 0 && was.rlim_cur > LWS_GLUE_MAX_FD) {
        now = was;
        now.rlim_cur = LWS_GLUE_MAX_FD;
        lowered = setrlimit(RLIMIT_NOFILE, &now) == 0;
    }
    struct lws_context *context = lws.create_context(info);
    if (lowered)
        setrlimit(RLIMIT_NOFILE, &was);
    return context;
}

struct lws_context *lws_glue_context(err *e)
{
    if (the.context)
        return the.context;
    if (!lws_load(e))
        return NULL;
    lws.set_log_level(LLL_ERR | LLL_WARN, on_log);
    lws.set_allocator(allocate);
    void *loops[] = {loop_ev()};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .foreign_loops = loops,
        .max_http_header_data2 = LWS_GLUE_HEADER_BYTES,
        .pt_serv_buf_size = LWS_GLUE_READ_BYTES + 256, /* a multiple of 8: structures follow it */
        .timeout_secs = LWS_GLUE_FOREVER,
    };
    the.context = create_context(&info);
    if (!the.context)
        err_set(e, "io",
                "libwebsockets could not be started (%s); its libev plugin is in the package "
                "libwebsockets-evlib-ev",
                the.last_error);
    return the.context;
}

static struct lws_vhost *create_vhost(const char *name, struct lws_context_creation_info *info,
                                      err *e)
{
    struct lws_context *context = lws_glue_context(e);
    if (!context)
        return NULL;
    info->vhost_name = name;
    info->protocols = protocols;
    info->alpn = "http/1.1";
    info->http_proxy_address =
        ""; /* not the environment's: a browser on this machine is not behind a proxy */
    info->keepalive_timeout = LWS_GLUE_FOREVER;
    info->timeout_secs_ah_idle = LWS_GLUE_FOREVER;
    the.last_error[0] = '\0';
    struct lws_vhost *vhost = lws.create_vhost(context, info);
    if (!vhost)
        err_set(e, "io", "libwebsockets refused to set up %s (%s)", name, the.last_error);
    return vhost;
}

struct lws_vhost *lws_glue_plain_vhost(err *e)
{
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN_SERVER};
    if (!the.plain)
        the.plain = create_vhost("plain", &info, e);
    return the.plain;
}

struct lws_vhost *lws_glue_tls_vhost(const char *cert, const char *key, err *e)
{
    const char *files[] = {cert, key};
    for (int i = 0; i < 2; i++)
        if (access(files[i], R_OK)) {
            err_set_errno(e, errno, "can't read %s", files[i]);
            return NULL;
        }
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
        .ssl_cert_filepath = cert,
        .ssl_private_key_filepath = key,
    };
    struct lws_vhost *vhost = create_vhost("tls", &info, NULL);
    if (!vhost)
        err_set(e, "tls", "the certificate %s and the key %s can't be used: %s", cert, key,
                the.last_error);
    return vhost;
}

struct lws_vhost *lws_glue_tls_client_vhost(err *e)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
    };
    if (!the.tls_client)
        the.tls_client = create_vhost("tls-client", &info, e);
    return the.tls_client;
}

void lws_glue_clear_timeout(struct lws *wsi)
{
    lws.set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
}

void lws_glue_end(struct lws *wsi)
{
    lws.set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

void lws_glue_kill(struct lws *wsi)
{
    /* The public ways out keep a connection that has unsent bytes for 5 seconds or more; this
     * reason does not. */
    lws.close_free_wsi(wsi, LWS_CLOSE_STATUS_NOSTATUS_CONTEXT_DESTROY, "kill");
}

bool lws_glue_running(void)
{
    return the.context != NULL;
}

void lws_glue_finish(void)
{
    struct lws_context *context = the.context;
    the.context = NULL;
    the.plain = the.tls_client = NULL;
    if (context)
        lws.context_destroy(context);
    free(the.leftovers);
    the.leftovers = NULL;
    the.leftover_count = the.leftover_cap = 0;
}
