/* cdp_scan.c: see cdp_scan.h. */
#include "io/cdp_scan.h"

#include <string.h>

#include "base/utf8.h"

enum { KEY_MAX = 32, PEEK_SESSION_MAX = 64 };

/* The bytes that matter while a nested value is skipped. */
static const unsigned char structural[256] = {
    ['"'] = 1, ['{'] = 1, ['}'] = 1, ['['] = 1, [']'] = 1};

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* p is behind the opening quote; returns the closing one, or NULL. */
static const char *string_end(const char *p, const char *end)
{
    const char *begin = p;
    while ((p = memchr(p, '"', (size_t)(end - p)))) {
        const char *slash = p;
        while (slash > begin && slash[-1] == '\\')
            slash--;
        if (((p - slash) & 1) ==
            0) /* an even number of backslashes: they escape each other, not the quote */
            return p;
        begin = ++p;
    }
    return NULL;
}

/* p is at a brace or bracket; returns what follows its match, or NULL. */
static const char *skip_nested(const char *p, const char *end)
{
    size_t depth = 0;
    do {
        while (p < end && !structural[(unsigned char)*p])
            p++;
        if (p == end)
            return NULL;
        switch (*p++) {
        case '"':
            p = string_end(p, end);
            if (!p)
                return NULL;
            p++;
            break;
        case '{':
        case '[': depth++; break;
        default: depth--; break;
        }
    } while (depth);
    return p;
}

static const char *skip_value(const char *p, const char *end)
{
    if (p == end)
        return NULL;
    if (*p == '{' || *p == '[')
        return skip_nested(p, end);
    if (*p == '"') {
        p = string_end(p + 1, end);
        return p ? p + 1 : NULL;
    }
    const char *begin = p;
    while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != '"' && (unsigned char)*p > ' ')
        p++;
    return p > begin ? p : NULL;
}

static unsigned hex4(const char *p)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);
        value <<= 4;
        if (c >= '0' && c <= '9')
            value |= (unsigned)(c - '0');
        else if (low >= 'a' && low <= 'f')
            value |= (unsigned)(low - 'a' + 10);
        else
            return 0xfffd;
    }
    return value;
}

static size_t put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* One escape, p behind the backslash: writes it to out (4 bytes), its length to *n, returns what
 * follows. */
static const char *unescape(const char *p, const char *end, char *out, size_t *n)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *known = memchr(from, *p, sizeof from - 1);
    if (*p == 'u' && end - p >= 5) {
        unsigned c = hex4(p + 1);
        p += 5;
        if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
            unsigned low = hex4(p + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                p += 6;
            }
        }
        *n = put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
        return p;
    }
    *out = known ? to[known - from] : *p;
    *n = 1;
    return p + 1;
}

char *cdp_scan_text(cdp_span text, char *out, size_t size)
{
    const char *p = text.at ? text.at : "", *end = p + text.len;
    size_t at = 0;
    while (p < end) {
        char bytes[4];
        size_t n = utf8_sequence(p, (size_t)(end - p));
        if (*p == '\\' && p + 1 < end) {
            p = unescape(p + 1, end, bytes, &n);
        } else {
            n = n ? n : 1;
            memcpy(bytes, p, n);
            p += n;
        }
        if (at + n >= size)
            break;
        memcpy(out + at, bytes, n);
        at += n;
    }
    out[at] = '\0';
    return out;
}

static bool key_is(cdp_span raw, const char *key)
{
    size_t len = strlen(key);
    if (raw.len == len && !memcmp(raw.at, key, len))
        return true;
    if (raw.len <= len || !memchr(raw.at, '\\', raw.len))
        return false;
    /* Escapes only make a key longer, and each is at most six bytes for one. */
    char plain[KEY_MAX];
    return raw.len <= len * 6 && !strcmp(cdp_scan_text(raw, plain, sizeof plain), key);
}

/* Walks the members of one object. Zero it, set p and end. */
typedef struct walk {
    const char *p, *end;
    cdp_span key, value; /* key inside its quotes, value as it stands */
    bool begun, failed;
} walk;

