/* A scan compares many texts at once with a run of entries: each text has one lane of a vector. */

#ifndef SELFINSTRUCT_SCAN_H
#define SELFINSTRUCT_SCAN_H

#include <stdint.h>

#define ROW 64                 /* bytes of one row of lanes */
#define BLOCK 64               /* entries between two checks of the lanes */

typedef struct { uint32_t *tokens, *starts; } reading;            /* entries one after the other, and their starts */

typedef struct {                                                     /* results of a scan, by lane */
    _Alignas(ROW) unsigned char lengths[BLOCK][ROW];                 /* common lengths of the last block */
    _Alignas(ROW) unsigned char sums[ROW], most[ROW], top[ROW];      /* of all: sum, greatest; greatest of last block */
} scan_result;

/* Scans up to `entries` entries of a reading from the one at `at`. Stops after the block in which a lane reaches its
   cut, and returns how many entries it has scanned.

   rows   by number of token, its row of masks; row 0 is that of all other tokens
   masks  by row and word, one word a lane: a bit for each position of the token in the text of the lane
   words  words of a lane in a row of masks
   state  room for one row of masks
   cuts   by lane, the common length that stops the scan */
typedef uint32_t scan(const reading *r, uint32_t at, uint32_t entries, const uint32_t *rows, const void *masks,
                      uint32_t words, void *state, const void *cuts, scan_result *found);

/* The scan for lanes of 2, 4 or 8 bytes, with the instructions that `choose_scans` chose. */
scan *scan_for(uint32_t width);

#endif
