/* Decides whether a text is too near to the pool: opens cells of the index, and compares the entries that pass. */

#include "index.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define WAITING 64             /* entries whose items are being fetched from memory */
#define OPEN 8                 /* cells whose lists are being fetched from memory */
#define LINES 4                /* lines of the cache that are fetched ahead of a list, or of the cells of a token */

typedef struct {
    const pool *pool;
    const uint32_t *tokens;                     /* the candidate's, `m` of them */
    uint32_t m, words;
    const uint64_t *masks;                      /* for each row of `where`, the candidate's positions of that token; */
    int failed;                                 /* null for a long one. Whether there was not enough memory */
    uint64_t *state;                            /* room for one row of masks */
    item item;                                  /* of the candidate */
    uint64_t *parities[32];                     /* its parity in 2^k words, once it is needed */
    double score;                               /* of the nearest entry so far */
    uint32_t entry, waiting;
    struct { uint32_t entry, n, wanted; } queue[WAITING];
} search;

/* Common length of an entry and the candidate, whose masks may have any number of words. */
INLINE uint32_t common_length(const search *q, const uint32_t *tokens, uint32_t n) {
    const uint32_t *where = q->pool->index->where, words = q->words;
    uint64_t *state = q->state;
    uint32_t zeros = 0;
    if (words == 1) {
        uint64_t v = ~0ull;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t u = v & q->masks[where[tokens[i]]];
            v = (v + u) | (v - u);
        }
        return (uint32_t)__builtin_popcountll(~v);
    }
    memset(state, 0xff, (size_t)words * 8);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t *mask = q->masks + (size_t)where[tokens[i]] * words;
        uint64_t carry = 0;
        if (!where[tokens[i]]) continue;
        for (uint32_t w = 0; w < words; w++) {
            uint64_t v = state[w], u = v & mask[w], s = v + u, t = s + carry;
            carry = (s < v) | (t < s);
            state[w] = t | (v - u);
        }
    }
    for (uint32_t w = 0; w < words; w++) zeros += (uint32_t)__builtin_popcountll(~state[w]);
    return zeros;
}

INLINE void compare_entry(search *q, uint32_t entry, uint32_t n, uint32_t wanted) {
    const decision_index *d = q->pool->index;
    const uint32_t *tokens = q->pool->buckets[n].tokens + (size_t)d->items[entry].row * n;
    uint32_t common = 0;
    if (q->masks) common = common_length(q, tokens, n);
    else q->failed |= common_lengths(q->tokens, q->m, tokens, n, 1, d->where, d->vocabulary, &common);
    if (common < wanted) return;
    double score = f_measure(common, q->m, n);
    if (score > q->score || (score == q->score && entry < q->entry)) {
        q->score = score;
        q->entry = entry;
    }
}

/* The candidate's parity in so many words; null if there is no memory for it. */
static const uint64_t *parity_of(search *q, uint32_t words) {
    uint64_t **parity = &q->parities[__builtin_ctz(words)];
    if (!*parity && (*parity = calloc(words, 8))) add_parity(*parity, words, q->tokens, q->m);
    return *parity;
}

INLINE uint32_t differing_bits(const uint64_t *a, const uint64_t *b, uint32_t words) {
    uint32_t differ = 0;
    for (uint32_t w = 0; w < words; w++) differ += (uint32_t)__builtin_popcountll(a[w] ^ b[w]);
    return differ;
}

/* Parities bound the common length: each bit in which they differ is a token that only one of the two texts has. */
INLINE int may_be_near(search *q, uint32_t entry, uint32_t n, uint32_t wanted) {
    const item *own = &q->pool->index->items[entry];
    uint32_t unmatched = q->m + n - 2 * wanted, words = parity_words(n);
    if (differing_bits(own->parity, q->item.parity, 2) > unmatched) return 0;
    if (!words) return 1;
    const uint64_t *ours = parity_of(q, words), *theirs = q->pool->buckets[n].parities + (size_t)own->row * words;
    return !ours || differing_bits(ours, theirs, words) <= unmatched;
}

INLINE void compare_waiting(search *q) {
    const pool *p = q->pool;
    decision_index *d = p->index;
    uint32_t left = 0;
    for (uint32_t k = 0; k < q->waiting; k++) {
        uint32_t entry = q->queue[k].entry, n = q->queue[k].n;
        if (d->items[entry].turn == d->turn) continue;
        d->items[entry].turn = d->turn;
        if (!may_be_near(q, entry, n, q->queue[k].wanted)) continue;
        __builtin_prefetch(p->buckets[n].tokens + (size_t)d->items[entry].row * n);
        q->queue[left++] = q->queue[k];
    }
    for (uint32_t k = 0; k < left; k++) compare_entry(q, q->queue[k].entry, q->queue[k].n, q->queue[k].wanted);
    q->waiting = 0;
}

