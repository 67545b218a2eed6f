/* A library to be preloaded: tells ThreadSanitizer of a `Mutex` that a thread has waited for.
 *
 *   clang -shared -fPIC -o mutex_order.so mutex_order.c -ldl
 *   LD_PRELOAD=./mutex_order.so program
 *
 * On Linux, a thread that finds a `Mutex` taken waits for it in libswiftSynchronization, which is not built for
 * ThreadSanitizer. So ThreadSanitizer does not see that what this thread does comes after what the last owner has
 * done, and reports a race. Here the two functions in question say it. Nothing is suppressed: whatever is done
 * outside of the lock is still reported.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the program, if it is built for ThreadSanitizer. */
void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));

#define swift __attribute__((swiftcall))
#define self __attribute__((swift_context)) void *mutex

/* Methods of `_MutexHandle`, which has nothing but the word that they wait for. */
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

swift void lock_slowly(uint32_t thread, self) __asm__(LOCK);
swift void unlock_slowly(self) __asm__(UNLOCK);

static void *next(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function) return function;
  fprintf(stderr, "mutex_order: libswiftSynchronization has no %s\n", name);
  abort();
}

swift void lock_slowly(uint32_t thread, self) {
  swift void (*original)(uint32_t, self) = next(LOCK);
  original(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

swift void unlock_slowly(self) {
  swift void (*original)(self) = next(UNLOCK);
  if (__tsan_release) __tsan_release(mutex);
  original(mutex);
}