/* The next member, or false: at the end (p is behind the brace) or failed. */
static bool walk_next(walk *w)
{
    const char *p = skip_space(w->p, w->end), *end = w->end;
    w->failed = true;
    if (p == end || *p != (w->begun ? ',' : '{')) {
        w->failed = !w->begun || p == end || *p != '}';
        w->p = p + !w->failed;
        return false;
    }
    p = skip_space(p + 1, end);
    if (!w->begun && p < end && *p == '}') {
        w->p = p + 1;
        w->failed = false;
        return false;
    }
    w->begun = true;
    if (p == end || *p != '"')
        return false;
    w->key.at = p + 1;
    p = string_end(p + 1, end);
    if (!p)
        return false;
    w->key.len = (size_t)(p - w->key.at);
    p = skip_space(p + 1, end);
    if (p == end || *p != ':')
        return false;
    w->value.at = skip_space(p + 1, end);
    p = skip_value(w->value.at, end);
    if (!p)
        return false;
    w->value.len = (size_t)(p - w->value.at);
    w->p = p;
    w->failed = false;
    return true;
}

static bool walked_all(const walk *w)
{
    return !w->failed && skip_space(w->p, w->end) == w->end;
}

static cdp_span inside_quotes(cdp_span value)
{
    return value.len && *value.at == '"' ? (cdp_span){value.at + 1, value.len - 2} : (cdp_span){0};
}

static int64_t natural(cdp_span digits)
{
    int64_t value = 0;
    if (!digits.len || digits.len > 15)
        return -1;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return -1;
        value = value * 10 + (digits.at[i] - '0');
    }
    return value;
}

bool cdp_scan(const char *data, size_t len, cdp_frame *out)
{
    walk w = {.p = data, .end = data + len};
    *out = (cdp_frame){.id = -1};
    while (walk_next(&w)) {
        if (key_is(w.key, "id"))
            out->id = natural(w.value);
        else if (key_is(w.key, "method"))
            out->method = inside_quotes(w.value);
        else if (key_is(w.key, "sessionId"))
            out->session = inside_quotes(w.value);
        else if (key_is(w.key, "params"))
            out->params = w.value;
        else if (key_is(w.key, "result"))
            out->result = w.value;
        else if (key_is(w.key, "error"))
            out->error = w.value;
    }
    return walked_all(&w);
}

/*
 * A frame that ends with  ,"sessionId":"X"}  where X has no quote: the last brace closes the top
 * level. The quote before it closes a string, since only strings and braces follow one another so.
 * The quote before X has a colon in front, so it is not an escaped one, and as no quote lies
 * between it opens that same string. By the same reasoning "sessionId" is its key, and so a member
 * of the object that the last brace closes.
 */
static bool peek_session(const char *data, size_t len, cdp_span *session)
{
    static const char key[] = ",\"sessionId\":\"";
    const size_t key_len = sizeof key - 1;
    if (len < key_len + 2 || data[len - 1] != '}' || data[len - 2] != '"')
        return false;
    const char *close = data + len - 2;
    size_t reach = (size_t)(close - data);
    if (reach > PEEK_SESSION_MAX)
        reach = PEEK_SESSION_MAX;
    const char *open = memrchr(close - reach, '"', reach);
    if (!open || (size_t)(open + 1 - data) < key_len || close[-1] == '\\')
        return false;
    if (memcmp(open + 1 - key_len, key, key_len) != 0)
        return false;
    *session = (cdp_span){open + 1, (size_t)(close - open - 1)};
    return true;
}

bool cdp_scan_peek(const char *data, size_t len, cdp_frame *out)
{
    static const char id[] = "{\"id\":", method[] = "{\"method\":\"";
    const char *end = data + len;
    *out = (cdp_frame){.id = -1};
    if (len > sizeof id && !memcmp(data, id, sizeof id - 1)) {
        const char *p = data + sizeof id - 1, *digits = p;
        while (p < end && *p >= '0' && *p <= '9')
            p++;
        out->id = p < end && *p == ',' ? natural((cdp_span){digits, (size_t)(p - digits)}) : -1;
        return out->id >= 0;
    }
    if (len < sizeof method || memcmp(data, method, sizeof method - 1) != 0)
        return false;
    const char *name = data + sizeof method - 1, *quote = memchr(name, '"', (size_t)(end - name));
    if (!quote || quote == name || quote[-1] == '\\')
        return false;
    out->method = (cdp_span){name, (size_t)(quote - name)};
    return peek_session(data, len, &out->session);
}

cdp_span cdp_scan_member(cdp_span object, const char *key)
{
    const char *at = object.at ? object.at : "";
    walk w = {.p = at, .end = at + object.len};
    cdp_span found = {0};
    while (walk_next(&w)) {
        if (key_is(w.key, key))
            found = w.value;
    }
    return found.len && *found.at == '"' ? inside_quotes(found) : found;
}

bool cdp_scan_is_object(const char *text, size_t len)
{
    walk w = {.p = text, .end = text + len};
    if (memchr(text, '\0', len))
        return false;
    while (walk_next(&w))
        ;
    return walked_all(&w);
}
