/* Exact ROUGE-L over a growing pool, compiled: the decision index, and statistics with one candidate a vector lane.

   Token ids count from 1; 0 in a candidate is a token that no entry has. Lengths of subsequences are integers, and
   scores are computed from them in rouge_score's own order of operations, so nothing here is approximate.
   Compile without -ffast-math and with -ffp-contract=off. The file includes itself once for each scan (see the end). */

#ifndef SCAN

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define ROW 64                 /* bytes of one row of lanes */
#define BLOCK 64               /* entries between two looks at the lanes */
#define TABLE 128              /* lengths below this have their needs tabulated */
#define WAITING 64             /* entries whose signatures are on their way from memory */
#define AHEAD 6                /* cells between the one looked at and the one whose list is fetched */
#define NONE UINT32_MAX

typedef struct { uint32_t *ids, *tokens; uint32_t count, room; } bucket;          /* the entries of one length */
typedef struct { uint32_t length, rank, count, at; } cell;                        /* entries with a token at a rank */
typedef struct { cell *cells; uint32_t count, room; } postings;                   /* a token's cells, sorted */
typedef struct { uint64_t low, high; } signature;                                 /* parity of tokens by hash */
typedef struct __attribute__((packed)) { uint64_t parity; uint32_t entry; } posting;   /* parity folded to half */

typedef struct {
    double threshold;
    postings *tokens;
    posting *arena;                             /* lists 2^k long */
    uint32_t used, room, spare[32];             /* `spare` chains the lists given back */
    signature *signatures;
    uint32_t *where, *seen, turn;               /* candidate's row of a token; turn in which an entry was compared */
    uint32_t entries, entry_room, vocabulary;
    uint32_t needs[TABLE][TABLE];
} decisions;

typedef struct {
    bucket *buckets;
    uint32_t longest;                           /* buckets[0..longest] exist */
    uint32_t *lengths, *rows, entries, entry_room;
    uint32_t vocabulary;                        /* ids in the pool are below this */
    decisions *decisions;
} pool;

static int grow(void *place, uint32_t *room, uint64_t wanted, size_t each, int zero) {
    if (wanted <= *room) return 0;
    uint64_t more = (uint64_t)*room + *room / 4 + 4;
    if (more < wanted) more = wanted;
    if (more >= NONE) return -1;
    void *old, *fresh;
    memcpy(&old, place, sizeof old);
    if (!(fresh = realloc(old, more * each))) return -1;
    if (zero) memset((char *)fresh + *room * each, 0, (more - *room) * each);
    memcpy(place, &fresh, sizeof fresh);
    *room = (uint32_t)more;
    return 0;
}

/* --- scores -------------------------------------------------------------------------------------------------------- */

EXPORT double si_f_measure(uint32_t common, uint32_t m, uint32_t n) {
    if (!common) return 0.0;
    double precision = (double)common / n, recall = (double)common / m;
    return 2 * precision * recall / (precision + recall);
}

/* The least common length whose score is above `score` (or, if not `above`, reaches it); one too many if none is. */
static uint32_t least(double score, int above, uint32_t m, uint32_t n) {
    uint32_t most = m < n ? m : n;
    double guess = score * ((double)m + n) / 2;
    uint32_t common = guess > most ? most + 1 : (uint32_t)guess;
#define ENOUGH(c) (above ? si_f_measure(c, m, n) > score : si_f_measure(c, m, n) >= score)
    while (common > 0 && ENOUGH(common - 1)) common--;
    while (common <= most && !ENOUGH(common)) common++;
    return common;
}

/* --- entries --------------------------------------------------------------------------------------------------------- */

EXPORT pool *si_new(void) { return calloc(1, sizeof(pool)); }

static void free_decisions(decisions *d) {
    if (!d) return;
    for (uint32_t t = 0; t < d->vocabulary; t++) free(d->tokens[t].cells);
    free(d->tokens); free(d->arena); free(d->signatures); free(d->where); free(d->seen); free(d);
}

EXPORT void si_free(pool *p) {
    for (uint32_t n = 0; p->buckets && n <= p->longest; n++) { free(p->buckets[n].ids); free(p->buckets[n].tokens); }
    free(p->buckets); free(p->lengths); free(p->rows);
    free_decisions(p->decisions);
    free(p);
}

