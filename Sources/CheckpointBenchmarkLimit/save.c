// Saving: one pass over the memory, checksum and write while the bytes are in the cache.

#include "bundle.h"

#include <CChecksums.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { writeback_bytes = 32 << 20 };

typedef struct {
  lim_bundle *bundle;
  lim_schedule schedule;
  int file, durable;
  _Atomic uint64_t written, syncing;
} saving;

static void write_all(int file, const uint8_t *bytes, size_t count, uint64_t offset) {
  while (count) {
    ssize_t done = pwrite(file, bytes, count, (off_t)offset);
    if (done < 0) lim_fail("write");
    bytes += done, offset += (uint64_t)done, count -= (size_t)done;
  }
}

static void save_small(saving *s, const lim_job *job, uint8_t *window) {
  lim_bundle *bundle = s->bundle;
  size_t count = 0;
  for (uint32_t i = job->first; i < job->end; i += 1) {
    lim_entry *entry = &bundle->entries[bundle->order[i]];
    memcpy(window + count, entry->memory, entry->size);
    if (entry->dtype != 7) {  // that of strings covers other bytes
      entry->crc = lim_masked(ck_crc32c_extend(0, entry->memory, entry->size));
    }
    count += entry->size;
  }
  write_all(s->file, window, count, bundle->entries[bundle->order[job->first]].offset);
}

static void save_part(saving *s, lim_job *job) {
  const lim_entry *entry = &s->bundle->entries[s->bundle->order[job->first]];
  uint32_t crc = 0;
  for (uint64_t done = 0; done < job->count; done += lim_chunk_bytes) {
    uint64_t rest = job->count - done, count = rest < lim_chunk_bytes ? rest : lim_chunk_bytes;
    const uint8_t *bytes = entry->memory + job->start + done;
    crc = ck_crc32c_extend(crc, bytes, count);
    write_all(s->file, bytes, count, entry->offset + job->start + done);
  }
  job->crc = crc;
}

// Threads are never further apart than a job each: what was written before that is complete.
static void start_writeback(saving *s, uint64_t count) {
#if defined(__linux__)
  uint64_t written = atomic_fetch_add(&s->written, count) + count, from = s->syncing;
  if (!s->durable || written - from < writeback_bytes) return;
  if (!atomic_compare_exchange_strong(&s->syncing, &from, written)) return;
  sync_file_range(s->file, (off_t)from, (off_t)(written - from), SYNC_FILE_RANGE_WRITE);
#endif
}

static void save_job(void *context, size_t number, uint8_t *window) {
  saving *s = context;
  lim_job *job = &s->schedule.jobs[number];
  const lim_entry *entry = &s->bundle->entries[s->bundle->order[job->first]];
  if (entry->size < lim_small_bytes) save_small(s, job, window);
  else save_part(s, job);
  start_writeback(s, job->count);
}

static void combine_parts(saving *s) {
  for (size_t i = 0; i < s->schedule.count; i += 1) {
    const lim_job *job = &s->schedule.jobs[i];
    lim_entry *entry = &s->bundle->entries[s->bundle->order[job->first]];
    if (entry->size < lim_small_bytes) continue;
    uint32_t crc = job->start ? ck_crc32c_combine(entry->crc, job->crc, job->count) : job->crc;
    entry->crc = job->start + job->count < entry->size ? crc : lim_masked(crc);
  }
}

static int create(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) lim_fail(path);
  return file;
}

static void commit(int file, const char *temporary, const char *path, int durable) {
  if (durable && fsync(file)) lim_fail("sync");
  if (close(file) || rename(temporary, path)) lim_fail(path);
  if (!durable) return;
  char copy[4096];
  snprintf(copy, sizeof copy, "%s", path);
  int directory = open(dirname(copy), O_RDONLY | O_CLOEXEC);
  if (directory < 0 || fsync(directory)) lim_fail("sync directory");
  close(directory);
}

void lim_save(lim_bundle *bundle, const char *prefix, int durable, int threads) {
  char path[4096], temporary[4096];
  uint64_t total = 0;
  for (size_t i = 0; i < bundle->count; i += 1) {
    lim_entry *entry = &bundle->entries[bundle->order[i]];
    entry->offset = total;
    total += entry->size;
  }
  snprintf(path, sizeof path, "%s.data-00000-of-00001", prefix);
  snprintf(temporary, sizeof temporary, "%s.temporary", prefix);
  saving s = {bundle, lim_cut(bundle, 0, (uint32_t)bundle->count), create(temporary), durable, 0, 0};
#if defined(__linux__)
  if (total && fallocate(s.file, 0, 0, (off_t)total)) lim_fail("fallocate");
#endif
  lim_parallel(threads, s.schedule.count, save_job, &s);
  combine_parts(&s);
  free(s.schedule.jobs);
  commit(s.file, temporary, path, durable);

  uint8_t *index;
  size_t count = lim_encode_index(bundle, &index);
  snprintf(path, sizeof path, "%s.index", prefix);
  int file = create(temporary);
  write_all(file, index, count, 0);
  free(index);
  commit(file, temporary, path, durable);
}
