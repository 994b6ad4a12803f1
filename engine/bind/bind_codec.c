/*
 * sys.codec: JSON, encodings, hashes, compression and URLs. Pure functions; the stdlib's json, url
 * and crypto modules are what people use. JSON is lua-cjson, kept in the registry: the gate's
 * functions have no upvalues.
 */
#include <lauxlib.h>
#include <lua5.1/lua-cjson.h>

#include "base/needles.h"
#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "bind/bind_json.h"
#include "io/codec.h"
#include "io/url.h"

/* Deeper documents than this are refused; what browsers and web APIs send stays far below. */
#define JSON_MAX_DEPTH 1000
#define NEEDLES_TYPE "sys.codec.needles"
#define GUNZIP_MAX (64u << 20)

static const char decode_key = 'd', encode_key = 'e'; /* their addresses are the registry keys */

/* Calls the function that the registry keeps under key with the value at index 1. On an error
 * leaves its message and returns false; running out of memory goes on as it is. */
static bool call_cjson(lua_State *L, const char *key)
{
    lua_settop(L, 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM)
        lua_error(L);
    return status == 0;
}

static int json_decode(lua_State *L)
{
    bind_text(L, 1, "codec.json_decode(text)", "text", NULL);
    if (call_cjson(L, &decode_key))
        return 1;
    err e;
    err_set(&e, "invalid", "not JSON: %s", lua_tostring(L, -1));
    return bind_fail(L, &e);
}

static int json_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    if (call_cjson(L, &encode_key))
        return 1;
    return bind_usage(L, "codec.json_encode(value)", lua_tostring(L, -1));
}

/* The text as a JSON string; what is not UTF-8 becomes U+FFFD. */
static int json_quote(lua_State *L)
{
    size_t len;
    const char *text = bind_text(L, 1, "codec.json_quote(text)", "text", &len);
    buf *out = bind_buf_push(L);
    buf_append_json(out, text, len);
    return bind_buf_result(L, out);
}

/* needles(lines) → a set of words, each on a line of its own, for needles_in */
static int make_needles(lua_State *L)
{
    static const char signature[] = "codec.needles(lines)";
    size_t len;
    const char *lines = bind_text(L, 1, signature, "lines", &len);
    needles *set = lua_newuserdata(L, sizeof *set);
    int wrong = needles_init(set, lines, len);
    if (wrong >= 0)
        return bind_usage(L, signature, "a word is empty or too long, or there are too many");
    luaL_newmetatable(L, NEEDLES_TYPE);
    lua_setmetatable(L, -2);
    return 1;
}

/* needles_in(set, text) → the numbers of the words that are in text, in ascending order */
static int find_needles(lua_State *L)
{
    const needles *set = bind_check(L, 1, NEEDLES_TYPE);
    size_t len;
    const char *text = bind_text(L, 2, "codec.needles_in(set, text)", "text", &len);
    uint64_t found = needles_in(set, text, len);
    int count = 0;
    luaL_checkstack(L, NEEDLES_MAX, "codec.needles_in");
    for (int i = 1; found; i++, found >>= 1)
        if (found & 1) {
            lua_pushinteger(L, i);
            count++;
        }
    return count;
}

static int base64(lua_State *L)
{
    size_t len;
    const char *data = bind_text(L, 1, "codec.base64(data)", "data", &len);
    buf *out = bind_buf_push(L);
    codec_base64(out, data, len);
    return bind_buf_result(L, out);
}

static int unbase64(lua_State *L)
{
    size_t len;
    const char *text = bind_text(L, 1, "codec.unbase64(text)", "text", &len);
    buf *out = bind_buf_push(L);
    err e;
    return codec_unbase64(out, text, len, &e) ? bind_buf_result(L, out) : bind_fail(L, &e);
}

static int hex(lua_State *L)
{
    size_t len;
    const char *data = bind_text(L, 1, "codec.hex(data)", "data", &len);
    buf *out = bind_buf_push(L);
    codec_hex(out, data, len);
    return bind_buf_result(L, out);
}

static int unhex(lua_State *L)
{
    size_t len;
    const char *text = bind_text(L, 1, "codec.unhex(text)", "text", &len);
    buf *out = bind_buf_push(L);
    err e;
    return codec_unhex(out, text, len, &e) ? bind_buf_result(L, out) : bind_fail(L, &e);
}

static int sha256(lua_State *L)
{
    size_t len;
    const char *data = bind_text(L, 1, "codec.sha256(data)", "data", &len);
    unsigned char digest[CODEC_SHA256_SIZE];
    codec_sha256(data, len, digest);
    buf *out = bind_buf_push(L);
    codec_hex(out, digest, sizeof digest);
    return bind_buf_result(L, out);
}