static int file_entry(decisions *d, uint32_t entry, const uint32_t *tokens, uint32_t n);

EXPORT int si_add(pool *p, const uint32_t *tokens, uint32_t n) {
    if (!p->buckets || n > p->longest) {
        bucket *fresh = realloc(p->buckets, ((size_t)n + 1) * sizeof(bucket));
        if (!fresh) return -1;
        uint32_t first = p->buckets ? p->longest + 1 : 0;
        memset(fresh + first, 0, ((size_t)n + 1 - first) * sizeof(bucket));
        p->buckets = fresh;
        p->longest = n;
    }
    bucket *b = &p->buckets[n];
    uint32_t same = b->room, both = p->entry_room;
    if (grow(&b->ids, &same, b->count + 1ull, 4, 0)) return -1;
    uint32_t *longer = n ? realloc(b->tokens, (size_t)same * n * 4) : 0;
    if (n && !longer) return -1;
    b->tokens = longer;
    b->room = same;
    if (grow(&p->lengths, &both, p->entries + 1ull, 4, 0)) return -1;
    if (both > p->entry_room) {
        uint32_t *rows = realloc(p->rows, (size_t)both * 4);
        if (!rows) return -1;
        p->rows = rows;
        p->entry_room = both;
    }
    if (n) memcpy(b->tokens + (size_t)b->count * n, tokens, (size_t)n * 4);
    for (uint32_t i = 0; i < n; i++) if (tokens[i] >= p->vocabulary) p->vocabulary = tokens[i] + 1;
    b->ids[b->count] = p->entries;
    p->lengths[p->entries] = n;
    p->rows[p->entries] = b->count++;
    p->entries++;
    return p->decisions ? file_entry(p->decisions, p->entries - 1, tokens, n) : 0;
}

/* --- is anything in the pool too near? ---------------------------------------------------------------------------------

   Two texts whose common subsequence is long share many tokens; so, with the tokens of both sorted by one fixed order,
   rare before common, their first common token stands early in both. Entries are filed under their early tokens, by
   length and rank; a candidate opens only the cells from which enough could still be common. */

static int by_rarity(const void *left, const void *right) {          /* later ids are rarer; 0 is new, so rarest */
    uint32_t a = *(const uint32_t *)left - 1, b = *(const uint32_t *)right - 1;
    return a < b ? 1 : a > b ? -1 : 0;
}

static uint32_t *sorted(const uint32_t *tokens, uint32_t n) {
    uint32_t *copy = malloc((size_t)n * 4 + 4);
    if (!copy) return 0;
    if (n > 64) {
        memcpy(copy, tokens, (size_t)n * 4);
        qsort(copy, n, 4, by_rarity);
        return copy;
    }
    for (uint32_t i = 0, j; i < n; i++) {
        for (j = i; j > 0 && copy[j - 1] - 1 < tokens[i] - 1; j--) copy[j] = copy[j - 1];
        copy[j] = tokens[i];
    }
    return copy;
}

static signature signature_of(const uint32_t *tokens, uint32_t n) {
    signature s = {0, 0};
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bit = (tokens[i] * 2654435769u) >> 25;
        if (bit < 64) s.low ^= 1ull << bit; else s.high ^= 1ull << (bit - 64);
    }
    return s;
}

static inline posting posting_of(const decisions *d, uint32_t entry) {
    return (posting){d->signatures[entry].low ^ d->signatures[entry].high, entry};
}

static inline uint32_t need(const decisions *d, uint32_t m, uint32_t n) {
    return m < TABLE && n < TABLE ? d->needs[m][n] : least(d->threshold, 1, m, n);
}

/* The place of the first cell of a token that is not before (length, rank). */
static uint32_t find(const postings *p, uint32_t length, uint32_t rank) {
    uint32_t low = 0, high = p->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const cell *c = &p->cells[middle];
        if (c->length < length || (c->length == length && c->rank < rank)) low = middle + 1; else high = middle;
    }
    return low;
}

