/*
 * A small HTTP/1 server for the tests of the HTTP client: raw sockets, one thread a connection, and
 * every way in which a server can misbehave, chosen by path. Nothing in it waits for time to pass:
 * what hangs, hangs until the client goes away.
 */
#ifndef TEST_HTTP_SERVER_H
#define TEST_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#define SERVER_BIG (50u << 20)

typedef struct test_server {
    int fd, port;
    SSL_CTX *tls; /* NULL: plain */
    pthread_t thread;
    pthread_mutex_t lock;
    int connections; /* accepted so far, guarded by lock */
} test_server;

typedef struct test_peer {
    test_server *server;
    int fd;
    SSL *ssl;
    char in[65536];
    size_t have;
} test_peer;

static bool peer_send(test_peer *p, const void *data, size_t len)
{
    const char *at = data;
    while (len) {
        ssize_t n = p->ssl ? SSL_write(p->ssl, at, (int)(len < 1 << 20 ? len : 1 << 20))
                           : send(p->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool peer_say(test_peer *p, const char *text)
{
    return peer_send(p, text, strlen(text));
}

static ssize_t peer_receive(test_peer *p)
{
    size_t room = sizeof p->in - 1 - p->have;
    ssize_t n = p->ssl ? SSL_read(p->ssl, p->in + p->have, (int)room)
                       : recv(p->fd, p->in + p->have, room, 0);
    if (n > 0)
        p->have += (size_t)n;
    p->in[p->have] = 0;
    return n;
}

/* Until the client closes: what it then still has is dropped. */
static void peer_wait_for_close(test_peer *p)
{
    do
        p->have = 0;
    while (peer_receive(p) > 0);
}

static bool peer_answer(test_peer *p, const char *status, const char *headers, const void *body,
                        size_t len)
{
    char head[8192];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
             len);
    return peer_say(p, head) && peer_send(p, body, len);
}

static bool peer_redirect(test_peer *p, const char *status, const char *extra, const char *location)
{
    char headers[8192];
    snprintf(headers, sizeof headers, "%sLocation: %s\r\n", extra, location);
    return peer_answer(p, status, headers, "elsewhere", 9);
}

/* gzip of a text, or of count times 1 MB of zeros where text is NULL. */
static unsigned char *make_gzip(const char *text, size_t megabytes, size_t *len)
{
    static unsigned char zeros[1 << 20];
    size_t room = megabytes * 8192 + 4096;
    unsigned char *out = malloc(room);
    z_stream z = {.next_out = out, .avail_out = (uInt)room};
    deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    for (size_t i = 0; i < megabytes; i++) {
        z.next_in = zeros;
        z.avail_in = sizeof zeros;
        deflate(&z, Z_NO_FLUSH);
    }
    z.next_in = (unsigned char *)(text ? text : "");
    z.avail_in = text ? (uInt)strlen(text) : 0;
    deflate(&z, Z_FINISH);
    *len = z.total_out;
    deflateEnd(&z);
    return out;
}

static bool peer_answer_gzip(test_peer *p, const char *text, size_t megabytes)
{
    size_t len;
    unsigned char *packed = make_gzip(text, megabytes, &len);
    bool fine = peer_answer(p, "200 OK", "Content-Encoding: gzip\r\n", packed, len);
    free(packed);
    return fine;
}

static bool peer_send_big(test_peer *p, bool announced)
{
    static char block[1 << 16];
    if (announced)
        peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n");
    else
        peer_say(p, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (size_t sent = 0; sent < SERVER_BIG; sent += sizeof block)
        if (!peer_send(p, block, sizeof block))
            return false;
    return announced;
}

static bool peer_send_huge_head(test_peer *p)
{
    char line[1024];
    memset(line, 'x', sizeof line);
    memcpy(line, "X-Filler: ", 10);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    peer_say(p, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 600; i++)
        if (!peer_send(p, line, sizeof line))
            return false;
    return peer_say(p, "Content-Length: 0\r\n\r\n");
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The bad manners. Returns false for "not one of these"; the connection ends afterwards. */
static bool peer_misbehave(test_peer *p, const char *path)
{
    if (strcmp(path, "/no-answer") == 0) {
        peer_wait_for_close(p);
    } else if (strcmp(path, "/stalls") == 0) {
        peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
        peer_wait_for_close(p);
    } else if (strcmp(path, "/reset") == 0) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    } else if (strcmp(path, "/partial") == 0) {
        peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
    } else if (strcmp(path, "/garbage") == 0) {
        peer_say(p, "SSH-2.0-OpenSSH_9.2p1\r\n");
    } else if (strcmp(path, "/no-headers") == 0) {
        peer_send(p, "\x00\x01\x02\x03 binary \xff\xfe", 14);
    } else if (strcmp(path, "/bad-gzip") == 0) {
        peer_answer(p, "200 OK", "Content-Encoding: gzip\r\n", "this is not gzip at all", 23);
    } else if (strcmp(path, "/bad-chunk") == 0) {
        peer_say(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnope\r\n");
        peer_wait_for_close(p);
    } else if (strcmp(path, "/huge-head") == 0) {
        peer_send_huge_head(p);
    } else if (strcmp(path, "/big-unannounced") == 0) {
        peer_send_big(p, false);
    } else if (strcmp(path, "/endless-redirect-body") == 0) {
        peer_say(p, "HTTP/1.1 302 Found\r\nLocation: /hello\r\n\r\n");
        static char block[1 << 16];
        while (peer_send(p, block, sizeof block))
            ;
    } else {
        return strcmp(path, "/close") == 0;
    }
    return true;
}

static bool peer_behave(test_peer *p, const char *head, const char *path, const char *body,
                        size_t body_len)
{
    if (starts(path, "/to/")) /* /to/STATUS/LOCATION */
        return peer_redirect(p, (char[]){path[4], path[5], path[6], ' ', 'X', 0}, "", path + 8);
    if (strcmp(path, "/loop") == 0)
        return peer_redirect(p, "302 Found", "", "/loop");
    if (strcmp(path, "/circle-a") == 0)
        return peer_redirect(p, "302 Found", "", "/circle-b");
    if (strcmp(path, "/circle-b") == 0)
        return peer_redirect(p, "302 Found", "", "/circle-a");
    if (strcmp(path, "/login") == 0)
        return peer_redirect(p, "302 Found", "Set-Cookie: session=s3; Path=/\r\n", "/head");
    if (strcmp(path, "/cookie") == 0)
        return peer_answer(p, "200 OK", "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/\r\n",
                           "", 0);
    if (strcmp(path, "/head") == 0)
        return peer_answer(p, "200 OK", "", head, strlen(head));
    if (strcmp(path, "/echo") == 0)
        return peer_answer(p, "200 OK", "", body, body_len);
    if (strcmp(path, "/gzip") == 0)
        return peer_answer_gzip(p, "unpacked text", 0);
    if (strcmp(path, "/bomb") == 0)
        return peer_answer_gzip(p, NULL, 50);
    if (strcmp(path, "/big") == 0)
        return peer_send_big(p, true);
    if (strcmp(path, "/early") == 0)
        return peer_say(p, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n") &&
               peer_answer(p, "200 OK", "X-Real: yes\r\n", "late", 4);
    if (strcmp(path, "/chunked") == 0)
        return peer_say(
            p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4\r\n two\r\n"
               "6\r\n three\r\n0\r\nX-Trailer: 1\r\n\r\n");
    if (strcmp(path, "/repeats") == 0)
        return peer_answer(p, "200 OK", "X-Twice: first\r\nx-twice:second\r\nX-Empty:\r\n", "", 0);
    if (strcmp(path, "/hello") == 0)
        return peer_answer(p, "200 OK", "", "hello", 5);
    if (starts(path, "http://")) /* as a proxy */
        return peer_answer(p, "200 OK", "X-Via: proxy\r\n", path, strlen(path));
    return peer_answer(p, "404 Not Found", "", "nothing here", 12);
}

/* One request: head, body. Returns whether the connection may be used again. */
static bool peer_serve(test_peer *p)
{
    p->have = 0;
    p->in[0] = 0;
    char *end;
    while (!(end = strstr(p->in, "\r\n\r\n"))) {
        if (peer_receive(p) <= 0)
            return false;
        if (p->in[0] == 0x16) { /* TLS where none is spoken */
            peer_say(p, "HTTP/1.1 400 Bad Request\r\n\r\n");
            return false;
        }
    }
    size_t head_len = (size_t)(end - p->in) + 4, body_len = 0;
    char head[8192], path[4096] = "", method[32] = "";
    snprintf(head, sizeof head, "%.*s", (int)head_len, p->in);
    if (sscanf(head, "%31s %4095s", method, path) != 2)
        return false;
    const char *field = strcasestr(head, "\r\nContent-Length:");
    if (field)
        body_len = (size_t)atol(field + 17);
    while (p->have < head_len + body_len)
        if (peer_receive(p) <= 0)
            return false;
    if (strcmp(method, "CONNECT") == 0)
        return peer_answer(p, "403 Forbidden", "", "", 0);
    char body[65536];
    memcpy(body, p->in + head_len, body_len);
    if (strcmp(method, "HEAD") == 0)
        return peer_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n");
    if (peer_misbehave(p, path))
        return false;
    return peer_behave(p, head, path, body, body_len);
}

static void *peer_thread(void *arg)
{
    test_peer *p = arg;
    bool fine = true;
    if (p->server->tls) {
        p->ssl = SSL_new(p->server->tls);
        SSL_set_fd(p->ssl, p->fd);
        fine = SSL_accept(p->ssl) == 1;
    }
    while (fine && peer_serve(p))
        ;
    if (p->ssl) {
        SSL_shutdown(p->ssl);
        SSL_free(p->ssl);
    }
    close(p->fd);
    free(p);
    return NULL;
}

static void *server_thread(void *arg)
{
    test_server *s = arg;
    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&s->lock);
        s->connections++;
        pthread_mutex_unlock(&s->lock);
        test_peer *p = calloc(1, sizeof *p);
        p->server = s;
        p->fd = fd;
        pthread_t thread;
        pthread_create(&thread, NULL, peer_thread, p);
        pthread_detach(thread);
    }
}

/* Listens on 127.0.0.1, any port; tls may be NULL. */
static inline void server_start(test_server *s, SSL_CTX *tls)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    memset(s, 0, sizeof *s);
    s->tls = tls;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_mutex_init(&s->lock, NULL);
    if (bind(s->fd, (struct sockaddr *)&at, sizeof at) || listen(s->fd, 128) ||
        getsockname(s->fd, (struct sockaddr *)&at, &len))
        abort();
    s->port = ntohs(at.sin_port);
    pthread_create(&s->thread, NULL, server_thread, s);
}

static inline int server_connections(test_server *s)
{
    pthread_mutex_lock(&s->lock);
    int n = s->connections;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static inline void server_stop(test_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
