/* sys.random: chance that nobody can predict (OpenSSL's generator). */
#include <lauxlib.h>
#include <stdint.h>

#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "io/codec.h"

/* A number in [0, 1) with 53 random bits. */
static int random_number(lua_State *L)
{
    uint64_t bits;
    codec_random(&bits, sizeof bits);
    lua_pushnumber(L, (double)(bits >> 11) * 0x1p-53);
    return 1;
}

static int random_bytes(lua_State *L)
{
    double count = lua_tonumber(L, 1);
    if (lua_type(L, 1) != LUA_TNUMBER || !(count >= 0 && count <= 1 << 20))
        bind_usage(L, "random.bytes(count)", "count must be a number from 0 to 1048576");
    buf *out = bind_buf_push(L);
    codec_random(buf_reserve(out, (size_t)count + 1), (size_t)count);
    out->len = (size_t)count;
    return bind_buf_result(L, out);
}

static int random_uuid(lua_State *L)
{
    char uuid[CODEC_UUID_SIZE];
    codec_uuid(uuid);
    lua_pushstring(L, uuid);
    return 1;
}

static const gate_fn functions[] = {
    {"number", random_number, GATE_CHANCE, CAP_NONE, NULL},
    {"bytes", random_bytes, GATE_CHANCE, CAP_NONE, NULL},
    {"uuid", random_uuid, GATE_CHANCE, CAP_NONE, NULL},
    {0},
};

int bind_random(lua_State *L)
{
    gate_push_module(L, "random", functions);
    return 1;
}
