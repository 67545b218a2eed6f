// The least that merging parts takes: every index is read, every data file renamed, and as many bytes
// written as the indexes have. What is written is no index.

#include "bundle.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { path_bytes = 4096 };

static void sync_directory(const char *path) {
  char copy[path_bytes];
  snprintf(copy, sizeof copy, "%s", path);
  int directory = open(dirname(copy), O_RDONLY | O_CLOEXEC);
  if (directory < 0 || fsync(directory)) lim_fail("sync directory");
  close(directory);
}

/// Appends a file to `*bytes`.
static size_t append(const char *path, uint8_t **bytes, size_t count) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) lim_fail(path);
  off_t size = lseek(file, 0, SEEK_END);
  *bytes = realloc(*bytes, count + (size_t)size);
  if (size < 0 || !*bytes) lim_fail("memory");
  if (pread(file, *bytes + count, (size_t)size, 0) != size) lim_fail(path);
  close(file);
  return count + (size_t)size;
}

static void write_index(const char *prefix, const uint8_t *bytes, size_t count, int durable) {
  char path[path_bytes], temporary[path_bytes + 4];
  snprintf(path, sizeof path, "%s.index", prefix);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) lim_fail(temporary);
  for (size_t done = 0; done < count;) {
    ssize_t written = write(file, bytes + done, count - done);
    if (written < 0) lim_fail(temporary);
    done += (size_t)written;
  }
  if (durable && fsync(file)) lim_fail("sync");
  if (close(file) || rename(temporary, path)) lim_fail(path);
}

void lim_merge(const char *part, size_t parts, const char *prefix, int durable) {
  char old[path_bytes], new[path_bytes];
  uint8_t *bytes = NULL;
  size_t count = 0;
  for (size_t i = 0; i < parts; i += 1) {
    snprintf(old, sizeof old, "%s%05zu.index", part, i);
    count = append(old, &bytes, count);
  }
  for (size_t i = 0; i < parts; i += 1) {
    snprintf(old, sizeof old, "%s%05zu.data-00000-of-00001", part, i);
    snprintf(new, sizeof new, "%s.data-%05zu-of-%05zu", prefix, i, parts);
    if (rename(old, new)) lim_fail(old);
  }
  if (durable) sync_directory(prefix);
  write_index(prefix, bytes, count, durable);
  free(bytes);
  if (durable) sync_directory(prefix);
  for (size_t i = 0; i < parts; i += 1) {
    snprintf(old, sizeof old, "%s%05zu.index", part, i);
    if (unlink(old)) lim_fail(old);
  }
  if (durable) sync_directory(part);
}
