/* buf.c: see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

void buf_init(buf *b)
{
    memset(b, 0, sizeof *b);
}

void buf_finish(buf *b)
{
    free(b->data);
    buf_init(b);
}

char *buf_reserve(buf *b, size_t extra)
{
    if (b->cap - b->len < extra) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->len < extra)
            cap *= 2;
        b->data = mem_resize(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_append(buf *b, const void *bytes, size_t len)
{
    if (!len)
        return;
    memcpy(buf_reserve(b, len), bytes, len);
    b->len += len;
}

void buf_append_str(buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

void buf_append_char(buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

void buf_printf(buf *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n <= 0)
        return;
    char *at = buf_reserve(b, (size_t)n + 1);
    va_start(ap, format);
    vsnprintf(at, (size_t)n + 1, format, ap);
    va_end(ap);
    b->len += (size_t)n;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void buf_append_json(buf *b, const char *text, size_t len)
{
    buf_append_char(b, '"');
    for (size_t i = 0; i < len;) {
        size_t plain = i;
        while (plain < len && is_plain((unsigned char)text[plain]))
            plain++;
        buf_append(b, text + i, plain - i);
        i = plain;
        if (i == len)
            break;
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            buf_append_char(b, '\\');
            buf_append_char(b, (char)c);
            i++;
        } else if (c < 0x20 || c == 0x7f) {
            buf_printf(b, "\\u%04x", c);
            i++;
        } else {
            size_t n = utf8_sequence(text + i, len - i);
            if (n)
                buf_append(b, text + i, n);
            else
                buf_append(b, "\xef\xbf\xbd", 3);
            i += n ? n : 1;
        }
    }
    buf_append_char(b, '"');
}

void buf_consume(buf *b, size_t n)
{
    b->len -= n;
    if (b->len)
        memmove(b->data, b->data + n, b->len);
}

const char *buf_cstr(buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->data;
}

char *buf_take(buf *b, size_t *len)
{
    buf_cstr(b);
    char *data = b->data;
    if (len)
        *len = b->len;
    buf_init(b);
    return data;
}
