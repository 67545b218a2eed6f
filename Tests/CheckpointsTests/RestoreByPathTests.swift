import CheckpointTensors
import CheckpointPlans
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that whatever leads a reader to a checkpoint leads a restore to it.
@Suite struct RestoreByPathTests {
  private let directory: TemporaryDirectory
  private let w = Variable<Float>([1, 2], name: "w")

  init() throws { directory = try TemporaryDirectory("by-path") }

  private func path(_ name: String) -> String { directory.path(name) }

  /// Restores in both ways, over other values.
  private func expectRestored(_ name: String, from found: String, note: String?) throws {
    w.value = Tensor(repeating: 0, shape: [2])
    let checkpoint = try Checkpoint(["w": w])
    let status = try checkpoint.restore(from: path(name))
    #expect(w.value.array == [1, 2])
    #expect(status.path == path(found))
    #expect(status.note == note)
    try status.assertExistingObjectsMatched()

    w.value = Tensor(repeating: 0, shape: [2])
    try checkpoint.read(from: path(name)).expectPartial()
    #expect(w.value.array == [1, 2])
    #expect(try checkpoint.compare(with: path(name)).mismatched.isEmpty)

    w.value = Tensor(repeating: 0, shape: [2])
    let report = try Saver([w]).restore(from: path(name))
    #expect(w.value.array == [1, 2])
    #expect(report.path == path(found))
    #expect(report.note == note)
    #expect(try report.unused().count <= 2)
  }

  @Test(arguments: ["run", "run/"])
  func `a directory is its newest checkpoint`(name: String) throws {
    let checkpoint = try Checkpoint(["w": w])
    for _ in 1...3 { try checkpoint.save(to: path("run/ckpt")) }
    let note = "the latest checkpoint in \(path("run")) is \(path("run/ckpt-3"))"
    try expectRestored(name, from: "run/ckpt-3", note: note)
  }

  @Test func `of a directory the newest that the state file does not know yet`() throws {
    let checkpoint = try Checkpoint(["w": w])
    for _ in 1...2 { try checkpoint.save(to: path("run/ckpt")) }
    let state = try directory.bytes("run/checkpoint")
    let time = try #require(
      try FileManager.default.attributesOfItem(atPath: path("run/checkpoint"))[.modificationDate]
        as? Date)
    try checkpoint.save(to: path("run/ckpt"))
    try directory.write(state, to: "run/checkpoint")
    try FileManager.default.setAttributes(
      [.modificationDate: time], ofItemAtPath: path("run/checkpoint"))
    try FileManager.default.setAttributes(
      [.modificationDate: time.addingTimeInterval(5)], ofItemAtPath: path("run/ckpt-3.index"))
    let note =
      "the latest checkpoint in \(path("run")) is \(path("run/ckpt-3")), which its state file does "
      + "not know yet"
    try expectRestored("run", from: "run/ckpt-3", note: note)
  }

  @Test(arguments: ["", ".index", ".data-00000-of-00001"])
  func `a file is its checkpoint`(suffix: String) throws {
    try Checkpoint(["w": w]).write(to: path("run/m"))
    let file = path("run/m\(suffix)")
    let note = suffix.isEmpty ? nil : "\(file) is a file of the checkpoint \(path("run/m"))"
    try expectRestored("run/m\(suffix)", from: "run/m", note: note)
  }

  @Test func `a SavedModel is its variables`() throws {
    try Checkpoint(["w": w]).write(to: path("model/variables/variables"))
    let found = path("model/variables/variables")
    try expectRestored(
      "model", from: "model/variables/variables",
      note: "\(path("model")) is a SavedModel; its variables are \(found)")
  }

  @Test(arguments: ["m", "m-?????-of-00002", "m-00001-of-00002"])
  func `a file of the older format is all of its files`(name: String) throws {
    var options = SaveOptions()
    (options.format, options.sharding) = (.v1, .count(2))
    try Saver(["w": w, "v": Variable<Float>([3])], options: options).save(to: path("m"))
    w.value = Tensor(repeating: 0, shape: [2])
    let report = try Saver([w]).restore(from: path(name))
    #expect(w.value.array == [1, 2])
    #expect(report.path == path("m-?????-of-00002"))
    #expect((report.note == nil) == name.contains("?"))
  }

  @Test func `a directory without a checkpoint says what it has`() throws {
    try directory.write("notes".utf8, to: "notes.txt")
    let error = #expect(throws: CheckpointError.self) {
      try Saver([w]).restore(from: directory.path)
    }
    #expect(error?.code == .notACheckpoint)
    let other = #expect(throws: CheckpointError.self) {
      try Checkpoint(["w": w]).restore(from: directory.path)
    }
    #expect(other?.description == error?.description)
  }
}