static int list_append(decisions *d, cell *c, uint32_t entry) {
    uint32_t size = c->count;
    if (!size) { c->at = entry; c->count = 1; return 0; }            /* a single entry stands in the cell itself */
    if ((size & (size - 1)) == 0) {                                   /* full: move to a list of twice the size */
        uint32_t power = (uint32_t)__builtin_ctz(size) + 1, at = d->spare[power];
        if (at != NONE) {
            d->spare[power] = d->arena[at].entry;
        } else {
            if (grow(&d->arena, &d->room, (uint64_t)d->used + 2ull * size, sizeof(posting), 0)) return -1;
            at = d->used;
            d->used += 2 * size;
        }
        if (size == 1) {
            d->arena[at] = posting_of(d, c->at);
        } else {
            memcpy(d->arena + at, d->arena + c->at, (size_t)size * sizeof(posting));
            d->arena[c->at].entry = d->spare[power - 1];
            d->spare[power - 1] = c->at;
        }
        c->at = at;
    }
    d->arena[c->at + size] = posting_of(d, entry);
    c->count++;
    return 0;
}

static int file_entry(decisions *d, uint32_t entry, const uint32_t *tokens, uint32_t n) {
    uint32_t both = d->entry_room, top = 0, fewest = n + 1, words = d->vocabulary;
    if (grow(&d->signatures, &both, entry + 1ull, sizeof(signature), 0)) return -1;
    if (both > d->entry_room) {
        uint32_t *seen = realloc(d->seen, (size_t)both * 4);
        if (!seen) return -1;
        memset(seen + d->entry_room, 0, (size_t)(both - d->entry_room) * 4);
        d->seen = seen;
        d->entry_room = both;
    }
    d->signatures[entry] = signature_of(tokens, n);
    d->entries = entry + 1;
    for (uint32_t i = 0; i < n; i++) if (tokens[i] > top) top = tokens[i];
    if (grow(&d->tokens, &words, top + 1ull, sizeof(postings), 1)) return -1;
    if (words > d->vocabulary) {
        uint32_t *where = realloc(d->where, (size_t)words * 4);
        if (!where) return -1;
        memset(where + d->vocabulary, 0, (size_t)(words - d->vocabulary) * 4);
        d->where = where;
        d->vocabulary = words;
    }
    for (uint32_t m = 1; m <= n; m++) {                               /* the shortest candidate that can be near */
        if ((fewest = need(d, m, n)) <= m) break;
        fewest = n + 1;
    }
    uint32_t *rare = sorted(tokens, n);
    if (!rare) return -1;
    int failed = 0;
    for (uint32_t rank = 0; rank + fewest <= n && !failed; rank++) {
        if (rank && rare[rank] == rare[rank - 1]) continue;
        postings *p = &d->tokens[rare[rank]];
        uint32_t at = find(p, n, rank);
        if (at == p->count || p->cells[at].length != n || p->cells[at].rank != rank) {
            if ((failed = grow(&p->cells, &p->room, p->count + 1ull, sizeof(cell), 0))) break;
            memmove(p->cells + at + 1, p->cells + at, (size_t)(p->count - at) * sizeof(cell));
            p->cells[at] = (cell){n, rank, 0, 0};
            p->count++;
        }
        failed = list_append(d, &p->cells[at], entry);
    }
    free(rare);
    return failed;
}

/* Begin (or begin anew, for another threshold) to keep the index that `si_decide` needs. */
EXPORT int si_index(pool *p, double threshold) {
    free_decisions(p->decisions);
    decisions *d = p->decisions = calloc(1, sizeof(decisions));
    if (!d) return -1;
    d->threshold = threshold;
    memset(d->spare, 0xff, sizeof d->spare);
    for (uint32_t m = 0; m < TABLE; m++)
        for (uint32_t n = 0; n < TABLE; n++) d->needs[m][n] = least(threshold, 1, m, n);
    for (uint32_t entry = 0; entry < p->entries; entry++) {
        uint32_t n = p->lengths[entry];
        const bucket *b = &p->buckets[n];
        if (file_entry(d, entry, n ? b->tokens + (size_t)p->rows[entry] * n : 0, n)) return -1;
    }
    return 0;
}

