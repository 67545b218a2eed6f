// File calls that Swift's modules of the C library do not show: GNU extensions of Linux, and commands of
// fcntl that take a pointer. Where a system has no such call, they say ENOSYS: they are hints, and a caller
// does without.

#ifndef C_FILE_CALLS_H
#define C_FILE_CALLS_H

#include <stdint.h>

// Reserves room for `count` bytes from the start of a new file, which may grow to that size.
// Returns 0, or -1 with errno set.
int ck_reserve(int descriptor, int64_t count);

// Begins to write a range to the disk without waiting for it. Returns 0, or -1 with errno set.
int ck_start_writeback(int descriptor, int64_t offset, int64_t count);

#endif
