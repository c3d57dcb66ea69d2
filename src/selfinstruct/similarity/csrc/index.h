/* The index for decisions: which entries can be near to a text, without looking at the whole pool.

   Two texts whose common subsequence is long share many tokens. Sort the tokens of both by one fixed order, rare before
   common: then the first token that the subsequence uses stands early in both. Entries are filed under their early
   tokens, by length and rank, and a candidate opens only the cells from which enough could still be common.

   The order is that of frequency when the index was last built; tokens that come later count as rarer than those. Any
   order is correct, and a good one opens fewer cells. The order of some thousand entries is as good as that of all, so
   the index is rebuilt now and then while the pool is small. The place of a token is its place in this order, common
   tokens first.

   A search reads the postings of the cells it opens one after the other from memory, and of each entry only its marks:
   one bit for each token that is no rarer than the token the entry is filed under. A bit that only one of two texts
   has is a token that stays unmatched, and each text can afford few of those. Few entries pass. They are compared by
   the parity of all their tokens, and the few that pass again by the tokens themselves. */

#ifndef SELFINSTRUCT_INDEX_H
#define SELFINSTRUCT_INDEX_H

#include "pool.h"

#define TABLE 512              /* for lengths below this, the needed common lengths are tabulated */
#define POSTING_BYTES 8
#define SIXTEEN 16             /* postings compared at once; the arena has room for so many after its last list */

typedef struct {                                /* the entries with a token at a rank */
    uint32_t length, rank : 31, single : 1;
    union {
        struct { uint32_t count, at; };         /* a list in the arena */
        struct { uint32_t entry, marks; };      /* or the only posting itself */
    };
} cell;
typedef struct { cell *cells; uint32_t count, room; } postings;   /* the cells of a place, sorted by length and rank */
typedef struct {                                /* what a search reads of an entry, side by side in memory */
    uint64_t parity[2];                         /* of all tokens */
    uint32_t row, turn;                         /* its row in the bucket; the turn in which it was last compared */
} item;

struct decision_index {
    double threshold;
    postings *filed;                            /* by place */
    uint32_t *places, placed;                   /* of each token, 0 if it has none yet; the last place */
    uint32_t *arena;                            /* lists with room for 2^k postings: their marks, then their entries */
    uint32_t used, room, spare[32];             /* in postings; `spare` chains the lists that are free again */
    item *items;
    uint32_t *where, turn;                      /* row of a token in the candidate's masks; candidates so far */
    uint32_t entries, entry_room, vocabulary;   /* ids of tokens, and so places, are below `vocabulary` */
    uint32_t ordered;                           /* how many entries there were when the order was made */
    uint16_t needs[TABLE][TABLE];
};

/* The common length from which on texts of `m` and `n` tokens are too near. */
static inline uint32_t needed(const decision_index *d, uint32_t m, uint32_t n) {
    return m < TABLE && n < TABLE ? d->needs[m][n] : least_common(d->threshold, 1, m, n);
}

static inline uint32_t mark_of(uint32_t place) { return (uint32_t)(place != 0) << (HASH(place) >> 27); }

static inline item item_of(const uint32_t *tokens, uint32_t n, uint32_t row) {
    item made = {{0, 0}, row, 0};
    add_parity(made.parity, 2, tokens, n);
    return made;
}

static inline uint32_t *marks_at(const decision_index *d, uint32_t at) {
    return d->arena + (size_t)at * (POSTING_BYTES / 4);
}

static inline uint32_t *entries_at(const decision_index *d, uint32_t at, uint32_t room) {
    return marks_at(d, at) + room;
}

/* Room of a list of two or more: the least power of two that is enough. */
static inline uint32_t room_of(uint32_t count) { return 1u << (32 - __builtin_clz(count - 1)); }

/* The position of the first cell that does not come before (length, rank). */
static inline uint32_t find_cell(const postings *p, uint32_t length, uint32_t rank) {
    uint32_t low = 0, high = p->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const cell *c = &p->cells[middle];
        if (c->length < length || (c->length == length && c->rank < rank)) low = middle + 1; else high = middle;
    }
    return low;
}

/* The places of `n` tokens, rare ones first, and behind them for each place the marks of it and all that follow; in
   memory that the caller frees, or null if there is not enough. */
uint32_t *sorted_places(const decision_index *d, const uint32_t *tokens, uint32_t n);

#endif