/* Common length of an entry and a candidate, given the candidate's masks by row of `where`; any number of words. */
static uint32_t common_length(const uint32_t *tokens, uint32_t n, const uint32_t *where, const uint64_t *masks,
                              uint32_t words, uint64_t *state) {
    uint32_t zeros = 0;
    memset(state, 0xff, (size_t)words * 8);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t *mask = masks + (size_t)where[tokens[i]] * words;
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

typedef struct { const pool *pool; uint32_t m, words; const uint64_t *masks; uint64_t *state; signature s;
                 double score; uint32_t entry, waiting; struct { uint32_t entry, n, wanted; } queue[WAITING]; } search;

static void compare_entry(search *q, uint32_t entry, uint32_t n, uint32_t wanted) {
    decisions *d = q->pool->decisions;
    if (d->seen[entry] == d->turn) return;
    d->seen[entry] = d->turn;
    const uint32_t *tokens = q->pool->buckets[n].tokens + (size_t)q->pool->rows[entry] * n;
    uint32_t common = common_length(tokens, n, d->where, q->masks, q->words, q->state);
    if (common < wanted) return;
    double score = si_f_measure(common, q->m, n);
    if (score > q->score || (score == q->score && entry < q->entry)) {
        q->score = score;
        q->entry = entry;
    }
}

/* Parities bound what is common: each bit in which they differ is a token that one of the two has alone. */
static inline __attribute__((always_inline)) void look_at_waiting(search *q) {
    const pool *p = q->pool;
    uint32_t left = 0;
    for (uint32_t k = 0; k < q->waiting; k++) {
        const signature *s = &p->decisions->signatures[q->queue[k].entry];
        uint32_t entry = q->queue[k].entry, n = q->queue[k].n, wanted = q->queue[k].wanted;
        unsigned low = (unsigned)__builtin_popcountll(s->low ^ q->s.low);
        unsigned high = (unsigned)__builtin_popcountll(s->high ^ q->s.high);
        if ((uint64_t)q->m + n < 2ull * wanted + low + high) continue;
        __builtin_prefetch(p->buckets[n].tokens + (size_t)p->rows[entry] * n);
        q->queue[left++] = q->queue[k];
    }
    for (uint32_t k = 0; k < left; k++) compare_entry(q, q->queue[k].entry, q->queue[k].n, q->queue[k].wanted);
    q->waiting = 0;
}

static inline __attribute__((always_inline)) void search_cells(search *q, const uint32_t *rare) {
    const decisions *d = q->pool->decisions;
    uint32_t m = q->m, shortest = 1;
    uint64_t parity = q->s.low ^ q->s.high;
    for (; shortest < m && need(d, m, shortest) > shortest; shortest++) {}
    for (uint32_t rank = 0; rank < m; rank++) {
        if (!rare[rank] || rare[rank] >= d->vocabulary || (rank && rare[rank] == rare[rank - 1])) continue;
        if (m - rank < need(d, m, shortest)) break;
        const postings *p = &d->tokens[rare[rank]];
        for (uint32_t at = find(p, shortest, 0); at < p->count; at++) {
            const cell *c = &p->cells[at];
            if (at + AHEAD < p->count && c[AHEAD].count > 1) __builtin_prefetch(&d->arena[c[AHEAD].at]);
            uint32_t n = c->length, wanted = need(d, m, n);
            if (wanted > m - rank) break;                             /* needs grow with lengths */
            if (wanted > n - c->rank) continue;
            uint64_t alone = (uint64_t)m + n - 2ull * wanted;
            posting single = {parity, c->at};
            const posting *entries = c->count == 1 ? &single : d->arena + c->at;
            for (uint32_t k = 0; k < c->count; k++) {
                uint32_t entry = entries[k].entry;
                if ((unsigned)__builtin_popcountll(entries[k].parity ^ parity) > alone) continue;
                __builtin_prefetch(&d->signatures[entry]);
                __builtin_prefetch(&d->seen[entry]);
                __builtin_prefetch(&q->pool->rows[entry]);
                q->queue[q->waiting].entry = entry;
                q->queue[q->waiting].n = n;
                q->queue[q->waiting].wanted = wanted;
                if (++q->waiting == WAITING) look_at_waiting(q);
            }
        }
    }
    look_at_waiting(q);
}

static void search_plain(search *q, const uint32_t *rare) { search_cells(q, rare); }
#if defined(__x86_64__)
static __attribute__((target("popcnt"))) void search_popcnt(search *q, const uint32_t *rare) { search_cells(q, rare); }
#endif
static void (*search_entries)(search *, const uint32_t *) = search_plain;

/* The nearest entry whose score is above the threshold, the oldest of equals; -1 if there is none, -2 if no memory. */
EXPORT int64_t si_decide(pool *p, const uint32_t *tokens, uint32_t m, double *score) {
    decisions *d = p->decisions;
    uint32_t words = (m + 63) / 64, rows = 0;
    if (!m || !d->entries) return -1;
    uint32_t *rare = sorted(tokens, m);
    uint64_t *masks = calloc((size_t)(m + 2) * words, 8);
    if (!rare || !masks) { free(rare); free(masks); return -2; }
    for (uint32_t i = 0; i < m; i++) {
        uint32_t t = tokens[i];
        if (!t || t >= d->vocabulary) continue;
        if (!d->where[t]) d->where[t] = ++rows;
        masks[(size_t)d->where[t] * words + i / 64] |= 1ull << (i % 64);
    }
    if (!++d->turn) { memset(d->seen, 0, (size_t)d->entry_room * 4); d->turn = 1; }
    search q;
    q.pool = p; q.m = m; q.words = words; q.masks = masks; q.state = masks + (size_t)(m + 1) * words;
    q.s = signature_of(tokens, m); q.score = -1.0; q.entry = NONE; q.waiting = 0;
    search_entries(&q, rare);
    for (uint32_t i = 0; i < m; i++) if (tokens[i] && tokens[i] < d->vocabulary) d->where[tokens[i]] = 0;
    free(rare);
    free(masks);
    *score = q.score;
    return q.entry == NONE ? -1 : (int64_t)q.entry;
}

/* --- how near is everything? ---------------------------------------------------------------------------------------- */

typedef void scan(const uint32_t *tokens, uint32_t n, uint32_t entries, const uint32_t *where, const void *masks,
                  uint32_t words, void *state, void *lengths, void *sums, void *most);

#define SCAN 16
#define VECTOR 16
#define TARGET
#define NAME scan16_plain
#include "_lcs.c"
#define SCAN 32
#define NAME scan32_plain
#include "_lcs.c"
#define SCAN 64
#define NAME scan64_plain
#include "_lcs.c"
#undef VECTOR
#undef TARGET
#if defined(__x86_64__)
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define SCAN 16
#define NAME scan16_avx2
#include "_lcs.c"
#define SCAN 32
#define NAME scan32_avx2
#include "_lcs.c"
#define SCAN 64
#define NAME scan64_avx2
#include "_lcs.c"
#undef VECTOR
#undef TARGET
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512bw")))
#define SCAN 16
#define NAME scan16_avx512
#include "_lcs.c"
#define SCAN 32
#define NAME scan32_avx512
#include "_lcs.c"
#define SCAN 64
#define NAME scan64_avx512
#include "_lcs.c"
#endif

static scan *const SCANS[][3] = {
    {scan16_plain, scan32_plain, scan64_plain},
#if defined(__x86_64__)
    {scan16_avx2, scan32_avx2, scan64_avx2},
    {scan16_avx512, scan32_avx512, scan64_avx512},
#endif
};
static int level = 0;

/* Use the widest vectors that this processor has, but none above `most`: 0 baseline, 1 AVX2, 2 AVX-512. */
EXPORT int si_level(int most) {
    level = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    search_entries = __builtin_cpu_supports("popcnt") ? search_popcnt : search_plain;
    if (most >= 1 && __builtin_cpu_supports("avx2")) level = 1;
    if (most >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) level = 2;
#endif
    (void)most;
    return level;
}

typedef struct {
    uint32_t m, prefix, found, cut;
    double *scores;                            /* best first */
    uint32_t *entries;
    double mean, containment;
} lane;

/* From which common length on an entry of this length, numbered `entry` or later, would join the lane's best. */
static uint32_t cut_for(const lane *l, uint32_t n, uint32_t nearest, uint32_t entry) {
    if (l->found < nearest) return 0;
    double worst = l->scores[nearest - 1];
    uint32_t common = least(worst, 0, l->m, n);
    if (entry > l->entries[nearest - 1] && si_f_measure(common, l->m, n) == worst) common++;
    return common;
}

static void consider(lane *l, uint32_t entry, uint32_t common, uint32_t n, uint32_t nearest) {
    double score = si_f_measure(common, l->m, n);
    uint32_t at = l->found;
    while (at > 0 && (l->scores[at - 1] < score || (l->scores[at - 1] == score && l->entries[at - 1] > entry))) at--;
    if (at < nearest) {
        uint32_t kept = l->found < nearest ? l->found : nearest - 1;
        memmove(l->scores + at + 1, l->scores + at, (kept - at) * sizeof(double));
        memmove(l->entries + at + 1, l->entries + at, (kept - at) * 4);
        l->scores[at] = score;
        l->entries[at] = entry;
        l->found = kept + 1;
    }
    l->cut = cut_for(l, n, nearest, entry + 1);
}

typedef struct {
    lane *lanes;
    uint32_t count, width, words, nearest;     /* lanes used, bytes of a lane's word, words of a lane */
    uint32_t safe, last;                       /* every lane sees entries below `safe`, none sees `last` or later */
    const uint32_t *where;
    void *masks, *state;                       /* rows of masks by `where`; room for one row */
    uint64_t *sums, *most;                     /* of the bucket at hand, by lane */
} group;

static inline uint32_t value(const void *row, uint32_t lane, uint32_t width) {
    if (width == 2) return ((const uint16_t *)row)[lane];
    return width == 4 ? ((const uint32_t *)row)[lane] : (uint32_t)((const uint64_t *)row)[lane];
}

static uint32_t below(const bucket *b, uint32_t entry) {              /* how many of a bucket's entries are older */
    uint32_t low = 0, high = b->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (b->ids[middle] < entry) low = middle + 1; else high = middle;
    }
    return low;
}

