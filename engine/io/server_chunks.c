/*
 * server_chunks.c: a request's body in chunks (RFC 9112 7.1), which libwebsockets hands over as it
 * came. Strict: a line ends with CR LF, and anything else that two readers could read differently
 * is bad. Trailers are dropped.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "io/server_internal.h"

enum { SIZE_DIGITS = 8, EXTENSION_BYTES = 256, TRAILER_BYTES = 8192 };

typedef enum {
    AT_SIZE,
    AT_EXTENSION,
    AT_SIZE_LF,
    AT_DATA,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER,
    AT_TRAILER_LF,
    AT_END
} where;

struct chunk_reader {
    where at;
    size_t left;    /* of the chunk's size or bytes */
    int digits;     /* of the size */
    size_t skipped; /* bytes of the extension or the trailers */
    size_t line;    /* bytes in the trailer's line so far */
};

chunk_reader *chunk_reader_create(void)
{
    return mem_zero(1, sizeof(chunk_reader));
}

void chunk_reader_destroy(chunk_reader *r)
{
    free(r);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool step_size(chunk_reader *r, char c)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        r->left = r->left * 16 + (size_t)digit;
        return ++r->digits <= SIZE_DIGITS;
    }
    r->at = c == '\r' ? AT_SIZE_LF : AT_EXTENSION;
    r->skipped = 0;
    return r->digits > 0 && (c == '\r' || c == ';');
}

static bool step_extension(chunk_reader *r, char c)
{
    if (c == '\r')
        r->at = AT_SIZE_LF;
    return c != '\n' && ++r->skipped <= EXTENSION_BYTES;
}

static bool step_trailer(chunk_reader *r, char c)
{
    if (c == '\r') {
        r->at = AT_TRAILER_LF;
        return true;
    }
    r->line++;
    return c != '\n' && ++r->skipped <= TRAILER_BYTES;
}

/* One byte of the framing; false: it can't stand there. */
static bool step(chunk_reader *r, char c)
{
    switch (r->at) {
    case AT_SIZE: return step_size(r, c);
    case AT_EXTENSION: return step_extension(r, c);
    case AT_SIZE_LF:
        r->at = r->left ? AT_DATA : AT_TRAILER;
        r->skipped = r->line = 0;
        return c == '\n';
    case AT_DATA_CR: r->at = AT_DATA_LF; return c == '\r';
    case AT_DATA_LF:
        r->at = AT_SIZE;
        r->digits = 0;
        r->left = 0;
        return c == '\n';
    case AT_TRAILER: return step_trailer(r, c);
    case AT_TRAILER_LF:
        r->at = r->line ? AT_TRAILER : AT_END;
        r->line = 0;
        return c == '\n';
    default: return false;
    }
}

chunks_state chunk_reader_feed(chunk_reader *r, const char *data, size_t len, buf *out)
{
    for (size_t i = 0; i < len && r->at != AT_END;) {
        if (r->at == AT_DATA) {
            size_t n = len - i < r->left ? len - i : r->left;
            buf_append(out, data + i, n);
            i += n;
            r->left -= n;
            if (!r->left)
                r->at = AT_DATA_CR;
        } else if (!step(r, data[i++])) {
            return CHUNKS_BAD;
        }
    }
    return r->at == AT_END ? CHUNKS_DONE : CHUNKS_MORE;
}