INLINE void queue_entry(search *q, uint32_t entry, uint32_t n, uint32_t wanted) {
    __builtin_prefetch(&q->pool->index->items[entry]);
    q->queue[q->waiting].entry = entry;
    q->queue[q->waiting].n = n;
    q->queue[q->waiting].wanted = wanted;
    if (++q->waiting == WAITING) compare_waiting(q);
}

/* --- cells -------------------------------------------------------------------------------------------------------- */

/* The candidate's marks, and how many tokens of each text can stay unmatched from this rank on. */
typedef struct { uint32_t marks, own, theirs; } bound;

INLINE uint32_t is_within(bound b, uint32_t marks) {
    return (unsigned)__builtin_popcount(b.marks & ~marks) <= b.own &&
           (unsigned)__builtin_popcount(marks & ~b.marks) <= b.theirs;
}

typedef uint32_t filter_marks(bound, const uint32_t *);              /* which of sixteen are within the bound */

typedef struct { const cell *cell; uint32_t wanted; bound bound; } opened;

INLINE void read_cells(search *q, const opened *cells, uint32_t count, filter_marks filter) {
    const decision_index *d = q->pool->index;
    for (uint32_t i = 0; i < count; i++) {
        const cell *c = cells[i].cell;
        const uint32_t *marks = marks_at(d, c->at), *entries = entries_at(d, c->at, room_of(c->count));
        for (uint32_t k = 0; k < c->count; k += SIXTEEN) {
            uint32_t some = filter(cells[i].bound, marks + k);
            if (c->count - k < SIXTEEN) some &= (1u << (c->count - k)) - 1;
            for (; some; some &= some - 1)
                queue_entry(q, entries[k + (uint32_t)__builtin_ctz(some)], c->length, cells[i].wanted);
        }
    }
}

static inline void fetch(const void *start, uint32_t bytes) {
    for (uint32_t k = 0; k < bytes && k < LINES * 64; k += 64) __builtin_prefetch((const char *)start + k);
}

INLINE void search_cells(search *q, const uint32_t *rare, filter_marks filter) {
    const decision_index *d = q->pool->index;
    uint32_t m = q->m, shortest = 1, count = 0;
    opened cells[OPEN];
    for (uint32_t rank = 0; rank < m; rank++) __builtin_prefetch(&d->filed[rare[rank]]);
    for (; shortest < m && needed(d, m, shortest) > shortest; shortest++) {}
    for (uint32_t rank = 0; rank < m; rank++) {
        const postings *p = &d->filed[rare[rank]], *next = &d->filed[rank + 1 < m ? rare[rank + 1] : 0];
        fetch(next->cells, next->count * (uint32_t)sizeof(cell));
        if (!rare[rank] || (rank && rare[rank] == rare[rank - 1])) continue;
        if (m - rank < needed(d, m, shortest)) break;
        bound b = {rare[m + rank], 0, 0};
        for (uint32_t at = find_cell(p, shortest, 0); at < p->count; at++) {
            const cell *c = &p->cells[at];
            uint32_t n = c->length, wanted = needed(d, m, n);
            if (wanted > m - rank) break;                             /* longer entries need even more */
            if (wanted > n - c->rank) {                               /* so do later ranks: skip some of them */
                for (uint32_t step = 1; at + step < p->count && p->cells[at + step].length == n; step *= 2) at += step;
                continue;
            }
            b.own = m - rank - wanted;
            b.theirs = n - c->rank - wanted;
            if (c->single) {
                if (is_within(b, c->marks)) queue_entry(q, c->entry, n, wanted);
                continue;
            }
            fetch(marks_at(d, c->at), c->count * 4);
            cells[count++] = (opened){c, wanted, b};
            if (count < OPEN) continue;
            read_cells(q, cells, OPEN, filter);
            count = 0;
        }
    }
    read_cells(q, cells, count, filter);
    compare_waiting(q);
}

/* --- the same search for each set of instructions ----------------------------------------------------------------- */

INLINE uint32_t filter_plain(bound b, const uint32_t *marks) {
    uint32_t some = 0;
    for (uint32_t k = 0; k < SIXTEEN; k++) some |= is_within(b, marks[k]) << k;
    return some;
}

