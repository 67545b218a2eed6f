// CRC-32C (Castagnoli) with the processor's own instructions where it has them.
//
// The checksum of iSCSI (RFC 3720), of LevelDB's table format and of TensorFlow's bundles:
// reflected polynomial 0x82F63B78, register inverted before and after. The inversions happen
// inside, so a CRC is an ordinary value: the CRC of no bytes is 0, and a CRC can be continued.
//
// Every function may be called from any thread at any time; none allocates, blocks or fails.

#ifndef CCHECKSUMS_H
#define CCHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define CK_NONNULL _Nonnull
#define CK_NULLABLE _Nullable
#else
#define CK_NONNULL
#define CK_NULLABLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// The CRC of the bytes behind `crc` followed by `count` bytes at `bytes`.
///
/// `ck_crc32c_extend(0, x)` is the CRC of x. The bytes need no alignment; nothing outside them is
/// read. `bytes` may be null if `count` is 0.
uint32_t ck_crc32c_extend(uint32_t crc, const void *CK_NULLABLE bytes, size_t count);

/// The CRC of a followed by b, from the CRC of a, the CRC of b and the length of b.
///
/// Takes at most 64 multiplications, one for every set bit of `count_b`.
uint32_t ck_crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t count_b);

/// The name of the implementation that `ck_crc32c_extend` uses in this process.
const char *CK_NONNULL ck_crc32c_implementation(void);

// The implementations one by one, for tests and benchmarks. Those that this program was compiled
// without are not counted; those that this processor lacks are counted, but not usable.
// Implementation 0 is the portable one and always usable; later ones are faster.

/// How many implementations there are: at least one.
int ck_crc32c_implementation_count(void);

/// The name of implementation `i`, or null if there is none.
const char *CK_NULLABLE ck_crc32c_implementation_name(int i);

/// 1 if this processor and operating system can run implementation `i`, else 0.
int ck_crc32c_implementation_usable(int i);

/// `ck_crc32c_extend` with implementation `i`, or with the portable one if `i` is not usable.
///
/// Asks for usability on every call, which costs more than a short checksum.
uint32_t ck_crc32c_extend_with(
    int i, uint32_t crc, const void *CK_NULLABLE bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
