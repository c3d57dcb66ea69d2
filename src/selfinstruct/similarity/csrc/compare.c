/* Compares texts with the whole pool: prepares groups of texts, walks through the pool, and returns the results. */

#include "ranking.h"

#include <stdlib.h>
#include <string.h>

#define MASK_BYTES (4u << 20)  /* a walk takes no further group once it has so many bytes of masks */

/* --- prepare a walk ----------------------------------------------------------------------------------------------- */

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
    g->sums = calloc((size_t)w->buckets * g->count, 8);
    g->most = calloc((size_t)w->buckets * g->count, 8);
    if (!masks || !g->rows || !g->sums || !g->most) return -1;
    memset(masks, 0, size);
    g->state = masks + size - row;
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t i = 0; i < g->lanes[l].m; i++) {
            uint32_t t = g->texts[l][i], number = t && t < w->pool->vocabulary ? w->where[t] : 0;
            if (!number) continue;
            if (!g->rows[number]) g->rows[number] = ++rows;
            set_bits(masks + g->rows[number] * row + i / bits * ROW, l, g->width, 1ull << (i % bits));
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

static void clear_walk(walk *w) {
    for (uint32_t k = 0; k < w->count; k++) {
        group *g = &w->groups[k];
        for (uint32_t l = 0; l < g->count; l++)
            for (uint32_t i = 0; i < g->lanes[l].m; i++)
                if (g->texts[l][i] < w->pool->vocabulary) w->where[g->texts[l][i]] = 0;
        free(g->rows); free(g->masks); free(g->sums); free(g->most);
    }
}

/* --- walk --------------------------------------------------------------------------------------------------------- */

/* The mean score and the containment of a lane, from its sums by bucket. */
static void summarise(const walk *w, lane *own, const uint64_t *sums, const uint64_t *most, uint32_t lanes) {
    double total = 0.0;
    for (uint32_t place = 0; place < w->buckets; place++, sums += lanes, most += lanes)
        add_length(own, w->lengths[place], *sums, *most, &total);
    own->mean = own->prefix ? total / own->prefix : 0.0;
}

/* Compare all groups with all buckets. Buckets of similar length come first: the best entries are then found early,
   and few are replaced. */
static int walk_pool(walk *w) {
    const group *halfway = &w->groups[w->count / 2];
    uint32_t middle = 0;
    number_tokens(w);
    for (uint32_t k = 0; k < w->count; k++) if (make_masks(w, &w->groups[k])) return -1;
    while (middle + 1 < w->buckets && w->lengths[middle] < halfway->lanes[halfway->count / 2].m) middle++;
    for (uint32_t step = 0; step < 2 * w->buckets; step++) {
        int64_t place = step % 2 ? (int64_t)middle - (step + 1) / 2 : (int64_t)middle + step / 2;
        if (place >= 0 && place < w->buckets) walk_bucket(w, (uint32_t)place);
    }
    for (uint32_t k = 0; k < w->count; k++)
        for (uint32_t l = 0; l < w->groups[k].count; l++) {
            group *g = &w->groups[k];
            summarise(w, &g->lanes[l], g->sums + l, g->most + l, g->count);
        }
    return 0;
}

/* List the lengths of the pool's entries. */
static int list_lengths(walk *w) {
    const pool *p = w->pool;
    uint32_t room = 0;
    for (uint32_t n = 0; p->buckets && n <= p->longest; n++) {
        if (!p->buckets[n].count) continue;
        if (grow(&w->lengths, &room, w->buckets + 1ull, 4, 0)) return -1;
        w->lengths[w->buckets++] = n;
    }
    return 0;
}

/* --- take texts, return results ----------------------------------------------------------------------------------- */

typedef struct {                               /* the texts, shortest first, and the arrays for their results */
    uint32_t count;                            /* texts that no walk has taken yet; the last of them goes first */
    const uint32_t *end, *lengths, *prefixes;  /* `end`: of the tokens of those texts */
    double *scores, *mean, *containment;
    uint32_t *entries, *found;
} comparison;

/* Take the last text. */
static lane take_text(const walk *w, comparison *c) {
    uint32_t text = --c->count;
    uint32_t prefix = c->prefixes[text] < w->pool->entries ? c->prefixes[text] : w->pool->entries;
    size_t at = (size_t)text * (w->nearest + 1);
    c->end -= c->lengths[text];
    return (lane){text, c->lengths[text], prefix, 0, 0, c->scores + at, c->entries + at, 0.0, 0.0};
}

static void take_group(const walk *w, comparison *c, group *g) {
    uint32_t longest = c->lengths[c->count - 1], width = longest <= 16 ? 2 : longest <= 32 ? 4 : 8;
    uint32_t words = width < 8 ? 1 : (longest + 63) / 64, lanes = ROW / width;
    *g = (group){.count = c->count < lanes ? c->count : lanes, .width = width, .words = words, .safe = NONE};
    for (uint32_t l = g->count; l-- > 0;) {
        g->lanes[l] = take_text(w, c);
        g->texts[l] = c->end;
        if (g->lanes[l].prefix < g->safe) g->safe = g->lanes[l].prefix;
        if (g->lanes[l].prefix > g->last) g->last = g->lanes[l].prefix;
    }
}

/* Take as many groups as one walk can serve. */
static void take_groups(walk *w, comparison *c) {
    size_t masks = 0;
    for (w->count = w->numbers = 0; c->count && w->count < GROUPS && masks <= MASK_BYTES; w->count++) {
        take_group(w, c, &w->groups[w->count]);
        masks += size_of_masks(&w->groups[w->count]);
    }
}

static void write_result(const lane *own, const comparison *c) {
    c->found[own->text] = own->found;
    c->mean[own->text] = own->mean;
    c->containment[own->text] = own->containment;
}

/* Compare `count` texts, shortest first, each with the entries below its prefix.

   `tokens` holds the texts one after the other. Results for each text: its `nearest` best scores and entries, with room
   for one more at the end of each list; how many there are; mean; containment. Several threads may call this at once
   while nothing is added. */
EXPORT int si_compare(const pool *p, uint32_t count, const uint32_t *tokens, const uint32_t *lengths,
                      const uint32_t *prefixes, uint32_t nearest, double *scores, uint32_t *entries, uint32_t *found,
                      double *mean, double *containment) {
    comparison c = {count, tokens, lengths, prefixes, scores, mean, containment, entries, found};
    for (uint32_t text = 0; text < count; text++) c.end += lengths[text];
    walk w = {.pool = p, .nearest = nearest};
    w.groups = aligned_alloc(ROW, GROUPS * sizeof(group));
    w.where = calloc((size_t)p->vocabulary + 1, 4);
    w.reading.tokens = malloc(((size_t)(p->longest > PART ? p->longest : PART) + 1) * 4);
    w.reading.starts = malloc(((size_t)PART + 1) * 4);
    int failed = !w.groups || !w.where || !w.reading.tokens || !w.reading.starts || list_lengths(&w);
    while (c.count && c.lengths[c.count - 1] > LONG && !failed) {
        lane own = take_text(&w, &c);
        failed = walk_alone(&w, &own, c.end);
        write_result(&own, &c);
    }
    while (c.count && !failed) {
        take_groups(&w, &c);
        failed = p->entries ? walk_pool(&w) : 0;
        for (uint32_t k = 0; k < w.count; k++)
            for (uint32_t l = 0; l < w.groups[k].count; l++) write_result(&w.groups[k].lanes[l], &c);
        clear_walk(&w);
    }
    free(w.groups); free(w.where); free(w.lengths); free(w.reading.tokens); free(w.reading.starts);
    return failed ? -1 : 0;
}
