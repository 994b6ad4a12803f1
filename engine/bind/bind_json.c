/*
 * bind_json.c: see bind_json.h. The rules are those of stdlib/json_encode.lua, which says what is
 * wrong with a value that this file gives up on.
 *
 * Invariants: runs no metamethod; what it writes into C memory is bounded, however often one text
 * stands in the value.
 */
#include "bind/bind_json.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/bind_buf.h"

enum { DEPTH_MAX = 100, TEXT_MAX = 16 << 20, ARRAY_META = 2 };

typedef struct name {
    const char *text; /* anchored by the table that it is a key of */
    size_t len;
} name;

typedef struct writer {
    lua_State *L;
    buf *out, *names; /* names: those of the objects that are being written, innermost last */
    int depth;
} writer;

static bool write_value(writer *w);

static void write_whole(buf *out, long long n)
{
    char text[24], *at = text + sizeof text;
    unsigned long long rest = n < 0 ? -(unsigned long long)n : (unsigned long long)n;
    do {
        *--at = (char)('0' + rest % 10);
    } while (rest /= 10);
    if (n < 0)
        *--at = '-';
    buf_append(out, at, (size_t)(text + sizeof text - at));
}

static bool write_number(buf *out, double n)
{
    if (!isfinite(n))
        return false;
    if (n == floor(n) && fabs(n) < 9007199254740992.0) {
        write_whole(out, (long long)n);
        return true;
    }
    char text[32];
    for (int digits = 14; digits <= 17; digits++) { /* the shortest that reads back the same */
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (strtod(text, NULL) == n)
            break;
    }
    buf_append_str(out, text);
    return true;
}

static int compare(const void *left, const void *right)
{
    const name *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

/* The table on top: its text keys go to names, the number of the others is returned. */
static size_t read_keys(writer *w)
{
    size_t others = 0;
    lua_State *L = w->L;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            others++;
            continue;
        }
        name key;
        key.text = lua_tolstring(L, -2, &key.len);
        buf_append(w->names, &key, sizeof key);
    }
    return others;
}

static bool write_items(writer *w, size_t count)
{
    buf_append_char(w->out, '[');
    for (size_t i = 1; i <= count; i++) {
        if (i > 1)
            buf_append_char(w->out, ',');
        lua_rawgeti(w->L, -1, (int)i);
        if (lua_isnil(w->L, -1) || !write_value(w))
            return false;
        lua_pop(w->L, 1);
    }
    buf_append_char(w->out, ']');
    return true;
}

/* names: from byte `from` on those of the table on top. */
static bool write_members(writer *w, size_t from)
{
    size_t end = w->names->len;
    if (end > from)
        qsort(w->names->data + from, (end - from) / sizeof(name), sizeof(name), compare);
    buf_append_char(w->out, '{');
    for (size_t at = from; at < end; at += sizeof(name)) {
        name key; /* copied: names may move while the member is written */
        memcpy(&key, w->names->data + at, sizeof key);
        if (at > from)
            buf_append_char(w->out, ',');
        buf_append_json(w->out, key.text, key.len);
        buf_append_char(w->out, ':');
        lua_pushlstring(w->L, key.text, key.len);
        lua_rawget(w->L, -2);
        if (!write_value(w))
            return false;
        lua_pop(w->L, 1);
    }
    buf_append_char(w->out, '}');
    return true;
}

static bool write_table(writer *w)
{
    lua_State *L = w->L;
    if (w->depth == DEPTH_MAX || !lua_checkstack(L, 8))
        return false;
    bool has_meta = lua_getmetatable(L, -1), marked = false;
    if (has_meta) {
        marked = lua_rawequal(L, -1, ARRAY_META);
        lua_pop(L, 1);
    }
    size_t from = w->names->len, others = read_keys(w);
    bool named = w->names->len > from, list = others || marked;
    if (named && list)
        return false;
    if (has_meta && !marked && !named && !others) /* a secret's handle, perhaps */
        return false;
    w->depth++;
    bool fine = list ? write_items(w, others) : write_members(w, from);
    w->depth--;
    w->names->len = from;
    return fine && w->out->len <= TEXT_MAX;
}

/* The value on top, which stays. */
static bool write_value(writer *w)
{
    lua_State *L = w->L;
    size_t len;
    const char *text;
    switch (lua_type(L, -1)) {
    case LUA_TNIL: buf_append_str(w->out, "null"); return true;
    case LUA_TBOOLEAN: buf_append_str(w->out, lua_toboolean(L, -1) ? "true" : "false"); return true;
    case LUA_TNUMBER: return write_number(w->out, lua_tonumber(L, -1));
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &len);
        buf_append_json(w->out, text, len);
        return w->out->len <= TEXT_MAX;
    case LUA_TLIGHTUSERDATA: /* json.null */
        buf_append_str(w->out, "null");
        return lua_touserdata(L, -1) == NULL;
    case LUA_TTABLE: return write_table(w);
    default: return false;
    }
}

int bind_json_line(lua_State *L)
{
    lua_settop(L, 2);
    writer w = {.L = L, .out = bind_buf_push(L), .names = bind_buf_push(L)};
    lua_pushvalue(L, 1);
    bool fine = write_value(&w);
    bind_buf_drop(L, w.names);
    if (fine)
        return bind_buf_result(L, w.out);
    bind_buf_drop(L, w.out);
    return 0;
}
