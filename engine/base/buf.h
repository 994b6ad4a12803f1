/*
 * A growable run of bytes. Used for everything that is built or received piecewise.
 * Invariants: data is NULL or holds cap bytes; len <= cap; contents may hold NULs.
 */
#ifndef NANO_BASE_BUF_H
#define NANO_BASE_BUF_H

#include <stddef.h>

typedef struct buf {
    char *data; /* owned; NULL while cap is 0 */
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
} buf;

/* The caller owns the struct; a zeroed struct is initialised. */
void buf_init(buf *b);
/* Releases the bytes and zeroes the struct; may be called again. */
void buf_finish(buf *b);
/* Makes room for extra more bytes after len; returns where they start. */
char *buf_reserve(buf *b, size_t extra);
void buf_append(buf *b, const void *bytes, size_t len);
void buf_append_str(buf *b, const char *text);
void buf_append_char(buf *b, char c);
void buf_printf(buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
void buf_append_json(buf *b, const char *text, size_t len);
/* Drops the first n bytes (n <= len), keeping the rest. */
void buf_consume(buf *b, size_t n);
/* The bytes as a C string: a NUL is kept behind them (not counted in len). Never NULL. */
const char *buf_cstr(buf *b);
/* Hands the bytes (NUL-terminated, free() them) to the caller and leaves b empty. */
char *buf_take(buf *b, size_t *len);

#endif
