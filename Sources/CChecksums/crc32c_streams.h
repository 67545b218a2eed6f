// CRC-32C with an instruction that takes a word: one stream of them, or three that overlap.
//
// Three streams: Gopal, Guilford, Ozturk et al., "Fast CRC Computation for iSCSI Polynomial Using
// CRC32 Instruction", Intel 2011. That paper joins streams of a few fixed lengths; here any length
// below 64 words has its constants, so that short inputs overlap as well.
//
// A processor's file includes this after defining, for little-endian words,
//   STEP_TARGET, PRODUCT_TARGET: attributes of functions that use the two kinds of instructions,
//   step_64, step_32, step_16, step_8: the CRC register moved over one word of that many bits,
//   product: the low 64 bits of the carry-less product of a register and a constant.
// Registers are as the instructions have them, without the inversions.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "crc32c_internal.h"

// Inputs have any alignment: memcpy is the load that allows it.
static inline uint64_t load_64(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline uint32_t load_32(const uint8_t *p) {
  uint32_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline uint16_t load_16(const uint8_t *p) {
  uint16_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

STEP_TARGET static inline uint32_t one_stream(uint32_t crc, const uint8_t *p, size_t count) {
  for (; count >= 8; p += 8, count -= 8) crc = step_64(crc, load_64(p));
  if (count & 4) {
    crc = step_32(crc, load_32(p));
    p += 4;
  }
  if (count & 2) {
    crc = step_16(crc, load_16(p));
    p += 2;
  }
  return count & 1 ? step_8(crc, *p) : crc;
}

// What moves a register over one stream, and over two.
typedef struct {
  uint32_t one, two;
} stream_shift;

// Three consecutive streams of `words` words each, at least one. A step takes three cycles or so,
// but the next can start one cycle later if it does not wait for this one. The third stream's last
// step reduces the two products, so that joining costs little more than a multiplication.
PRODUCT_TARGET static inline uint32_t three_streams(
    uint32_t first, const uint8_t *p, size_t words, stream_shift shift) {
  const uint8_t *q = p + 8 * words, *r = q + 8 * words, *last = q - 8;
  uint32_t second = 0, third = 0;
  for (; p != last; p += 8, q += 8, r += 8) {
    first = step_64(first, load_64(p));
    second = step_64(second, load_64(q));
    third = step_64(third, load_64(r));
  }
  uint64_t first_product = product(step_64(first, load_64(p)), shift.two);
  uint64_t second_product = product(step_64(second, load_64(q)), shift.one);
  return step_64(third, load_64(r) ^ first_product ^ second_product);
}

// Words per stream. At 168, joining is 3 % of the time. Below 6, streams save a caller that waits
// for the result little, and cost one that goes on to the next input more: then that one overlaps.
enum { long_words = 168, most_words = 63, least_words = 6 };

PRODUCT_TARGET static inline uint32_t short_streams(
    uint32_t crc, const uint8_t *p, size_t count) {
  while (count >= 24 * least_words) {
    size_t words = count / 24 < most_words ? count / 24 : most_words;
    stream_shift shift = {ck_word_shift[words], ck_word_shift[2 * words]};
    crc = three_streams(crc, p, words, shift);
    p += 24 * words;
    count -= 24 * words;
  }
  return one_stream(crc, p, count);
}

PRODUCT_TARGET static inline uint32_t streams(uint32_t crc, const uint8_t *p, size_t count) {
  // x^(64 * 168 - 33) and x^(64 * 336 - 33), too far for the table.
  const stream_shift shift = {0xc9c8b782, 0x889774e1};
  for (; count >= 24 * long_words; p += 24 * long_words, count -= 24 * long_words) {
    crc = three_streams(crc, p, long_words, shift);
  }
  return short_streams(crc, p, count);
}
