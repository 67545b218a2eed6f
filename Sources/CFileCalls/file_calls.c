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

#elif defined(__APPLE__)

// In one piece if there is such a piece, in several otherwise (fcntl(2)). The size of the file stays: what
// is not written to goes back when the file is closed.
int ck_reserve(int descriptor, int64_t count) {
  fstore_t wanted = {F_ALLOCATECONTIG | F_ALLOCATEALL, F_PEOFPOSMODE, 0, count, 0};
  if (fcntl(descriptor, F_PREALLOCATE, &wanted) != -1) return 0;
  wanted.fst_flags = F_ALLOCATEALL;
  if (fcntl(descriptor, F_PREALLOCATE, &wanted) != -1) return 0;
  // File systems that cannot do it have several ways to say so.
  if (errno == EINVAL || errno == ENOTTY) errno = ENOTSUP;
  return -1;
}

int ck_start_writeback(int descriptor, int64_t offset, int64_t count) {
  (void)descriptor, (void)offset, (void)count;
  errno = ENOSYS;
  return -1;
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
