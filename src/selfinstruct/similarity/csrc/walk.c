/* Walks through the pool: compares groups of texts with buckets of entries, and keeps the best entries of each text. */

#include "ranking.h"

#include <stdlib.h>
#include <string.h>

static inline uint32_t value(const void *row, uint32_t lane, uint32_t width) {
    if (width == 2) return ((const uint16_t *)row)[lane];
    return width == 4 ? ((const uint32_t *)row)[lane] : (uint32_t)((const uint64_t *)row)[lane];
}

/* --- the best entries of a lane ----------------------------------------------------------------------------------- */

/* The common length from which on an entry of this length, numbered `entry` or later, joins the best of the lane. */
static uint32_t cut_for(const lane *l, uint32_t n, uint32_t nearest, uint32_t entry) {
    if (l->found < nearest) return 0;
    double worst = l->scores[nearest - 1];
    uint32_t common = least_common(worst, 0, l->m, n);
    if (entry > l->entries[nearest - 1] && f_measure(common, l->m, n) == worst) common++;
    return common;
}

static void insert_entry(lane *l, uint32_t entry, uint32_t common, uint32_t n, uint32_t nearest) {
    double score = f_measure(common, l->m, n);
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
    for (uint32_t l = 0; l < ROW / g->width; l++)
        set_bits(g->cuts, l, g->width, l < g->count ? g->lanes[l].cut : 0x7fff);
}

/* --- results of a scan -------------------------------------------------------------------------------------------- */

/* Update the best entries from the last block of a scan: `seen` entries, the first of them `ids[0]`. */
static void update_best(walk *w, group *g, const scan_result *found, const uint32_t *ids, uint32_t seen, uint32_t n) {
    int changed = 0;
    for (uint32_t l = 0; l < g->count; l++) {
        lane *own = &g->lanes[l];
        if (value(found->top, l, g->width) < own->cut) continue;
        for (uint32_t e = 0; e < seen; e++) {
            uint32_t common = value(found->lengths[e], l, g->width);
            if (common < own->cut || ids[e] >= own->prefix) continue;
            insert_entry(own, ids[e], common, n, w->nearest);
            changed = 1;
        }
    }
    if (changed) write_cuts(g);
}

/* Add the sums of a scan whose entries count for every lane. */
static void add_totals(group *g, const scan_result *found, uint32_t place) {
    uint64_t *sums = g->sums + (size_t)place * g->count, *most = g->most + (size_t)place * g->count;
    for (uint32_t l = 0; l < g->count; l++) {
        uint32_t best = value(found->most, l, g->width);
        sums[l] += value(found->sums, l, g->width);
        if (best > most[l]) most[l] = best;
    }
}

/* Add the last block of a scan, some of whose entries do not count for every lane. */
static void add_block(group *g, const scan_result *found, const uint32_t *ids, uint32_t seen, uint32_t place) {
    uint64_t *sums = g->sums + (size_t)place * g->count, *most = g->most + (size_t)place * g->count;
    for (uint32_t l = 0; l < g->count; l++)
        for (uint32_t e = 0; e < seen && ids[e] < g->lanes[l].prefix; e++) {
            uint32_t common = value(found->lengths[e], l, g->width);
            sums[l] += common;
            if (common > most[l]) most[l] = common;
        }
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static uint32_t count_below(const bucket *b, uint32_t entry) {        /* how many entries of a bucket are older */
    uint32_t low = 0, high = b->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (b->ids[middle] < entry) low = middle + 1; else high = middle;
    }
    return low;
}

/* Read entries of one length as numbers of tokens, without the tokens that no text has. */
static void read_entries(walk *w, const bucket *b, uint32_t n, uint32_t at, uint32_t end) {
    const uint32_t *tokens = b->tokens + (size_t)at * n;
    uint32_t used = 0;
    for (uint32_t e = 0; e < end - at; e++) {
        w->reading.starts[e] = used;
        for (uint32_t i = 0; i < n; i++) used += (w->reading.tokens[used] = w->where[*tokens++]) != 0;
    }
    w->reading.starts[end - at] = used;
}

/* Compare a group with the entries `at` to `end` of the bucket at `place`, which have been read. */
static void compare_group(walk *w, group *g, uint32_t place, uint32_t at, uint32_t end) {
    uint32_t n = w->lengths[place];
    const bucket *b = &w->pool->buckets[n];
    scan *run = scan_for(g->width);
    uint32_t last = end < g->last_here ? end : g->last_here, first = at, done;
    scan_result found;
    for (; at < last; at += done) {
        int safe = at < g->safe_here;
        uint32_t stop = safe && g->safe_here < last ? g->safe_here : last;
        if (!safe && stop - at > BLOCK) stop = at + BLOCK;
        done = run(&w->reading, at - first, stop - at, g->rows, g->masks, g->words, g->state, g->cuts, &found);
        uint32_t seen = (done - 1) % BLOCK + 1;
        const uint32_t *ids = b->ids + at + done - seen;
        if (safe) add_totals(g, &found, place); else add_block(g, &found, ids, seen, place);
        update_best(w, g, &found, ids, seen, n);
    }
}

void walk_bucket(walk *w, uint32_t place) {
    uint32_t n = w->lengths[place];
    const bucket *b = &w->pool->buckets[n];
    uint32_t last = 0, step = n < PART ? PART / (n ? n : 1) : 1;
    for (uint32_t k = 0; k < w->count; k++) {
        group *g = &w->groups[k];
        g->safe_here = count_below(b, g->safe);
        g->last_here = count_below(b, g->last);
        if (g->last_here > last) last = g->last_here;
        for (uint32_t l = 0; l < g->count; l++) g->lanes[l].cut = cut_for(&g->lanes[l], n, w->nearest, b->ids[0]);
        write_cuts(g);
    }
    for (uint32_t at = 0; at < last; at += step) {
        uint32_t end = last - at < step ? last : at + step;
        read_entries(w, b, n, at, end);
        for (uint32_t k = 0; k < w->count; k++) compare_group(w, &w->groups[k], place, at, end);
    }
}

/* --- a long text -------------------------------------------------------------------------------------------------- */

int walk_alone(walk *w, lane *own, const uint32_t *text) {
    const pool *p = w->pool;
    uint32_t *lengths = malloc((size_t)PART * 4);
    int failed = !lengths;
    double total = 0.0;
    for (uint32_t place = 0; place < w->buckets && !failed; place++) {
        uint32_t n = w->lengths[place];
        const bucket *b = &p->buckets[n];
        uint32_t last = count_below(b, own->prefix), step = n < PART ? PART / (n ? n : 1) : 1, most = 0;
        uint64_t sum = 0;
        if (last) own->cut = cut_for(own, n, w->nearest, b->ids[0]);
        for (uint32_t at = 0; at < last && !failed; at += step) {
            uint32_t count = last - at < step ? last - at : step;
            const uint32_t *entries = n ? b->tokens + (size_t)at * n : 0;
            failed = common_lengths(text, own->m, entries, n, count, w->where, p->vocabulary, lengths);
            for (uint32_t e = 0; e < count && !failed; e++) {
                sum += lengths[e];
                if (lengths[e] > most) most = lengths[e];
                if (lengths[e] >= own->cut) insert_entry(own, b->ids[at + e], lengths[e], n, w->nearest);
            }
        }
        add_length(own, n, sum, most, &total);
    }
    own->mean = own->prefix ? total / own->prefix : 0.0;
    free(lengths);
    return failed;
}
