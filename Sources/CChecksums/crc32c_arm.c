// CRC-32C on 64-bit ARM: the CRC instructions of ARMv8, in three streams where there is PMULL.

#include "crc32c_internal.h"

#if defined(CK_CRC32C_ARM)

#include <arm_acle.h>
#include <arm_neon.h>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

// Functions ask for their instructions themselves: the build needs no flags, and no other code
// is compiled to use what the processor may lack. The compilers disagree on the names.
#if defined(__clang__)
#define STEP_TARGET __attribute__((target("crc")))
#define PRODUCT_TARGET __attribute__((target("crc,aes")))
#else
#define STEP_TARGET __attribute__((target("+crc")))
#define PRODUCT_TARGET __attribute__((target("+crc+crypto")))
#endif

// MARK: What the processor has

#if defined(__APPLE__)
// Every processor that runs macOS on ARM has both.
int ck_has_armv8_crc(void) { return 1; }
int ck_has_armv8_pmull(void) { return 1; }
#elif defined(__linux__)
// The kernel's HWCAP_CRC32 and HWCAP_PMULL, which not every C library declares.
int ck_has_armv8_crc(void) { return getauxval(AT_HWCAP) >> 7 & 1; }
int ck_has_armv8_pmull(void) { return ck_has_armv8_crc() && getauxval(AT_HWCAP) >> 4 & 1; }
#else
int ck_has_armv8_crc(void) { return 0; }
int ck_has_armv8_pmull(void) { return 0; }
#endif

// MARK: The instructions

STEP_TARGET static inline uint32_t step_64(uint32_t crc, uint64_t word) {
  return __crc32cd(crc, word);
}

STEP_TARGET static inline uint32_t step_32(uint32_t crc, uint32_t word) {
  return __crc32cw(crc, word);
}

STEP_TARGET static inline uint32_t step_16(uint32_t crc, uint16_t word) {
  return __crc32ch(crc, word);
}

STEP_TARGET static inline uint32_t step_8(uint32_t crc, uint8_t word) {
  return __crc32cb(crc, word);
}

PRODUCT_TARGET static inline uint64_t product(uint32_t crc, uint32_t shift) {
  return vgetq_lane_u64(vreinterpretq_u64_p128(vmull_p64(crc, shift)), 0);
}

#include "crc32c_streams.h"

STEP_TARGET uint32_t ck_crc32c_armv8_crc(uint32_t crc, const void *bytes, size_t count) {
  return ~one_stream(~crc, bytes, count);
}

PRODUCT_TARGET uint32_t ck_crc32c_armv8_pmull(uint32_t crc, const void *bytes, size_t count) {
  return ~streams(~crc, bytes, count);
}

#endif