static void scan_bucket(group *g, const bucket *b, uint32_t n) {
    _Alignas(ROW) unsigned char lengths[BLOCK][ROW], sums[ROW], most[ROW];
    scan *run = SCANS[level][g->width == 2 ? 0 : g->width == 4 ? 1 : 2];
    uint32_t safe = below(b, g->safe), last = below(b, g->last);
    if (!last) return;
    for (uint32_t l = 0; l < g->count; l++) g->lanes[l].cut = cut_for(&g->lanes[l], n, g->nearest, b->ids[0]);
    for (uint32_t at = 0, size; at < last; at += size) {
        uint32_t end = at < safe ? safe : last;
        size = end - at < BLOCK ? end - at : BLOCK;
        run(b->tokens + (size_t)at * n, n, size, g->where, g->masks, g->words, g->state, lengths, sums, most);
        for (uint32_t l = 0; l < g->count; l++) {
            lane *own = &g->lanes[l];
            uint32_t seen = size;
            if (at >= safe) {
                uint64_t sum = 0;
                for (seen = 0; seen < size && b->ids[at + seen] < own->prefix; seen++) {
                    uint32_t common = value(lengths[seen], l, g->width);
                    sum += common;
                    if (common > g->most[l]) g->most[l] = common;
                }
                g->sums[l] += sum;
            } else {
                g->sums[l] += value(sums, l, g->width);
                uint32_t best = value(most, l, g->width);
                if (best > g->most[l]) g->most[l] = best;
                if (best < own->cut) continue;
            }
            for (uint32_t e = 0; e < seen; e++) {
                uint32_t common = value(lengths[e], l, g->width);
                if (common >= own->cut) consider(own, b->ids[at + e], common, n, g->nearest);
            }
        }
    }
}

