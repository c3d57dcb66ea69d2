/* Exact ROUGE-L over a growing pool, compiled: the decision index, and statistics with one candidate a vector lane.

   Token ids count from 1; 0 in a candidate is a token that no entry has. Lengths of subsequences are integers, and
   scores are computed from them in rouge_score's own order of operations, so nothing here is approximate.
   Compile without -ffast-math and with -ffp-contract=off. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define EXPORT __attribute__((visibility("default")))
#define NONE UINT32_MAX

typedef struct { uint32_t *ids, *tokens; uint64_t *parities; uint32_t count, room; } bucket;  /* entries of a length */
typedef struct decisions decisions;

typedef struct {
    bucket *buckets;
    uint32_t longest;                           /* buckets[0..longest] exist */
    uint32_t *lengths, entries, entry_room;
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

/* --- scores ------------------------------------------------------------------------------------------------------- */

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

#define HASH(token) ((token) * 2654435769u)     /* its high bits are good */

/* Whether tokens occur an odd number of times, by hash: a bit for each class, in so many words, a power of two. */
static inline void add_parity(uint64_t *parity, uint32_t words, const uint32_t *tokens, uint32_t n) {
    unsigned shift = 32 - (6 + (unsigned)__builtin_ctz(words));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bit = HASH(tokens[i]) >> shift;
        parity[bit / 64] ^= 1ull << (bit % 64);
    }
}

/* Long texts have parities of four bits or more a token beside the short ones of all: how many words; 0 for others. */
static inline uint32_t parity_words(uint32_t n) {
    return n <= 64 ? 0 : 2u << (31 - __builtin_clz((n - 1) / 16));
}

#include "_near.h"

/* --- entries ------------------------------------------------------------------------------------------------------ */

EXPORT pool *si_new(void) { return calloc(1, sizeof(pool)); }

EXPORT void si_free(pool *p) {
    for (uint32_t n = 0; p->buckets && n <= p->longest; n++) {
        free(p->buckets[n].ids); free(p->buckets[n].tokens); free(p->buckets[n].parities);
    }
    free(p->buckets); free(p->lengths);
    free_decisions(p->decisions);
    free(p);
}

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
    uint32_t same = b->room, words = parity_words(n);
    if (grow(&b->ids, &same, b->count + 1ull, 4, 0)) return -1;
    uint32_t *longer = n ? realloc(b->tokens, (size_t)same * n * 4) : 0;
    if (n && !longer) return -1;
    b->tokens = longer;
    if (words) {
        uint64_t *more = realloc(b->parities, (size_t)same * words * 8);
        if (!more) return -1;
        b->parities = more;
        memset(more + (size_t)b->count * words, 0, (size_t)words * 8);
        add_parity(more + (size_t)b->count * words, words, tokens, n);
    }
    b->room = same;
    if (grow(&p->lengths, &p->entry_room, p->entries + 1ull, 4, 0)) return -1;
    if (n) memcpy(b->tokens + (size_t)b->count * n, tokens, (size_t)n * 4);
    for (uint32_t i = 0; i < n; i++) if (tokens[i] >= p->vocabulary) p->vocabulary = tokens[i] + 1;
    b->ids[b->count] = p->entries;
    p->lengths[p->entries] = n;
    b->count++;
    p->entries++;
    return p->decisions ? file_latest(p, tokens, n) : 0;
}

/* --- how near is everything? -----------------------------------------------------------------------------------------

   Texts are compared with every entry, one text a lane of a vector and as many at once as a row has lanes: a group. The
   pool is read once for many groups, a part at a time, so that what is read stays in the cache until all of them have
   seen it; tokens that none of their texts has are left out. */

#define ROW 64                 /* bytes of one row of lanes */
#define LANES (ROW / 2)        /* lanes of a group, at most */
#define GROUPS 64              /* groups of one walk, at most */
#define MASKS (4u << 20)       /* bytes of masks after which a walk takes no further group */
#define BLOCK 64               /* entries between two looks at the lanes */
#define PART 16384             /* tokens that are read at once, or entries; sums of lanes of 16 bits hold so many */

