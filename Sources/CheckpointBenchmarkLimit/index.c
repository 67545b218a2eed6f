// The index of a bundle: taken apart, and put together again, in memory.

#include "bundle.h"

#include <CChecksums.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { block_bytes = 256 << 10, restart_interval = 16, footer_bytes = 48 };

uint32_t lim_masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

static uint64_t get_varint(const uint8_t **p) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t byte = *(*p)++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return value;
  }
}

static uint8_t *put_varint(uint8_t *p, uint64_t value) {
  for (; value >= 128; value >>= 7) *p++ = (uint8_t)(value | 128);
  *p++ = (uint8_t)value;
  return p;
}

static uint32_t get_32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return value;
}

// MARK: Reading

static void check_block(const lim_bundle *bundle, uint64_t offset, uint64_t size) {
  const uint8_t *block = bundle->index + offset;
  uint32_t stored = get_32(block + size + 1);
  if (block[size] != 0 || lim_masked(ck_crc32c_extend(0, block, size + 1)) != stored) {
    lim_fail("index block");
  }
}

static const uint8_t *entries_end(const uint8_t *block, uint64_t size) {
  return block + size - 4 - 4 * get_32(block + size - 4);
}

static void parse_entry(lim_entry *entry, const uint8_t *p, const uint8_t *end) {
  while (p < end) {
    switch (get_varint(&p)) {
      case 1 << 3: entry->dtype = (uint32_t)get_varint(&p); break;
      case 2 << 3 | 2:
        entry->shape_count = (uint32_t)get_varint(&p);
        entry->shape = p;
        p += entry->shape_count;
        break;
      case 4 << 3: entry->offset = get_varint(&p); break;
      case 5 << 3: entry->size = get_varint(&p); break;
      case 6 << 3 | 5: entry->crc = get_32(p); p += 4; break;
      default: lim_fail("an entry of one data file, without slices, is expected");
    }
  }
}

static void add_entry(lim_bundle *bundle, const uint8_t *key, uint32_t count, const uint8_t *value,
                      const uint8_t *end) {
  if (count == 0) {
    bundle->header = value;
    bundle->header_count = (size_t)(end - value);
    return;
  }
  if ((bundle->count & (bundle->count + 1)) == 0) {
    bundle->entries = realloc(bundle->entries, (2 * bundle->count + 2) * sizeof(lim_entry));
    if (!bundle->entries) lim_fail("memory");
  }
  lim_entry *entry = &bundle->entries[bundle->count++];
  *entry = (lim_entry){.key = key, .key_count = count};
  parse_entry(entry, value, end);
}

// Whole keys are written behind each other; `keys` has room for as many bytes as they can have.
static uint8_t *parse_block(lim_bundle *bundle, uint64_t offset, uint64_t size, uint8_t *keys) {
  check_block(bundle, offset, size);
  const uint8_t *p = bundle->index + offset, *end = entries_end(p, size), *last = keys;
  while (p < end) {
    uint64_t shared = get_varint(&p), rest = get_varint(&p), value = get_varint(&p);
    memmove(keys, last, shared);
    memcpy(keys + shared, p, rest);
    add_entry(bundle, keys, (uint32_t)(shared + rest), p + rest, p + rest + value);
    last = keys;
    keys += shared + rest;
    p += rest + value;
  }
  return keys;
}

static size_t key_bytes(const lim_bundle *bundle, uint64_t offset, uint64_t size) {
  const uint8_t *p = bundle->index + offset, *end = entries_end(p, size);
  size_t sum = 0;
  while (p < end) {
    uint64_t shared = get_varint(&p), rest = get_varint(&p), value = get_varint(&p);
    sum += shared + rest;
    p += rest + value;
  }
  return sum;
}

static const lim_bundle *sorting;  // qsort has no context

static int by_offset(const void *a, const void *b) {
  uint64_t x = sorting->entries[*(const uint32_t *)a].offset;
  uint64_t y = sorting->entries[*(const uint32_t *)b].offset;
  return x < y ? -1 : x > y;
}