/* Give each distinct token of a group its row of masks; row 0 is for all others. */
static int make_masks(group *g, const uint32_t *const *texts, uint32_t vocabulary, uint32_t *where) {
    uint32_t rows = 0, bits = 8 * g->width, per = ROW / g->width;
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t i = 0; i < g->lanes[l].m; i++) {
            uint32_t t = texts[l][i];
            if (t && t < vocabulary && !where[t]) where[t] = ++rows;
        }
    size_t size = ((size_t)rows + 2) * g->words * ROW;
    unsigned char *masks = aligned_alloc(ROW, size);
    if (!masks) return -1;
    memset(masks, 0, size);
    g->masks = masks;
    g->state = masks + size - (size_t)g->words * ROW;
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t i = 0; i < g->lanes[l].m; i++) {
            uint32_t t = texts[l][i];
            if (!t || t >= vocabulary) continue;
            size_t at = (((size_t)where[t] * g->words + i / bits) * per + l) * g->width;
            uint64_t bit = 1ull << (i % bits);
            if (g->width == 2) *(uint16_t *)(masks + at) |= (uint16_t)bit;
            else if (g->width == 4) *(uint32_t *)(masks + at) |= (uint32_t)bit;
            else *(uint64_t *)(masks + at) |= bit;
        }
    return 0;
}

