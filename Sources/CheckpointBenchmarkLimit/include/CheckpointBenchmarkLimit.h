// The least that saving and restoring a V2 checkpoint takes on this machine: what the library is
// measured against.
//
// Plain C over system calls: no names are looked up, nothing that a file says is doubted beyond its
// checksums, and no tensor has an object of its own. Bytes are moved once, checksummed while they
// are in the cache, by as many threads as the caller says. The files are the library's, byte for
// byte, and are read back by it.
//
// For measuring only: a file that is not a plain bundle of one data file ends the process.

#ifndef CHECKPOINT_BENCHMARK_LIMIT_H
#define CHECKPOINT_BENCHMARK_LIMIT_H

#include <stddef.h>
#include <stdint.h>

/// An index taken apart, and memory for its tensors.
typedef struct lim_bundle lim_bundle;

/// Where restored tensors go.
typedef enum {
  lim_into_new_memory,       // fresh memory, in huge pages where the system has them
  lim_into_old_memory,       // that of a bundle restored before
  lim_mapped,                // the mapped file, untouched
  lim_mapped_and_checked,    // the mapped file, every checksum compared
} lim_placement;

/// Reads and takes apart the index of `prefix`: what listing a checkpoint takes.
lim_bundle *_Nonnull lim_open(const char *_Nonnull prefix);

/// How many tensors the index lists.
size_t lim_count(const lim_bundle *_Nonnull bundle);

/// Counts a reference to every tensor, and gives it back: what a snapshot that shares their memory takes.
size_t lim_note(lim_bundle *_Nonnull bundle);

/// Saves what was restored into new memory: data file and index under temporary names, then renamed.
void lim_save(
    lim_bundle *_Nonnull bundle, const char *_Nonnull prefix, int durable, int threads);

/// Opens `prefix` and reads every tensor; `model`, a bundle restored from the same prefix, is where
/// `lim_into_old_memory` puts them.
lim_bundle *_Nonnull lim_restore(
    const char *_Nonnull prefix, lim_placement placement, const lim_bundle *_Nullable model,
    int threads);

/// Opens `prefix` and reads one tensor into new memory.
lim_bundle *_Nonnull lim_restore_one(
    const char *_Nonnull prefix, const char *_Nonnull key, int threads);

/// Merges parts, whose prefixes are `part` and a number of five digits: their indexes are read, their data
/// files renamed, and as many bytes written as the indexes have; but what is written is no index.
void lim_merge(
    const char *_Nonnull part, size_t parts, const char *_Nonnull prefix, int durable);

/// Gives everything back.
void lim_close(lim_bundle *_Nullable bundle);

// What a measurement needs of the system.

/// Drops a file from the page cache.
void lim_evict(const char *_Nonnull path);

/// Reads a file into the page cache.
void lim_warm(const char *_Nonnull path);

/// Touches memory and gives it back, so that a virtual machine's host has it ready.
void lim_heat(size_t byte_count);

#endif