static void sort_by_offset(lim_bundle *bundle) {
  int sorted = 1;
  bundle->order = malloc(bundle->count * sizeof(uint32_t) + 1);
  if (!bundle->order) lim_fail("memory");
  for (size_t i = 0; i < bundle->count; i += 1) {
    bundle->order[i] = (uint32_t)i;
    if (i && bundle->entries[i].offset < bundle->entries[i - 1].offset) sorted = 0;
  }
  if (sorted) return;
  sorting = bundle;
  qsort(bundle->order, bundle->count, sizeof(uint32_t), by_offset);
}

static void read_file(lim_bundle *bundle, const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status)) lim_fail(path);
  bundle->index_count = (size_t)status.st_size;
  bundle->index = malloc(bundle->index_count);
  if (!bundle->index) lim_fail("memory");
  for (size_t done = 0; done < bundle->index_count;) {
    ssize_t count = read(file, bundle->index + done, bundle->index_count - done);
    if (count <= 0) lim_fail(path);
    done += (size_t)count;
  }
  close(file);
}

lim_bundle *lim_open(const char *prefix) {
  char path[4096];
  snprintf(path, sizeof path, "%s.index", prefix);
  lim_bundle *bundle = calloc(1, sizeof *bundle);
  if (!bundle) lim_fail("memory");
  read_file(bundle, path);
  const uint8_t *footer = bundle->index + bundle->index_count - footer_bytes;
  get_varint(&footer), get_varint(&footer);  // the metaindex
  uint64_t offset = get_varint(&footer), size = get_varint(&footer);
  check_block(bundle, offset, size);
  const uint8_t *start = bundle->index + offset, *end = entries_end(start, size);
  size_t room = 1;
  for (int parses = 0; parses < 2; parses += 1) {
    uint8_t *keys = bundle->keys;
    for (const uint8_t *p = start; p < end;) {
      get_varint(&p);  // nothing is shared in an index block
      uint64_t key = get_varint(&p), value = get_varint(&p);
      const uint8_t *handle = p + key;
      uint64_t block = get_varint(&handle), count = get_varint(&handle);
      if (parses) keys = parse_block(bundle, block, count, keys);
      else room += key_bytes(bundle, block, count);
      p += key + value;
    }
    if (!parses && !(bundle->keys = malloc(room))) lim_fail("memory");
  }
  sort_by_offset(bundle);
  return bundle;
}

size_t lim_count(const lim_bundle *bundle) { return bundle->count; }

size_t lim_note(lim_bundle *bundle) {
  size_t bytes = 0;
  for (size_t i = 0; i < bundle->count; i++) {
    atomic_fetch_add_explicit(&bundle->entries[i].references, 1, memory_order_relaxed);
    bytes += bundle->entries[i].size;
  }
  for (size_t i = 0; i < bundle->count; i++)
    atomic_fetch_sub_explicit(&bundle->entries[i].references, 1, memory_order_acq_rel);
  return bytes;
}

// MARK: Writing

typedef struct {
  uint8_t *bytes, *end;
  uint8_t *block;  // where the current one begins
  const uint8_t *last;
  uint32_t last_count, since_restart, restart_count, interval;
  uint32_t restarts[block_bytes / 8];
} builder;

static void begin_block(builder *b) {
  b->block = b->end;
  b->since_restart = 0;
  b->restart_count = 1;
  b->restarts[0] = 0;
  b->last_count = 0;
}

static void add(builder *b, const uint8_t *key, uint32_t count, const uint8_t *value, size_t size) {
  uint32_t shared = 0;
  if (b->since_restart < b->interval) {
    uint32_t most = count < b->last_count ? count : b->last_count;
    while (shared < most && key[shared] == b->last[shared]) shared += 1;
  } else {
    b->restarts[b->restart_count++] = (uint32_t)(b->end - b->block);
    b->since_restart = 0;
  }
  b->end = put_varint(put_varint(put_varint(b->end, shared), count - shared), size);
  memcpy(b->end, key + shared, count - shared);
  b->end += count - shared;
  memcpy(b->end, value, size);
  b->end += size;
  b->last = key;
  b->last_count = count;
  b->since_restart += 1;
}

static size_t block_size(const builder *b) {
  return (size_t)(b->end - b->block) + 4 * b->restart_count + 4;
}

