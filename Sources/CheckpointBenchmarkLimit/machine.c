// What a measurement needs of the system: files in or out of the page cache, and memory at hand.

#include "bundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_file(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) lim_fail(path);
  return file;
}

void lim_evict(const char *path) {
  int file = open_file(path);
  if (fsync(file)) lim_fail(path);
#if defined(__linux__)
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
#endif
  close(file);
}

void lim_warm(const char *path) {
  int file = open_file(path);
  char *bytes = malloc(1 << 20);
  if (!bytes) lim_fail("memory");
  while (read(file, bytes, 1 << 20) > 0) continue;
  free(bytes);
  close(file);
}

void lim_heat(size_t byte_count) {
  uint8_t *bytes = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) return;
#if defined(__linux__)
  madvise(bytes, byte_count, MADV_HUGEPAGE);
#endif
  for (size_t place = 0; place < byte_count; place += 4096) bytes[place] = 1;
  munmap(bytes, byte_count);
}