typedef struct { uint32_t *tokens, *starts; } reading;            /* entries one after the other, and where each is */

typedef struct {                                                     /* what a scan found, by lane */
    _Alignas(ROW) unsigned char lengths[BLOCK][ROW];                 /* common lengths, in the last block */
    _Alignas(ROW) unsigned char sums[ROW], most[ROW], top[ROW];      /* of all; the greatest; that of the last block */
} result;

typedef uint32_t scan(const reading *r, uint32_t at, uint32_t entries, const uint32_t *rows, const void *masks,
                      uint32_t words, void *state, const void *cuts, result *found);

#define SCAN 16
#define VECTOR 16
#define TARGET
#define NAME scan16_plain
#include "_scan.h"
#define SCAN 32
#define NAME scan32_plain
#include "_scan.h"
#define SCAN 64
#define NAME scan64_plain
#include "_scan.h"
#undef VECTOR
#undef TARGET
#if defined(__x86_64__)
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define SCAN 16
#define NAME scan16_avx2
#include "_scan.h"
#define SCAN 32
#define NAME scan32_avx2
#include "_scan.h"
#define SCAN 64
#define NAME scan64_avx2
#include "_scan.h"
#undef VECTOR
#undef TARGET
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512bw")))
#define SCAN 16
#define NAME scan16_avx512
#include "_scan.h"
#define SCAN 32
#define NAME scan32_avx512
#include "_scan.h"
#define SCAN 64
#define NAME scan64_avx512
#include "_scan.h"
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
    if (most >= 1 && __builtin_cpu_supports("avx2")) level = 1;
    if (most >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) level = 2;
#endif
    choose_search(most);
    return level;
}

typedef struct {
    uint32_t text, m, prefix, found, cut;      /* its place among the texts, its length */
    double *scores;                            /* best first */
    uint32_t *entries;
    double mean, containment;
} lane;

typedef struct {
    lane lanes[LANES];
    const uint32_t *texts[LANES];
    uint32_t count, width, words;              /* lanes; bytes of a lane's word, words of a lane */
    uint32_t safe, last;                       /* every lane sees entries below `safe`, none sees `last` or later */
    uint32_t safe_here, last_here;             /* how many of the bucket at hand those are */
    uint32_t *rows;                            /* row of masks by number of token; row 0 is for all others */
    void *masks, *state;                       /* masks by row; room for one row */
    uint64_t *sums, *most;                     /* by length of entry, then lane */
    _Alignas(ROW) unsigned char cuts[ROW];
} group;

typedef struct {
    const pool *pool;
    group *groups;
    uint32_t count, nearest;
    uint32_t *where, numbers;                  /* number of a token, from 1; the greatest */
    reading reading;
} walk;

static inline uint32_t value(const void *row, uint32_t lane, uint32_t width) {
    if (width == 2) return ((const uint16_t *)row)[lane];
    return width == 4 ? ((const uint32_t *)row)[lane] : (uint32_t)((const uint64_t *)row)[lane];
}

static inline void set(void *row, uint32_t lane, uint32_t width, uint64_t bits) {
    if (width == 2) ((uint16_t *)row)[lane] |= (uint16_t)bits;
    else if (width == 4) ((uint32_t *)row)[lane] |= (uint32_t)bits;
    else ((uint64_t *)row)[lane] |= bits;
}

/* --- the best of a lane ------------------------------------------------------------------------------------------- */

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

static void write_cuts(group *g) {
    memset(g->cuts, 0, ROW);
    for (uint32_t l = 0; l < ROW / g->width; l++) set(g->cuts, l, g->width, l < g->count ? g->lanes[l].cut : 0x7fff);
}

/* --- one walk through the pool ------------------------------------------------------------------------------------ */

