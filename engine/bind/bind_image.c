/*
 * bind_image.c: sys.image, pictures for scripts: decoding, comparing and hiding parts of
 * screenshots. Pure: the results follow from the arguments. Slow work runs on io/work.h's threads.
 *
 * Pixels are counted references, held by the picture's handle and by each job that reads them; the
 * count is touched on the loop's thread only. Pixels with more than one holder are not changed. A
 * cancelled job goes on and drops its result.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "io/image.h"
#include "io/work.h"

#define IMAGE_TYPE "sys.image"

typedef struct shared_image {
    image image;
    unsigned holders;
} shared_image;

typedef struct picture {
    shared_image *shared; /* NULL after free() */
} picture;

static shared_image *hold(shared_image *s)
{
    s->holders++;
    return s;
}

static void let_go(shared_image *s)
{
    if (!s || --s->holders)
        return;
    image_finish(&s->image);
    free(s);
}

/* ---- jobs ---- */

typedef struct job {
    task_token token;
    bool abandoned;
    bool failed;
    err error;
    shared_image *in[2]; /* held */
    char *bytes;         /* decode: owned */
    size_t len;
    int level; /* encode */
    buf png;
    image made;
    image_diff_options options; /* diff */
    image_box *masks;           /* owned */
    image_diff_result result;
    int (*push)(lua_State *co, struct job *j); /* pushes the results, on the loop's thread */
} job;

static void on_done(void *arg)
{
    job *j = arg;
    lua_State *co = j->abandoned ? NULL : task_results(j->token);
    if (co && j->failed) {
        lua_pushnil(co);
        lua_pushstring(co, j->error.text);
        lua_pushstring(co, j->error.code);
        task_wake(j->token, 3);
    } else if (co) {
        task_wake(j->token, j->push(co, j));
    }
    let_go(j->in[0]);
    let_go(j->in[1]);
    free(j->bytes);
    free(j->masks);
    buf_finish(&j->png);
    image_finish(&j->made);
    image_diff_finish(&j->result);
    free(j);
}

static void cancel(void *arg)
{
    ((job *)arg)->abandoned = true;
}

static int submit(lua_State *L, job *j, work_fn fn)
{
    lua_pushnil(L);
    j->token = task_begin(L, cancel, j);
    work_submit(fn, on_done, j);
    return task_wait(L);
}

static void require_task(lua_State *L)
{
    if (!task_of(L)) /* before a job is made: task_begin would throw and leak it */
        luaL_error(L, "this call waits, so it can't be made here");
}

static shared_image *check_picture(lua_State *L, int index)
{
    picture *p = bind_check(L, index, IMAGE_TYPE);
    if (!p->shared)
        luaL_error(L, "the picture has been freed");
    return p->shared;
}

static shared_image *check_unshared(lua_State *L, int index)
{
    shared_image *s = check_picture(L, index);
    if (s->holders > 1)
        luaL_error(L, "the picture can't be changed while it is compared or encoded");
    return s;
}

static void push_picture(lua_State *L, image *i)
{
    picture *p = bind_new(L, IMAGE_TYPE, sizeof *p);
    p->shared = mem_zero(1, sizeof *p->shared);
    p->shared->holders = 1;
    p->shared->image = *i;
    memset(i, 0, sizeof *i);
}

/* ---- decode, encode ---- */

static void run_decode(void *arg)
{
    job *j = arg;
    j->failed = !image_decode_png(j->bytes, j->len, &j->made, &j->error);
}

static int push_decoded(lua_State *co, job *j)
{
    push_picture(co, &j->made);
    return 1;
}

/* decode(png) waits → picture | nil, text, "corrupt" */
static int l_decode(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    require_task(L);
    job *j = mem_zero(1, sizeof *j);
    j->bytes = mem_strndup(bytes, len);
    j->len = len;
    j->push = push_decoded;
    return submit(L, j, run_decode);
}

static void run_encode(void *arg)
{
    job *j = arg;
    j->failed = !image_encode_png(&j->in[0]->image, j->level, &j->png, &j->error);
}

static int push_encoded(lua_State *co, job *j)
{
    lua_pushlstring(co, j->png.data, j->png.len);
    return 1;
}

/* picture:encode([level 1..9 = 6]) waits → PNG bytes */
static int l_encode(lua_State *L)
{
    shared_image *p = check_picture(L, 1);
    int level = (int)luaL_optinteger(L, 2, 6);
    luaL_argcheck(L, level >= 1 && level <= 9, 2, "the level is 1 to 9");
    require_task(L);
    job *j = mem_zero(1, sizeof *j);
    j->in[0] = hold(p);
    j->level = level;
    j->push = push_encoded;
    return submit(L, j, run_encode);
}

/* ---- diff ---- */

static image_box read_box(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    return (image_box){(int32_t)bind_opt_number(L, index, "x", 0),
                       (int32_t)bind_opt_number(L, index, "y", 0),
                       (int32_t)bind_opt_number(L, index, "width", 0),
                       (int32_t)bind_opt_number(L, index, "height", 0)};
}

static void push_box(lua_State *L, const image_box *b)
{
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, b->x);
    lua_setfield(L, -2, "x");
    lua_pushinteger(L, b->y);
    lua_setfield(L, -2, "y");
    lua_pushinteger(L, b->width);
    lua_setfield(L, -2, "width");
    lua_pushinteger(L, b->height);
    lua_setfield(L, -2, "height");
}

static void run_diff(void *arg)
{
    job *j = arg;
    image_diff(&j->in[0]->image, &j->in[1]->image, &j->options, &j->result);
}

