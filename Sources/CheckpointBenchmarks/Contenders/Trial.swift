import CheckpointBenchmarkLimit
import Foundation

/// Something that is run again and again, and measured.
struct Trial {
  /// What comes before each run, and is not measured.
  var prepare: () throws -> Void = {}
  /// What is measured; what it returns is given back afterwards.
  var run: () throws -> Any
  /// What comes after each run, and is not measured.
  var finish: () throws -> Void = {}
}

/// Where a workload's files are.
struct CheckpointFiles {
  /// The prefix of the checkpoint that is read.
  let fixture: String
  /// The prefix of the checkpoint that a run writes.
  let output: String
  /// The model directory that is read, if the workload has one.
  let model: String

  init(_ workload: Workload, folder: String) {
    fixture = "\(folder)/\(workload.fixture)/ckpt"
    output = "\(folder)/\(workload.name)-\(getpid())"
    model = "\(folder)/\(workload.name)/model"
  }

  private static let suffixes = [".index", ".data-00000-of-00001"]

  /// Removes what a run has written.
  func removeOutput() {
    for suffix in Self.suffixes { unsafe unlink(output + suffix) }
    try? FileManager.default.removeItem(atPath: output)  // a model directory, if it is one
  }

  /// Puts the files that are read into the page cache, or drops them from it.
  func setCached(_ isCached: Bool) {
    for suffix in Self.suffixes {
      if isCached { unsafe lim_warm(fixture + suffix) } else { unsafe lim_evict(fixture + suffix) }
    }
  }
}
