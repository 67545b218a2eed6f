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
  /// The prefix of the checkpoint that is read; of the first of the parts that are merged.
  let fixture: String
  /// The prefix of the checkpoint that a run writes.
  let output: String
  /// The model directory that is read, if the workload has one.
  let model: String
  private let directory: String

  init(_ workload: Workload, folder: String) {
    directory = "\(folder)/\(workload.fixture)"
    fixture = workload.parts == nil ? "\(directory)/ckpt" : Self.part(0, in: directory)
    output = "\(folder)/\(workload.name)-\(getpid())"
    model = "\(folder)/\(workload.name)/model"
  }

  /// The prefix of one of the parts that are merged.
  func part(_ number: Int) -> String { Self.part(number, in: directory) }

  /// The same in another directory.
  static func part(_ number: Int, in directory: String) -> String {
    "\(directory)/\(partName(number))"
  }

  /// What a part is called: its number has five digits.
  static func partName(_ number: Int) -> String {
    "\(partStem)\(String(100_000 + number).dropFirst())"
  }

  /// What the names of parts begin with.
  static let partStem = "part-"

  /// What the names of the files of a checkpoint in one data file end in.
  static let suffixes = [".index", ".data-00000-of-00001"]

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
