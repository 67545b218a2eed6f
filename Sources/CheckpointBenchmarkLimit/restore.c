// Restoring: each byte moved once, checksummed while it is in the cache; or mapped.

#include "bundle.h"

#include <CChecksums.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { huge_page = 2 << 20, alignment = 64 };

typedef struct {
  lim_bundle *bundle;
  lim_schedule schedule;
  int file;
  const uint8_t *map;  // the mapped data file, if there is one
} restoring;

static void read_all(int file, uint8_t *bytes, size_t count, uint64_t offset) {
  while (count) {
    ssize_t done = pread(file, bytes, count, (off_t)offset);
    if (done <= 0) lim_fail("read");
    bytes += done, offset += (uint64_t)done, count -= (size_t)done;
  }
}

static void check(const lim_entry *entry, uint32_t crc) {
  if (entry->dtype != 7 && lim_masked(crc) != entry->crc) lim_fail("checksum");
}

static void restore_small(restoring *r, const lim_job *job, uint8_t *window) {
  const lim_bundle *bundle = r->bundle;
  uint64_t start = bundle->entries[bundle->order[job->first]].offset;
  const uint8_t *bytes = r->map ? r->map + start : window;
  if (!r->map) read_all(r->file, window, job->count, start);
  for (uint32_t i = job->first; i < job->end; i += 1) {
    lim_entry *entry = &bundle->entries[bundle->order[i]];
    const uint8_t *source = bytes + (entry->offset - start);
    if (!r->map) memcpy(entry->memory, source, entry->size);
    check(entry, ck_crc32c_extend(0, source, entry->size));
  }
}

static void restore_part(restoring *r, lim_job *job) {
  const lim_entry *entry = &r->bundle->entries[r->bundle->order[job->first]];
  uint32_t crc = 0;
  for (uint64_t done = 0; done < job->count; done += lim_chunk_bytes) {
    uint64_t rest = job->count - done, count = rest < lim_chunk_bytes ? rest : lim_chunk_bytes;
    uint64_t place = entry->offset + job->start + done;
    uint8_t *bytes = entry->memory + job->start + done;
    if (!r->map) read_all(r->file, bytes, count, place);
    crc = ck_crc32c_extend(crc, r->map ? r->map + place : bytes, count);
  }
  job->crc = crc;
}

static void restore_job(void *context, size_t number, uint8_t *window) {
  restoring *r = context;
  lim_job *job = &r->schedule.jobs[number];
  const lim_entry *entry = &r->bundle->entries[r->bundle->order[job->first]];
  if (entry->size < lim_small_bytes) restore_small(r, job, window);
  else restore_part(r, job);
}

static void check_parts(const restoring *r) {
  uint32_t crc = 0;
  for (size_t i = 0; i < r->schedule.count; i += 1) {
    const lim_job *job = &r->schedule.jobs[i];
    const lim_entry *entry = &r->bundle->entries[r->bundle->order[job->first]];
    if (entry->size < lim_small_bytes) continue;
    crc = job->start ? ck_crc32c_combine(crc, job->crc, job->count) : job->crc;
    if (job->start + job->count == entry->size) check(entry, crc);
  }
}

// One piece of memory for all tensors, in huge pages.
static void allocate(lim_bundle *bundle, uint32_t first, uint32_t end) {
  size_t total = 0;
  for (uint32_t i = first; i < end; i += 1) {
    size_t size = bundle->entries[bundle->order[i]].size;
    total += (size + alignment - 1) / alignment * alignment;
  }
  bundle->memory_count = total + huge_page;
  bundle->memory = mmap(NULL, bundle->memory_count, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bundle->memory == MAP_FAILED) lim_fail("memory");
  uint8_t *place = bundle->memory + (huge_page - (uintptr_t)bundle->memory % huge_page);
#if defined(__linux__)
  if (total >= huge_page) madvise(place, total, MADV_HUGEPAGE);
#endif
  for (uint32_t i = first; i < end; i += 1) {
    lim_entry *entry = &bundle->entries[bundle->order[i]];
    entry->memory = place;
    place += (entry->size + alignment - 1) / alignment * alignment;
  }
}

static int open_data(const char *prefix, size_t *count) {
  char path[4096];
  snprintf(path, sizeof path, "%s.data-00000-of-00001", prefix);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status)) lim_fail(path);
  *count = (size_t)status.st_size;
  return file;
}

static void run(restoring *r, uint32_t first, uint32_t end, int threads) {
  r->schedule = lim_cut(r->bundle, first, end);
  lim_parallel(threads, r->schedule.count, restore_job, r);
  check_parts(r);
  free(r->schedule.jobs);
}

static void map(lim_bundle *bundle, int file, size_t size, int checked, int threads) {
  uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (bytes == MAP_FAILED) lim_fail("map");
  for (size_t i = 0; i < bundle->count; i += 1) {
    bundle->entries[i].memory = bytes + bundle->entries[i].offset;
  }
  (bundle->memory = bytes, bundle->memory_count = size);
  restoring r = {.bundle = bundle, .file = file, .map = bytes};
  if (checked) run(&r, 0, (uint32_t)bundle->count, threads);
}

lim_bundle *lim_restore(const char *prefix, lim_placement placement, const lim_bundle *model,
                        int threads) {
  lim_bundle *bundle = lim_open(prefix);
  size_t size;
  int file = open_data(prefix, &size);
  uint32_t count = (uint32_t)bundle->count;
  restoring r = {.bundle = bundle, .file = file};
  switch (placement) {
    case lim_into_new_memory:
      allocate(bundle, 0, count);
      run(&r, 0, count, threads);
      break;
    case lim_into_old_memory:
      for (size_t i = 0; i < bundle->count; i += 1) {
        bundle->entries[i].memory = model->entries[i].memory;
      }
      run(&r, 0, count, threads);
      break;
    case lim_mapped:
    case lim_mapped_and_checked:
      map(bundle, file, size, placement == lim_mapped_and_checked, threads);
      break;
  }
  close(file);
  return bundle;
}

lim_bundle *lim_restore_one(const char *prefix, const char *key, int threads) {
  lim_bundle *bundle = lim_open(prefix);
  size_t size, count = strlen(key);
  int file = open_data(prefix, &size);
  for (uint32_t i = 0; i < bundle->count; i += 1) {
    const lim_entry *entry = &bundle->entries[bundle->order[i]];
    if (entry->key_count != count || memcmp(entry->key, key, count)) continue;
    allocate(bundle, i, i + 1);
    restoring r = {.bundle = bundle, .file = file};
    run(&r, i, i + 1, threads);
    close(file);
    return bundle;
  }
  lim_fail(key);
}

void lim_close(lim_bundle *bundle) {
  if (!bundle) return;
  if (bundle->memory) munmap(bundle->memory, bundle->memory_count);
  free(bundle->index), free(bundle->keys), free(bundle->entries), free(bundle->order);
  free(bundle);
}
