/* Is anything in the pool too near? The index that decides without looking at all of it; a part of `_lcs.c`.

   Two texts whose common subsequence is long share many tokens; so, with the tokens of both sorted by one fixed order,
   rare before common, the first of them that the subsequence uses stands early in both. Entries are filed under their
   early tokens, by length and rank; a candidate opens only the cells from which enough could still be common.

   The order is that of frequency when the index was last made; tokens that come later are rarer than those. Any order
   is right, a good one opens fewer cells, and that of some thousand entries is as good as that of all: so the index is
   made anew now and then while the pool is small. A token's place is that in this order, common ones first.

   What is opened is read from memory one after the other, and of each entry only its marks: one bit for each token that
   is no rarer than the one it is filed under. A bit that only one of two texts has is a token that stays alone, and of
   those each text can afford few. So few entries are left for the second look, at the parity of all their tokens, and
   hardly any for the last, at the tokens themselves. */

#define TABLE 512              /* lengths below this have their needs tabulated */
#define POSTING 8              /* bytes of one posting */
#define SIXTEEN 16             /* postings looked at together; the arena has room for so many after its last list */
#define WAITING 64             /* entries whose items are on their way from memory */
#define OPEN 8                 /* cells whose lists are on their way from memory */
#define ANEW 8                 /* the index is made anew when the pool has grown so many times since, */
#define FEW 64                 /* but not before it has so many times this many entries */
#define MANY 131072            /* and no more from so many on */
#define LINES 4                /* lines of the cache that are fetched ahead of a list, or of a token's cells */

typedef struct {                                /* the entries with a token at a rank */
    uint32_t length, rank : 31, single : 1;
    union {
        struct { uint32_t count, at; };         /* a list in the arena */
        struct { uint32_t entry, marks; };      /* or the one posting itself */
    };
} cell;
typedef struct { cell *cells; uint32_t count, room; } postings;   /* a place's cells, sorted by length and rank */
typedef struct {                                /* what is looked up of an entry, side by side in memory */
    uint64_t parity[2];                         /* of all tokens */
    uint32_t row, turn;                         /* its row in the bucket; the turn in which it was compared */
} item;

struct decisions {
    double threshold;
    postings *filed;                            /* by place */
    uint32_t *places, placed;                   /* of each token, 0 if it has none yet; the last place */
    uint32_t *arena;                            /* lists with room for 2^k postings: their marks, then their entries */
    uint32_t used, room, spare[32];             /* in postings; `spare` chains the lists given back */
    item *items;
    uint32_t *where, turn;                      /* candidate's row of a token; how many candidates there were */
    uint32_t entries, entry_room, vocabulary;   /* ids of tokens, and so places, are below `vocabulary` */
    uint32_t ordered;                           /* how many entries there were when the order was made */
    uint16_t needs[TABLE][TABLE];
};

static void free_decisions(decisions *d) {
    if (!d) return;
    for (uint32_t t = 0; t < d->vocabulary; t++) free(d->filed[t].cells);
    free(d->filed); free(d->places); free(d->arena); free(d->items); free(d->where); free(d);
}

static inline uint32_t need(const decisions *d, uint32_t m, uint32_t n) {
    return m < TABLE && n < TABLE ? d->needs[m][n] : least(d->threshold, 1, m, n);
}

/* --- what stands for tokens --------------------------------------------------------------------------------------- */

static int by_rarity(const void *left, const void *right) {          /* later places are rarer, and 0 is rarest */
    uint32_t a = *(const uint32_t *)left - 1, b = *(const uint32_t *)right - 1;
    return a < b ? 1 : a > b ? -1 : 0;
}

