// What the CRC-32C implementations share: their signatures, the constants of GF(2)[x] mod P.
//
// A polynomial of degree below 32 is a reflected uint32_t: bit 31 is the coefficient of x^0 and
// bit 0 that of x^31, the order in which CRC-32C sees bits. P is the Castagnoli polynomial.

#ifndef CRC32C_INTERNAL_H
#define CRC32C_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define CK_CRC32C_X86 1
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CK_CRC32C_ARM 1
#endif

#define CK_POLYNOMIAL UINT32_C(0x82f63b78)

// Slicing by eight with tables: runs everywhere, and is what the others are tested against.
uint32_t ck_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

// Whatever the processor: `ck_word_shift[k]` is x^(64 k - 33) mod P, for 1 <= k < 128.
//
// A carry-less product of two reflected 32-bit values carries one factor x too many, and a CRC
// instruction over 64 bits multiplies by x^32: with both, multiplying by entry k moves a CRC past
// k words of zeros. The same entries fold 128-bit registers: see crc32c_x86.c.
extern const uint32_t ck_word_shift[128];

#if defined(CK_CRC32C_X86)
int ck_has_sse42(void);
uint32_t ck_crc32c_sse42(uint32_t crc, const void *bytes, size_t count);
int ck_has_avx512(void);
uint32_t ck_crc32c_avx512(uint32_t crc, const void *bytes, size_t count);
#endif

#if defined(CK_CRC32C_ARM)
int ck_has_armv8_crc(void);
uint32_t ck_crc32c_armv8_crc(uint32_t crc, const void *bytes, size_t count);
int ck_has_armv8_pmull(void);
uint32_t ck_crc32c_armv8_pmull(uint32_t crc, const void *bytes, size_t count);
#endif

#endif