static uint32_t below(const bucket *b, uint32_t entry) {              /* how many of a bucket's entries are older */
    uint32_t low = 0, high = b->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (b->ids[middle] < entry) low = middle + 1; else high = middle;
    }
    return low;
}

/* Read entries of one length: numbers of tokens, without those that no text has. */
static void read_entries(walk *w, const bucket *b, uint32_t n, uint32_t at, uint32_t end) {
    const uint32_t *tokens = b->tokens + (size_t)at * n;
    uint32_t used = 0;
    for (uint32_t e = 0; e < end - at; e++) {
        w->reading.starts[e] = used;
        for (uint32_t i = 0; i < n; i++) used += (w->reading.tokens[used] = w->where[*tokens++]) != 0;
    }
    w->reading.starts[end - at] = used;
}

/* Take what a scan found into account: `seen` entries in the last block, the first of them `ids[0]`. */
static void take_best(walk *w, group *g, const result *found, const uint32_t *ids, uint32_t seen, uint32_t n) {
    int changed = 0;
    for (uint32_t l = 0; l < g->count; l++) {
        lane *own = &g->lanes[l];
        if (value(found->top, l, g->width) < own->cut) continue;
        for (uint32_t e = 0; e < seen; e++) {
            uint32_t common = value(found->lengths[e], l, g->width);
            if (common < own->cut || ids[e] >= own->prefix) continue;
            consider(own, ids[e], common, n, w->nearest);
            changed = 1;
        }
    }
    if (changed) write_cuts(g);
}

static void take_totals(group *g, const result *found, uint32_t n) {
    uint64_t *sums = g->sums + (size_t)n * g->count, *most = g->most + (size_t)n * g->count;
    for (uint32_t l = 0; l < g->count; l++) {
        uint32_t best = value(found->most, l, g->width);
        sums[l] += value(found->sums, l, g->width);
        if (best > most[l]) most[l] = best;
    }
}

/* The same for entries of which some lanes do not see all. */
static void take_some_totals(group *g, const result *found, const uint32_t *ids, uint32_t seen, uint32_t n) {
    uint64_t *sums = g->sums + (size_t)n * g->count, *most = g->most + (size_t)n * g->count;
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t e = 0; e < seen && ids[e] < g->lanes[l].prefix; e++) {
            uint32_t common = value(found->lengths[e], l, g->width);
            sums[l] += common;
            if (common > most[l]) most[l] = common;
        }
}

/* Let a group see the entries `at` to `end` of a bucket, which have been read. */
static void show(walk *w, group *g, const bucket *b, uint32_t n, uint32_t at, uint32_t end) {
    scan *run = SCANS[level][g->width == 2 ? 0 : g->width == 4 ? 1 : 2];
    uint32_t last = end < g->last_here ? end : g->last_here, first = at, done;
    result found;
    for (; at < last; at += done) {
        int safe = at < g->safe_here;
        uint32_t stop = safe && g->safe_here < last ? g->safe_here : last;
        if (!safe && stop - at > BLOCK) stop = at + BLOCK;
        done = run(&w->reading, at - first, stop - at, g->rows, g->masks, g->words, g->state, g->cuts, &found);
        uint32_t seen = (done - 1) % BLOCK + 1;
        const uint32_t *ids = b->ids + at + done - seen;
        if (safe) take_totals(g, &found, n); else take_some_totals(g, &found, ids, seen, n);
        take_best(w, g, &found, ids, seen, n);
    }
}

static void walk_bucket(walk *w, const bucket *b, uint32_t n) {
    uint32_t last = 0, step = n < PART ? PART / (n ? n : 1) : 1;
    for (uint32_t k = 0; k < w->count; k++) {
        group *g = &w->groups[k];
        g->safe_here = below(b, g->safe);
        g->last_here = below(b, g->last);
        if (g->last_here > last) last = g->last_here;
        for (uint32_t l = 0; l < g->count; l++) g->lanes[l].cut = cut_for(&g->lanes[l], n, w->nearest, b->ids[0]);
        write_cuts(g);
    }
    for (uint32_t at = 0; at < last; at += step) {
        uint32_t end = last - at < step ? last : at + step;
        read_entries(w, b, n, at, end);
        for (uint32_t k = 0; k < w->count; k++) show(w, &w->groups[k], b, n, at, end);
    }
}