static void search_plain(search *q, const uint32_t *rare) { search_cells(q, rare, filter_plain); }

#if defined(__x86_64__)
#define POPCNT __attribute__((target("popcnt")))
#define AVX2 __attribute__((target("popcnt,avx2")))
#define AVX512 __attribute__((target("popcnt,avx512f,avx512bw,avx512vpopcntdq")))

static POPCNT void search_popcnt(search *q, const uint32_t *rare) { search_cells(q, rare, filter_plain); }

static inline AVX2 __m256i ones_avx2(__m256i x) {                    /* how many of each 32 bits are set */
    const __m256i low = _mm256_set1_epi8(15), counts = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(x, low)),
                                    _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}

static inline AVX2 uint32_t filter_avx2(bound b, const uint32_t *marks) {
    const __m256i us = _mm256_set1_epi32((int)b.marks), own = _mm256_set1_epi32((int)b.own),
                  theirs = _mm256_set1_epi32((int)b.theirs);
    uint32_t far[2];
    for (int half = 0; half < 2; half++) {
        __m256i them = _mm256_loadu_si256((const __m256i *)marks + half);
        __m256i more = _mm256_or_si256(_mm256_cmpgt_epi32(ones_avx2(_mm256_andnot_si256(them, us)), own),
                                       _mm256_cmpgt_epi32(ones_avx2(_mm256_andnot_si256(us, them)), theirs));
        far[half] = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(more));
    }
    return ~(far[0] | far[1] << 8) & 0xffff;
}

static AVX2 void search_avx2(search *q, const uint32_t *rare) { search_cells(q, rare, filter_avx2); }

static inline AVX512 uint32_t filter_avx512(bound b, const uint32_t *marks) {
    __m512i us = _mm512_set1_epi32((int)b.marks), them = _mm512_loadu_si512(marks);
    __m512i own = _mm512_popcnt_epi32(_mm512_andnot_si512(them, us));
    __m512i theirs = _mm512_popcnt_epi32(_mm512_andnot_si512(us, them));
    return _mm512_cmple_epu32_mask(own, _mm512_set1_epi32((int)b.own)) &
           _mm512_cmple_epu32_mask(theirs, _mm512_set1_epi32((int)b.theirs));
}

static AVX512 void search_avx512(search *q, const uint32_t *rare) { search_cells(q, rare, filter_avx512); }
#endif

static void (*search_entries)(search *, const uint32_t *) = search_plain;

void choose_search(int most) {
    search_entries = search_plain;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("popcnt")) search_entries = search_popcnt;
    if (most >= 1 && __builtin_cpu_supports("avx2")) search_entries = search_avx2;
    if (most >= 2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vpopcntdq"))
        search_entries = search_avx512;
#endif
    (void)most;
}

/* Find the nearest entry whose score is above the threshold of the index, the oldest of equals; -1 if there is none,
   -2 if there is no index or not enough memory. */
EXPORT int64_t si_decide(pool *p, const uint32_t *tokens, uint32_t m, double *score) {
    decision_index *d = p->index;
    uint32_t words = (m + 63) / 64, rows = 0, masked = m > LONG ? 0 : m;
    if (!d) return -2;
    if (!m || !d->entries) return -1;
    uint32_t *rare = sorted_places(d, tokens, m);
    uint64_t *masks = m > LONG ? 0 : calloc((size_t)(m + 2) * words, 8);
    if (!rare || (masked && !masks)) { free(rare); free(masks); return -2; }
    for (uint32_t i = 0; i < masked; i++) {
        uint32_t t = tokens[i];
        if (!t || t >= d->vocabulary) continue;
        if (!d->where[t]) d->where[t] = ++rows;
        masks[(size_t)d->where[t] * words + i / 64] |= 1ull << (i % 64);
    }
    if (!++d->turn) { for (uint32_t e = 0; e < d->entries; e++) d->items[e].turn = 0; d->turn = 1; }
    search q = {.pool = p, .tokens = tokens, .m = m, .words = words, .masks = masks,
                .state = masks ? masks + (size_t)(m + 1) * words : 0, .item = item_of(tokens, m, 0), .score = -1.0, .entry = NONE};
    search_entries(&q, rare);
    for (uint32_t i = 0; i < masked; i++) if (tokens[i] && tokens[i] < d->vocabulary) d->where[tokens[i]] = 0;
    for (int k = 0; k < 32; k++) free(q.parities[k]);
    free(rare);
    free(masks);
    *score = q.score;
    if (q.failed) return -2;
    return q.entry == NONE ? -1 : (int64_t)q.entry;
}