/* The places of tokens, rare ones first. */
static uint32_t *sorted(const decisions *d, const uint32_t *tokens, uint32_t n) {
    uint32_t *rare = malloc((size_t)n * 4 + 4);
    if (!rare) return 0;
    for (uint32_t i = 0, j; i < n; i++) {
        uint32_t place = tokens[i] < d->vocabulary ? d->places[tokens[i]] : 0;
        for (j = i; n <= 64 && j > 0 && rare[j - 1] - 1 < place - 1; j--) rare[j] = rare[j - 1];
        rare[j] = place;
    }
    if (n > 64) qsort(rare, n, 4, by_rarity);
    return rare;
}

static item item_of(const uint32_t *tokens, uint32_t n, uint32_t row) {
    item s = {{0, 0}, row, 0};
    add_parity(s.parity, 2, tokens, n);
    return s;
}

static uint32_t marks_of(const uint32_t *places, uint32_t n) {
    uint32_t marks = 0;
    for (uint32_t i = 0; i < n; i++) marks |= (uint32_t)(places[i] != 0) << (HASH(places[i]) >> 27);
    return marks;
}

/* --- filing ------------------------------------------------------------------------------------------------------- */

static inline uint32_t *marks_at(const decisions *d, uint32_t at) { return d->arena + (size_t)at * (POSTING / 4); }

static inline uint32_t *entries_at(const decisions *d, uint32_t at, uint32_t room) { return marks_at(d, at) + room; }

/* Room of a list of two or more: the least power of two that is enough. */
static inline uint32_t room_of(uint32_t count) { return 1u << (32 - __builtin_clz(count - 1)); }

/* Where the first cell is that does not come before (length, rank). */
static uint32_t find(const postings *p, uint32_t length, uint32_t rank) {
    uint32_t low = 0, high = p->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const cell *c = &p->cells[middle];
        if (c->length < length || (c->length == length && c->rank < rank)) low = middle + 1; else high = middle;
    }
    return low;
}

static int take_list(decisions *d, uint32_t power, uint32_t *at) {
    if (d->spare[power] != NONE) {
        *at = d->spare[power];
        d->spare[power] = *marks_at(d, *at);
        return 0;
    }
    if (grow(&d->arena, &d->room, (uint64_t)d->used + (1ull << power) + SIXTEEN, POSTING, 0)) return -1;
    *at = d->used;
    d->used += 1u << power;
    return 0;
}

static int append(decisions *d, cell *c, uint32_t entry, uint32_t marks) {
    uint32_t count = c->single ? 1 : c->count, at;
    if ((count & (count - 1)) == 0) {                                 /* full: move to a list of twice the size */
        uint32_t power = (uint32_t)__builtin_ctz(count) + 1;
        if (take_list(d, power, &at)) return -1;
        if (c->single) {
            *marks_at(d, at) = c->marks;
            *entries_at(d, at, 2) = c->entry;
            c->single = 0;
        } else {
            memcpy(marks_at(d, at), marks_at(d, c->at), (size_t)count * 4);
            memcpy(entries_at(d, at, 2 * count), entries_at(d, c->at, count), (size_t)count * 4);
            *marks_at(d, c->at) = d->spare[power - 1];
            d->spare[power - 1] = c->at;
        }
        c->at = at;
    }
    c->count = count + 1;
    marks_at(d, c->at)[count] = marks;
    entries_at(d, c->at, room_of(count + 1))[count] = entry;
    return 0;
}

static int file_under(decisions *d, uint32_t place, uint32_t length, uint32_t rank, uint32_t entry, uint32_t marks) {
    postings *own = &d->filed[place];
    uint32_t at = find(own, length, rank);
    if (at < own->count && own->cells[at].length == length && own->cells[at].rank == rank)
        return append(d, &own->cells[at], entry, marks);
    if (grow(&own->cells, &own->room, own->count + 1ull, sizeof(cell), 0)) return -1;
    memmove(own->cells + at + 1, own->cells + at, (size_t)(own->count - at) * sizeof(cell));
    own->cells[at] = (cell){.length = length, .rank = rank, .single = 1, .entry = entry, .marks = marks};
    own->count++;
    return 0;
}

