// CRC-32C on x86-64: the SSE4.2 instruction in three streams, and folding with AVX-512.
//
// Folding: Gopal, Ozturk, Guilford et al., "Fast CRC Computation for Generic Polynomials Using
// PCLMULQDQ Instruction", Intel 2009; here four folds at once in each register.

#include "crc32c_internal.h"

#if defined(CK_CRC32C_X86)

#include <cpuid.h>
#include <immintrin.h>

// Functions ask for their instructions themselves: the build needs no flags, and no other code
// is compiled to use what the processor may lack.
#define STEP_TARGET __attribute__((target("sse4.2,pclmul")))
#define PRODUCT_TARGET STEP_TARGET
#define FOLD_TARGET __attribute__((target("sse4.2,pclmul,avx512f,vpclmulqdq")))

// MARK: What the processor has

static int has_leaf_1(unsigned bits) {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bits) == bits;
}

int ck_has_sse42(void) { return has_leaf_1(1u << 20 /* SSE4.2 */ | 1u << 1 /* PCLMULQDQ */); }

// The operating system must save the wide registers, or other threads destroy them. XCR0 says
// which it saves: XMM, YMM, the masks, the upper halves of ZMM0-15, ZMM16-31.
static int system_saves_zmm(void) {
  const unsigned all = 1u << 1 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 7;
  unsigned low, high;
  if (!has_leaf_1(1u << 27 /* OSXSAVE */)) return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & all) == all;
}

int ck_has_avx512(void) {
  unsigned a, b, c, d;
  if (!ck_has_sse42() || !system_saves_zmm()) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return b >> 16 & 1 /* AVX512F */ && c >> 10 & 1 /* VPCLMULQDQ */;
}

// MARK: SSE4.2

STEP_TARGET static inline uint32_t step_64(uint32_t crc, uint64_t word) {
  return (uint32_t)_mm_crc32_u64(crc, word);
}

STEP_TARGET static inline uint32_t step_32(uint32_t crc, uint32_t word) {
  return _mm_crc32_u32(crc, word);
}

STEP_TARGET static inline uint32_t step_16(uint32_t crc, uint16_t word) {
  return _mm_crc32_u16(crc, word);
}

STEP_TARGET static inline uint32_t step_8(uint32_t crc, uint8_t word) {
  return _mm_crc32_u8(crc, word);
}

PRODUCT_TARGET static inline uint64_t product(uint32_t crc, uint32_t shift) {
  __m128i a = _mm_cvtsi32_si128((int)crc), b = _mm_cvtsi32_si128((int)shift);
  return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(a, b, 0));
}

#include "crc32c_streams.h"

STEP_TARGET uint32_t ck_crc32c_sse42(uint32_t crc, const void *bytes, size_t count) {
  return ~streams(~crc, bytes, count);
}

// MARK: AVX-512

FOLD_TARGET static inline __m512i load_512(const uint8_t *p) { return _mm512_loadu_si512(p); }

// Folding moves each 128-bit lane of x over some words and onto `next`. A lane is a polynomial
// whose low half is the higher by x^64, and a product of reflected 64-bit values carries one x too
// many: over k words, entry k of the table serves the high half and entry k + 1 the low half.
FOLD_TARGET static inline __m512i fold(__m512i x, __m512i shift, __m512i next) {
  __m512i low = _mm512_clmulepi64_epi128(x, shift, 0x00);
  __m512i high = _mm512_clmulepi64_epi128(x, shift, 0x11);
  return _mm512_ternarylogic_epi64(low, high, next, 0x96 /* low ^ high ^ next */);
}

FOLD_TARGET static inline __m512i shift_by(int words) {
  __m128i shift = _mm_set_epi64x(ck_word_shift[words], ck_word_shift[words + 1]);
  return _mm512_broadcast_i32x4(shift);
}

// The CRC register of what the four lanes hold: the first three are folded onto the last, by six,
// four and two words, and two CRC steps reduce the 128 bits.
FOLD_TARGET static inline uint32_t reduce(__m512i x) {
  const uint32_t *k = ck_word_shift;
  __m512i shift = _mm512_set_epi64(0, 0, k[2], k[3], k[4], k[5], k[6], k[7]);
  __m512i y = fold(x, shift, _mm512_maskz_mov_epi64(0xc0, x));
  __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(y), _mm512_extracti64x4_epi64(y, 1));
  __m128i last = _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  uint32_t crc = step_64(0, (uint64_t)_mm_cvtsi128_si64(last));
  return step_64(crc, (uint64_t)_mm_extract_epi64(last, 1));
}

// Four registers at a time, at least once: as many products overlap as the multiplier has stages.
FOLD_TARGET static inline __m512i fold_all(uint32_t crc, const uint8_t *p, const uint8_t *end) {
  const __m512i shift = shift_by(32), two = shift_by(16), one = shift_by(8);
  __m512i start = _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc));
  __m512i a = _mm512_xor_si512(load_512(p), start), b = load_512(p + 64);
  __m512i c = load_512(p + 128), d = load_512(p + 192);
  for (p += 256; end - p >= 256; p += 256) {
    a = fold(a, shift, load_512(p));
    b = fold(b, shift, load_512(p + 64));
    c = fold(c, shift, load_512(p + 128));
    d = fold(d, shift, load_512(p + 192));
  }
  d = fold(fold(a, two, c), one, fold(b, two, d));
  for (; p != end; p += 64) d = fold(d, one, load_512(p));
  return d;
}

FOLD_TARGET uint32_t ck_crc32c_avx512(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  if (count < 256) return ~short_streams(~crc, p, count);
  size_t rest = count % 64;
  const uint8_t *end = p + (count - rest);
  return ~one_stream(reduce(fold_all(~crc, p, end)), end, rest);
}

#endif
