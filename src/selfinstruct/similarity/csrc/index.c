/* Builds the index for decisions and adds entries to it. `index.h` explains how it works. */

#include "index.h"

#include <stdlib.h>
#include <string.h>

#define REBUILD_GROWTH 8       /* the index is rebuilt when the pool has grown by this factor since, */
#define FIRST_REBUILD 64       /* but not before it has this factor times so many entries */
#define LAST_REBUILD 131072    /* and never beyond so many */
#define SORT_BY_INSERTION 64   /* texts of up to so many tokens */

void free_index(decision_index *d) {
    if (!d) return;
    for (uint32_t t = 0; t < d->vocabulary; t++) free(d->filed[t].cells);
    free(d->filed); free(d->places); free(d->arena); free(d->items); free(d->where); free(d);
}

static int by_rarity(const void *left, const void *right) {          /* later places are rarer, and 0 is rarest */
    uint32_t a = *(const uint32_t *)left - 1, b = *(const uint32_t *)right - 1;
    return a < b ? 1 : a > b ? -1 : 0;
}

uint32_t *sorted_places(const decision_index *d, const uint32_t *tokens, uint32_t n) {
    uint32_t *rare = malloc((size_t)n * 8 + 4), marks = 0;
    if (!rare) return 0;
    for (uint32_t i = 0, j; i < n; i++) {
        uint32_t place = tokens[i] < d->vocabulary ? d->places[tokens[i]] : 0;
        for (j = i; n <= SORT_BY_INSERTION && j > 0 && rare[j - 1] - 1 < place - 1; j--) rare[j] = rare[j - 1];
        rare[j] = place;
    }
    if (n > SORT_BY_INSERTION) qsort(rare, n, 4, by_rarity);
    for (uint32_t i = n; i-- > 0;) rare[n + i] = marks |= mark_of(rare[i]);
    return rare;
}

/* --- file an entry ------------------------------------------------------------------------------------------------ */

static int take_list(decision_index *d, uint32_t power, uint32_t *at) {
    if (d->spare[power] != NONE) {
        *at = d->spare[power];
        d->spare[power] = *marks_at(d, *at);
        return 0;
    }
    if (grow(&d->arena, &d->room, (uint64_t)d->used + (1ull << power) + SIXTEEN, POSTING_BYTES, 0)) return -1;
    *at = d->used;
    d->used += 1u << power;
    return 0;
}

static int append(decision_index *d, cell *c, uint32_t entry, uint32_t marks) {
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

static int file_under(decision_index *d, uint32_t place, cell posting) {
    postings *own = &d->filed[place];
    uint32_t at = find_cell(own, posting.length, posting.rank);
    if (at < own->count && own->cells[at].length == posting.length && own->cells[at].rank == posting.rank)
        return append(d, &own->cells[at], posting.entry, posting.marks);
    if (grow(&own->cells, &own->room, own->count + 1ull, sizeof(cell), 0)) return -1;
    memmove(own->cells + at + 1, own->cells + at, (size_t)(own->count - at) * sizeof(cell));
    own->cells[at] = posting;
    own->count++;
    return 0;
}

/* Make room for an entry, and give each token that has no place yet the next one. */
static int make_room(decision_index *d, uint32_t entry, const uint32_t *tokens, uint32_t n) {
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

/* The fewest common tokens that bring any text near to one of `n` tokens; more than it has if nothing does. */
static uint32_t fewest_needed(const decision_index *d, uint32_t n) {
    for (uint32_t m = 1; m <= n; m++) {                               /* the shortest text that can be near */
        uint32_t fewest = needed(d, m, n);
        if (fewest <= m) return fewest;
    }
    return n + 1;
}

static int file_entry(decision_index *d, uint32_t entry, const uint32_t *tokens, uint32_t n, uint32_t row) {
    if (make_room(d, entry, tokens, n)) return -1;
    d->items[entry] = item_of(tokens, n, row);
    d->entries = entry + 1;
    uint32_t fewest = fewest_needed(d, n), *rare = sorted_places(d, tokens, n);
    if (!rare) return -1;
    int failed = 0;
    for (uint32_t rank = 0; rank + fewest <= n && !failed; rank++) {
        if (rank && rare[rank] == rare[rank - 1]) continue;
        cell posting = {.length = n, .rank = rank, .single = 1, .entry = entry, .marks = rare[n + rank]};
        failed = file_under(d, rare[rank], posting);
    }
    free(rare);
    return failed;
}

/* --- build the index ---------------------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b ? 1 : 0;
}

/* Give places to the tokens of the pool, the most frequent first. */
static int order_tokens(const pool *p, decision_index *d) {
    uint32_t words = p->vocabulary;
    uint64_t *order = calloc((size_t)words + 1, 8);                   /* frequency, largest first, and then the token */
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

/* Drop an index that there is not enough memory for: one that lacks entries would call near texts novel. */
static int drop_index(pool *p) {
    free_index(p->index);
    p->index = 0;
    return -1;
}

/* Build the index that `si_decide` needs, for one threshold, and keep it up to date from now on. */
EXPORT int si_index(pool *p, double threshold) {
    free_index(p->index);
    decision_index *d = p->index = calloc(1, sizeof(decision_index));
    if (!d) return -1;
    d->threshold = threshold;
    memset(d->spare, 0xff, sizeof d->spare);
    for (uint32_t m = 0; m < TABLE; m++)
        for (uint32_t n = 0; n <= m; n++)
            d->needs[m][n] = d->needs[n][m] = (uint16_t)least_common(threshold, 1, m, n);
    if (order_tokens(p, d)) return drop_index(p);
    uint32_t *rows = calloc((size_t)p->longest + 1, 4);               /* how many entries of each length are filed */
    int failed = !rows;
    for (uint32_t entry = 0; entry < p->entries && !failed; entry++) {
        uint32_t n = p->lengths[entry], row = rows[n]++;
        failed = file_entry(d, entry, n ? p->buckets[n].tokens + (size_t)row * n : 0, n, row);
    }
    free(rows);
    return failed ? drop_index(p) : 0;
}

/* File the latest entry of the pool, whose tokens are the last of its bucket. */
int index_latest(pool *p, const uint32_t *tokens, uint32_t n) {
    decision_index *d = p->index;
    uint64_t full = (uint64_t)REBUILD_GROWTH * (d->ordered > FIRST_REBUILD ? d->ordered : FIRST_REBUILD);
    if (p->entries >= full && p->entries <= LAST_REBUILD) return si_index(p, d->threshold);
    return file_entry(d, p->entries - 1, tokens, n, p->buckets[n].count - 1) ? drop_index(p) : 0;
}
