import CheckpointBundle
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Foundation

/// Good examples to begin with: files that TensorFlow wrote, as the fixtures have them, and what this library
/// writes where TensorFlow has no such file.
enum FuzzSeeds {
  private static let tests = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let fixtures = tests.appending(path: "TensorFlowFixtureTests/Fixtures")

  // The contents of fixtures, in the order of their paths.
  private static func files(
    in directory: String = "", where isWanted: (URL) -> Bool
  ) throws -> [[UInt8]] {
    let directory = fixtures.appending(path: directory)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path).sorted()
    return try paths.map { directory.appending(path: $0) }
      .filter {
        try isWanted($0) && $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
      }
      .map { Array(try Data(contentsOf: $0)) }
  }

  /// Indexes of bundles.
  static func tables() throws -> [[UInt8]] { try files { $0.pathExtension == "index" } }

  /// Files of V1.
  static func slices() throws -> [[UInt8]] {
    try files(in: "v1") { url in
      let name = url.lastPathComponent
      return url.pathExtension == "" && name != "checkpoint" || name.contains("ckpt-")
    }.filter { $0.suffix(8).elementsEqual([0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]) }
  }

  /// Graphs in checkpoints of objects.
  static func graphs() throws -> [[UInt8]] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: fixtures.path).sorted()
    return try paths.filter { $0.hasSuffix(".index") }.compactMap { path in
      let prefix = fixtures.appending(path: path).deletingPathExtension().path
      let reader = try BundleReader(prefix: prefix)
      guard try reader.entry(for: TensorKey(ObjectGraph.key)) != nil else { return nil }
      return try reader.tensor(for: TensorKey(ObjectGraph.key)).strings?.first
    }
  }

  /// State files.
  static func states() throws -> [[UInt8]] {
    try files { $0.lastPathComponent == "checkpoint" } + [stateOfManyPaths].map { Array($0.utf8) }
  }

  /// `.meta` files.
  static func metaGraphs() throws -> [[UInt8]] { try files { $0.pathExtension == "meta" } }

  private static let stateOfManyPaths = """
    # A comment
    model_checkpoint_path: 'run/ckpt-7' "\\x41\\101\\n"
    all_model_checkpoint_paths: ["/run/ckpt-6", "file:///run/ckpt%207"];
    all_model_checkpoint_timestamps: [1.5e9, -inf, nan, 0x10, 017f],
    last_preserved_timestamp: 1600000000.25

    """
}
