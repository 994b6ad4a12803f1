/*
 * Which of a few fixed words does a text contain? One pass over the text, however many words there
 * are. The set is one block without pointers: its owner may copy it.
 */
#ifndef NANO_BASE_NEEDLES_H
#define NANO_BASE_NEEDLES_H

#include <stddef.h>
#include <stdint.h>

enum { NEEDLES_MAX = 64 };

typedef struct needles {
    uint8_t count;
    uint8_t first[256];          /* by first byte: 1 + the index of a word; 0: none */
    uint8_t next[NEEDLES_MAX];   /* 1 + the index of the next word with the same first byte */
    uint8_t len[NEEDLES_MAX];    /* at most 255 bytes */
    uint16_t start[NEEDLES_MAX]; /* in words */
    char words[1024];
} needles;

/* Reads words that stand each on a line of its own. -1: fine, else the index of the word that is
 * empty, too long, or one too many. */
int needles_init(needles *set, const char *lines, size_t len);
/* Bit i is set when word i is in the text. */
uint64_t needles_in(const needles *set, const char *text, size_t len);

#endif
