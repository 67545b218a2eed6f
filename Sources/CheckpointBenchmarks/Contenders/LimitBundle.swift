import CheckpointBenchmarkLimit
import Foundation

/// A bundle of the limit program, given back when the last reference goes.
@safe
final class LimitBundle {
  private let bundle: OpaquePointer  // only this object has it
  private static let threads = CInt(ProcessInfo.processInfo.activeProcessorCount)

  /// Opens the index, and no more.
  init(opening prefix: String) { unsafe bundle = lim_open(prefix) }

  /// Restores everything; `model` has the memory for `lim_into_old_memory`.
  init(restoring prefix: String, _ placement: lim_placement, model: LimitBundle? = nil) {
    unsafe bundle = lim_restore(prefix, placement, model?.bundle, Self.threads)
  }

  /// Restores one tensor.
  init(restoring prefix: String, key: String) {
    unsafe bundle = lim_restore_one(prefix, key, Self.threads)
  }

  deinit { unsafe lim_close(bundle) }

  /// Counts a reference to every tensor.
  func noteTensors() -> Int { unsafe lim_note(bundle) }

  /// Saves what was restored into new memory.
  func save(to prefix: String, isDurable: Bool) {
    unsafe lim_save(bundle, prefix, isDurable ? 1 : 0, Self.threads)
  }
}
