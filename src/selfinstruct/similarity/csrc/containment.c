/* Which entry of a pool stands in a text, or which does the text stand in? The index of the filter `containment`.

   Where the longer side of a pair may lack k of the shorter side's tokens, any k + 1 of them hold one that is in both:
   so the rarest can be asked for. An entry is filed under those tokens alone, to be found by a longer text, and under
   all its tokens, to be found by a shorter one. Marks have a bit for each class of tokens: a bit that the longer side
   has not is a token that it lacks. Half as many stand beside each posting, so that most are read from there alone. */

#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define WORD 64                /* a text of up to so many tokens is compared by one word of masks */

typedef struct { uint32_t entry, marks; } posting;
typedef struct { posting *all; uint32_t count, room; } postings;
typedef struct { postings rare, any; } file;    /* side by side: a search reads both */
typedef struct { uint64_t marks; uint32_t start, length, turn; } member;

typedef struct {
    double threshold, stretch;                  /* common share of the shorter side; words between those of a copy */
    uint32_t fewest;                            /* tokens of a side that is compared */
    member *members;
    uint32_t *tokens;                           /* of all entries, one after the other */
    uint32_t entries, entry_room, used, token_room;
    file *files;                                /* by token */
    uint32_t *where, vocabulary;                /* by token, zeros between two calls; ids are below `vocabulary` */
    uint32_t turn;                              /* texts so far */
} containment;

typedef struct { uint32_t entry, common; } candidate;
typedef struct { candidate *all; uint32_t count, room; } candidates;

EXPORT containment *si_containment_new(double threshold, double stretch, uint32_t fewest) {
    containment *c = calloc(1, sizeof(containment));
    if (c) { c->threshold = threshold; c->stretch = stretch; c->fewest = fewest; }
    return c;
}

EXPORT void si_containment_free(containment *c) {
    for (uint32_t t = 0; t < c->vocabulary; t++) { free(c->files[t].rare.all); free(c->files[t].any.all); }
    free(c->files); free(c->where); free(c->members); free(c->tokens); free(c);
}

/* How many tokens of a shorter side of this length may be missing in the longer one. */
static uint32_t spared(const containment *c, uint32_t length) {
    uint32_t some = (uint32_t)(length - c->threshold * length) + 1;
    while (some && (double)(length - some) / length < c->threshold) some--;
    return some;
}

static uint64_t marks_of(const uint32_t *tokens, uint32_t n) {
    uint64_t marks = 0;
    for (uint32_t i = 0; i < n; i++) if (tokens[i]) marks |= 1ull << (HASH(tokens[i]) >> 26);
    return marks;
}

static inline uint32_t halved(uint64_t marks) { return (uint32_t)(marks | marks >> 32); }

static inline int at_most(uint64_t bits, uint32_t most) {            /* few are set, so they are taken one by one */
    while (bits && most) { bits &= bits - 1; most--; }
    return !bits;
}

