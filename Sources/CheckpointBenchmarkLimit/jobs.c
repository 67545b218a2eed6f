// Work for several threads: tensors that lie next to each other together, large ones in parts.

#include "bundle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void lim_fail(const char *what) {
  perror(what);
  exit(1);
}

static void add(lim_schedule *schedule, lim_job job) {
  if ((schedule->count & (schedule->count + 1)) == 0) {  // room for the next power of two
    size_t room = 2 * schedule->count + 2;
    schedule->jobs = realloc(schedule->jobs, room * sizeof *schedule->jobs);
    if (!schedule->jobs) lim_fail("memory");
  }
  schedule->jobs[schedule->count++] = job;
}

lim_schedule lim_cut(const lim_bundle *bundle, uint32_t first, uint32_t end) {
  lim_schedule schedule = {NULL, 0};
  for (uint32_t i = first; i < end;) {
    const lim_entry *entry = &bundle->entries[bundle->order[i]];
    if (entry->size >= lim_small_bytes) {
      for (uint64_t start = 0; start < entry->size; start += lim_job_bytes) {
        uint64_t rest = entry->size - start;
        add(&schedule, (lim_job){i, i + 1, start, rest < lim_job_bytes ? rest : lim_job_bytes, 0});
      }
      i += 1;
      continue;
    }
    lim_job job = {i, i, 0, 0, 0};
    for (; i < end; i += 1) {
      const lim_entry *next = &bundle->entries[bundle->order[i]];
      if (next->size >= lim_small_bytes || job.count + next->size > lim_window_bytes) break;
      job.count += next->size;
      job.end = i + 1;
    }
    add(&schedule, job);
  }
  return schedule;
}

typedef struct {
  _Atomic size_t next;
  size_t count;
  lim_body body;
  void *context;
} crew;

static void *work(void *pointer) {
  crew *crew = pointer;
  uint8_t *window = malloc(lim_window_bytes);
  if (!window) lim_fail("memory");
  for (;;) {
    size_t job = atomic_fetch_add_explicit(&crew->next, 1, memory_order_relaxed);
    if (job >= crew->count) break;
    crew->body(crew->context, job, window);
  }
  free(window);
  return NULL;
}

void lim_parallel(int threads, size_t jobs, lim_body body, void *context) {
  crew all = {0, jobs, body, context};
  pthread_t others[64];
  int count = 0;
  for (; count + 1 < threads && count < 64 && (size_t)count + 1 < jobs; count += 1) {
    if (pthread_create(&others[count], NULL, work, &all)) lim_fail("thread");
  }
  work(&all);
  for (int i = 0; i < count; i += 1) pthread_join(others[i], NULL);
}