static int hmac_sha256(lua_State *L)
{
    static const char signature[] = "codec.hmac_sha256(key, data)";
    size_t key_len, len;
    const char *key = bind_text(L, 1, signature, "key", &key_len);
    const char *data = bind_text(L, 2, signature, "data", &len);
    unsigned char digest[CODEC_SHA256_SIZE];
    codec_hmac_sha256(key, key_len, data, len, digest);
    lua_pushlstring(L, (const char *)digest, sizeof digest);
    return 1;
}

static int equal(lua_State *L)
{
    static const char signature[] = "codec.equal(a, b)";
    size_t a_len, b_len;
    const char *a = bind_text(L, 1, signature, "a", &a_len);
    const char *b = bind_text(L, 2, signature, "b", &b_len);
    lua_pushboolean(L, codec_equal(a, a_len, b, b_len));
    return 1;
}

/* The compression level, argument 2: 1 (fast) to 9 (small), 6 if absent. */
static int level_arg(lua_State *L, const char *signature)
{
    if (lua_isnoneornil(L, 2))
        return 6;
    double level = lua_tonumber(L, 2);
    if (lua_type(L, 2) != LUA_TNUMBER || !(level >= 1 && level <= 9))
        bind_usage(L, signature, "level must be a number from 1 to 9");
    return (int)level;
}

static int gzip(lua_State *L)
{
    static const char signature[] = "codec.gzip(data[, level])";
    size_t len;
    const char *data = bind_text(L, 1, signature, "data", &len);
    int level = level_arg(L, signature);
    buf *out = bind_buf_push(L);
    codec_gzip(out, data, len, level);
    return bind_buf_result(L, out);
}

static int deflate(lua_State *L)
{
    static const char signature[] = "codec.deflate(data[, level])";
    size_t len;
    const char *data = bind_text(L, 1, signature, "data", &len);
    int level = level_arg(L, signature);
    buf *out = bind_buf_push(L);
    codec_deflate(out, data, len, level);
    return bind_buf_result(L, out);
}

static int gunzip(lua_State *L)
{
    static const char signature[] = "codec.gunzip(data[, max_bytes])";
    size_t len;
    const char *data = bind_text(L, 1, signature, "data", &len);
    double max = luaL_optnumber(L, 2, GUNZIP_MAX);
    if (!(max >= 0 && max <= 2147483647.))
        bind_usage(L, signature, "max_bytes must be a number from 0 to 2147483647");
    buf *out = bind_buf_push(L);
    err e;
    return codec_gunzip(out, data, len, (size_t)max, &e) ? bind_buf_result(L, out)
                                                         : bind_fail(L, &e);
}

static int crc32(lua_State *L)
{
    size_t len;
    const char *data = bind_text(L, 1, "codec.crc32(data)", "data", &len);
    lua_pushnumber(L, codec_crc32(data, len));
    return 1;
}

static int url_encode(lua_State *L)
{
    size_t len;
    const char *text = bind_text(L, 1, "codec.url_encode(text)", "text", &len);
    buf *out = bind_buf_push(L);
    codec_url_encode(out, text, len);
    return bind_buf_result(L, out);
}

static int url_decode(lua_State *L)
{
    size_t len;
    const char *text = bind_text(L, 1, "codec.url_decode(text)", "text", &len);
    buf *out = bind_buf_push(L);
    codec_url_decode(out, text, len);
    return bind_buf_result(L, out);
}

/* Sets field of the table on top to part, in lower case if wanted; leaves it out when the part is
 * absent. */
static void set_part(lua_State *L, const char *field, url_part part, bool lower)
{
    if (!part.at)
        return;
    char small[64];
    if (lower && part.len <= sizeof small) {
        for (size_t i = 0; i < part.len; i++)
            small[i] =
                part.at[i] >= 'A' && part.at[i] <= 'Z' ? (char)(part.at[i] | 0x20) : part.at[i];
        lua_pushlstring(L, small, part.len);
    } else if (lower) {
        buf *b = bind_buf_push(L);
        buf_append(b, part.at, part.len);
        for (size_t i = 0; i < b->len; i++)
            if (b->data[i] >= 'A' && b->data[i] <= 'Z')
                b->data[i] |= 0x20;
        bind_buf_result(L, b);
        lua_remove(L, -2);
    } else {
        lua_pushlstring(L, part.at, part.len);
    }
    lua_setfield(L, -2, field);
}

