/* url.c: see url.h. */
#include "io/url.h"

#include <string.h>
#include <strings.h>

/* The five parts of RFC 3986's appendix B; authority still whole. */
typedef struct pieces {
    url_part scheme, authority, path, query, fragment;
} pieces;

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of a leading "scheme:" without the colon, 0 if there is none. */
static size_t scheme_length(const char *text, size_t len)
{
    if (!len || !is_alpha(text[0]))
        return 0;
    for (size_t i = 1; i < len; i++) {
        char c = text[i];
        if (c == ':')
            return i;
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
            return 0;
    }
    return 0;
}

/* The schemes whose URLs always name a host. */
static bool needs_host(url_part scheme)
{
    static const char *const names[] = {"http", "https", "ws", "wss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (scheme.len == strlen(names[i]) && strncasecmp(scheme.at, names[i], scheme.len) == 0)
            return true;
    return false;
}

static const char *find_any(const char *at, const char *end, const char *set)
{
    while (at < end && !strchr(set, *at))
        at++;
    return at;
}

static pieces split(const char *text, size_t len)
{
    pieces p = {0};
    const char *at = text, *end = text + len;
    size_t scheme = scheme_length(text, len);
    if (scheme) {
        p.scheme = (url_part){at, scheme};
        at += scheme + 1;
    }
    if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
        const char *stop = find_any(at + 2, end, "/?#");
        p.authority = (url_part){at + 2, (size_t)(stop - at - 2)};
        at = stop;
    }
    const char *stop = find_any(at, end, "?#");
    p.path = (url_part){at, (size_t)(stop - at)};
    at = stop;
    if (at < end && *at == '?') {
        stop = find_any(at, end, "#");
        p.query = (url_part){at + 1, (size_t)(stop - at - 1)};
        at = stop;
    }
    if (at < end)
        p.fragment = (url_part){at + 1, (size_t)(end - at - 1)};
    return p;
}

static bool parse_port(url_part digits, int *port, err *e)
{
    int value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.at[i]) || (value = value * 10 + (digits.at[i] - '0')) > 65535)
            return err_set(e, "invalid", "the port \"%.*s\" is not a number from 0 to 65535",
                           (int)digits.len, digits.at);
    }
    *port = digits.len ? value : -1; /* "host:" means the usual port */
    return true;
}

static bool parse_authority(url_part authority, url *out, err *e)
{
    const char *at = authority.at, *end = at + authority.len;
    for (const char *c = end; c > at; c--) {
        if (c[-1] == '@') {
            out->userinfo = (url_part){at, (size_t)(c - 1 - at)};
            at = c;
            break;
        }
    }
    const char *colon = NULL;
    if (at < end && *at == '[') {
        const char *close = find_any(at, end, "]");
        if (close == end || (close + 1 < end && close[1] != ':'))
            return err_set(e, "invalid", "the IPv6 address in the URL has no closing bracket");
        out->host = (url_part){at + 1, (size_t)(close - at - 1)};
        colon = close + 1 < end ? close + 1 : NULL;
    } else {
        const char *stop = find_any(at, end, ":");
        out->host = (url_part){at, (size_t)(stop - at)};
        colon = stop < end ? stop : NULL;
    }
    for (size_t i = 0; i < out->host.len; i++)
        if (strchr("\"<>\\^`{|}%[]", out->host.at[i]))
            return err_set(e, "invalid", "the host name contains \"%c\"", out->host.at[i]);
    return !colon || parse_port((url_part){colon + 1, (size_t)(end - colon - 1)}, &out->port, e);
}

bool url_parse(const char *text, size_t len, url *out, err *e)
{
    memset(out, 0, sizeof *out);
    out->port = -1;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return err_set(e, "invalid",
                           "the URL contains a space or control character at position %zu", i + 1);
    pieces p = split(text, len);
    if (!p.scheme.at)
        return err_set(e, "invalid", "the URL has no scheme such as https://");
    out->scheme = p.scheme;
    out->path = p.path;
    out->query = p.query;
    out->fragment = p.fragment;
    if (p.authority.at && !parse_authority(p.authority, out, e))
        return false;
    if (needs_host(p.scheme) && !out->host.len)
        return err_set(e, "invalid", "the URL has no host name");
    return true;
}