static int push_diff(lua_State *co, job *j)
{
    image_diff_result *r = &j->result;
    lua_createtable(co, 0, 6);
    lua_pushnumber(co, (double)r->different);
    lua_setfield(co, -2, "different");
    lua_pushnumber(co, (double)r->antialiased);
    lua_setfield(co, -2, "antialiased");
    lua_pushnumber(co, (double)r->compared);
    lua_setfield(co, -2, "compared");
    lua_pushnumber(co, r->compared ? (double)r->different / (double)r->compared : 0);
    lua_setfield(co, -2, "ratio");
    lua_createtable(co, (int)r->box_count, 0);
    for (size_t i = 0; i < r->box_count; i++) {
        push_box(co, &r->boxes[i]);
        lua_rawseti(co, -2, (int)i + 1);
    }
    lua_setfield(co, -2, "boxes");
    if (r->picture.pixels) {
        push_picture(co, &r->picture);
        lua_setfield(co, -2, "picture");
    }
    return 1;
}

/* Reads the masks into memory that Lua owns (pushed), because reading may throw. */
static image_box *read_masks(lua_State *L, int table, size_t *count)
{
    lua_getfield(L, table, "masks");
    int list = lua_gettop(L);
    *count = lua_istable(L, list) ? lua_objlen(L, list) : 0;
    image_box *boxes = lua_newuserdata(L, (*count + 1) * sizeof *boxes);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        boxes[i] = read_box(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    return boxes;
}

/* diff(before, after, {threshold=0.1, count_antialiased=, masks={{x,y,width,height}…}, draw=})
 * waits → {different=, antialiased=, compared= (pixels), ratio=, boxes={…}, picture=} */
static int l_diff(lua_State *L)
{
    shared_image *a = check_picture(L, 1), *b = check_picture(L, 2);
    if (lua_isnoneornil(L, 3)) {
        lua_settop(L, 2);
        lua_newtable(L);
    }
    luaL_checktype(L, 3, LUA_TTABLE);
    image_diff_options o = {.threshold = bind_opt_number(L, 3, "threshold", 0.1),
                            .count_antialiased = bind_opt_bool(L, 3, "count_antialiased", false),
                            .draw = bind_opt_bool(L, 3, "draw", false)};
    size_t count;
    image_box *masks = read_masks(L, 3, &count);
    require_task(L);
    job *j = mem_zero(1, sizeof *j);
    j->masks = mem_alloc((count + 1) * sizeof *j->masks);
    memcpy(j->masks, masks, count * sizeof *masks);
    o.masks = j->masks;
    o.mask_count = count;
    j->options = o;
    j->in[0] = hold(a);
    j->in[1] = hold(b);
    j->push = push_diff;
    return submit(L, j, run_diff);
}

/* ---- small work, done at once ---- */

static int l_size(lua_State *L)
{
    shared_image *p = check_picture(L, 1);
    lua_pushnumber(L, p->image.width);
    lua_pushnumber(L, p->image.height);
    return 2;
}

/* picture:fill(box, 0xRRGGBBAA) */
static int l_fill(lua_State *L)
{
    shared_image *p = check_unshared(L, 1);
    image_fill(&p->image, read_box(L, 2), (uint32_t)luaL_optnumber(L, 3, 255));
    return 0;
}

/* picture:blur(box[, radius = 12]) */
static int l_blur(lua_State *L)
{
    shared_image *p = check_unshared(L, 1);
    image_blur(&p->image, read_box(L, 2), (int)luaL_optinteger(L, 3, 12));
    return 0;
}

/* picture:crop(box) → picture | nil, text, code */
static int l_crop(lua_State *L)
{
    shared_image *p = check_picture(L, 1);
    image made;
    err e;
    if (!image_crop(&p->image, read_box(L, 2), &made, &e))
        return bind_fail(L, &e);
    push_picture(L, &made);
    return 1;
}

/* picture:downscale(width) → picture | nil, text, code */
static int l_downscale(lua_State *L)
{
    shared_image *p = check_picture(L, 1);
    image made;
    err e;
    if (!image_downscale(&p->image, (uint32_t)luaL_checknumber(L, 2), &made, &e))
        return bind_fail(L, &e);
    push_picture(L, &made);
    return 1;
}

/* picture:free(): gives the pixels back before the garbage collector would */
static int l_gc(lua_State *L)
{
    picture *p = bind_check(L, 1, IMAGE_TYPE);
    let_go(p->shared);
    p->shared = NULL;
    return 0;
}

static const gate_fn functions[] = {
    {"decode", l_decode, GATE_PURE, CAP_NONE, NULL},
    {"diff", l_diff, GATE_PURE, CAP_NONE, NULL},
    {0},
};

static const gate_fn methods[] = {
    {"size", l_size, GATE_PURE, CAP_NONE, NULL},
    {"encode", l_encode, GATE_PURE, CAP_NONE, NULL},
    {"fill", l_fill, GATE_PURE, CAP_NONE, NULL},
    {"blur", l_blur, GATE_PURE, CAP_NONE, NULL},
    {"crop", l_crop, GATE_PURE, CAP_NONE, NULL},
    {"downscale", l_downscale, GATE_PURE, CAP_NONE, NULL},
    {"free", l_gc, GATE_PURE, CAP_NONE, NULL},
    {0},
};

int bind_image(lua_State *L)
{
    bind_type(L, IMAGE_TYPE, methods, l_gc);
    gate_push_module(L, "image", functions);
    return 1;
}
