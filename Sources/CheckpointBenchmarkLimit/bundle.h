// What the parts of the limit program share.

#ifndef LIMIT_BUNDLE_H
#define LIMIT_BUNDLE_H

// Included before any header of the system: calls that only Linux has.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "CheckpointBenchmarkLimit.h"

#include <stdatomic.h>

/// A tensor, as the index has it.
typedef struct {
  const uint8_t *key, *shape;  // `shape` is the encoded message
  uint32_t key_count, shape_count;
  uint32_t dtype, crc;  // the checksum is masked
  uint64_t offset, size;
  uint8_t *memory;
  _Atomic size_t references;
} lim_entry;

struct lim_bundle {
  uint8_t *index, *keys;  // the file's bytes, and room for the whole keys
  size_t index_count, header_count;
  const uint8_t *header;
  lim_entry *entries;  // in order of the keys
  size_t count;
  uint32_t *order;  // positions of the entries, in order of their places in the data file
  uint8_t *memory;  // what the tensors lie in, if it is one piece
  size_t memory_count;
};

/// A piece of work: entries that lie next to each other, or a part of a large one.
typedef struct {
  uint32_t first, end;   // positions in `order`
  uint64_t start, count; // within the entry, if it is one that is shared out
  uint32_t crc;
} lim_job;

enum {
  lim_job_bytes = 4 << 20,
  lim_chunk_bytes = 256 << 10,   // what stays in the cache between checksum and copy
  lim_small_bytes = 256 << 10,   // smaller tensors are gathered
  lim_window_bytes = 1 << 20,
};

typedef struct {
  lim_job *jobs;
  size_t count;
} lim_schedule;

lim_schedule lim_cut(const lim_bundle *bundle, uint32_t first, uint32_t end);

typedef void (*lim_body)(void *context, size_t job, uint8_t *window);
void lim_parallel(int threads, size_t jobs, lim_body body, void *context);

_Noreturn void lim_fail(const char *what);
uint32_t lim_masked(uint32_t crc);

/// Encodes the index, and gives its size; the caller frees `*bytes`.
size_t lim_encode_index(const lim_bundle *bundle, uint8_t **bytes);

#endif
