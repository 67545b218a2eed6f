import CheckpointMapping
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
@testable import Checkpoints
import Foundation
import Testing

/// The rule sets for old weights, with the names and shapes of published architectures.
@Suite struct RuleSetTests {
  /// An architecture, as `Architectures/architectures.py` has it.
  struct Architecture: Decodable, CustomTestStringConvertible {
    var name = ""
    let ruleSet: String
    let back: String
    let stored: [String: [Int]]
    let dropped: [String]
    let made: [String: [Int]]

    private enum CodingKeys: String, CodingKey {
      case ruleSet = "rule_set", back, stored, dropped, made
    }

    var testDescription: String { name }
    var kept: [String: [Int]] { stored.filter { !dropped.contains($0.key) } }

    static let all: [Architecture] = {
      let folder = DocumentationPage.root.appending(path: "Tests/CheckpointsTests/Architectures")
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
        let data = try? Data(contentsOf: folder.appending(path: name))
        guard let data, var architecture = try? JSONDecoder().decode(Self.self, from: data) else {
          return nil
        }
        architecture.name = String(name.dropLast(5))
        return architecture
      }
    }()

    /// Those that are small; with `CHECKPOINTS_LONG_TESTS` all.
    ///
    /// What is large has more layers of the same kinds.
    static let small = all.filter {
      $0.kept.count < 400 || ProcessInfo.processInfo.environment["CHECKPOINTS_LONG_TESTS"] != nil
    }
  }

  /// What the error of a restore says to somebody who does not know of the sets.
  @Test func `a restore names the set that is made for the checkpoint`() throws {
    let directory = try TemporaryDirectory("rules")
    let kernel = "bert/encoder/layer_0/attention/self/query/kernel"
    var writer = try CheckpointWriter(to: directory.path("bert"))
    try writer.add(Tensor<Float>(shape: [1, 2], scalars: [1, 2]), for: TensorKey(kernel))
    try writer.finish()
    let variable = Variable<Float>(repeating: 0, shape: [2, 1])
    let name = "bert.encoder.layer.0.attention.self.query.weight"
    let error = #expect(throws: CheckpointError.self) {
      try Saver([name: variable]).restore(from: directory.path("bert"))
    }
    #expect(
      error?.message.contains(
        "bert is the rule set for this checkpoint, and has 1 of the 1 missing: restore with mapping: "
          + #"KeyMapping(named: "bert")"#) == true, "\(String(describing: error))")
    try Saver([name: variable]).restore(
      from: directory.path("bert"), mapping: KeyMapping(named: "bert"))
    #expect(variable.value.array == [1, 2])

    let layer = TestModule(["weight": Variable<Float>(repeating: 0, shape: [2, 1])])
    var object = layer
    for step in name.split(separator: ".").dropLast().dropFirst().reversed() {
      object = TestModule([String(step): object])
    }
    let checkpoint = try Checkpoint(["bert": object])
    let other = #expect(throws: CheckpointError.self) {
      try checkpoint.restore(from: directory.path("bert"))
    }
    #expect(
      other?.message.contains(#"KeyMapping(named: "bert").then(.names(.slashed))"#) == true,
      "\(String(describing: other))")
    let half = #expect(throws: CheckpointError.self) {
      try checkpoint.restore(from: directory.path("bert"), mapping: KeyMapping(named: "bert"))
    }
    #expect(half?.message.contains("add .then(.names(.slashed)) to the mapping") == true)
    let mapping = try KeyMapping(named: "bert").then(.names(.slashed))
    try checkpoint.restore(from: directory.path("bert"), mapping: mapping).assertConsumed()
  }

  private static func reader(_ shapes: [String: [Int]]) throws -> MemoryReader {
    var specs: [TensorKey: TensorSpec] = [:]
    for (name, shape) in shapes {
      specs[TensorKey(name)] = TensorSpec(.float32, try TensorShape(stored: shape))
    }
    return MemoryReader(promised: specs)
  }

  private static func shapes(_ preview: KeyMapping.Preview) -> [String: [Int]] {
    Dictionary(
      uniqueKeysWithValues: preview.tensors.map { ($0.name.description, $0.spec.shape.dimensions) })
  }

  private static func difference(_ found: [String: [Int]], _ expected: [String: [Int]]) -> [String]
  {
    Set(found.keys).union(expected.keys).sorted().filter { found[$0] != expected[$0] }.map {
      "\($0): \(found[$0].map { "\($0)" } ?? "not there"), not \(expected[$0].map { "\($0)" } ?? "there")"
    }
  }

  @Test(arguments: TestCases.every(5, of: Architecture.all))
  func `makes every name and shape of an architecture`(_ architecture: Architecture) throws {
    let preview = try KeyMapping(named: architecture.ruleSet)
      .preview(of: Self.reader(architecture.stored))
    #expect(preview.problems.map(\.description) == [])
    #expect(Self.difference(Self.shapes(preview), architecture.made) == [])
    #expect(preview.dropped.map(\.name.description).sorted() == architecture.dropped.sorted())
  }

  @Test(arguments: TestCases.every(5, of: Architecture.all))
  func `leads back to the names and shapes that are kept`(_ architecture: Architecture) throws {
    let preview = try KeyMapping(named: architecture.back)
      .preview(of: Self.reader(architecture.made))
    #expect(preview.problems.map(\.description) == [])
    #expect(Self.difference(Self.shapes(preview), architecture.kept) == [])
    #expect(preview.dropped.isEmpty)
  }

  // Each tensor with different numbers, and at most 3 of each dimension.
  @Test(arguments: TestCases.every(5, of: Architecture.small))
  func `there and back again every value has its place`(_ architecture: Architecture) throws {
    var stored: [TensorKey: AnyTensor] = [:]
    for (number, (name, shape)) in architecture.kept.sorted(by: { $0.key < $1.key }).enumerated() {
      let shape = try TensorShape(stored: Self.small(shape, of: name))
      let scalars = (0..<shape.elementCount).map { Float(number * 1000 + $0) }
      stored[TensorKey(name)] = AnyTensor(Tensor<Float>(shape: shape, scalars: scalars))
    }
    let there = try MappedReader(
      MemoryReader(tensors: stored), KeyMapping(named: architecture.ruleSet))
    let back = try MappedReader(there, KeyMapping(named: architecture.back))
    let entries = try back.entries()
    #expect(entries.map(\.key) == stored.keys.sorted())
    for entry in entries {
      #expect(try back.tensor(for: entry.key) == stored[entry.key], "\(entry.key)")
    }
  }

  private static func small(_ shape: [Int], of name: String) -> [Int] {
    shape.enumerated().map { axis, length in min(length, 2 + axis % 2) }
  }

  @Test(arguments: TestCases.every(5, of: Architecture.all))
  func `is recognised by the names, on both sides`(_ architecture: Architecture) throws {
    let there = try KeyMapping.RuleSet.recognizing(Self.reader(architecture.stored)).map(\.name)
    #expect(there.contains(architecture.ruleSet))
    let back = try KeyMapping.RuleSet.recognizing(Self.reader(architecture.made)).map(\.name)
    #expect(back.contains(architecture.back))
  }

  @Test(arguments: ["mobilenet-v2", "efficientnet"])
  func `moving averages take the place of weights where the authors evaluate with them`(
    ruleSet: String
  ) throws {
    let name =
      ruleSet == "efficientnet" ? "efficientnet-b0/stem/conv2d/kernel" : "MobilenetV2/Conv/weights"
    let average = "\(name)/ExponentialMovingAverage"
    let reader = try Self.reader([name: [3, 3, 3, 32], average: [3, 3, 3, 32]])
    let preview = try KeyMapping(named: ruleSet).preview(of: reader)
    #expect(preview.problems.isEmpty)
    #expect(preview.tensors.flatMap(\.sources).map(\.name) == [TensorKey(average)])
    #expect(preview.dropped.map(\.name) == [TensorKey(name)])
  }

  @Test func `a way back is recognised by what is not there, too`() throws {
    let made = try #require(Architecture.all.first { $0.name == "resnet-v1-101" }).made
    let sets = try KeyMapping.RuleSet.recognizing(Self.reader(made)).map(\.name)
    #expect(sets == ["resnet-v1-101-to-tensorflow"])
  }

  @Test func `other checkpoints are not recognised`() throws {
    let names = ["model/w/.ATTRIBUTES/VARIABLE_VALUE": [2], "dense/kernel": [2, 3], "bert/x": []]
    #expect(try KeyMapping.RuleSet.recognizing(Self.reader(names)).isEmpty)
  }

  @Test func `every set is tested, and has a name of its own`() throws {
    let names = KeyMapping.RuleSet.all.map(\.name)
    #expect(Set(names).count == names.count)
    let tested = Set(Architecture.all.flatMap { [$0.ruleSet, $0.back] })
    #expect(Set(names).subtracting(tested).sorted() == [])
    for name in names { #expect(try !KeyMapping(named: name).rules.isEmpty) }
  }

  @Test func `a name that is none says which there are`() {
    let error = #expect(throws: CheckpointError.self) { try KeyMapping(named: "brt") }
    #expect(error?.code == .notFound)
    #expect(
      error?.message.hasPrefix("there is no rule set 'brt', but bert, bert-to-tensorflow") == true)
  }
}