static void summarise(lane *own, const uint64_t *sums, const uint64_t *most, uint32_t lengths, uint32_t lanes) {
    double total = 0.0;
    for (uint32_t n = 0; n < lengths; n++, sums += lanes, most += lanes) {
        if (!*most) continue;
        total += 2.0 * (double)*sums / ((double)own->m + n);
        double part = (double)*most / (own->m < n ? own->m : n);
        if (part > own->containment) own->containment = part;
    }
    own->mean = own->prefix ? total / own->prefix : 0.0;
}

/* --- making ready ------------------------------------------------------------------------------------------------- */

static size_t size_of_masks(const group *g) {         /* at most */
    size_t rows = 2;
    for (uint32_t l = 0; l < g->count; l++) rows += g->lanes[l].m;
    return rows * g->words * ROW;
}

/* Give each distinct token of a group its row of masks. */
static int make_masks(walk *w, group *g) {
    uint32_t rows = 0, bits = 8 * g->width;
    size_t size = size_of_masks(g), row = (size_t)g->words * ROW;
    unsigned char *masks = g->masks = aligned_alloc(ROW, size);
    g->rows = calloc((size_t)w->numbers + 1, 4);
    g->sums = calloc(((size_t)w->pool->longest + 1) * g->count, 8);
    g->most = calloc(((size_t)w->pool->longest + 1) * g->count, 8);
    if (!masks || !g->rows || !g->sums || !g->most) return -1;
    memset(masks, 0, size);
    g->state = masks + size - row;
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t i = 0; i < g->lanes[l].m; i++) {
            uint32_t t = g->texts[l][i], number = t && t < w->pool->vocabulary ? w->where[t] : 0;
            if (!number) continue;
            if (!g->rows[number]) g->rows[number] = ++rows;
            set(masks + g->rows[number] * row + i / bits * ROW, l, g->width, 1ull << (i % bits));
        }
    return 0;
}

/* Number the tokens of all texts of a walk. */
static void number_tokens(walk *w) {
    for (uint32_t k = 0; k < w->count; k++)
        for (uint32_t l = 0; l < w->groups[k].count; l++)
            for (uint32_t i = 0; i < w->groups[k].lanes[l].m; i++) {
                uint32_t t = w->groups[k].texts[l][i];
                if (t && t < w->pool->vocabulary && !w->where[t]) w->where[t] = ++w->numbers;
            }
}

static void clear(walk *w) {
    for (uint32_t k = 0; k < w->count; k++) {
        group *g = &w->groups[k];
        for (uint32_t l = 0; l < g->count; l++)
            for (uint32_t i = 0; i < g->lanes[l].m; i++)
                if (g->texts[l][i] < w->pool->vocabulary) w->where[g->texts[l][i]] = 0;
        free(g->rows); free(g->masks); free(g->sums); free(g->most);
    }
}

/* Show all buckets to all groups, those of like lengths first, so that the best are found early and few displaced. */
static int go_through(walk *w) {
    const pool *p = w->pool;
    const group *halfway = &w->groups[w->count / 2];
    uint32_t lengths = p->longest + 1, middle = halfway->lanes[halfway->count / 2].m;
    number_tokens(w);
    for (uint32_t k = 0; k < w->count; k++) if (make_masks(w, &w->groups[k])) return -1;
    if (middle > p->longest) middle = p->longest;
    for (uint32_t step = 0; step < 2 * lengths; step++) {
        int64_t n = step % 2 ? (int64_t)middle - (step + 1) / 2 : (int64_t)middle + step / 2;
        if (n >= 0 && n <= p->longest && p->buckets[n].count) walk_bucket(w, &p->buckets[n], (uint32_t)n);
    }
    for (uint32_t k = 0; k < w->count; k++)
        for (uint32_t l = 0; l < w->groups[k].count; l++) {
            group *g = &w->groups[k];
            summarise(&g->lanes[l], g->sums + l, g->most + l, lengths, g->count);
        }
    return 0;
}

