/* Preloaded into a program that is not Python's, it lets ckpt-chaos kill it: the file changes below
 * $CKPT_CHAOS_WATCH are counted and logged, and at change $CKPT_CHAOS_CRASH_AT the process is killed, before it
 * ("before") or in the middle of it ("torn": a write writes half).
 *
 *   cc -shared -fPIC -o chaos_events.so chaos_events.c -ldl
 *
 * A line of the log, $CKPT_CHAOS_LOG with ".rank0", is number, kind, name, and whether it can be torn.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYSTEM(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
static atomic_long events;

static int is_below(const char *path) {
  const char *directory = getenv("CKPT_CHAOS_WATCH");
  size_t length = directory ? strlen(directory) : 0;
  return length > 0 && path && strncmp(path, directory, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static const char *path_of(int descriptor, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = readlink(link, path, PATH_MAX - 1);
  path[count < 0 ? 0 : count] = 0;
  return path;
}

static void log_event(long number, const char *kind, const char *path, int can_be_torn) {
  char name[PATH_MAX], line[PATH_MAX];
  const char *log = getenv("CKPT_CHAOS_LOG"), *last = strrchr(path, '/');
  if (!log) return;
  snprintf(name, sizeof name, "%s.rank0", log);
  int file = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  int length = snprintf(line, sizeof line, "%ld\t%s\t%.1024s\t%d\n", number, kind, last ? last + 1 : path, can_be_torn);
  syscall(SYS_write, file, line, (size_t)length);
  syscall(SYS_close, file);
}

static int is_torn(void) {
  const char *mode = getenv("CKPT_CHAOS_MODE");
  return mode && strcmp(mode, "torn") == 0;
}

/* Whether this change is to be torn; if it is not to happen at all, there is no return. */
static int change(const char *kind, const char *path, int can_be_torn) {
  if (!is_below(path)) return 0;
  long number = atomic_fetch_add(&events, 1) + 1;
  log_event(number, kind, path, can_be_torn);
  const char *at = getenv("CKPT_CHAOS_CRASH_AT");
  if (!at || atol(at) != number) return 0;
  if (is_torn() && can_be_torn) return 1;
  kill(getpid(), SIGKILL);
  return 0;
}

static int open_file(const char *path, int flags, mode_t mode) {
  if (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) change("open", path, 0);
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define MODE(flags)                     \
  mode_t mode = 0;                      \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest;                       \
    va_start(rest, flags);              \
    mode = va_arg(rest, mode_t);        \
    va_end(rest);                       \
  }
int open(const char *path, int flags, ...) { MODE(flags) return open_file(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_file(path, flags, mode); }

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  int torn = change("write", path_of(descriptor, path), 1);
  ssize_t result = SYSTEM(pwrite)(descriptor, bytes, torn ? count / 2 : count, offset);
  if (torn) kill(getpid(), SIGKILL);
  return result;
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}

#define ON_DESCRIPTOR(name, kind, parameters, ...)  \
  int name parameters {                             \
    char path[PATH_MAX];                            \
    change(kind, path_of(descriptor, path), 0);     \
    return SYSTEM(name)(__VA_ARGS__);               \
  }
ON_DESCRIPTOR(fsync, "fsync", (int descriptor), descriptor)
ON_DESCRIPTOR(fdatasync, "fdatasync", (int descriptor), descriptor)
ON_DESCRIPTOR(ftruncate, "truncate", (int descriptor, off_t count), descriptor, count)
ON_DESCRIPTOR(ftruncate64, "truncate", (int descriptor, off64_t count), descriptor, count)
ON_DESCRIPTOR(fallocate, "reserve", (int descriptor, int mode, off_t offset, off_t count), descriptor, mode, offset, count)

#define ON_PATH(name, kind, changed, parameters, ...) \
  int name parameters {                               \
    change(kind, changed, 0);                         \
    return SYSTEM(name)(__VA_ARGS__);                 \
  }
ON_PATH(renameat, "rename", new, (int from, const char *old, int to, const char *new), from, old, to, new)
ON_PATH(rename, "rename", new, (const char *old, const char *new), old, new)
ON_PATH(linkat, "link", new, (int from, const char *old, int to, const char *new, int flags), from, old, to, new, flags)
ON_PATH(unlink, "remove", path, (const char *path), path)
ON_PATH(rmdir, "remove", path, (const char *path), path)
ON_PATH(mkdir, "mkdir", path, (const char *path, mode_t mode), path, mode)
