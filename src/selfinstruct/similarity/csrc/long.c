/* Compares a long text with entries without a table of masks, which would grow with the square of its length. */

#include "pool.h"

#include <stdlib.h>
#include <string.h>

/* Leave out what two texts share at their start and at their end; returns how much that is. */
static uint32_t trim(const uint32_t **left, uint32_t *m, const uint32_t **right, uint32_t *n) {
    uint32_t shared = 0;
    for (; *m && *n && **left == **right; ++*left, ++*right, --*m, --*n) shared++;
    for (; *m && *n && (*left)[*m - 1] == (*right)[*n - 1]; --*m, --*n) shared++;
    return shared;
}

/* The bit-parallel algorithm of a search, sixty-four tokens of the text at a time: what it carries from one word to the
   next is kept for each token of the entries. */
int common_lengths(const uint32_t *text, uint32_t m, const uint32_t *entries, uint32_t n, uint32_t count,
                   uint32_t *where, uint32_t vocabulary, uint32_t *lengths) {
    uint64_t masks[65];
    memset(lengths, 0, (size_t)count * 4);
    if (count == 1) lengths[0] = trim(&text, &m, &entries, &n);
    unsigned char *carries = calloc((size_t)n * count + 1, 1);
    if (!carries) return -1;
    for (uint32_t start = 0; start < m; start += 64) {
        uint32_t size = m - start < 64 ? m - start : 64, rows = 0;
        memset(masks, 0, sizeof masks);
        for (uint32_t i = 0; i < size; i++) {
            uint32_t t = text[start + i];
            if (!t || t >= vocabulary) continue;
            if (!where[t]) where[t] = ++rows;
            masks[where[t]] |= 1ull << i;
        }
        unsigned char *carry = carries;
        const uint32_t *token = entries;
        for (uint32_t e = 0; e < count && rows; e++) {
            uint64_t v = ~0ull;
            for (uint32_t i = 0; i < n; i++, token++, carry++) {
                uint64_t mask = masks[where[*token]], u = v & mask, s = v + u, t = s + *carry;
                *carry = (s < v) | (t < s);
                v = t | (v - u);
            }
            lengths[e] += (uint32_t)__builtin_popcountll(~v);
        }
        for (uint32_t i = 0; i < size; i++) if (text[start + i] < vocabulary) where[text[start + i]] = 0;
    }
    free(carries);
    return 0;
}
