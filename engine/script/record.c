/* record.c: see record.h. Called by gate.c. */
#include "script/record.h"

#include <math.h>
#include <stdio.h>

#include "base/utf8.h"

enum { DEPTH_MAX = 16 };

static void write_value(buf *out, lua_State *L, int index, int depth);

static void write_text(buf *out, const char *text, size_t len)
{
    if (utf8_valid(text, len)) {
        buf_append_json(out, text, len);
        return;
    }
    static const char digits[] = "0123456789abcdef";
    buf_append_str(out, "{\"$hex\":\"");
    for (size_t i = 0; i < len; i++) {
        buf_append_char(out, digits[(unsigned char)text[i] >> 4]);
        buf_append_char(out, digits[(unsigned char)text[i] & 15]);
    }
    buf_append_str(out, "\"}");
}

static void write_number(buf *out, double n)
{
    if (isfinite(n))
        buf_printf(out, n == floor(n) && fabs(n) < 1e15 ? "%.0f" : "%.17g", n);
    else
        buf_printf(out, "{\"$number\":\"%s\"}", isnan(n) ? "nan" : n > 0 ? "inf" : "-inf");
}

/* Tables keep the kind of each key: a list of [key, value] pairs unless every key is text. */
static void write_table(buf *out, lua_State *L, int index, int depth)
{
    size_t n = lua_objlen(L, index), entries = 0, text_keys = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        entries++;
        text_keys += lua_type(L, -2) == LUA_TSTRING;
    }
    bool is_list = n == entries, is_map = text_keys == entries;
    buf_append_str(out, is_list ? "[" : is_map ? "{" : "{\"$pairs\":[");
    bool more = false;
    if (is_list) {
        for (size_t i = 1; i <= n; i++, more = true) {
            if (more)
                buf_append_char(out, ',');
            lua_rawgeti(L, index, (int)i);
            write_value(out, L, lua_gettop(L), depth + 1);
            lua_pop(L, 1);
        }
        buf_append_char(out, ']');
        return;
    }
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), more = true) {
        if (more)
            buf_append_char(out, ',');
        if (!is_map)
            buf_append_char(out, '[');
        size_t len;
        int key = lua_gettop(L) - 1;
        if (lua_type(L, key) == LUA_TSTRING) {
            const char *text = lua_tolstring(L, key, &len);
            buf_append_json(out, text, len);
        } else {
            write_value(out, L, key, depth + 1);
        }
        buf_append_char(out, is_map ? ':' : ',');
        write_value(out, L, key + 1, depth + 1);
        if (!is_map)
            buf_append_char(out, ']');
    }
    buf_append_str(out, is_map ? "}" : "]}");
}

static void write_value(buf *out, lua_State *L, int index, int depth)
{
    size_t len;
    const char *text;
    switch (lua_type(L, index)) {
    case LUA_TNIL: buf_append_str(out, "null"); break;
    case LUA_TBOOLEAN: buf_append_str(out, lua_toboolean(L, index) ? "true" : "false"); break;
    case LUA_TNUMBER: write_number(out, lua_tonumber(L, index)); break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &len);
        write_text(out, text, len);
        break;
    case LUA_TTABLE:
        if (depth >= DEPTH_MAX || !lua_checkstack(L, 8))
            buf_append_str(out, "{\"$deep\":true}");
        else
            write_table(out, L, index, depth);
        break;
    case LUA_TLIGHTUSERDATA: buf_append_str(out, "{\"$null\":true}"); break;
    case LUA_TUSERDATA: buf_append_str(out, "{\"$handle\":true}"); break;
    default: buf_printf(out, "{\"$%s\":true}", lua_typename(L, lua_type(L, index)));
    }
}

void record_values(buf *out, lua_State *L, int first, int count)
{
    buf_append_char(out, '[');
    for (int i = 0; i < count; i++) {
        if (i)
            buf_append_char(out, ',');
        write_value(out, L, first + i, 0);
    }
    buf_append_char(out, ']');
}