/* Appends path without "." and ".." segments (RFC 3986 5.2.4). path starts with "/". */
static void append_without_dots(buf *out, const char *path, size_t len)
{
    size_t start = out->len;
    const char *at = path, *end = path + len;
    while (at < end) {
        const char *stop = find_any(at + 1, end, "/"); /* at is on the "/" before the segment */
        size_t n = (size_t)(stop - at - 1);
        bool last = stop == end;
        if (n == 1 && at[1] == '.') {
            if (last)
                buf_append_char(out, '/');
        } else if (n == 2 && at[1] == '.' && at[2] == '.') {
            while (out->len > start && out->data[--out->len] != '/')
                ;
            if (last)
                buf_append_char(out, '/');
        } else {
            buf_append(out, at, n + 1);
        }
        at = stop;
    }
}

static void append_path(buf *out, url_part path)
{
    if (path.len && path.at[0] == '/')
        append_without_dots(out, path.at, path.len);
    else
        buf_append(out, path.at, path.len);
}

static void append_part(buf *out, const char *before, url_part part)
{
    if (!part.at)
        return;
    buf_append_str(out, before);
    buf_append(out, part.at, part.len);
}

/* A reference that is only a path, relative to the base's. */
static void append_merged_path(buf *out, const pieces *base, url_part path)
{
    buf merged;
    buf_init(&merged);
    size_t keep = base->path.len;
    while (keep && base->path.at[keep - 1] != '/')
        keep--;
    buf_append(&merged, base->path.at, keep);
    if (!keep)
        buf_append_char(&merged, '/'); /* "http://host" + "page" */
    buf_append(&merged, path.at, path.len);
    append_path(out, (url_part){merged.data, merged.len});
    buf_finish(&merged);
}

/* What a browser does to an href before it looks at it. */
static void clean_reference(buf *out, const char *ref, size_t len, bool web)
{
    while (len && (unsigned char)ref[len - 1] <= ' ')
        len--;
    while (len && (unsigned char)*ref <= ' ') {
        ref++;
        len--;
    }
    bool in_path = web;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ref[i];
        if (c == '?' || c == '#')
            in_path = false;
        if (c == '\t' || c == '\n' || c == '\r')
            continue;
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>')
            buf_printf(out, "%%%02X", c);
        else
            buf_append_char(out, c == '\\' && in_path ? '/' : (char)c);
    }
}

static void resolve(buf *out, const pieces *base, const pieces *ref)
{
    url_part scheme = ref->scheme.at ? ref->scheme : base->scheme;
    for (size_t i = 0; i < scheme.len; i++)
        buf_append_char(out, is_alpha(scheme.at[i]) ? (char)(scheme.at[i] | 0x20) : scheme.at[i]);
    buf_append_char(out, ':');
    if (ref->scheme.at || ref->authority.at) {
        append_part(out, "//", ref->authority);
        append_path(out, ref->path);
        append_part(out, "?", ref->query);
    } else {
        append_part(out, "//", base->authority);
        if (!ref->path.len)
            append_path(out, base->path);
        else if (ref->path.at[0] == '/')
            append_path(out, ref->path);
        else
            append_merged_path(out, base, ref->path);
        append_part(out, "?", ref->path.len || ref->query.at ? ref->query : base->query);
    }
    append_part(out, "#", ref->fragment);
}

bool url_join(buf *out, const char *base, size_t base_len, const char *ref, size_t ref_len, err *e)
{
    url checked;
    if (!url_parse(base, base_len, &checked, e))
        return false;
    size_t before = out->len;
    buf cleaned;
    buf_init(&cleaned);
    pieces from = split(base, base_len);
    clean_reference(&cleaned, ref, ref_len, needs_host(from.scheme));
    pieces to = split(buf_cstr(&cleaned), cleaned.len);
    /* "https:page", an old form that browsers take as relative when the scheme is the base's own.
     */
    if (to.scheme.at && !to.authority.at && needs_host(to.scheme) &&
        to.scheme.len == from.scheme.len &&
        strncasecmp(to.scheme.at, from.scheme.at, from.scheme.len) == 0)
        to.scheme = (url_part){0};
    resolve(out, &from, &to);
    buf_finish(&cleaned);
    bool ok = url_parse(out->data + before, out->len - before, &checked, e);
    if (!ok)
        out->len = before;
    return ok;
}
