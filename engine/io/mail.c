/* mail.c: see mail.h. Between pthread_create and the posted on_finished everything but `cancelled`
 * and `notify` belongs to the thread. */
#include "io/mail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/curl_load.h"
#include "io/loop.h"

enum {
    MAX_UNDER_WAY = 16, /* threads */
    STACK_BYTES = 512 * 1024,
    GOODBYE_SECONDS = 5, /* for the answer to QUIT, which nobody waits for */
    CONNECT_MS = 10000,
    TOTAL_MS = 60000,
};

struct mail {
    mail_notify_fn notify; /* NULL: nobody wants to know */
    void *arg;
    atomic_bool cancelled;
    CURL *easy;
    struct curl_slist *to;
    char *host;
    int port;
    http_policy *policy; /* counted on the loop's thread, read on the other */
    char *message;
    size_t message_len, taken; /* taken: handed to libcurl */
    bool data_asked;           /* 354 has come */
    buf reply;                 /* the last reply's lines */
    char curl_text[CURL_ERROR_SIZE];
    err refusal; /* by the policy, of an address */
    mail_outcome outcome;
};

static int under_way; /* loop thread */

/* ---- what libcurl asks, on the thread ---- */

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
    mail *m = arg;
    size_t room = size * count, left = m->message_len - m->taken;
    if (left > room)
        left = room;
    memcpy(to, m->message + m->taken, left);
    m->taken += left;
    return left;
}

/* The server's replies come here line by line: "250-SIZE 1000", "250 OK". */
static size_t on_reply(char *line, size_t size, size_t count, void *arg)
{
    mail *m = arg;
    size_t len = size * count;
    if (len < 4 || m->reply.len > sizeof m->outcome.text)
        return len;
    if (memcmp(line, "221", 3) == 0) /* the answer to QUIT says nothing of what went before */
        return len;
    if (m->reply.len && m->reply.data[m->reply.len - 1] == '\n') /* a new answer begins */
        m->reply.len = 0;
    bool last = line[3] == ' ';
    m->outcome.reply = atoi(line);
    buf_append(&m->reply, line + 4, len - 4);
    while (m->reply.len && strchr("\r\n", m->reply.data[m->reply.len - 1]))
        m->reply.len--;
    buf_append_char(&m->reply, last ? '\n' : ' ');
    if (last && m->outcome.reply == 354)
        m->data_asked = true;
    return len;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&((mail *)arg)->cancelled) ? 1 : 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    mail *m = arg;
    (void)purpose;
    if (!http_policy_allows_address(m->policy, m->host, m->port, &address->addr, &m->refusal))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- the outcome ---- */

static const char *code_of(CURLcode result)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST: return "dns";
    case CURLE_COULDNT_CONNECT: return "connect";
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_LOGIN_DENIED: return "auth";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return "tls";
    default: return "closed";
    }
}

static void clean_text(mail *m)
{
    size_t len = m->reply.len && m->reply.data[m->reply.len - 1] == '\n' ? m->reply.len - 1
                                                                         : m->reply.len;
    if (len >= sizeof m->outcome.text)
        len = sizeof m->outcome.text - 1;
    for (size_t i = 0; i < len; i++)
        m->outcome.text[i] = (unsigned char)m->reply.data[i] < ' ' ? ' ' : m->reply.data[i];
}

static void conclude(mail *m, CURLcode result)
{
    err *e = &m->outcome.error;
    int reply = m->outcome.reply;
    clean_text(m);
    m->outcome.sent = result == CURLE_OK && m->data_asked;
    if (m->outcome.sent)
        return;
    if (m->refusal.code[0]) {
        *e = m->refusal;
        return;
    }
    const char *code = code_of(result),
               *why = m->curl_text[0] ? m->curl_text : curl.easy_strerror(result);
    bool refused = reply >= 400 && (strcmp(code, "closed") == 0 || strcmp(code, "auth") == 0);
    if (refused && strcmp(code, "closed") == 0)
        code = reply >= 500 ? "rejected" : "later";
    else if (refused && reply < 500)
        code = "later"; /* 454: the log-in cannot be checked now */
    if (refused)
        err_set(e, code, "the mail server %s:%d answered %d %.300s", m->host, m->port, reply,
                m->outcome.text);
    else
        err_set(e, code, "mail through %s:%d: %s", m->host, m->port, why);
}

/* ---- life ---- */

static void mail_free(mail *m)
{
    curl.slist_free_all(m->to);
    http_policy_unref(m->policy);
    buf_finish(&m->reply);
    free(m->host);
    free(m->message);
    free(m);
}

static void on_finished(void *arg)
{
    mail *m = arg;
    under_way--;
    if (!m->notify) {
        mail_free(m);
        return;
    }
    mail_notify_fn notify = m->notify;
    m->notify = NULL;
    m->easy = NULL; /* the thread ends it */
    notify(m->arg);
}

static void *transfer(void *arg)
{
    mail *m = arg;
    CURL *easy = m->easy;
    conclude(m, curl.easy_perform(easy));
    /* From here on m is the loop's again, and libcurl must not know it any more: ending the
     * connection says QUIT and waits for the answer. */
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, NULL);
    curl.easy_setopt(easy, CURLOPT_HEADERDATA, NULL);
    curl.easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl.easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)GOODBYE_SECONDS);
    loop_post(on_finished, m);
    curl.easy_cleanup(easy);
    return NULL;
}

static long milliseconds(mono_ns limit, long def)
{
    return limit > 0 ? (long)((limit + NS_PER_MS - 1) / NS_PER_MS) : def;
}

