/*
 * server_files.c: answers from memory and from folders, without the owner. A folder is walked
 * component by component from its descriptor, never following a symbolic link, so nothing outside
 * of it can be reached, whatever changes meanwhile. Reading blocks, which is accepted for local
 * files; large ones are read piece by piece as they are sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/codec.h"
#include "io/server_internal.h"

struct server_file {
    char *path; /* or the prefix of a folder */
    size_t path_len;
    int folder; /* -1: in memory */
    char *content_type;
    char *data;
    size_t len;
    char etag[48];
};

static server_file *add(server *s, const char *path)
{
    server_file *f = NULL;
    for (size_t i = 0; i < s->file_count && !f; i++)
        if (strcmp(s->files[i].path, path) == 0)
            f = &s->files[i];
    if (!f) {
        s->files = mem_resize(s->files, (s->file_count + 1) * sizeof *s->files);
        f = &s->files[s->file_count++];
        *f = (server_file){.path = mem_strdup(path), .path_len = strlen(path), .folder = -1};
    }
    free(f->content_type);
    free(f->data);
    if (f->folder >= 0)
        close(f->folder);
    f->folder = -1;
    f->content_type = f->data = NULL;
    return f;
}

void server_add_file(server *s, const char *path, const char *content_type, const void *data,
                     size_t len)
{
    server_file *f = add(s, path);
    f->content_type = mem_strdup(content_type);
    f->data = mem_strndup(data, len);
    f->len = len;
    unsigned char digest[CODEC_SHA256_SIZE];
    codec_sha256(data, len, digest);
    char *at = f->etag;
    *at++ = '"';
    for (int i = 0; i < 16; i++)
        at += snprintf(at, 3, "%02x", digest[i]);
    strcpy(at, "\"");
}

bool server_add_folder(server *s, const char *prefix, const char *dir, err *e)
{
    size_t len = strlen(prefix);
    if (!len || prefix[0] != '/' || prefix[len - 1] != '/')
        return err_set(e, "invalid", "the prefix \"%s\" must begin and end with \"/\"", prefix);
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(e, errno, "can't serve the folder %s", dir);
    add(s, prefix)->folder = fd;
    return true;
}

void server_files_finish(server *s)
{
    for (size_t i = 0; i < s->file_count; i++) {
        free(s->files[i].path);
        free(s->files[i].content_type);
        free(s->files[i].data);
        if (s->files[i].folder >= 0)
            close(s->files[i].folder);
    }
    free(s->files);
}

const char *server_content_type(const char *path)
{
    static const char *const types[][2] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"webmanifest", "application/manifest+json"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/x-icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"txt", "text/plain; charset=utf-8"},
        {"log", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"zip", "application/zip"},
        {"gz", "application/gzip"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
    };
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(dot + 1, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static bool is_servable(const char *name, size_t len)
{
    return name[0] != '.' || (len == 11 && memcmp(name, ".well-known", 11) == 0);
}

/* Opens one component below dir; dir itself for an empty name. -1 if it is not there or must not be
 * served. */
static int open_component(int dir, const char *name, size_t len, int flags)
{
    char copy[256];
    if (len >= sizeof copy || !is_servable(name, len))
        return -1;
    memcpy(copy, name, len);
    copy[len] = '\0';
    return openat(dir, copy, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* The file that path means below dir: opened for reading, or -1. */
static int open_below(int dir, const char *path)
{
    int at = dir;
    for (;;) {
        size_t len = strcspn(path, "/");
        bool last = path[len] == '\0';
        if (last && !len) { /* the path ends with "/" */
            path = "index.html";
            len = strlen(path);
        }
        int fd = len ? open_component(at, path, len,
                                      last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY)
                     : -1;
        if (at != dir)
            close(at);
        if (last || fd < 0)
            return fd;
        at = fd;
        path += len + 1;
    }
}

static void reply_with(conn *c, int status, const server_header *headers, size_t count, int64_t len)
{
    c->out.len = c->sent = 0;
    server_reply_begin(c, status, headers, count, len);
    c->state = CONN_FLUSHING;
    c->reply_now = true;
    c->deadline = clock_mono() + c->owner->config.write_timeout;
    server_pause_reading(c);
    server_note(c);
}

/* Answers 304 when the client has this version, else the head of a 200. True: the body is wanted.
 */
static bool reply_head(conn *c, const char *type, const char *etag, int64_t len)
{
    const server_header headers[] = {
        {"Content-Type", type}, {"ETag", etag}, {"Cache-Control", "no-cache"}};
    const char *have = server_request_header(&c->request, "if-none-match");
    if (have && (strcmp(have, "*") == 0 || strstr(have, etag))) {
        reply_with(c, 304, headers + 1, 2, 0);
        return false;
    }
    reply_with(c, 200, headers, 3, len);
    return !c->bodyless;
}

static void reply_redirect(conn *c)
{
    buf location;
    buf_init(&location);
    for (const char *at = c->request.path; *at; at++)
        if (*at == '/')
            buf_append_char(&location, '/');
        else
            codec_url_encode(&location, at, 1);
    buf_append_char(&location, '/');
    const server_header header = {"Location", buf_cstr(&location)};
    reply_with(c, 301, &header, 1, 0);
    buf_finish(&location);
}

static bool answer_from_folder(conn *c, const server_file *f)
{
    const char *path = c->request.path + f->path_len;
    int fd = open_below(f->folder, path);
    struct stat st;
    if (fd < 0)
        return false;
    if (fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
        close(fd);
        return false;
    }
    if (S_ISDIR(st.st_mode)) {
        close(fd);
        reply_redirect(c);
        return true;
    }
    char etag[64];
    snprintf(etag, sizeof etag, "\"%llx-%llx-%lx\"", (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec * 1000000000ull +
                 (unsigned long long)st.st_mtim.tv_nsec,
             (unsigned long)st.st_ino);
    size_t len = strlen(path);
    const char *type = server_content_type(!len || path[len - 1] == '/' ? "index.html" : path);
    if (reply_head(c, type, etag, st.st_size) && st.st_size) {
        c->file = fd;
        c->file_left = st.st_size;
    } else {
        close(fd);
    }
    return true;
}

bool server_files_answer(conn *c)
{
    server *s = c->owner;
    const server_request *r = &c->request;
    if (!s->file_count || (!c->head && strcmp(r->method, "GET") != 0))
        return false;
    for (size_t i = 0; i < s->file_count; i++) {
        const server_file *f = &s->files[i];
        if (f->folder >= 0 || strcmp(r->path, f->path) != 0)
            continue;
        if (reply_head(c, f->content_type, f->etag, (int64_t)f->len))
            buf_append(&c->out, f->data, f->len);
        return true;
    }
    for (size_t i = 0; i < s->file_count; i++) {
        const server_file *f = &s->files[i];
        if (f->folder >= 0 && strncmp(r->path, f->path, f->path_len) == 0 &&
            answer_from_folder(c, f))
            return true;
    }
    return false;
}
