/* store_unit.c: units and rows, the memory in which statements go in and results come out; see
 * store.h. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/store_internal.h"

void store_cells_add(store_cells *c, store_value value)
{
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 8;
        c->items = mem_resize(c->items, c->cap * sizeof *c->items);
    }
    store_cell *cell = &c->items[c->count++];
    *cell = (store_cell){.type = value.type};
    if (value.type == STORE_INTEGER) {
        cell->integer = value.integer;
    } else if (value.type == STORE_REAL) {
        cell->real = value.real;
    } else if (value.type == STORE_TEXT || value.type == STORE_BLOB) {
        cell->offset = c->bytes.len;
        cell->len = value.len;
        buf_append(&c->bytes, value.bytes, value.len);
    }
}

store_value store_cells_get(const store_cells *c, size_t index)
{
    const store_cell *cell = &c->items[index];
    store_value value = {.type = cell->type, .len = cell->len};
    if (cell->type == STORE_INTEGER)
        value.integer = cell->integer;
    else if (cell->type == STORE_REAL)
        value.real = cell->real;
    else if (cell->type == STORE_TEXT || cell->type == STORE_BLOB)
        value.bytes = cell->len ? c->bytes.data + cell->offset : "";
    return value;
}

static size_t cells_size(const store_cells *c)
{
    return c->bytes.len + c->count * sizeof *c->items;
}

static void cells_finish(store_cells *c)
{
    free(c->items);
    buf_finish(&c->bytes);
}

store_unit *store_unit_create(void)
{
    return mem_zero(1, sizeof(store_unit));
}

void store_unit_destroy(store_unit *u)
{
    if (!u)
        return;
    cells_finish(&u->cells);
    free(u->statements);
    free(u);
}

void store_unit_statement(store_unit *u, const char *sql, size_t len)
{
    if (u->count == u->cap) {
        u->cap = u->cap ? u->cap * 2 : 4;
        u->statements = mem_resize(u->statements, u->cap * sizeof *u->statements);
    }
    u->statements[u->count++] =
        (store_statement){.sql = u->cells.bytes.len, .sql_len = len, .first = u->cells.count};
    buf_append(&u->cells.bytes, sql, len);
    buf_append_char(&u->cells.bytes, '\0');
}

void store_unit_value(store_unit *u, store_value value)
{
    store_cells_add(&u->cells, value);
    u->statements[u->count - 1].params++;
}

size_t store_unit_size(const store_unit *u)
{
    return cells_size(&u->cells) + u->count * sizeof *u->statements;
}

store_rows *store_rows_create(sqlite3_stmt *st)
{
    store_rows *rows = mem_zero(1, sizeof *rows);
    rows->columns = (size_t)sqlite3_column_count(st);
    rows->names = mem_zero(rows->columns, sizeof *rows->names);
    for (size_t i = 0; i < rows->columns; i++) {
        const char *name = sqlite3_column_name(st, (int)i);
        rows->names[i] = mem_strdup(name ? name : "");
    }
    return rows;
}

static store_value column_value(sqlite3_stmt *st, int i)
{
    store_value v = {.type = STORE_NULL};
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        v.type = STORE_INTEGER;
        v.integer = sqlite3_column_int64(st, i);
        break;
    case SQLITE_FLOAT:
        v.type = STORE_REAL;
        v.real = sqlite3_column_double(st, i);
        break;
    case SQLITE_TEXT:
        v.type = STORE_TEXT;
        v.bytes = (const char *)sqlite3_column_text(st, i);
        v.len = (size_t)sqlite3_column_bytes(st, i);
        break;
    case SQLITE_BLOB:
        v.type = STORE_BLOB;
        v.bytes = sqlite3_column_blob(st, i); /* NULL when empty */
        v.len = (size_t)sqlite3_column_bytes(st, i);
        break;
    }
    return v;
}

void store_rows_add(store_rows *rows, sqlite3_stmt *st)
{
    for (size_t i = 0; i < rows->columns; i++)
        store_cells_add(&rows->cells, column_value(st, (int)i));
    rows->count++;
}

size_t store_rows_size(const store_rows *rows)
{
    return cells_size(&rows->cells);
}

void store_rows_destroy(store_rows *rows)
{
    if (!rows)
        return;
    for (size_t i = 0; i < rows->columns; i++)
        free(rows->names[i]);
    free(rows->names);
    cells_finish(&rows->cells);
    free(rows);
}

size_t store_rows_count(const store_rows *rows)
{
    return rows->count;
}

size_t store_rows_columns(const store_rows *rows)
{
    return rows->columns;
}

const char *store_rows_name(const store_rows *rows, size_t column)
{
    return rows->names[column];
}

store_value store_rows_value(const store_rows *rows, size_t row, size_t column)
{
    return store_cells_get(&rows->cells, row * rows->columns + column);
}