/* Scan all buckets, those of like lengths first, so that the best are found early and few later ones displace them. */
static int scan_group(const pool *p, group *g, const uint32_t *const *texts, uint32_t *where) {
    uint32_t lengths = p->longest + 1, middle = g->lanes[g->count / 2].m;
    uint64_t *sums = calloc((size_t)lengths * g->count, 8), *most = calloc((size_t)lengths * g->count, 8);
    int made = sums && most && !make_masks(g, texts, p->vocabulary, where);
    if (made) {
        if (middle > p->longest) middle = p->longest;
        for (uint32_t step = 0; step < 2 * lengths; step++) {
            int64_t n = step % 2 ? (int64_t)middle - (step + 1) / 2 : (int64_t)middle + step / 2;
            if (n < 0 || n > p->longest || !p->buckets[n].count) continue;
            g->sums = sums + (size_t)n * g->count;
            g->most = most + (size_t)n * g->count;
            scan_bucket(g, &p->buckets[n], (uint32_t)n);
        }
        for (uint32_t l = 0; l < g->count; l++) {
            lane *own = &g->lanes[l];
            double total = 0.0;
            for (uint32_t n = 0; n < lengths; n++) {
                size_t at = (size_t)n * g->count + l;
                if (!most[at]) continue;
                total += 2.0 * (double)sums[at] / ((double)own->m + n);
                double part = (double)most[at] / (own->m < n ? own->m : n);
                if (part > own->containment) own->containment = part;
            }
            own->mean = own->prefix ? total / own->prefix : 0.0;
        }
    }
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t i = 0; i < g->lanes[l].m; i++) if (texts[l][i] < p->vocabulary) where[texts[l][i]] = 0;
    free(sums); free(most); free(g->masks);
    return made ? 0 : -1;
}

/* Compare `count` texts, shortest first, each with the entries below its prefix.

   `tokens` holds the texts one after the other. For each text: its `nearest` best scores and entries, room for one more
   at the end of each list; how many there are; mean; containment. Safe in several threads while nothing is added. */
EXPORT int si_compare(const pool *p, uint32_t count, const uint32_t *tokens, const uint32_t *lengths,
                      const uint32_t *prefixes, uint32_t nearest, double *scores, uint32_t *entries, uint32_t *found,
                      double *mean, double *containment) {
    uint32_t *where = calloc((size_t)p->vocabulary + 1, 4);
    const uint32_t *end = tokens;
    int failed = !where;
    for (uint32_t c = 0; c < count; c++) end += lengths[c];
    while (count && !failed) {
        uint32_t longest = lengths[count - 1], width = longest <= 16 ? 2 : longest <= 32 ? 4 : 8;
        lane lanes[ROW / 2];
        const uint32_t *texts[ROW / 2];
        uint32_t per = ROW / width, size = count < per ? count : per;
        group g = {lanes, size, width, width < 8 ? 1 : (longest + 63) / 64, nearest, NONE, 0, where, 0, 0, 0, 0};
        count -= size;
        for (uint32_t l = size; l-- > 0;) {
            uint32_t c = count + l, prefix = prefixes[c] < p->entries ? prefixes[c] : p->entries;
            texts[l] = end -= lengths[c];
            lanes[l] = (lane){lengths[c], prefix, 0, 0, scores + (size_t)c * (nearest + 1),
                              entries + (size_t)c * (nearest + 1), 0.0, 0.0};
            if (prefix < g.safe) g.safe = prefix;
            if (prefix > g.last) g.last = prefix;
        }
        failed = p->entries ? scan_group(p, &g, texts, where) : 0;
        for (uint32_t l = 0; l < size; l++) {
            found[count + l] = lanes[l].found;
            mean[count + l] = lanes[l].mean;
            containment[count + l] = lanes[l].containment;
        }
    }
    free(where);
    return failed ? -1 : 0;
}

