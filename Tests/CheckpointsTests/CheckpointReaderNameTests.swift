import CheckpointStore
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// What `tf.train.load_checkpoint`, `load_variable` and `list_variables` do, done by a reader.
@Suite struct CheckpointReaderNameTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "TensorFlowFixtureTests/Fixtures").path
  private let objects = "\(fixtures)/object/nested-1"

  @Test func `opens the latest checkpoint of a directory`() throws {
    #expect(try CheckpointReader("\(Self.fixtures)/object").path == objects)
    #expect(try CheckpointReader("\(Self.fixtures)/object/").path == objects)
  }

  @Test func `opens a file of a checkpoint, where TensorFlow lists nothing`() throws {
    let entries = try CheckpointReader(objects).entries()
    #expect(!entries.isEmpty)
    #expect(try CheckpointReader("\(objects).index").entries() == entries)
    #expect(try CheckpointReader("\(objects).data-00000-of-00001").entries() == entries)
  }

  @Test func `opens the variables of a SavedModel`() throws {
    let directory = try TemporaryDirectory()
    let w = Variable<Float>(repeating: 1, shape: [2])
    try Saver(["w": w]).save(to: directory.path("model/variables/variables"))
    try FileManager.default.removeItem(atPath: directory.path("model/variables/checkpoint"))
    let reader = try CheckpointReader(directory.path("model"))
    #expect(reader.path == directory.path("model/variables/variables"))
    #expect(try reader.entries().map(\.key) == ["w"])
  }

  @Test func `says what is near where nothing is`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointReader("\(Self.fixtures)/object/nested-2")
    }
    #expect(error?.code == .notACheckpoint)
    #expect(error?.message.contains("nested-1") == true)
  }

  @Test func `cuts a trailing ':0' as load_variable does, but not from a name that has it`() throws
  {
    let directory = try TemporaryDirectory()
    let (one, two) = (Variable<Float>(1), Variable<Float>(2))
    let path = try Saver(["w": one, "b:0": two]).save(to: directory.path("m"))
    let reader = try CheckpointReader(path)
    #expect(try Tensor<Float>(reader.tensor(named: "w:0")).scalar == 1)
    #expect(try Tensor<Float>(reader.tensor(named: "w")).scalar == 1)
    #expect(try Tensor<Float>(reader.tensor(named: "b:0")).scalar == 2)
    let error = #expect(throws: CheckpointError.self) { try reader.tensor(named: "w:1") }
    #expect(error?.code == .notFound)
  }

  @Test func `reads a part of a tensor`() throws {
    let reader = try CheckpointReader("\(Self.fixtures)/worked/sliced")
    let whole = try Tensor<Float>(reader.tensor(named: "w"))
    let slice = TensorSlice(starts: [1, 1], shape: [2, 2])
    let part = try Tensor<Float>(reader.tensor(named: "w", slice: slice))
    #expect(part.array == [whole[1, 1], whole[1, 2], whole[2, 1], whole[2, 2]])
  }

  @Test func `finds the variables of objects by their places and full names`() throws {
    let reader = try CheckpointReader(objects)
    let keys = try #require(try reader.objectGraph()).keyMapping
    var count = 0
    for (name, candidates) in keys {
      if candidates.count == 1 {
        #expect(try reader.key(named: name).description == candidates[0])
        #expect(try reader.key(named: name + ":0").description == candidates[0])
        count += 1
      }
      for key in candidates where key.hasSuffix("/.ATTRIBUTES/VARIABLE_VALUE") {
        let place = String(key.dropLast("/.ATTRIBUTES/VARIABLE_VALUE".count))
        #expect(try reader.key(named: place).description == key)
      }
    }
    #expect(count > 0)
  }

  @Test func `refuses a full name that several variables have`() throws {
    let directory = try TemporaryDirectory()
    let (one, two) = (Variable<Float>(1, name: "Variable"), Variable<Float>(2, name: "Variable"))
    let path = try Checkpoint(["one": one, "two": two]).save(to: directory.path("ckpt"))
    let reader = try CheckpointReader(path)
    let error = #expect(throws: CheckpointError.self) { try reader.tensor(named: "Variable") }
    #expect(error?.code == .ambiguousName)
    #expect(error?.message.hasPrefix("2 saved variables have this name: 'one/") == true)
    #expect(try Tensor<Float>(reader.tensor(named: "two")).scalar == 2)
  }

  @Test func `lists names, dtypes and shapes in byte order, as list_variables does`() throws {
    let entries = try CheckpointReader("\(Self.fixtures)/worked/two_tensors").entries()
    #expect(entries.map(\.key) == ["a", "b"])
    #expect(entries.map(\.spec.description) == ["int64[]", "float32[2]"])
  }
}