static int by_number(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* The tokens of a text, in the low halves, the rarest first; the caller frees them. */
static uint64_t *sorted_tokens(const containment *c, const uint32_t *tokens, uint32_t n) {
    uint64_t *sorted = malloc((size_t)n * 8 + 8);
    if (!sorted) return 0;
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = (uint64_t)(tokens[i] < c->vocabulary ? c->files[tokens[i]].any.count : 0) << 32 | tokens[i];
    qsort(sorted, n, 8, by_number);
    return sorted;
}

static int file_under(postings *own, posting one) {
    if (grow(&own->all, &own->room, own->count + 1ull, sizeof one, 0)) return -1;
    own->all[own->count++] = one;
    return 0;
}

/* Make room for an entry and for its tokens. */
static int make_room(containment *c, const uint32_t *tokens, uint32_t n) {
    uint32_t top = 0, files = c->vocabulary, words = c->vocabulary;
    for (uint32_t i = 0; i < n; i++) if (tokens[i] > top) top = tokens[i];
    if (grow(&c->members, &c->entry_room, c->entries + 1ull, sizeof(member), 0)) return -1;
    if (grow(&c->tokens, &c->token_room, (uint64_t)c->used + n, 4, 0)) return -1;
    if (grow(&c->files, &files, top + 1ull, sizeof(file), 1)) return -1;
    if (grow(&c->where, &words, top + 1ull, 4, 1)) return -1;
    c->vocabulary = words;
    return 0;
}

/* File the next entry; one that is too short is counted, and never found. A failure leaves an index of no further use. */
EXPORT int si_containment_add(containment *c, const uint32_t *tokens, uint32_t n) {
    if (make_room(c, tokens, n)) return -1;
    uint64_t marks = marks_of(tokens, n);
    posting own = {c->entries, halved(marks)};
    c->members[c->entries++] = (member){marks, c->used, n, 0};
    if (n) memcpy(c->tokens + c->used, tokens, (size_t)n * 4);
    c->used += n;
    if (n < c->fewest) return 0;
    uint64_t *sorted = sorted_tokens(c, tokens, n);
    uint32_t asked = spared(c, n) + 1;
    int failed = !sorted;
    for (uint32_t i = 0; i < n && !failed; i++) {
        if (i && sorted[i] == sorted[i - 1]) continue;
        failed = file_under(&c->files[(uint32_t)sorted[i]].any, own);
        if (!failed && i < asked) failed = file_under(&c->files[(uint32_t)sorted[i]].rare, own);
    }
    free(sorted);
    return failed ? -1 : 0;
}

/* --- search ------------------------------------------------------------------------------------------------------- */

/* Note an entry that may pass. Its member is read later, when it has come from memory with those of the others. */
static int note(const containment *c, candidates *found, uint32_t entry, uint32_t is_longer) {
    __builtin_prefetch(&c->members[entry]);
    if (grow(&found->all, &found->room, found->count + 1ull, sizeof(candidate), 0)) return -1;
    found->all[found->count++] = (candidate){entry, is_longer};
    return 0;
}

/* Keep the entries that pass, each once. */
static void weed_out(containment *c, uint32_t m, uint64_t marks, uint32_t most, candidates *found) {
    uint32_t kept = 0;
    for (uint32_t k = 0; k < found->count; k++) {
        candidate own = found->all[k];
        member *one = &c->members[own.entry];
        int passes = own.common ? one->length > m && at_most(marks & ~one->marks, most)
                                : one->length <= m && at_most(one->marks & ~marks, spared(c, one->length));
        if (!passes || one->turn == c->turn) continue;
        one->turn = c->turn;
        __builtin_prefetch(c->tokens + one->start);
        found->all[kept++] = (candidate){own.entry, 0};
    }
    found->count = kept;
}

/* Collect the entries that may contain a text, or stand in it. */
static int collect(containment *c, const uint32_t *tokens, uint32_t m, candidates *found) {
    uint64_t marks = marks_of(tokens, m), *sorted = sorted_tokens(c, tokens, m);
    uint32_t half = halved(marks), most = spared(c, m);
    int failed = !sorted;
    for (uint32_t i = 0; i < m && !failed; i++)
        if (tokens[i] < c->vocabulary) __builtin_prefetch(c->files[tokens[i]].rare.all);
    for (uint32_t i = 0; i < m && !failed; i++) {
        uint32_t token = (uint32_t)sorted[i];
        if (token >= c->vocabulary || (i && sorted[i] == sorted[i - 1])) continue;
        const postings *rare = &c->files[token].rare, *any = &c->files[token].any;
        for (uint32_t k = 0; k < rare->count && !failed; k++)         /* shorter entries spare no more than the text */
            if (at_most(rare->all[k].marks & ~half, most)) failed = note(c, found, rare->all[k].entry, 0);
        for (uint32_t k = 0; i <= most && k < any->count && !failed; k++)
            if (at_most(half & ~any->all[k].marks, most)) failed = note(c, found, any->all[k].entry, 1);
    }
    free(sorted);
    if (!failed) weed_out(c, m, marks, most, found);
    return failed;
}

/* The common lengths of a text and the entries found. */
static int compare_found(containment *c, const uint32_t *tokens, uint32_t m, candidates *found) {
    uint64_t masks[WORD + 1] = {0};
    uint32_t rows = 0, *where = c->where;
    int failed = 0;
    for (uint32_t i = 0; m <= WORD && i < m; i++) {
        uint32_t t = tokens[i];
        if (!t || t >= c->vocabulary) continue;
        if (!where[t]) where[t] = ++rows;
        masks[where[t]] |= 1ull << i;
    }
    for (uint32_t k = 0; k < found->count && !failed; k++) {
        const member *one = &c->members[found->all[k].entry];
        const uint32_t *other = c->tokens + one->start;
        uint64_t v = ~0ull;
        if (m > WORD) {
            failed = common_lengths(tokens, m, other, one->length, 1, where, c->vocabulary, &found->all[k].common);
            continue;
        }
        for (uint32_t i = 0; i < one->length; i++) {
            uint64_t u = v & masks[where[other[i]]];
            v = (v + u) | (v - u);
        }
        found->all[k].common = (uint32_t)__builtin_popcountll(~v);
    }
    for (uint32_t i = 0; m <= WORD && i < m; i++) if (tokens[i] < c->vocabulary) where[tokens[i]] = 0;
    return failed;
}

/* Whether some stretch of the longer side, a little longer than the shorter one, holds its share of that: 1, 0 or -1. */
static int stands_together(const containment *c, const uint32_t *shorter, uint32_t m, const uint32_t *longer,
                           uint32_t n) {
    uint32_t between = (uint32_t)(c->stretch * m), size = m + (between ? between : 1), step = m < 40 ? 1 : m / 20, common;
    int64_t last = (int64_t)n - size + step;
    for (int64_t at = 0; at < (last > 1 ? last : 1); at += step) {
        uint32_t length = n - at < size ? n - (uint32_t)at : size;
        if (common_lengths(shorter, m, longer + at, length, 1, c->where, c->vocabulary, &common)) return -1;
        if (common >= c->threshold * m) return 1;
    }
    return 0;
}

/* Find the entry that shares most of the shorter side, the oldest of equals; -1 if there is none that shares enough,
   -2 if there is not enough memory. Writes that share. */
EXPORT int64_t si_containment_find(containment *c, const uint32_t *tokens, uint32_t m, double *share) {
    candidates found = {0};
    int64_t best = -1;
    if (m < c->fewest || !m) return -1;
    if (!++c->turn) { for (uint32_t e = 0; e < c->entries; e++) c->members[e].turn = 0; c->turn = 1; }
    if (collect(c, tokens, m, &found) || compare_found(c, tokens, m, &found)) best = -2;
    for (uint32_t k = 0; k < found.count && best != -2; k++) {
        uint32_t entry = found.all[k].entry, n = c->members[entry].length;
        const uint32_t *other = c->tokens + c->members[entry].start;
        double own = (double)found.all[k].common / (m < n ? m : n);
        if (own < c->threshold || (best >= 0 && (own < *share || (own == *share && entry > best)))) continue;
        int together = m <= n ? stands_together(c, tokens, m, other, n) : stands_together(c, other, n, tokens, m);
        if (together) best = together < 0 ? -2 : (int64_t)entry;
        if (together > 0) *share = own;
    }
    free(found.all);
    return best;
}
