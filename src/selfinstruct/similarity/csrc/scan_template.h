/* The template of a scan, for one width of lane and one set of instructions. `scan.c` includes it once for each, with
   these defined: SCAN, bits of a lane; VECTOR, bytes of a vector; TARGET, the instructions; NAME, of the function. */

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

/* Bit-parallel longest common subsequences: `v` has a zero for every token of the lane's text that is in the longest
   one so far. `scan.h` explains the arguments. */
static TARGET uint32_t NAME(const reading *r, uint32_t at, uint32_t entries, const uint32_t *rows, const void *masks,
                            uint32_t words, void *state, const void *cuts, scan_result *found) {
    const uint32_t *tokens = r->tokens, *starts = r->starts + at;
    const VEC *all = masks, *cut = cuts;
    VEC *v = state, *lengths = (VEC *)found->lengths, sum[PARTS], most[PARTS], top[PARTS], zero = {0};
    uint32_t e = 0, reached = 0;
    EACH sum[q] = most[q] = top[q] = zero;
    while (e < entries && !reached) {
        uint32_t end = entries - e < BLOCK ? entries : e + BLOCK;
        lengths = (VEC *)found->lengths;
        EACH top[q] = zero;
        for (; e < end; e++) {
            VEC count[PARTS], one[PARTS];
            EACH { one[q] = ~zero; count[q] = zero; }
            if (words == 1) {
                for (uint32_t i = starts[e]; i < starts[e + 1]; i++) {
                    const VEC *row = all + (size_t)rows[tokens[i]] * PARTS;
                    EACH { VEC s = one[q] + (one[q] & row[q]); one[q] = s | (one[q] & ~row[q]); }
                }
                EACH { VEC x = ~one[q]; ONES(x); count[q] = x; }
            } else {
                for (uint32_t w = 0; w < words * PARTS; w++) v[w] = ~zero;
                for (uint32_t i = starts[e]; i < starts[e + 1]; i++) {
                    const VEC *row = all + (size_t)rows[tokens[i]] * words * PARTS;
                    VEC carry[PARTS];
                    if (!rows[tokens[i]]) continue;
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
                *lengths++ = count[q];
            }
        }
        VEC any = zero;
        EACH {
            VEC more = (VEC)(top[q] > most[q]);
            most[q] = (top[q] & more) | (most[q] & ~more);
            any |= (VEC)(top[q] >= cut[q]);
        }
        for (unsigned l = 0; l < VECTOR / sizeof any[0]; l++) reached |= any[l] != 0;
    }
    EACH { ((VEC *)found->sums)[q] = sum[q]; ((VEC *)found->most)[q] = most[q]; ((VEC *)found->top)[q] = top[q]; }
    return e;
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
