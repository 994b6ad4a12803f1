/*
 * Intrusive doubly linked list. The node lives in the element; the list owns nothing.
 * Invariant: a linked node's neighbours point back at it; an unlinked node points at itself.
 */
#ifndef NANO_BASE_LIST_H
#define NANO_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct list {
    struct list *next, *prev;
} list;

#define list_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

static inline void list_init(list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const list *l)
{
    return l->next == l;
}

static inline void list_push(list *l, list *node) /* at the end */
{
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

static inline void list_remove(list *node) /* safe on an unlinked node */
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

static inline list *list_shift(list *l) /* first node, unlinked; NULL when empty */
{
    if (list_empty(l))
        return NULL;
    list *node = l->next;
    list_remove(node);
    return node;
}

#endif
