#if defined(__linux__)
#define _GNU_SOURCE
#endif

#include "CFileCalls.h"

#include <errno.h>
#include <fcntl.h>

#if defined(__linux__)

int ck_reserve(int descriptor, int64_t count) { return fallocate(descriptor, 0, 0, count); }

int ck_start_writeback(int descriptor, int64_t offset, int64_t count) {
  return sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

#else

int ck_reserve(int descriptor, int64_t count) {
  (void)descriptor, (void)count;
  errno = ENOSYS;
  return -1;
}

int ck_start_writeback(int descriptor, int64_t offset, int64_t count) {
  (void)descriptor, (void)offset, (void)count;
  errno = ENOSYS;
  return -1;
}

#endif
