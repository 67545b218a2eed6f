/* A library to be preloaded: harms the Nth write to a file below a directory.
 *
 *   cc -shared -fPIC -o torn_writes.so torn_writes.c -ldl
 *   TORN_BELOW=/directory TORN_AT=3 TORN_MODE=torn LD_PRELOAD=./torn_writes.so program
 *
 * torn: half of the bytes are written, then the process is killed. short: half of the bytes are written, and
 * the call says so; it is on the caller to write the rest. Without TORN_AT, it says at the end how many writes
 * there were, on the standard error output.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long writes;

static int is_below(int descriptor) {
  char link[64], path[PATH_MAX];
  const char *directory = getenv("TORN_BELOW");
  if (!directory) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = readlink(link, path, sizeof path - 1);
  if (count < 0) return 0;
  path[count] = 0;
  return strncmp(path, directory, strlen(directory)) == 0;
}

/* Whether this is the write to be harmed. */
static int is_chosen(int descriptor) {
  const char *at = getenv("TORN_AT");
  if (!is_below(descriptor)) return 0;
  return atomic_fetch_add(&writes, 1) + 1 == (at ? atol(at) : 0);
}

/* Kills the process if a write is to be torn. */
static ssize_t end_write(ssize_t result) {
  const char *mode = getenv("TORN_MODE");
  if (mode && strcmp(mode, "torn") == 0) kill(getpid(), SIGKILL);
  return result;
}

#define SYSTEM(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
static size_t half(size_t count) { return count > 1 ? count / 2 : count; }

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (!is_chosen(descriptor)) return SYSTEM(write)(descriptor, bytes, count);
  return end_write(SYSTEM(write)(descriptor, bytes, half(count)));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  if (!is_chosen(descriptor)) return SYSTEM(pwrite)(descriptor, bytes, count, offset);
  return end_write(SYSTEM(pwrite)(descriptor, bytes, half(count), offset));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  if (!is_chosen(descriptor)) return SYSTEM(writev)(descriptor, parts, count);
  return end_write(SYSTEM(write)(descriptor, parts->iov_base, half(parts->iov_len)));
}

__attribute__((destructor)) static void report(void) {
  if (!getenv("TORN_AT")) fprintf(stderr, "%ld writes\n", atomic_load(&writes));
}
