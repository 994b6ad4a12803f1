/* image_boxes.c: see image_boxes.h. Called by image_diff.c. */
#include "io/image_boxes.h"

#include <stdlib.h>

#include "base/mem.h"

enum { CELL = 16 };

typedef struct box_cell {
    uint32_t x0, y0, x1, y1; /* bounds of the changed pixels in the cell, inclusive */
    bool used;
} box_cell;

void box_finder_init(box_finder *f, uint32_t width, uint32_t height)
{
    f->columns = (width + CELL - 1) / CELL;
    f->rows = (height + CELL - 1) / CELL;
    f->cells = mem_zero((size_t)f->columns * f->rows, sizeof *f->cells);
}

static void widen(box_cell *c, const box_cell *by)
{
    if (!c->used) {
        *c = *by;
        return;
    }
    c->x0 = by->x0 < c->x0 ? by->x0 : c->x0;
    c->y0 = by->y0 < c->y0 ? by->y0 : c->y0;
    c->x1 = by->x1 > c->x1 ? by->x1 : c->x1;
    c->y1 = by->y1 > c->y1 ? by->y1 : c->y1;
}

void box_finder_add(box_finder *f, uint32_t x, uint32_t y)
{
    box_cell pixel = {x, y, x, y, true};
    widen(&f->cells[(size_t)(y / CELL) * f->columns + x / CELL], &pixel);
}

/* Takes the cell at index and all that hang together with it; stack has room for every cell. */
static box_cell collect(box_finder *f, size_t index, size_t *stack)
{
    box_cell area = {0};
    size_t depth = 0;
    stack[depth++] = index;
    while (depth) {
        size_t i = stack[--depth];
        if (!f->cells[i].used)
            continue;
        widen(&area, &f->cells[i]);
        f->cells[i].used = false;
        int64_t column = (int64_t)(i % f->columns), row = (int64_t)(i / f->columns);
        for (int64_t r = row - 1; r <= row + 1; r++)
            for (int64_t c = column - 1; c <= column + 1; c++) {
                if (r < 0 || c < 0 || r >= f->rows || c >= f->columns)
                    continue;
                size_t next = (size_t)r * f->columns + (size_t)c;
                if (f->cells[next].used)
                    stack[depth++] = next;
            }
    }
    return area;
}

static int larger_first(const void *a, const void *b)
{
    const image_box *x = a, *y = b;
    int64_t size_x = (int64_t)x->width * x->height, size_y = (int64_t)y->width * y->height;
    return size_x != size_y ? (size_x < size_y ? 1 : -1) : x->y != y->y ? x->y - y->y : x->x - y->x;
}

image_box *box_finder_finish(box_finder *f, size_t *count)
{
    size_t cells = (size_t)f->columns * f->rows, room = 0;
    image_box *boxes = NULL;
    /* A cell can be pushed once by each of its eight neighbours. */
    size_t *stack = NULL;
    *count = 0;
    for (size_t i = 0; i < cells; i++) {
        if (!f->cells[i].used)
            continue;
        if (!stack)
            stack = mem_alloc(cells * 8 * sizeof *stack);
        box_cell area = collect(f, i, stack);
        if (*count == room) {
            room = room ? room * 2 : 8;
            boxes = mem_resize(boxes, room * sizeof *boxes);
        }
        boxes[(*count)++] = (image_box){(int32_t)area.x0, (int32_t)area.y0,
                                        (int32_t)(area.x1 - area.x0 + 1),
                                        (int32_t)(area.y1 - area.y0 + 1)};
    }
    if (*count)
        qsort(boxes, *count, sizeof *boxes, larger_first);
    free(stack);
    free(f->cells);
    f->cells = NULL;
    return boxes;
}
