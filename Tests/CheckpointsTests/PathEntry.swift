import CheckpointPlans
import CheckpointTensors
import CheckpointStore
import CheckpointSlices
import CheckpointSafetensors
import CheckpointMapping
import CheckpointGraph
import CheckpointBundle
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Something that takes a path, or a URL, to a place below a directory.
///
/// Each works on a checkpoint of objects, `m-1`, that lies there with a state file, and the files `v1`,
/// `st.safetensors`, `m-1.meta` and `rules.json`.
struct PathEntry: Sendable, CustomTestStringConvertible {
  let name: String
  /// Uses a text that leads to the directory.
  let useText: @Sendable (String) throws -> Void
  /// Uses its URL.
  let useURL: @Sendable (URL) throws -> Void

  var testDescription: String { name }

  static func objects() throws -> Checkpoint {
    try Checkpoint(["v": Variable<Float>([1, 2], name: "v")])
  }

  static func saver() throws -> Saver { try Saver(["v": Variable<Float>([1, 2])]) }

  /// Makes what the entries work on.
  static func prepare(_ directory: String) throws {
    try objects().save(to: "\(directory)/m")
    for (index, name) in ["p", "q"].enumerated() {
      var part = try BundleWriter(prefix: "\(directory)/\(name)")
      try part.add(Tensor<Float>([1]), for: TensorKey("x\(index)"))
      try part.finish()
    }
    var slices = try SlicesWriter(path: "\(directory)/v1")
    try slices.add(Tensor<Float>([1, 2]), for: "v")
    try slices.finish()
    var tensors = try SafetensorsWriter("\(directory)/st.safetensors")
    try tensors.add(Tensor<Float>([1, 2]), for: "v")
    try tensors.finish()
    try "[]".write(toFile: "\(directory)/rules.json", atomically: true, encoding: .utf8)
    try Data([0x22, 0]).write(to: URL(filePath: "\(directory)/m-1.meta"))  // no variables
  }

  static let all: [PathEntry] = objectEntries + saverEntries + directoryEntries + fileEntries

  private static let objectEntries = [
    PathEntry(
      name: "Checkpoint.save",
      useText: { try require(objects().save(to: "\($0)/c").hasSuffix("/c-1")) },
      useURL: {
        try require(objects().save(to: $0.appending(path: "c")).lastPathComponent == "c-1")
      }),
    PathEntry(
      name: "Checkpoint.write", useText: { try objects().write(to: "\($0)/c") },
      useURL: { try objects().write(to: $0.appending(path: "c")) }),
    PathEntry(
      name: "Checkpoint.restore",
      useText: { try objects().restore(from: "\($0)/m-1").assertConsumed() },
      useURL: { try objects().restore(from: $0.appending(path: "m-1")).assertConsumed() }),
    PathEntry(
      name: "Checkpoint.read", useText: { try objects().read(from: "\($0)/m-1").expectPartial() },
      useURL: { try objects().read(from: $0.appending(path: "m-1")).expectPartial() }),
    PathEntry(
      name: "Checkpoint.compare", useText: { _ = try objects().compare(with: "\($0)/m-1") },
      useURL: { _ = try objects().compare(with: $0.appending(path: "m-1")) }),
    PathEntry(
      name: "ObjectGraph",
      useText: { _ = try (ObjectGraph(at: "\($0)/m-1"), ObjectGraph.keyMapping(at: "\($0)/m-1")) },
      useURL: { url in
        let url = url.appending(path: "m-1")
        _ = try (ObjectGraph(at: url), ObjectGraph.keyMapping(at: url))
      }),
  ]

  private static let saverEntries = [
    PathEntry(
      name: "Saver.save",
      useText: { try require(saver().save(to: "\($0)/s", step: 3).hasSuffix("/s-3")) },
      useURL: { url in
        let saved = try saver().save(to: url.appending(path: "s"), step: 3)
        try require(saved.lastPathComponent == "s-3")
      }),
    PathEntry(
      name: "Saver.restore", useText: { try saver().restore(from: "\($0)/v1") },
      useURL: { try saver().restore(from: $0.appending(path: "v1")) }),
    PathEntry(
      name: "Saver.recoverHistory(in:)",
      useText: { text in
        let saver = try saver()
        try saver.recoverHistory(in: text, named: "m")
        try require(saver.checkpoints.count == 1)
      },
      useURL: { url in
        let saver = try saver()
        try saver.recoverHistory(in: url, named: "m")
        try require(saver.checkpoints.count == 1)
      }),
    PathEntry(
      name: "Saver.recoverHistory(from:)",
      useText: { text in
        let saver = try saver()
        try saver.recoverHistory(from: ["\(text)/m-1"])
        try require(saver.checkpoints.count == 1)
      },
      useURL: { url in
        let saver = try saver()
        try saver.recoverHistory(from: [url.appending(path: "m-1")])
        saver.setHistory([])
        try saver.setHistory([url.appending(path: "m-1")])
        try require(saver.checkpoints.count == 1)
      }),
  ]

