/* A pool of texts as numbers, and the arithmetic of scores: what every part of the compiled kernel shares.

   Token ids count from 1; 0 in a candidate is a token that no entry has. Lengths of subsequences are integers, and
   scores are computed from them in rouge_score's own order of operations, so nothing here is approximate.
   Compile without -ffast-math and with -ffp-contract=off. Every function that returns `int` returns 0, or -1 if there
   was not enough memory. */

#ifndef SELFINSTRUCT_POOL_H
#define SELFINSTRUCT_POOL_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))
#define NONE UINT32_MAX
#define LONG 2048              /* a text of more tokens is compared without a table of masks */

typedef struct { uint32_t *ids, *tokens; uint64_t *parities; uint32_t count, room; } bucket;  /* entries of a length */
typedef struct decision_index decision_index;

typedef struct {
    bucket *buckets;
    uint32_t longest;                           /* buckets[0..longest] exist */
    uint32_t *lengths, entries, entry_room;
    uint32_t vocabulary;                        /* ids in the pool are below this */
    decision_index *index;
} pool;

/* Make room for `wanted` items of `size` bytes in the array that the pointer at `place` points to. */
int grow(void *place, uint32_t *room, uint64_t wanted, size_t size, int zero);

/* The index for decisions (index.c). */
void free_index(decision_index *d);
int index_latest(pool *p, const uint32_t *tokens, uint32_t n);

/* The common lengths of a text with `count` entries of `n` tokens each, which stand one after the other (long.c). The
   array `where`, by token, is all zeros, and is left so. */
int common_lengths(const uint32_t *text, uint32_t m, const uint32_t *entries, uint32_t n, uint32_t count,
                   uint32_t *where, uint32_t vocabulary, uint32_t *lengths);

/* Use the widest vectors that this processor has, up to a level (search.c, scan.c); scans return the level they use. */
void choose_search(int most);
int choose_scans(int most);

/* ROUGE-L F1 of two texts of `m` and `n` tokens that share a subsequence of `common` tokens. */
static inline double f_measure(uint32_t common, uint32_t m, uint32_t n) {
    if (!common) return 0.0;
    double precision = (double)common / n, recall = (double)common / m;
    return 2 * precision * recall / (precision + recall);
}

static inline int is_enough(double score, int above, uint32_t common, uint32_t m, uint32_t n) {
    return above ? f_measure(common, m, n) > score : f_measure(common, m, n) >= score;
}

/* The least common length whose score is above `score` (or, if not `above`, reaches it); one too many if none is. */
static inline uint32_t least_common(double score, int above, uint32_t m, uint32_t n) {
    uint32_t most = m < n ? m : n;
    double guess = score * ((double)m + n) / 2;
    uint32_t common = guess > most ? most + 1 : (uint32_t)guess;
    while (common > 0 && is_enough(score, above, common - 1, m, n)) common--;
    while (common <= most && !is_enough(score, above, common, m, n)) common++;
    return common;
}

#define HASH(token) ((token) * 2654435769u)     /* its high bits are well mixed */

/* Flip one bit of a parity for each token: it then says of each class of tokens whether their number is odd.
   A parity has 64 classes a word, and `words` is a power of two. */
static inline void add_parity(uint64_t *parity, uint32_t words, const uint32_t *tokens, uint32_t n) {
    unsigned shift = 32 - (6 + (unsigned)__builtin_ctz(words));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bit = HASH(tokens[i]) >> shift;
        parity[bit / 64] ^= 1ull << (bit % 64);
    }
}

/* Every text has a short parity. A long text also has one of four bits or more a token, of so many words; else 0. */
static inline uint32_t parity_words(uint32_t n) {
    return n <= 64 ? 0 : 2u << (31 - __builtin_clz((n - 1) / 16));
}

#endif
