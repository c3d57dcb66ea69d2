/* The pool itself: create it, add entries, free it; and the choice of vector instructions. */

#include "pool.h"

#include <stdlib.h>
#include <string.h>

int grow(void *place, uint32_t *room, uint64_t wanted, size_t size, int zero) {
    if (wanted <= *room) return 0;
    uint64_t more = (uint64_t)*room + *room / 4 + 4;
    if (more < wanted) more = wanted;
    if (more >= NONE) return -1;
    void *old, *fresh;
    memcpy(&old, place, sizeof old);
    if (!(fresh = realloc(old, more * size))) return -1;
    if (zero) memset((char *)fresh + *room * size, 0, (more - *room) * size);
    memcpy(place, &fresh, sizeof fresh);
    *room = (uint32_t)more;
    return 0;
}

/* The score as this kernel computes it: Python compares some before it trusts the compiler that built this. */
EXPORT double si_f_measure(uint32_t common, uint32_t m, uint32_t n) { return f_measure(common, m, n); }

/* Use the widest vectors that this processor has, but none above `most`: 0 baseline, 1 AVX2, 2 AVX-512. Returns the
   level that comparisons with the whole pool then use. */
EXPORT int si_level(int most) {
    choose_search(most);
    return choose_scans(most);
}

EXPORT pool *si_new(void) { return calloc(1, sizeof(pool)); }

EXPORT void si_free(pool *p) {
    for (uint32_t n = 0; p->buckets && n <= p->longest; n++) {
        free(p->buckets[n].ids); free(p->buckets[n].tokens); free(p->buckets[n].parities);
    }
    free(p->buckets); free(p->lengths);
    free_index(p->index);
    free(p);
}

/* Make buckets for all lengths up to `n`. */
static int make_buckets(pool *p, uint32_t n) {
    if (p->buckets && n <= p->longest) return 0;
    bucket *fresh = realloc(p->buckets, ((size_t)n + 1) * sizeof(bucket));
    if (!fresh) return -1;
    uint32_t first = p->buckets ? p->longest + 1 : 0;
    memset(fresh + first, 0, ((size_t)n + 1 - first) * sizeof(bucket));
    p->buckets = fresh;
    p->longest = n;
    return 0;
}

/* Make room for one more entry of `n` tokens in its bucket. */
static int make_room(bucket *b, uint32_t n) {
    uint32_t room = b->room, words = parity_words(n);
    if (grow(&b->ids, &room, b->count + 1ull, 4, 0)) return -1;
    uint32_t *tokens = n ? realloc(b->tokens, (size_t)room * n * 4) : 0;
    if (n && !tokens) return -1;
    b->tokens = tokens;
    if (words) {
        uint64_t *parities = realloc(b->parities, (size_t)room * words * 8);
        if (!parities) return -1;
        b->parities = parities;
    }
    b->room = room;
    return 0;
}

/* Add an entry. */
EXPORT int si_add(pool *p, const uint32_t *tokens, uint32_t n) {
    uint32_t words = parity_words(n);
    if (make_buckets(p, n)) return -1;
    bucket *b = &p->buckets[n];
    if (make_room(b, n) || grow(&p->lengths, &p->entry_room, p->entries + 1ull, 4, 0)) return -1;
    if (n) memcpy(b->tokens + (size_t)b->count * n, tokens, (size_t)n * 4);
    if (words) {
        uint64_t *parity = b->parities + (size_t)b->count * words;
        memset(parity, 0, (size_t)words * 8);
        add_parity(parity, words, tokens, n);
    }
    for (uint32_t i = 0; i < n; i++) if (tokens[i] >= p->vocabulary) p->vocabulary = tokens[i] + 1;
    b->ids[b->count] = p->entries;
    p->lengths[p->entries] = n;
    b->count++;
    p->entries++;
    return p->index ? index_latest(p, tokens, n) : 0;
}