  private static let directoryEntries = [
    PathEntry(
      name: "CheckpointManager",
      useText: { text in
        let manager = try CheckpointManager(objects(), directory: text, name: "m", retention: .all)
        try manager.pin("\(text)/m-1")
        try manager.record(["loss": 1], for: "\(text)/m-1")
        try manager.unpin("\(text)/m-1")
        try require(manager.save()?.path.hasPrefix("/") == true)
      },
      useURL: { url in
        let manager = try CheckpointManager(objects(), directory: url, name: "m", retention: .all)
        try manager.pin(url.appending(path: "m-1"))
        try manager.record(["loss": 1], for: url.appending(path: "m-1"))
        try manager.unpin(url.appending(path: "m-1"))
        try manager.save()
      }),
    PathEntry(
      name: "CheckpointDirectory",
      useText: { try require(CheckpointDirectory($0).latest()?.hasPrefix("/") == true) },
      useURL: { try require(CheckpointDirectory($0).latest()?.hasPrefix("/") == true) }),
    PathEntry(
      name: "CheckpointDirectory.State.read",
      useText: {
        try require(CheckpointDirectory.State.read(from: $0)?.latest.hasPrefix("/") == true)
      },
      useURL: {
        try require(CheckpointDirectory.State.read(from: $0)?.latest.hasPrefix("/") == true)
      }),
    PathEntry(
      name: "CheckpointDirectory.State.write",
      useText: { try CheckpointDirectory.State(latest: "\($0)/m-1").write(to: $0) },
      useURL: { try CheckpointDirectory.State(latest: $0.path + "/m-1").write(to: $0) }),
    PathEntry(
      name: "CheckpointDirectory.Files",
      useText: { try CheckpointDirectory.Files(of: "\($0)/m-1").remove() },
      useURL: { try CheckpointDirectory.Files(of: $0.appending(path: "m-1")).remove() }),
    PathEntry(
      name: "CheckpointDirectory.Files.modificationTimes",
      useText: { text in
        let times = try CheckpointDirectory.Files.modificationTimes(of: ["\(text)/m-1"])
        try require(times["\(text)/m-1"] != nil)
      },
      useURL: { url in
        let url = url.appending(path: "m-1")
        try require(CheckpointDirectory.Files.modificationTimes(of: [url])[url] != nil)
      }),
    PathEntry(
      name: "CheckpointDirectory.Audit",
      useText: { try require(CheckpointDirectory.Audit(of: $0).directory.hasPrefix("/")) },
      useURL: { try require(CheckpointDirectory.Audit(of: $0).directory.hasPrefix("/")) }),
  ]

  private static let fileEntries = [
    PathEntry(
      name: "CheckpointReader",
      useText: { text in
        try require(CheckpointReader(text).path.hasPrefix("/"))
        try require(CheckpointReader.format(at: "\(text)/m-1") == .v2)
      },
      useURL: { url in
        _ = try CheckpointReader(url)
        try require(CheckpointReader.format(at: url.appending(path: "m-1")) == .v2)
      }),
    PathEntry(
      name: "Verification", useText: { try require(Verification(of: "\($0)/m-1").isIntact) },
      useURL: { try require(Verification(of: $0.appending(path: "m-1")).isIntact) }),
    PathEntry(
      name: "MetaGraphSummary", useText: { _ = try MetaGraphSummary(contentsOf: "\($0)/m-1.meta") },
      useURL: { _ = try MetaGraphSummary(contentsOf: $0.appending(path: "m-1.meta")) }),
    PathEntry(
      name: "KeyMapping", useText: { _ = try KeyMapping(jsonFile: "\($0)/rules.json") },
      useURL: { _ = try KeyMapping(jsonFile: $0.appending(path: "rules.json")) }),
    PathEntry(
      name: "CheckpointConversion",
      useText: { text in
        try CheckpointConversion(from: "\(text)/v1", to: "\(text)/x.safetensors").run()
        try CheckpointConversion(merging: ["\(text)/v1"], to: "\(text)/y").run()
      },
      useURL: { url in
        let (from, to) = (url.appending(path: "v1"), url.appending(path: "x.safetensors"))
        try CheckpointConversion(from: from, to: to).run()
        try CheckpointConversion(merging: [from], to: url.appending(path: "y")).run()
      }),
    PathEntry(
      name: "CheckpointWriter",
      useText: { text in
        var writer = try CheckpointWriter(to: "\(text)/b")
        try writer.add(Tensor<Float>([1]), for: "v")
        try writer.finish()
      },
      useURL: { url in
        var writer = try CheckpointWriter(to: url.appending(path: "b"))
        try writer.add(Tensor<Float>([1]), for: "v")
        try writer.finish()
      }),
    PathEntry(
      name: "CheckpointWriter of other formats",
      useText: { text in
        for (name, format) in [("s", CheckpointFormat.v1), ("a.safetensors", .safetensors)] {
          var writer = try CheckpointWriter(
            to: "\(text)/\(name)", options: SaveOptions(format: format))
          try writer.add(Tensor<Float>([1]), for: "v")
          try writer.finish()
        }
      },
      useURL: { url in
        for (name, format) in [("s", CheckpointFormat.v1), ("a.safetensors", .safetensors)] {
          var writer = try CheckpointWriter(
            to: url.appending(path: name), options: SaveOptions(format: format))
          try writer.add(Tensor<Float>([1]), for: "v")
          try writer.finish()
        }
      }),
    PathEntry(
      name: "CheckpointConversion.merge",
      useText: { try CheckpointConversion.merge(["\($0)/p", "\($0)/q"], into: "\($0)/pq") },
      useURL: { url in
        try CheckpointConversion.merge(
          [url.appending(path: "p"), url.appending(path: "q")], into: url.appending(path: "pq"))
      }),
    PathEntry(
      name: "CheckpointConversion.rename",
      useText: { try CheckpointConversion.rename(["x0": "y"], in: "\($0)/p") },
      useURL: { try CheckpointConversion.rename(["x0": "y"], in: $0.appending(path: "p")) }),
  ]

  private struct Unexpected: Error {}

  private static func require(_ condition: @autoclosure () throws -> Bool) throws {
    guard try condition() else { throw Unexpected() }
  }
}