static void set_tls(mail *m, const mail_options *o)
{
    static const long levels[] = {CURLUSESSL_TRY, CURLUSESSL_ALL, CURLUSESSL_ALL, CURLUSESSL_NONE};
    bool secret = o->tls == MAIL_TLS_AUTO && o->user;
    curl.easy_setopt(m->easy, CURLOPT_USE_SSL, secret ? (long)CURLUSESSL_ALL : levels[o->tls]);
    if (o->insecure) {
        curl.easy_setopt(m->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl.easy_setopt(m->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (o->ca_pem) {
        struct curl_blob pem = {
            .data = (void *)o->ca_pem, .len = strlen(o->ca_pem), .flags = CURL_BLOB_COPY};
        curl.easy_setopt(m->easy, CURLOPT_CAPATH, NULL);
        curl.easy_setopt(m->easy, CURLOPT_CAINFO_BLOB, &pem);
    }
}

static void set_envelope(mail *m, const mail_options *o)
{
    buf text = {0};
    buf_printf(&text, "<%s>", o->from);
    curl.easy_setopt(m->easy, CURLOPT_MAIL_FROM, buf_cstr(&text));
    for (size_t i = 0; i < o->to_count; i++) {
        text.len = 0;
        buf_printf(&text, "<%s>", o->to[i]);
        m->to = curl.slist_append(m->to, buf_cstr(&text));
    }
    curl.easy_setopt(m->easy, CURLOPT_MAIL_RCPT, m->to);
    char own[256] = "localhost";
    if (!o->hello)
        gethostname(own, sizeof own - 1);
    text.len = 0;
    bool six = strchr(o->host, ':') != NULL;
    buf_printf(&text, "%s://%s%s%s:%d/%s", o->tls == MAIL_TLS_FULL ? "smtps" : "smtp",
               six ? "[" : "", o->host, six ? "]" : "", o->port, o->hello ? o->hello : own);
    curl.easy_setopt(m->easy, CURLOPT_URL, buf_cstr(&text));
    if (o->user) {
        curl.easy_setopt(m->easy, CURLOPT_USERNAME, o->user);
        curl.easy_setopt(m->easy, CURLOPT_PASSWORD, o->password ? o->password : "");
    }
    buf_finish(&text);
}

static void prepare(mail *m, const mail_options *o)
{
    CURL *easy = m->easy;
    long total = milliseconds(o->total_timeout, TOTAL_MS);
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl.easy_setopt(easy, CURLOPT_PROXY, "");
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, m->curl_text);
    curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(o->connect_timeout, CONNECT_MS));
    curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, total);
    curl.easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, total / 1000 + 1);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, m);
    curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
    curl.easy_setopt(easy, CURLOPT_HEADERDATA, m);
    curl.easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl.easy_setopt(easy, CURLOPT_READDATA, m);
    curl.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl.easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl.easy_setopt(easy, CURLOPT_XFERINFODATA, m);
    curl.easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    set_tls(m, o);
    set_envelope(m, o);
}

/* An address must not be able to say anything else to the server. */
static bool address_fine(const char *address, bool may_be_empty)
{
    size_t len = strlen(address);
    return len <= 320 && (len || may_be_empty) && !strpbrk(address, "<> \t\r\n") &&
           address[0] != '-';
}

static bool name_fine(const char *name)
{
    return *name && strlen(name) <= 255 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
               strlen(name);
}

static bool check(const mail_options *o, err *e)
{
    if (!o->host || !name_fine(o->host))
        return err_set(e, "invalid", "\"%.100s\" is not the name of a mail server",
                       o->host ? o->host : "");
    if (o->port < 1 || o->port > 65535)
        return err_set(e, "invalid", "a port is from 1 to 65535, not %d", o->port);
    if (o->hello && !name_fine(o->hello))
        return err_set(e, "invalid", "\"%.100s\" is not a host name", o->hello);
    if (!address_fine(o->from, true))
        return err_set(e, "invalid", "\"%.100s\" is not an address", o->from);
    for (size_t i = 0; i < o->to_count; i++)
        if (!address_fine(o->to[i], false))
            return err_set(e, "invalid", "\"%.100s\" is not an address", o->to[i]);
    if (o->to_count == 0)
        return err_set(e, "invalid", "a message needs a recipient");
    if (under_way >= MAX_UNDER_WAY)
        return err_set(e, "busy", "%d messages are on their way already", under_way);
    return http_policy_allows_host(o->policy, o->host, o->port, e) && curl_load(e);
}

mail *mail_start(const mail_options *options, mail_notify_fn notify, void *arg, err *e)
{
    if (!check(options, e))
        return NULL;
    mail *m = mem_zero(1, sizeof *m);
    m->notify = notify;
    m->arg = arg;
    m->policy = http_policy_ref(options->policy);
    m->host = mem_strdup(options->host);
    m->port = options->port;
    m->message = mem_strndup(options->message, options->message_len);
    m->message_len = options->message_len;
    m->easy = curl.easy_init();
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    bool fine = m->easy != NULL;
    if (fine) {
        prepare(m, options);
        fine = pthread_create(&thread, &small, transfer, m) == 0;
    }
    pthread_attr_destroy(&small);
    if (!fine) {
        err_set(e, "io", "the message could not be begun: no memory or no thread");
        if (m->easy)
            curl.easy_cleanup(m->easy);
        mail_free(m);
        return NULL;
    }
    under_way++;
    return m;
}

void mail_destroy(mail *m)
{
    if (!m)
        return;
    if (!m->notify) {
        mail_free(m);
        return;
    }
    m->notify = NULL;
    atomic_store(&m->cancelled, true);
}

const mail_outcome *mail_get_outcome(const mail *m)
{
    return &m->outcome;
}