// Ends a block; writes its handle, and gives the handle's size.
static size_t end_block(builder *b, uint8_t *handle) {
  memcpy(b->end, b->restarts, 4 * b->restart_count);
  b->end += 4 * b->restart_count;
  memcpy(b->end, &b->restart_count, 4);
  b->end += 4;
  size_t size = (size_t)(b->end - b->block);
  uint8_t *end = put_varint(put_varint(handle, (uint64_t)(b->block - b->bytes)), size);
  *b->end++ = 0;
  uint32_t crc = lim_masked(ck_crc32c_extend(0, b->block, size + 1));
  memcpy(b->end, &crc, 4);
  b->end += 4;
  begin_block(b);
  return (size_t)(end - handle);
}

static size_t encode_entry(const lim_entry *entry, uint8_t *value) {
  uint8_t *p = value;
  *p++ = 1 << 3;
  p = put_varint(p, entry->dtype);
  *p++ = 2 << 3 | 2;
  p = put_varint(p, entry->shape_count);
  memcpy(p, entry->shape, entry->shape_count);
  p += entry->shape_count;
  if (entry->offset) *p++ = 4 << 3, p = put_varint(p, entry->offset);
  if (entry->size) *p++ = 5 << 3, p = put_varint(p, entry->size);
  if (entry->crc) *p++ = 6 << 3 | 5, memcpy(p, &entry->crc, 4), p += 4;
  return (size_t)(p - value);
}

typedef struct {
  uint8_t *key;
  uint32_t count;
  uint8_t handle[20];
  size_t handle_count;
} separator;

// leveldb's choice of a short key between two, or after the last.
static void separate(separator *s, const uint8_t *last, uint32_t count, const uint8_t *next,
                     uint32_t next_count) {
  s->key = malloc(count + 1);
  if (!s->key) lim_fail("memory");
  memcpy(s->key, last, count);
  s->count = count;
  uint32_t i = 0;
  if (next) {
    while (i < count && i < next_count && last[i] == next[i]) i += 1;
    if (i == count || i == next_count || last[i] == 255 || last[i] + 1 >= next[i]) return;
  } else {
    while (i < count && last[i] == 255) i += 1;
    if (i == count) return;
  }
  s->key[i] += 1;
  s->count = i + 1;
}

size_t lim_encode_index(const lim_bundle *bundle, uint8_t **bytes) {
  // Keys and values as they were, with other numbers in the entries; handles for each block.
  size_t room = 1 << 20;
  for (size_t i = 0; i < bundle->count; i += 1) {
    room += bundle->entries[i].key_count + bundle->entries[i].shape_count + 64;
  }
  builder *b = calloc(1, sizeof *b);
  separator *separators = malloc((room / block_bytes + 2) * sizeof *separators);
  uint8_t value[4096];
  if (!b || !separators || !(b->bytes = malloc(room))) lim_fail("memory");
  b->end = b->bytes;
  b->interval = restart_interval;
  begin_block(b);
  add(b, (const uint8_t *)"", 0, bundle->header, bundle->header_count);
  size_t blocks = 0;
  for (size_t i = 0; i < bundle->count; i += 1) {
    const lim_entry *entry = &bundle->entries[i];
    add(b, entry->key, entry->key_count, value, encode_entry(entry, value));
    const lim_entry *next = i + 1 < bundle->count ? entry + 1 : NULL;
    if (next && block_size(b) < block_bytes) continue;
    separator *s = &separators[blocks++];
    separate(s, entry->key, entry->key_count, next ? next->key : NULL, next ? next->key_count : 0);
    s->handle_count = end_block(b, s->handle);
  }
  uint8_t footer[footer_bytes] = {0};
  size_t at = end_block(b, footer);  // an empty metaindex
  b->interval = 1;
  for (size_t i = 0; i < blocks; i += 1) {
    b->last_count = 0;
    add(b, separators[i].key, separators[i].count, separators[i].handle,
        separators[i].handle_count);
    free(separators[i].key);
  }
  end_block(b, footer + at);
  const uint64_t magic = 0xdb4775248b80fb57u;
  memcpy(footer + 40, &magic, 8);
  memcpy(b->end, footer, footer_bytes);
  size_t size = (size_t)(b->end + footer_bytes - b->bytes);
  *bytes = b->bytes;
  free(separators);
  free(b);
  return size;
}
