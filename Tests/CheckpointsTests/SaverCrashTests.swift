import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a saver killed at any moment leaves what stood there or the new checkpoint, whole: over
/// several files, in the older format, and while it deletes.
@Suite struct SaverCrashTests {
  private let others: SavingProcess

  init() throws { others = try SavingProcess() }

  private func save(_ value: Int, _ way: String, to prefix: String, killedAt call: Int)
    throws -> ChildProcess.Outcome
  {
    let outcome = try ChildProcess.run("crashing-saver", [prefix, "\(value)", "1", way, "\(call)"])
    #expect(outcome.wasKilled || outcome.status == 0, "\(outcome.errors)")
    return outcome
  }

  /// Runs a body for each call at which a save can be killed, in a new directory each time.
  private func killEverywhere(
    _ way: String, after prepare: (TemporaryDirectory) throws -> Void,
    _ body: (TemporaryDirectory, Int) throws -> Void
  ) throws {
    let first = try TemporaryDirectory("crash")
    try prepare(first)
    let output = try save(2, way, to: first.path("model"), killedAt: .max).output
    let count = try #require(Int(output.dropLast()))
    #expect(count > 10)
    for call in TestCases.every(5, of: 0..<count) {
      let directory = try TemporaryDirectory("crash")
      try prepare(directory)
      #expect(try save(2, way, to: directory.path("model"), killedAt: call).wasKilled)
      try body(directory, call)
    }
  }

  @Test(arguments: ["sharded", "v1"], [false, true])
  func `keeps the old checkpoint or has the new one, wherever it is killed`(
    way: String, isOver: Bool
  ) throws {
    try killEverywhere(way) { directory in
      if isOver { try others.save(1, way, to: directory.path("model")) }
    } _: { directory, call in
      let left = try oneValue(directory.path("model"))
      #expect(left == 2 || left == (isOver ? 1 : nil), "call \(call)")
      if let latest = try CheckpointDirectory(directory.path).latest() {
        #expect(latest == directory.path("model"))
      }
      // One file each of the older format; an index and three data files of the newer.
      try others.save(3, way, to: directory.path("next"))
      #expect(try oneValue(directory.path("model")) == left, "call \(call)")
      try others.save(4, way, to: directory.path("model"))
      #expect(try oneValue(directory.path("model")) == 4, "call \(call)")
      #expect(directory.names.count == (way == "v1" ? 3 : 9), "call \(call): \(directory.names)")
    }
  }

  // Several files cannot appear in one step, and there is no index: some may be there, and say so.
  @Test(arguments: [true, false])
  func `has all files of the older format or an error, until the next save`(isSame: Bool) throws {
    try killEverywhere("shardedV1") { _ in
    } _: { directory, call in
      let path = directory.path("model-?????-of-00002")
      let files = directory.names.filter { $0.hasPrefix("model-") && $0.hasSuffix("-of-00002") }
      if files.count == 2 {
        #expect(try oneValue(path) == 2, "call \(call)")
      } else {
        #expect(throws: CheckpointError.self) { try CheckpointReader(path) }
        let name = isSame ? "model" : "next"
        try others.save(3, "shardedV1", to: directory.path(name))
        #expect(try oneValue(directory.path("\(name)-?????-of-00002")) == 3, "call \(call)")
        let names = ["checkpoint", "\(name)-00000-of-00002", "\(name)-00001-of-00002"]
        #expect(directory.names == names, "call \(call)")
      }
    }
  }

  @Test func `deletes the one before only when the new one stands, and then wholly`() throws {
    try killEverywhere("deleting") { directory in
      try others.save(1, "state", to: directory.path("earlier"))
    } _: { directory, call in
      let (earlier, new) = (
        try oneValue(directory.path("earlier")), try oneValue(directory.path("model"))
      )
      #expect(earlier == 1 || (earlier == nil && new == 2), "call \(call)")
      let latest = try #require(try CheckpointDirectory(directory.path).latest())
      #expect(try oneValue(latest) != nil, "call \(call)")
      try others.save(3, "deleting", to: directory.path("next"))
      let model = new == nil ? [] : ["model.data-00000-of-00001", "model.index"]
      #expect(
        directory.names == ["checkpoint"] + model + ["next.data-00000-of-00001", "next.index"],
        "call \(call)")
    }
  }

  /// Nothing that is complete is lost, though its process died before the state file knew of it.
  @Test(arguments: [0, 1, 2])
  func `goes on from every save that was complete when its process was killed`(before: Int) throws {
    func numbered(_ value: Int, _ directory: TemporaryDirectory, killedAt call: Int) throws
      -> ChildProcess.Outcome
    {
      try save(value, "numbered", to: directory.path("ckpt"), killedAt: call)
    }
    func prepare() throws -> TemporaryDirectory {
      let directory = try TemporaryDirectory("crash")
      for value in 0..<before {
        try others.save(value + 1, "numbered", to: directory.path("ckpt"))
      }
      return directory
    }
    let lines = try numbered(9, prepare(), killedAt: .max).output.split(separator: "\n")
    let count = try #require(lines.last.flatMap { Int($0) })
    var unannounced = 0
    for call in TestCases.every(5, of: 0..<count) {
      let directory = try prepare()
      #expect(try numbered(9, directory, killedAt: call).wasKilled)
      let isComplete = directory.names.contains("ckpt-\(before + 1).index")
      let newest = isComplete ? before + 1 : before
      let path = newest > 0 ? directory.path("ckpt-\(newest)") : nil
      #expect(try CheckpointDirectory(directory.path).latest() == path, "call \(call)")
      if let path { #expect(try value(path, key: "w") == Float(isComplete ? 9 : before)) }
      let state = try CheckpointDirectory.State.read(from: directory.path)?.latest
      if isComplete, state != path { unannounced += 1 }

      let next = try others.save(10, "numbered", to: directory.path("ckpt")).first
      #expect(next == directory.path("ckpt-\(newest + 1)"), "call \(call)")
      #expect(directory.names.count == 2 * (newest + 1) + 1, "call \(call): \(directory.names)")
    }
    #expect(unannounced > (TestCases.areAll ? 3 : 0), "the moments that this is about")
  }

  private func value(_ path: String, key: String) throws -> Float? {
    let key = TensorKey("\(key)/.ATTRIBUTES/VARIABLE_VALUE")
    let values = Set(try Tensor<Float>(CheckpointReader(path).tensor(for: key)).array)
    #expect(values.count == 1, "a mixture of \(values)")
    return values.first
  }
}