static int make_room(decisions *d, uint32_t entry, const uint32_t *tokens, uint32_t n) {
    uint32_t words = d->vocabulary, top = 0;
    if (grow(&d->items, &d->entry_room, entry + 1ull, sizeof(item), 0)) return -1;
    for (uint32_t i = 0; i < n; i++) if (tokens[i] > top) top = tokens[i];
    if (grow(&d->filed, &words, top + 1ull, sizeof(postings), 1)) return -1;
    if (words > d->vocabulary) {
        uint32_t old = d->vocabulary;
        if (grow(&d->where, &old, words, 4, 1)) return -1;
        old = d->vocabulary;
        if (grow(&d->places, &old, words, 4, 1)) return -1;
        d->vocabulary = words;
    }
    for (uint32_t i = 0; i < n; i++) if (!d->places[tokens[i]]) d->places[tokens[i]] = ++d->placed;
    return 0;
}

static int file_entry(decisions *d, uint32_t entry, const uint32_t *tokens, uint32_t n, uint32_t row) {
    uint32_t fewest = n + 1;
    if (make_room(d, entry, tokens, n)) return -1;
    d->items[entry] = item_of(tokens, n, row);
    d->entries = entry + 1;
    for (uint32_t m = 1; m <= n; m++) {                               /* the shortest candidate that can be near */
        if ((fewest = need(d, m, n)) <= m) break;
        fewest = n + 1;
    }
    uint32_t *rare = sorted(d, tokens, n);
    if (!rare) return -1;
    int failed = 0;
    for (uint32_t rank = 0; rank + fewest <= n && !failed; rank++) {
        if (rank && rare[rank] == rare[rank - 1]) continue;
        failed = file_under(d, rare[rank], n, rank, entry, marks_of(rare + rank, n - rank));
    }
    free(rare);
    return failed;
}

/* --- searching ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const pool *pool;
    const uint32_t *tokens;                     /* the candidate's, `m` of them */
    uint32_t m, words;
    const uint64_t *masks;                      /* where each token stands in it, by row of `where`, in so many words */
    uint64_t *state;                            /* room for a row */
    item s;                                     /* what stands for the candidate */
    uint64_t *parities[32];                     /* its parity in 2^k words, once that is asked for */
    double score;                               /* of the nearest entry so far */
    uint32_t entry, waiting;
    struct { uint32_t entry, n, wanted; } queue[WAITING];
} search;