/* What is asked: texts, shortest first, and where their answers go. */
typedef struct {
    uint32_t count;                            /* texts that are still to be taken, from the last one on */
    const uint32_t *end, *lengths, *prefixes;  /* where the tokens of those end */
    double *scores, *mean, *containment;
    uint32_t *entries, *found;
} question;

static void take_group(const walk *w, question *q, group *g) {
    uint32_t longest = q->lengths[q->count - 1], width = longest <= 16 ? 2 : longest <= 32 ? 4 : 8;
    uint32_t words = width < 8 ? 1 : (longest + 63) / 64, lanes = ROW / width;
    *g = (group){.count = q->count < lanes ? q->count : lanes, .width = width, .words = words, .safe = NONE};
    for (uint32_t l = g->count; l-- > 0;) {
        uint32_t c = --q->count, prefix = q->prefixes[c] < w->pool->entries ? q->prefixes[c] : w->pool->entries;
        size_t at = (size_t)c * (w->nearest + 1);
        g->texts[l] = q->end -= q->lengths[c];
        g->lanes[l] = (lane){c, q->lengths[c], prefix, 0, 0, q->scores + at, q->entries + at, 0.0, 0.0};
        if (prefix < g->safe) g->safe = prefix;
        if (prefix > g->last) g->last = prefix;
    }
}

/* Take as many groups as one walk can serve. */
static void take_groups(walk *w, question *q) {
    size_t masks = 0;
    for (w->count = w->numbers = 0; q->count && w->count < GROUPS && masks <= MASKS; w->count++) {
        take_group(w, q, &w->groups[w->count]);
        masks += size_of_masks(&w->groups[w->count]);
    }
}

static void answer(const walk *w, const question *q) {
    for (uint32_t k = 0; k < w->count; k++)
        for (uint32_t l = 0; l < w->groups[k].count; l++) {
            const lane *own = &w->groups[k].lanes[l];
            q->found[own->text] = own->found;
            q->mean[own->text] = own->mean;
            q->containment[own->text] = own->containment;
        }
}

/* Compare `count` texts, shortest first, each with the entries below its prefix.

   `tokens` holds the texts one after the other. For each text: its `nearest` best scores and entries, room for one more
   at the end of each list; how many there are; mean; containment. Safe in several threads while nothing is added. */
EXPORT int si_compare(const pool *p, uint32_t count, const uint32_t *tokens, const uint32_t *lengths,
                      const uint32_t *prefixes, uint32_t nearest, double *scores, uint32_t *entries, uint32_t *found,
                      double *mean, double *containment) {
    question q = {count, tokens, lengths, prefixes, scores, mean, containment, entries, found};
    for (uint32_t c = 0; c < count; c++) q.end += lengths[c];
    walk w = {.pool = p, .nearest = nearest};
    w.groups = aligned_alloc(ROW, GROUPS * sizeof(group));
    w.where = calloc((size_t)p->vocabulary + 1, 4);
    w.reading.tokens = malloc(((size_t)(p->longest > PART ? p->longest : PART) + 1) * 4);
    w.reading.starts = malloc(((size_t)PART + 1) * 4);
    int failed = !w.groups || !w.where || !w.reading.tokens || !w.reading.starts;
    while (q.count && !failed) {
        take_groups(&w, &q);
        failed = p->entries ? go_through(&w) : 0;
        answer(&w, &q);
        clear(&w);
    }
    free(w.groups); free(w.where); free(w.reading.tokens); free(w.reading.starts);
    return failed ? -1 : 0;
}