static int url_parse_text(lua_State *L)
{
    size_t len;
    const char *text = bind_text(L, 1, "codec.url_parse(text)", "text", &len);
    url u;
    err e;
    if (!url_parse(text, len, &u, &e))
        return bind_fail(L, &e);
    lua_createtable(L, 0, 7);
    set_part(L, "scheme", u.scheme, true);
    set_part(L, "userinfo", u.userinfo, false);
    set_part(L, "host", u.host, true);
    set_part(L, "path", u.path, false);
    set_part(L, "query", u.query, false);
    set_part(L, "fragment", u.fragment, false);
    if (u.port >= 0) {
        lua_pushinteger(L, u.port);
        lua_setfield(L, -2, "port");
    }
    return 1;
}

static int url_join_text(lua_State *L)
{
    static const char signature[] = "codec.url_join(base, ref)";
    size_t base_len, ref_len;
    const char *base = bind_text(L, 1, signature, "base", &base_len);
    const char *ref = bind_text(L, 2, signature, "ref", &ref_len);
    buf *out = bind_buf_push(L);
    err e;
    return url_join(out, base, base_len, ref, ref_len, &e) ? bind_buf_result(L, out)
                                                           : bind_fail(L, &e);
}

static const gate_fn functions[] = {
    {"json_decode", json_decode, GATE_PURE, CAP_NONE, NULL},
    {"json_encode", json_encode, GATE_PURE, CAP_NONE, NULL},
    {"needles", make_needles, GATE_PURE, CAP_NONE, NULL},
    {"needles_in", find_needles, GATE_PURE, CAP_NONE, NULL},
    {"json_line", bind_json_line, GATE_PURE, CAP_NONE, NULL},
    {"json_quote", json_quote, GATE_PURE, CAP_NONE, NULL},
    {"base64", base64, GATE_PURE, CAP_NONE, NULL},
    {"unbase64", unbase64, GATE_PURE, CAP_NONE, NULL},
    {"hex", hex, GATE_PURE, CAP_NONE, NULL},
    {"unhex", unhex, GATE_PURE, CAP_NONE, NULL},
    {"sha256", sha256, GATE_PURE, CAP_NONE, NULL},
    {"hmac_sha256", hmac_sha256, GATE_PURE, CAP_NONE, NULL},
    {"equal", equal, GATE_PURE, CAP_NONE, NULL},
    {"gzip", gzip, GATE_PURE, CAP_NONE, NULL},
    {"gunzip", gunzip, GATE_PURE, CAP_NONE, NULL},
    {"deflate", deflate, GATE_PURE, CAP_NONE, NULL},
    {"crc32", crc32, GATE_PURE, CAP_NONE, NULL},
    {"url_encode", url_encode, GATE_PURE, CAP_NONE, NULL},
    {"url_decode", url_decode, GATE_PURE, CAP_NONE, NULL},
    {"url_parse", url_parse_text, GATE_PURE, CAP_NONE, NULL},
    {"url_join", url_join_text, GATE_PURE, CAP_NONE, NULL},
    {0},
};

/* Moves cjson[field] of the cjson table at index cjson into the registry. */
static void keep(lua_State *L, int cjson, const char *field, const char *key)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_getfield(L, cjson, field);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/* cjson[setting](value…) with the count values on top of the stack. */
static void configure(lua_State *L, int cjson, const char *setting, int count)
{
    lua_getfield(L, cjson, setting);
    lua_insert(L, -1 - count);
    lua_call(L, count, 0);
}

static void open_json(lua_State *L)
{
    lua_pushcfunction(L, luaopen_cjson);
    lua_call(L, 0, 1);
    int cjson = lua_gettop(L);
    lua_pushinteger(L, JSON_MAX_DEPTH);
    configure(L, cjson, "decode_max_depth", 1);
    lua_pushinteger(L, JSON_MAX_DEPTH);
    configure(L, cjson, "encode_max_depth", 1);
    lua_pushboolean(L, false);
    configure(L, cjson, "decode_invalid_numbers", 1);
    lua_pushboolean(L, false); /* a table with a large gap is an error, not a huge array */
    lua_pushinteger(L, 2);
    lua_pushinteger(L, 10);
    configure(L, cjson, "encode_sparse_array", 3);
    lua_pushboolean(L, false); /* a prepared state is copied: it may own nothing outside */
    configure(L, cjson, "encode_keep_buffer", 1);
    keep(L, cjson, "decode", &decode_key);
    keep(L, cjson, "encode", &encode_key);
    lua_settop(L, cjson - 1);
}

int bind_codec(lua_State *L)
{
    open_json(L);
    gate_push_module(L, "codec", functions);
    lua_pushlightuserdata(L, NULL); /* what lua-cjson decodes null to */
    lua_setfield(L, -2, "null");
    return 1;
}