/* Common length of an entry and a candidate, given the candidate's masks by row of `where`; any number of words. */
static inline __attribute__((always_inline)) uint32_t common_length(const search *q, const uint32_t *tokens,
                                                                    uint32_t n) {
    const uint32_t *where = q->pool->decisions->where, words = q->words;
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

static inline __attribute__((always_inline)) void compare_entry(search *q, uint32_t entry, uint32_t n,
                                                                uint32_t wanted) {
    const decisions *d = q->pool->decisions;
    uint32_t common = common_length(q, q->pool->buckets[n].tokens + (size_t)d->items[entry].row * n, n);
    if (common < wanted) return;
    double score = si_f_measure(common, q->m, n);
    if (score > q->score || (score == q->score && entry < q->entry)) {
        q->score = score;
        q->entry = entry;
    }
}

/* The candidate's parity in so many words; no memory, none. */
static const uint64_t *parity_of(search *q, uint32_t words) {
    uint64_t **parity = &q->parities[__builtin_ctz(words)];
    if (!*parity && (*parity = calloc(words, 8))) add_parity(*parity, words, q->tokens, q->m);
    return *parity;
}

static inline __attribute__((always_inline)) uint32_t apart(const uint64_t *a, const uint64_t *b, uint32_t words) {
    uint32_t differ = 0;
    for (uint32_t w = 0; w < words; w++) differ += (uint32_t)__builtin_popcountll(a[w] ^ b[w]);
    return differ;
}

/* Parities bound what is common: each bit in which they differ is a token that one of the two has alone. */
static inline __attribute__((always_inline)) int may_be_near(search *q, uint32_t entry, uint32_t n, uint32_t wanted) {
    const item *own = &q->pool->decisions->items[entry];
    uint32_t alone = q->m + n - 2 * wanted, words = parity_words(n);
    if (apart(own->parity, q->s.parity, 2) > alone) return 0;
    if (!words) return 1;
    const uint64_t *ours = parity_of(q, words), *theirs = q->pool->buckets[n].parities + (size_t)own->row * words;
    return !ours || apart(ours, theirs, words) <= alone;
}

static inline __attribute__((always_inline)) void look_at_waiting(search *q) {
    const pool *p = q->pool;
    decisions *d = p->decisions;
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

static inline __attribute__((always_inline)) void wait_for(search *q, uint32_t entry, uint32_t n, uint32_t wanted) {
    __builtin_prefetch(&q->pool->decisions->items[entry]);
    q->queue[q->waiting].entry = entry;
    q->queue[q->waiting].n = n;
    q->queue[q->waiting].wanted = wanted;
    if (++q->waiting == WAITING) look_at_waiting(q);
}

/* What two texts can afford: tokens of the candidate's, and of the entry's, that stay alone from this rank on. */
typedef struct { uint32_t marks, own, theirs; } bound;

static inline __attribute__((always_inline)) uint32_t within(bound b, uint32_t marks) {
    return (unsigned)__builtin_popcount(b.marks & ~marks) <= b.own &&
           (unsigned)__builtin_popcount(marks & ~b.marks) <= b.theirs;
}

typedef uint32_t look(bound, const uint32_t *);                      /* which of sixteen are within the bound */

typedef struct { const cell *cell; uint32_t wanted; bound bound; } opened;

static inline __attribute__((always_inline)) void look_into(search *q, const opened *cells, uint32_t count, look near) {
    const decisions *d = q->pool->decisions;
    for (uint32_t i = 0; i < count; i++) {
        const cell *c = cells[i].cell;
        const uint32_t *marks = marks_at(d, c->at), *entries = entries_at(d, c->at, room_of(c->count));
        for (uint32_t k = 0; k < c->count; k += SIXTEEN) {
            uint32_t some = near(cells[i].bound, marks + k);
            if (c->count - k < SIXTEEN) some &= (1u << (c->count - k)) - 1;
            for (; some; some &= some - 1)
                wait_for(q, entries[k + (uint32_t)__builtin_ctz(some)], c->length, cells[i].wanted);
        }
    }
}

static inline void fetch(const void *start, uint32_t bytes) {
    for (uint32_t k = 0; k < bytes && k < LINES * 64; k += 64) __builtin_prefetch((const char *)start + k);
}

static inline __attribute__((always_inline)) void search_cells(search *q, const uint32_t *rare, look near) {
    const decisions *d = q->pool->decisions;
    uint32_t m = q->m, shortest = 1, count = 0;
    opened cells[OPEN];
    for (uint32_t rank = 0; rank < m; rank++) __builtin_prefetch(&d->filed[rare[rank]]);
    for (; shortest < m && need(d, m, shortest) > shortest; shortest++) {}
    for (uint32_t rank = 0; rank < m; rank++) {
        const postings *p = &d->filed[rare[rank]], *next = &d->filed[rank + 1 < m ? rare[rank + 1] : 0];
        fetch(next->cells, next->count * (uint32_t)sizeof(cell));
        if (!rare[rank] || (rank && rare[rank] == rare[rank - 1])) continue;
        if (m - rank < need(d, m, shortest)) break;
        bound b = {marks_of(rare + rank, m - rank), 0, 0};
        for (uint32_t at = find(p, shortest, 0); at < p->count; at++) {
            const cell *c = &p->cells[at];
            uint32_t n = c->length, wanted = need(d, m, n);
            if (wanted > m - rank) break;                             /* needs grow with lengths */
            if (wanted > n - c->rank) {                               /* nor at later ranks: leap over some */
                for (uint32_t step = 1; at + step < p->count && p->cells[at + step].length == n; step *= 2) at += step;
                continue;
            }
            b.own = m - rank - wanted;
            b.theirs = n - c->rank - wanted;
            if (c->single) {
                if (within(b, c->marks)) wait_for(q, c->entry, n, wanted);
                continue;
            }
            fetch(marks_at(d, c->at), c->count * 4);
            cells[count++] = (opened){c, wanted, b};
            if (count < OPEN) continue;
            look_into(q, cells, OPEN, near);
            count = 0;
        }
    }
    look_into(q, cells, count, near);
    look_at_waiting(q);
}

static inline __attribute__((always_inline)) uint32_t near_plain(bound b, const uint32_t *marks) {
    uint32_t some = 0;
    for (uint32_t k = 0; k < SIXTEEN; k++) some |= within(b, marks[k]) << k;
    return some;
}

static void search_plain(search *q, const uint32_t *rare) { search_cells(q, rare, near_plain); }

#if defined(__x86_64__)
#define POPCNT __attribute__((target("popcnt")))
#define AVX2 __attribute__((target("popcnt,avx2")))
#define AVX512 __attribute__((target("popcnt,avx512f,avx512bw,avx512vpopcntdq")))

static POPCNT void search_popcnt(search *q, const uint32_t *rare) { search_cells(q, rare, near_plain); }

static inline AVX2 __m256i ones_avx2(__m256i x) {                    /* of each 32 bits, how many are set */
    const __m256i low = _mm256_set1_epi8(15), counts = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(x, low)),
                                    _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}

static inline AVX2 uint32_t near_avx2(bound b, const uint32_t *marks) {
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

static AVX2 void search_avx2(search *q, const uint32_t *rare) { search_cells(q, rare, near_avx2); }

static inline AVX512 uint32_t near_avx512(bound b, const uint32_t *marks) {
    __m512i us = _mm512_set1_epi32((int)b.marks), them = _mm512_loadu_si512(marks);
    __m512i own = _mm512_popcnt_epi32(_mm512_andnot_si512(them, us));
    __m512i theirs = _mm512_popcnt_epi32(_mm512_andnot_si512(us, them));
    return _mm512_cmple_epu32_mask(own, _mm512_set1_epi32((int)b.own)) &
           _mm512_cmple_epu32_mask(theirs, _mm512_set1_epi32((int)b.theirs));
}

static AVX512 void search_avx512(search *q, const uint32_t *rare) { search_cells(q, rare, near_avx512); }
#endif

static void (*search_entries)(search *, const uint32_t *) = search_plain;

static void choose_search(int most) {
    search_entries = search_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt")) search_entries = search_popcnt;
    if (most >= 1 && __builtin_cpu_supports("avx2")) search_entries = search_avx2;
    if (most >= 2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vpopcntdq"))
        search_entries = search_avx512;
#endif
    (void)most;
}

/* --- what others call --------------------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b ? 1 : 0;
}

/* Give places to the tokens of the pool: the more often one is in it, the earlier. */
static int order_tokens(const pool *p, decisions *d) {
    uint32_t words = p->vocabulary;
    uint64_t *order = calloc((size_t)words + 1, 8);                   /* frequency, turned round, and then the token */
    d->filed = calloc((size_t)words + 1, sizeof(postings));
    d->where = calloc((size_t)words + 1, 4);
    d->places = calloc((size_t)words + 1, 4);
    int failed = !order || !d->filed || !d->where || !d->places;
    if (!failed) {
        d->vocabulary = words;
        d->ordered = p->entries;
        for (uint32_t t = 0; t < words; t++) order[t] = ((uint64_t)NONE << 32) | t;
        for (uint32_t n = 0; p->buckets && n <= p->longest; n++)
            for (uint64_t i = 0; i < (uint64_t)n * p->buckets[n].count; i++)
                order[p->buckets[n].tokens[i]] -= 1ull << 32;
        qsort(order, words, 8, by_number);
        for (uint32_t k = 0; k < words && order[k] >> 32 != NONE; k++) d->places[(uint32_t)order[k]] = ++d->placed;
    }
    free(order);
    return failed ? -1 : 0;
}

/* An index that could not be kept for lack of memory is none: it would call near texts novel. */
static int give_up(pool *p) {
    free_decisions(p->decisions);
    p->decisions = 0;
    return -1;
}

/* Begin (or begin anew, for another threshold) to keep the index that `si_decide` needs. */
EXPORT int si_index(pool *p, double threshold) {
    free_decisions(p->decisions);
    decisions *d = p->decisions = calloc(1, sizeof(decisions));
    if (!d) return -1;
    d->threshold = threshold;
    memset(d->spare, 0xff, sizeof d->spare);
    for (uint32_t m = 0; m < TABLE; m++)
        for (uint32_t n = 0; n <= m; n++) d->needs[m][n] = d->needs[n][m] = (uint16_t)least(threshold, 1, m, n);
    if (order_tokens(p, d)) return give_up(p);
    uint32_t *rows = calloc((size_t)p->longest + 1, 4);               /* entries of each length that have been filed */
    int failed = !rows;
    for (uint32_t entry = 0; entry < p->entries && !failed; entry++) {
        uint32_t n = p->lengths[entry], row = rows[n]++;
        failed = file_entry(d, entry, n ? p->buckets[n].tokens + (size_t)row * n : 0, n, row);
    }
    free(rows);
    return failed ? give_up(p) : 0;
}

/* File the latest entry; its tokens are the last of its bucket. */
static int file_latest(pool *p, const uint32_t *tokens, uint32_t n) {
    decisions *d = p->decisions;
    uint64_t full = (uint64_t)ANEW * (d->ordered > FEW ? d->ordered : FEW);
    if (p->entries >= full && p->entries <= MANY) return si_index(p, d->threshold);
    return file_entry(d, p->entries - 1, tokens, n, p->buckets[n].count - 1) ? give_up(p) : 0;
}

/* The nearest entry whose score is above the threshold, the oldest of equals; -1 if there is none, -2 if no memory. */
EXPORT int64_t si_decide(pool *p, const uint32_t *tokens, uint32_t m, double *score) {
    decisions *d = p->decisions;
    uint32_t words = (m + 63) / 64, rows = 0;
    if (!d) return -2;
    if (!m || !d->entries) return -1;
    uint32_t *rare = sorted(d, tokens, m);
    uint64_t *masks = calloc((size_t)(m + 2) * words, 8);
    if (!rare || !masks) { free(rare); free(masks); return -2; }
    for (uint32_t i = 0; i < m; i++) {
        uint32_t t = tokens[i];
        if (!t || t >= d->vocabulary) continue;
        if (!d->where[t]) d->where[t] = ++rows;
        masks[(size_t)d->where[t] * words + i / 64] |= 1ull << (i % 64);
    }
    if (!++d->turn) { for (uint32_t e = 0; e < d->entries; e++) d->items[e].turn = 0; d->turn = 1; }
    search q = {.pool = p, .tokens = tokens, .m = m, .words = words, .masks = masks,
                .state = masks + (size_t)(m + 1) * words, .s = item_of(tokens, m, 0), .score = -1.0, .entry = NONE};
    search_entries(&q, rare);
    for (uint32_t i = 0; i < m; i++) if (tokens[i] && tokens[i] < d->vocabulary) d->where[tokens[i]] = 0;
    for (int k = 0; k < 32; k++) free(q.parities[k]);
    free(rare);
    free(masks);
    *score = q.score;
    return q.entry == NONE ? -1 : (int64_t)q.entry;
}
