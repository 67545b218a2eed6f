import CheckpointIO
import CheckpointGraph
import CheckpointTensors
import Checkpoints
import Testing

/// Proves that the tables that TensorFlow saved are restored, both tensors of each.
///
/// `make_table_fixtures.py` says what they hold.
@Suite struct TableTests {
  private final class Table: TensorGroup {
    let attributeName: String? = "table"
    let groupTensors = [GroupTensor("-keys", .string), GroupTensor("-values", .int64)]
    private(set) var numbers: [String: Int64] = [:]

    func serializeToTensors() -> [AnyTensor] {
      [
        AnyTensor(Tensor(numbers.map(\.key))), AnyTensor(Tensor(numbers.map(\.value))),
      ]
    }

    func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError) {
      let (words, values) = (try Tensor<String>(tensors[0]), try Tensor<Int64>(tensors[1]))
      numbers = Dictionary(zip(words.array, values.array)) { _, last in last }
    }
  }

  private final class Model: Checkpointable {
    let w = Variable<Float>(0)
    let words = Table()
  }

  private let expected: [String: Int64] = ["cat": 7, "dog": -1, "日本": 3]
  private let folder = "\(Fixture.folder)/table"

  @Test func `restores a table of an object-based checkpoint`() throws {
    let model = Model()
    try Checkpoint(["model": model]).read(from: "\(folder)/objects").assertConsumed()
    #expect(model.words.numbers == expected)
    #expect(model.w.scalar == 1)
  }

  @Test func `restores a table that a saver has named`() throws {
    let (w, words) = (Variable<Float>(0), Table())
    let saver = try Saver(["w": w], groups: ["words": words])
    try saver.restore(from: "\(folder)/names")
    #expect(words.numbers == expected)
    #expect(w.scalar == 1)
  }

  @Test func `restores a table by its place from a checkpoint without objects`() throws {
    let model = Model()
    try Checkpoint(model).read(from: "\(folder)/names").assertConsumed()
    #expect(model.words.numbers == expected)
  }
}
