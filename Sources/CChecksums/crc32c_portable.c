// CRC-32C with tables, on any processor of any byte order.
//
// Slicing by eight: Kounavis and Berry, "A Systematic Approach to Building High Performance
// Software-Based CRC Generators", ISCC 2005.

#include "crc32c_internal.h"

// A table maps a byte to its CRC, and that map is linear: entry i is the XOR of the entries of
// i's bits. These macros let the compiler spread eight of them out into all 256.
#define SPREAD_1(x, a) (x), (x) ^ (a)
#define SPREAD_2(x, a, b) SPREAD_1(x, a), SPREAD_1((x) ^ (b), a)
#define SPREAD_3(x, a, b, c) SPREAD_2(x, a, b), SPREAD_2((x) ^ (c), a, b)
#define SPREAD_4(x, a, b, c, d) SPREAD_3(x, a, b, c), SPREAD_3((x) ^ (d), a, b, c)
#define SPREAD_5(x, a, b, c, d, e) SPREAD_4(x, a, b, c, d), SPREAD_4((x) ^ (e), a, b, c, d)
#define SPREAD_6(x, a, b, c, d, e, f) \
  SPREAD_5(x, a, b, c, d, e), SPREAD_5((x) ^ (f), a, b, c, d, e)
#define SPREAD_7(x, a, b, c, d, e, f, g) \
  SPREAD_6(x, a, b, c, d, e, f), SPREAD_6((x) ^ (g), a, b, c, d, e, f)
#define SLICE(a, b, c, d, e, f, g, h) \
  {SPREAD_7(0u, a, b, c, d, e, f, g), SPREAD_7(0u ^ (h), a, b, c, d, e, f, g)}

// Slice k is for a byte that k more bytes follow. The arguments are the entries of the bytes
// 1, 2, 4 ... 128: x^(8 k + 39) down to x^(8 k + 32), mod P.
static const uint32_t slices[8][256] = {
    SLICE(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
          0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
    SLICE(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
          0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
    SLICE(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
          0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
    SLICE(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
          0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
    SLICE(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
          0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
    SLICE(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
          0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
    SLICE(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
          0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
    SLICE(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
          0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};

// Composed from bytes so that the order is the same everywhere; compilers know the idiom.
static inline uint32_t load_32(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// The CRC of a word that k more bytes follow.
static inline uint32_t slice_32(uint32_t word, int k) {
  return slices[k + 3][word & 255] ^ slices[k + 2][word >> 8 & 255] ^
         slices[k + 1][word >> 16 & 255] ^ slices[k][word >> 24];
}

uint32_t ck_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; count >= 8; p += 8, count -= 8) {
    crc = slice_32(load_32(p) ^ crc, 4) ^ slice_32(load_32(p + 4), 0);
  }
  for (; count != 0; p += 1, count -= 1) crc = slices[0][(crc ^ *p) & 255] ^ crc >> 8;
  return ~crc;
}
