/* The scan in nine variants: three widths of lane, each for three sets of vector instructions. */

#include "scan.h"

#include "pool.h"

#define SCAN 16
#define VECTOR 16
#define TARGET
#define NAME scan16_plain
#include "scan_template.h"
#define SCAN 32
#define NAME scan32_plain
#include "scan_template.h"
#define SCAN 64
#define NAME scan64_plain
#include "scan_template.h"
#undef VECTOR
#undef TARGET
#if defined(__x86_64__)
#define VECTOR 32
#define TARGET __attribute__((target("avx2")))
#define SCAN 16
#define NAME scan16_avx2
#include "scan_template.h"
#define SCAN 32
#define NAME scan32_avx2
#include "scan_template.h"
#define SCAN 64
#define NAME scan64_avx2
#include "scan_template.h"
#undef VECTOR
#undef TARGET
#define VECTOR 64
#define TARGET __attribute__((target("avx512f,avx512bw")))
#define SCAN 16
#define NAME scan16_avx512
#include "scan_template.h"
#define SCAN 32
#define NAME scan32_avx512
#include "scan_template.h"
#define SCAN 64
#define NAME scan64_avx512
#include "scan_template.h"
#endif

static scan *const SCANS[][3] = {
    {scan16_plain, scan32_plain, scan64_plain},
#if defined(__x86_64__)
    {scan16_avx2, scan32_avx2, scan64_avx2},
    {scan16_avx512, scan32_avx512, scan64_avx512},
#endif
};
static int level = 0;

int choose_scans(int most) {
    level = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (most >= 1 && __builtin_cpu_supports("avx2")) level = 1;
    if (most >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) level = 2;
#endif
    (void)most;
    return level;
}

scan *scan_for(uint32_t width) { return SCANS[level][width == 2 ? 0 : width == 4 ? 1 : 2]; }
