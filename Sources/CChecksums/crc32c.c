// CRC-32C: the choice of an implementation, and the arithmetic that needs none.

#include "CChecksums.h"

#include <stdatomic.h>

#include "crc32c_internal.h"

typedef uint32_t (*extend_function)(uint32_t crc, const void *bytes, size_t count);

typedef struct {
  const char *name;
  int (*usable)(void);
  extend_function extend;
} implementation;

static int always(void) { return 1; }

// From the slowest to the fastest.
static const implementation implementations[] = {
    {"portable", always, ck_crc32c_portable},
#if defined(CK_CRC32C_X86)
    {"sse4.2", ck_has_sse42, ck_crc32c_sse42},
    {"avx512", ck_has_avx512, ck_crc32c_avx512},
#endif
#if defined(CK_CRC32C_ARM)
    {"armv8-crc", ck_has_armv8_crc, ck_crc32c_armv8_crc},
    {"armv8-pmull", ck_has_armv8_pmull, ck_crc32c_armv8_pmull},
#endif
};

static const int implementation_count = sizeof implementations / sizeof implementations[0];

static const implementation *best_implementation(void) {
  int i = implementation_count - 1;
  while (!implementations[i].usable()) i -= 1;
  return &implementations[i];
}

static uint32_t choose_and_extend(uint32_t crc, const void *bytes, size_t count);

// Starts as a function that replaces itself, so that a call costs one load and one jump. Threads
// that race through the choice all store the same pointer to constant code: relaxed order is
// enough.
static _Atomic(extend_function) chosen = choose_and_extend;

static uint32_t choose_and_extend(uint32_t crc, const void *bytes, size_t count) {
  extend_function extend = best_implementation()->extend;
  atomic_store_explicit(&chosen, extend, memory_order_relaxed);
  return extend(crc, bytes, count);
}

uint32_t ck_crc32c_extend(uint32_t crc, const void *bytes, size_t count) {
  return atomic_load_explicit(&chosen, memory_order_relaxed)(crc, bytes, count);
}

const char *ck_crc32c_implementation(void) { return best_implementation()->name; }

int ck_crc32c_implementation_count(void) { return implementation_count; }

static int exists(int i) { return i >= 0 && i < implementation_count; }

const char *ck_crc32c_implementation_name(int i) {
  return exists(i) ? implementations[i].name : NULL;
}

int ck_crc32c_implementation_usable(int i) { return exists(i) && implementations[i].usable(); }

uint32_t ck_crc32c_extend_with(int i, uint32_t crc, const void *bytes, size_t count) {
  int usable = ck_crc32c_implementation_usable(i);
  return implementations[usable ? i : 0].extend(crc, bytes, count);
}

// The product of two polynomials mod P. Masks instead of branches: the bits are random.
static uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int bit = 31; bit >= 0; bit -= 1) {
    product ^= b & (0u - (a >> bit & 1u));
    b = (b >> 1) ^ (CK_POLYNOMIAL & (0u - (b & 1u)));
  }
  return product;
}

// x^(2^k) mod P. P is x + 1 times a primitive polynomial of degree 31, so x^(2^31) is x again
// and 31 squares are all there are.
static const uint32_t squares[31] = {
    0x40000000, 0x20000000, 0x08000000, 0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c,
    0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16,
    0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc, 0xfe7740e6, 0xf946610b,
    0x3c204f8f, 0x538586e3, 0x59726915, 0x734d5309, 0xbc1ac763, 0x7d0722cc, 0xd289cabe,
    0xe94ca9bc, 0x05b74f3f, 0xa51e1f42,
};

// Appending b moves a by 8 count_b bits, so it multiplies a by that power of x. The inversions
// of both CRCs cancel out.
uint32_t ck_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t count_b) {
  // A byte is x^(2^3).
  for (unsigned k = 3; count_b != 0; k = k == 30 ? 0 : k + 1) {
    if (count_b & 1) crc_a = multiply(squares[k], crc_a);
    count_b >>= 1;
  }
  return crc_a ^ crc_b;
}
