/**
 * What the LZMA encoder and decoder share: the layout of the probability model, and
 * the state machine.
 *
 * LZMA encodes every decision as one bit with an adaptive probability. All
 * probabilities of a model are in one array, so that a reset is one `fill`. The
 * constants below are the positions of the groups.
 */

/** A probability is that of a zero bit, in units of 1/2048. */
export const PROB_INIT = 1024;

/** Literal (0) or match (1)? By state and position. */
export const IS_MATCH = 0;
/** New distance (0) or one of the last four (1)? By state. */
export const IS_REP = 192;
/** rep0 (0) or an older one (1)? By state. */
export const IS_REP0 = 204;
/** rep1 (0) or an older one (1)? By state. */
export const IS_REP1 = 216;
/** rep2 (0) or rep3 (1)? By state. */
export const IS_REP2 = 228;
/** rep0 for one byte (0) or for longer (1)? By state and position. */
export const IS_REP0_LONG = 240;
/** Distance slots: four trees of 64, by match length. */
export const DIST_SLOT = 432;
/** Low bits of distances 4 to 127: one reverse tree per slot. */
export const DIST_SPECIAL = 688;
/** Lowest four bits of distances from 128: a reverse tree. */
export const DIST_ALIGN = 816;
/** Lengths of matches, in the layout given by the `LEN_` constants. */
export const MATCH_LEN = 832;
/** Lengths of rep matches, in the same layout. */
export const REP_LEN = 1346;
/** Literal coders of 0x300 probabilities each, by position and previous byte. */
export const LITERAL = 1860;

/** In a length coder: 2 to 9 (0) or longer (1)? */
export const LEN_CHOICE = 0;
/** In a length coder: 10 to 17 (0) or longer (1)? */
export const LEN_CHOICE2 = 1;
/** Trees of eight lengths, by position. */
export const LEN_LOW = 2;
/** Trees of eight lengths, by position. */
export const LEN_MID = 130;
/** One tree of 256 lengths. */
export const LEN_HIGH = 258;

/** Number of probabilities for `lc` + `lp` = `literalBits`. */
export function modelSize(literalBits: number): number {
  return LITERAL + (0x300 << literalBits);
}

/** Shortest match. */
export const MATCH_MIN = 2;
/** Longest match. */
export const MATCH_MAX = 273;

/** Largest uncompressed size of an LZMA2 chunk. */
export const CHUNK_MAX_UNPACKED = 1 << 21;
/** Largest compressed size of an LZMA2 chunk; also the largest stored chunk. */
export const CHUNK_MAX_PACKED = 1 << 16;

/**
 * The state is a number from 0 to 11 that summarizes the last symbols: below 7 after
 * a literal, from 7 on after a match. This table has the state after a literal.
 */
export const AFTER_LITERAL: Uint8Array = Uint8Array.of(
  ...[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5],
);
/** The state after a match with a new distance. */
export const AFTER_MATCH: Uint8Array = Uint8Array.of(
  ...[7, 7, 7, 7, 7, 7, 7, 10, 10, 10, 10, 10],
);
/** The state after a rep match. */
export const AFTER_REP: Uint8Array = Uint8Array.of(
  ...[8, 8, 8, 8, 8, 8, 8, 11, 11, 11, 11, 11],
);
/** The state after a rep0 match of one byte. */
export const AFTER_SHORT_REP: Uint8Array = Uint8Array.of(
  ...[9, 9, 9, 9, 9, 9, 9, 11, 11, 11, 11, 11],
);
