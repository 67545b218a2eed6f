import Checkpoints
import Foundation

/// Measures saving and restoring, in release builds.
///
///     swift run -c release checkpoint-benchmarks [WORKLOAD …]
@main struct CheckpointBenchmarks {
  static func main() throws {
    #if DEBUG
    print("This is a debug build; its figures mean nothing. Use swift run -c release.")
    #endif
    let wanted = Set(CommandLine.arguments.dropFirst())
    let folder = try Folder()
    for workload in Workload.all where wanted.isEmpty || wanted.contains(workload.name) {
      print("\(workload.name): \(workload.title)")
      try workload.run(folder)
    }
  }
}

/// A directory for the files of a run, removed at the end.
final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("checkpoint-benchmarks-\(getpid())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { "\(path)/\(name)" }
}
