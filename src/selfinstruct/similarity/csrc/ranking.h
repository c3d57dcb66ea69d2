/* How near are texts to everything in the pool? What a walk through the pool keeps for each text.

   Texts are compared with every entry, as many at once as a row of vectors has lanes: a group. A walk reads the pool
   once for many groups, a part at a time, so that the part stays in the cache until all groups have seen it. Tokens
   that no text of the walk has are left out. */

#ifndef SELFINSTRUCT_RANKING_H
#define SELFINSTRUCT_RANKING_H

#include "pool.h"
#include "scan.h"

#define LANES (ROW / 2)        /* lanes of a group, at most */
#define GROUPS 64              /* groups of one walk, at most */
#define PART 16384             /* tokens, or entries, that are read at once; a sum in a lane of 16 bits holds so many */

typedef struct {
    uint32_t text, m, prefix, found, cut;      /* its place among the texts, its length; entries below `prefix` count */
    double *scores;                            /* best first */
    uint32_t *entries;
    double mean, containment;
} lane;

typedef struct {
    lane lanes[LANES];
    const uint32_t *texts[LANES];
    uint32_t count, width, words;              /* lanes; bytes of a lane's word, words of a lane */
    uint32_t safe, last;                       /* all lanes compare entries below `safe`, none `last` or later */
    uint32_t safe_here, last_here;             /* how many of the current bucket those are */
    uint32_t *rows;                            /* row of masks by number of token; row 0 is for all others */
    void *masks, *state;                       /* masks by row; room for one row */
    uint64_t *sums, *most;                     /* common lengths by bucket, then lane: the sum, the greatest */
    _Alignas(ROW) unsigned char cuts[ROW];
} group;

typedef struct {
    const pool *pool;
    group *groups;
    uint32_t count, nearest;
    uint32_t *where, numbers;                  /* number of a token, from 1; the greatest */
    uint32_t *lengths, buckets;                /* lengths of entries that there are, ascending */
    reading reading;
} walk;

/* Add bits to the word of a lane. */
static inline void set_bits(void *row, uint32_t lane, uint32_t width, uint64_t bits) {
    if (width == 2) ((uint16_t *)row)[lane] |= (uint16_t)bits;
    else if (width == 4) ((uint32_t *)row)[lane] |= (uint32_t)bits;
    else ((uint64_t *)row)[lane] |= bits;
}

/* Add to a lane the common lengths with all entries of `n` tokens: their sum and the greatest. Shortest entries first,
   since sums round. */
static inline void add_length(lane *own, uint32_t n, uint64_t sum, uint64_t most, double *total) {
    if (!most) return;
    *total += 2.0 * (double)sum / ((double)own->m + n);
    double part = (double)most / (own->m < n ? own->m : n);
    if (part > own->containment) own->containment = part;
}

/* Compare every group with the bucket at `place`, and keep the best entries and the sums of each lane. */
void walk_bucket(walk *w, uint32_t place);

/* Compare a long text with every entry below its prefix, and keep its best entries, its mean and its containment. */
int walk_alone(walk *w, lane *own, const uint32_t *text);

#endif