#else /* SCAN: one scan, for one width of lane and one set of instructions ------------------------------------------- */

#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)
#define VEC GLUE(NAME, _vec)
#define PARTS (ROW / VECTOR)
#define EACH for (int q = 0; q < PARTS; q++)
#if SCAN == 16
typedef uint16_t VEC __attribute__((vector_size(VECTOR)));
#define BITS(pattern) ((uint16_t)(pattern))
#define FOLD(x)
#elif SCAN == 32
typedef uint32_t VEC __attribute__((vector_size(VECTOR)));
#define BITS(pattern) ((uint32_t)(pattern))
#define FOLD(x) x += x >> 16
#else
typedef uint64_t VEC __attribute__((vector_size(VECTOR)));
#define BITS(pattern) ((uint64_t)(pattern))
#define FOLD(x) x += x >> 16; x += x >> 32
#endif
#define ONES(x) \
    x = x - ((x >> 1) & BITS(0x5555555555555555)); \
    x = (x & BITS(0x3333333333333333)) + ((x >> 2) & BITS(0x3333333333333333)); \
    x = (x + (x >> 4)) & BITS(0x0f0f0f0f0f0f0f0f); \
    x += x >> 8; FOLD(x); x &= 0x7f

/* Bit-parallel subsequences: `v` has a zero for every token of the lane's text that is in the best subsequence. */
static TARGET void NAME(const uint32_t *tokens, uint32_t n, uint32_t entries, const uint32_t *where, const void *masks,
                        uint32_t words, void *state, void *lengths, void *sums, void *most) {
    const VEC *rows = masks;
    VEC *v = state, *lengths_out = lengths, sum[PARTS], top[PARTS], zero = {0};
    EACH sum[q] = top[q] = zero;
    for (uint32_t e = 0; e < entries; e++, tokens += n) {
        VEC count[PARTS], one[PARTS];
        EACH { one[q] = ~zero; count[q] = zero; }
        if (words == 1) {
            for (uint32_t i = 0; i < n; i++) {
                const VEC *row = rows + (size_t)where[tokens[i]] * PARTS;
                EACH { VEC s = one[q] + (one[q] & row[q]); one[q] = s | (one[q] & ~row[q]); }
            }
            EACH { VEC x = ~one[q]; ONES(x); count[q] = x; }
        } else {
            for (uint32_t w = 0; w < words * PARTS; w++) v[w] = ~zero;
            for (uint32_t i = 0; i < n; i++) {
                const VEC *row = rows + (size_t)where[tokens[i]] * words * PARTS;
                VEC carry[PARTS];
                if (!where[tokens[i]]) continue;
                EACH carry[q] = zero;
                for (uint32_t w = 0; w < words; w++, row += PARTS) EACH {
                    VEC old = v[w * PARTS + q], s = old + (old & row[q]), t = s + carry[q];
                    carry[q] = ((VEC)(s < old) | (VEC)(t < s)) & 1;
                    v[w * PARTS + q] = t | (old & ~row[q]);
                }
            }
            for (uint32_t w = 0; w < words; w++) EACH { VEC x = ~v[w * PARTS + q]; ONES(x); count[q] += x; }
        }
        EACH {
            VEC more = (VEC)(count[q] > top[q]);
            sum[q] += count[q];
            top[q] = (count[q] & more) | (top[q] & ~more);
            *lengths_out++ = count[q];
        }
    }
    EACH { ((VEC *)sums)[q] = sum[q]; ((VEC *)most)[q] = top[q]; }
}

#undef GLUE_
#undef GLUE
#undef VEC
#undef PARTS
#undef EACH
#undef BITS
#undef ONES
#undef FOLD
#undef NAME
#undef SCAN
#endif
