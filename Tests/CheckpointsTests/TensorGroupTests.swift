import CheckpointTensors
import CheckpointStore
import CheckpointPlans
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that the tensors of one object are saved at one moment, and restored together or not at all.
@Suite struct TensorGroupTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A table of numbers by words, as TensorFlow's: of any size.
  private final class Table: TensorGroup {
    var entries: KeyValuePairs<String, Int64>
    let attributeName: String?
    let groupTensors = [GroupTensor("-keys", .string), GroupTensor("-values", .int64)]
    private(set) var asked = 0
    var hasTooMany = false

    init(_ entries: KeyValuePairs<String, Int64> = [:], attribute: String? = "table") {
      self.entries = entries
      attributeName = attribute
    }

    func serializeToTensors() -> [AnyTensor] {
      asked += 1
      let tensors = [
        AnyTensor(Tensor(entries.map(\.key))), AnyTensor(Tensor(entries.map(\.value))),
      ]
      return hasTooMany ? tensors + tensors : tensors
    }

    func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError) {
      let (keys, values) = (try Tensor<String>(tensors[0]), try Tensor<Int64>(tensors[1]))
      guard keys.shape == values.shape else {
        throw CheckpointError(.mismatch, "\(keys.shape) keys, \(values.shape) values")
      }
      text = zip(keys.array, values.array).map { "\($0)=\($1)" }.joined(separator: " ")
    }

    /// What has been restored.
    private(set) var text: String?
  }

  private let words: KeyValuePairs<String, Int64> = ["cat": 7, "dog": -1, "日本": 3]

  private func keys(of path: String) throws -> [String] {
    try CheckpointReader(path).entries().map(\.key.description)
  }

  private func failure(_ body: () throws -> Void) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try body() }
  }

  // MARK: Objects

  @Test(arguments: ["table", nil])
  func `an object of several tensors is restored, whatever its size`(attribute: String?) throws {
    let saved = try Checkpoint(["model": Table(words, attribute: attribute)])
    let path = try saved.write(to: directory.path("ckpt"))
    let prefix = "model/.ATTRIBUTES/\(attribute ?? "")"
    #expect(try keys(of: path).contains("\(prefix)-keys"))
    let graph = try ObjectGraph(at: path)
    let attributes = try #require(graph.node(at: "model").map { graph.nodes[$0].attributes })
    #expect(attributes.map(\.name) == (attribute.map { [$0] } ?? ["-keys", "-values"]))
    #expect(attributes.allSatisfy { $0.fullName == "" })

    let table = Table(["other": 0], attribute: attribute)
    try Checkpoint(["model": table]).read(from: path).assertConsumed()
    #expect(table.text == "cat=7 dog=-1 日本=3")
  }

  @Test func `the tensors are asked for once a save, in the foreground and in the background`()
    async throws
  {
    let table = Table(words)
    let checkpoint = try Checkpoint(["model": table])
    try checkpoint.write(to: directory.path("ckpt"))
    #expect(table.asked == 1)
    let manager = try CheckpointManager(
      checkpoint, directory: directory.path("run"), retention: .all)
    try manager.saveInBackground()
    try manager.waitUntilFinished()
    #expect(table.asked == 2)
    let other = Table()
    try Checkpoint(["model": other]).restore(from: manager.latest).assertConsumed()
    #expect(other.text == "cat=7 dog=-1 日本=3")
  }

  @Test func `an object that comes later is restored as a whole`() throws {
    let path = try Checkpoint(["model": Table(words)]).write(to: directory.path("ckpt"))
    let checkpoint = try Checkpoint([:])
    let status = try checkpoint.read(from: path)
    #expect(status.deferred == ["model"])
    let table = Table()
    try checkpoint.track(table, as: "model")
    #expect(table.text == "cat=7 dog=-1 日本=3")
    try status.assertConsumed()
  }

  @Test func `attributes of an object are restored all or none`() throws {
    final class Pair: Checkpointable {
      var offsets = Tensor<Float>([1, 2])
      var scale = 0.5
      let hasScale: Bool
      init(hasScale: Bool = true) { self.hasScale = hasScale }
      func registerDependencies(in registrar: inout DependencyRegistrar) {
        registrar.attribute("offsets", of: self, \.offsets)
        if hasScale { registrar.attribute("scale", of: self, \.scale) }
      }
    }
    let whole = try Checkpoint(["a": Pair()]).write(to: directory.path("whole"))
    #expect(try keys(of: whole).dropFirst() == ["a/.ATTRIBUTES/offsets", "a/.ATTRIBUTES/scale"])
    let part = try Checkpoint(["a": Pair(hasScale: false)]).write(to: directory.path("part"))
    let pair = Pair()
    (pair.offsets, pair.scale) = (Tensor([0, 0]), 0)
    let error = failure { try Checkpoint(["a": pair]).read(from: part).assertConsumed() }
    #expect(error?.code == .notFound)
    #expect(pair.offsets.array == [0, 0])
    let status = try Checkpoint(["a": pair]).read(from: part, options: RestoreOptions(.partial))
    #expect(status.missing == ["a"])
    #expect(pair.offsets.array == [0, 0])
    try Checkpoint(["a": pair]).read(from: whole).assertConsumed()
    #expect(pair.offsets.array == [1, 2] && pair.scale == 0.5)
  }

  @Test func `a name-based checkpoint has the tensors under the object's place`() throws {
    let path = try Saver([:], groups: ["model/words": Table(words)]).save(to: directory.path("m"))
    for attribute in ["table", nil] {
      let table = Table(attribute: attribute)
      let model = TestModule(["words": table])
      try Checkpoint(["model": model]).read(from: path).assertConsumed()
      #expect(table.text == "cat=7 dog=-1 日本=3")
    }
  }

  private final class TestModule: Checkpointable {
    let children: KeyValuePairs<String, any Checkpointable>
    init(_ children: KeyValuePairs<String, any Checkpointable>) { self.children = children }
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      for (name, child) in children { registrar.track(child, as: name) }
    }
  }

  private final class Pair: Checkpointable {
    var offsets: Tensor<Float>
    var scale: Double
    init(_ offsets: [Float] = [0, 0], _ scale: Double = 0) {
      (self.offsets, self.scale) = (Tensor(offsets), scale)
    }
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self)
      registrar.attribute("offsets", of: self, \.offsets)  // settles the property of that label
      registrar.attribute("scale", of: self, \.scale)
    }
  }

  @Test(arguments: [RestoreOptions(.matching), RestoreOptions(.partial)])
  func `attributes are left out together`(options: RestoreOptions) throws {
    let (w, pair) = (Variable<Float>(0), Pair())
    let path = try Checkpoint(["a": Pair([1, 2, 3], 5), "w": Variable<Float>(7)])
      .write(to: directory.path("ckpt"))
    let checkpoint = try Checkpoint(["a": pair, "w": w])
    let status =
      options.completeness == .matching ? try checkpoint.read(from: path, options: options) : nil
    guard let status else {
      #expect(failure { try checkpoint.read(from: path, options: options).expectPartial() } != nil)
      return
    }
    #expect(w.scalar == 7)
    #expect(pair.offsets.array == [0, 0] && pair.scale == 0)
    #expect(status.restored == ["w"])
    #expect(Set(status.missing) == ["a"])
    #expect(failure { try status.assertConsumed() } != nil)
    #expect(failure { try status.assertExistingObjectsMatched() } != nil)
  }

  private final class Empty: TensorGroup {
    let groupTensors: [GroupTensor] = []
    func serializeToTensors() -> [AnyTensor] { [] }
    func restoreFromTensors(_ tensors: [AnyTensor]) {}
  }

  @Test func `refuses a group without tensors`() throws {
    #expect(failure { _ = try Checkpoint(["empty": Empty()]) }?.code == .invalidArgument)
    #expect(failure { _ = try Saver([:], groups: ["empty": Empty()]) }?.code == .invalidArgument)
  }

  private final class Both: TensorGroup, StateRepresentable {
    let groupTensors = [GroupTensor("a", .float32)]
    func serializeToTensors() -> [AnyTensor] { [AnyTensor(Tensor<Float>(7))] }
    func restoreFromTensors(_ tensors: [AnyTensor]) {}
    func stateBytes() -> [UInt8] { [1] }
    func restoreState(_ bytes: [UInt8]) {}
    func registerDependencies(in registrar: inout DependencyRegistrar) {}
  }

  @Test func `refuses an object that is several kinds of value`() throws {
    let error = failure { _ = try Checkpoint(["both": Both()]) }
    #expect(error?.code == .invalidArgument && error?.key == "both")
  }

  // MARK: What is refused

  private final class Odd: Checkpointable {
    var number: Float = 0
    let names: [String]
    init(_ names: [String]) { self.names = names }
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      for name in names { registrar.attribute(name, of: self, \.number) }
    }
  }

  @Test(arguments: [["a.b"], ["a/b"], [""], ["a", "a"]])
  func `refuses names of attributes that cannot be restored`(names: [String]) throws {
    let error = failure { try Checkpoint(["odd": Odd(names)]).write(to: directory.path("ckpt")) }
    #expect(error?.code == (names.count == 2 ? .duplicateName : .invalidArgument))
    #expect(error?.description.contains("odd") == true)
  }

  @Test func `refuses tensors that the object has not announced`() throws {
    let table = Table(words)
    table.hasTooMany = true
    let error = failure { try Checkpoint(["t": table]).write(to: directory.path("ckpt")) }
    #expect(error?.code == .mismatch)
    #expect(error?.key?.hasPrefix("t/") == true)
    #expect(failure { try Saver([:], groups: ["t": table]).save(to: directory.path("m")) } != nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
  }

  private final class Offsets: TensorGroup {
    let groupTensors = [GroupTensor("offsets", .float32, shape: [2])]
    let value: AnyTensor
    init(_ value: AnyTensor) { self.value = value }
    func serializeToTensors() -> [AnyTensor] { [value] }
    func restoreFromTensors(_ tensors: [AnyTensor]) {}
  }

  @Test(arguments: [AnyTensor(Tensor<Float>([1, 2, 3])), AnyTensor(Tensor<Double>([1, 2]))])
  func `refuses a tensor of another shape or dtype than announced, and says which`(value: AnyTensor)
    throws
  {
    let error = failure {
      try Checkpoint(["a": Offsets(value)]).write(to: directory.path("ckpt"))
    }
    #expect(error?.code == .mismatch)
    #expect(error?.key?.hasPrefix("a/") == true)
    #expect(
      error?.message
        == "the tensor 'offsets' of Offsets is \(value.spec), and groupTensors announces float32[2]"
    )
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
  }

  @Test func `refuses names of tensors that occur twice`() throws {
    let keys = Variable<Float>(0)
    let twice = failure { _ = try Saver(["t-keys": keys], groups: ["t": Table()]) }
    #expect(twice?.code == .duplicateName)
    let table = Table()
    #expect(
      failure { _ = try Saver([:], groups: ["a": table, "b": table]) }?.code == .duplicateName)
  }

  // MARK: Savers

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `a saver stores a group under its name and the tensors' own`(format: CheckpointFormat) throws
  {
    var options = SaveOptions()
    options.format = format
    let (a, z) = (Variable<Float>(1), Variable<Float>(2))
    let saver = try Saver(["a": a, "z": z], groups: ["words": Table(words)], options: options)
    let path = try saver.save(to: directory.path("m"))
    #expect(try Set(keys(of: path)) == ["a", "words-keys", "words-values", "z"])
    let table = Table()
    try Saver(["a": a, "z": z], groups: ["words": table]).restore(from: path)
    #expect(table.text == "cat=7 dog=-1 日本=3")
  }

  @Test func `a saver leaves a group alone of which a tensor is missing`() throws {
    let path = try Saver(["words-keys": Variable(["cat"])]).save(to: directory.path("m"))
    let table = Table()
    let saver = try Saver([:], groups: ["words": table])
    let error = failure { try saver.restore(from: path) }
    #expect(error?.code == .notFound && error?.key == "words-values")
    let report = try saver.restore(from: path, options: RestoreOptions(.partial))
    #expect(report.restored == [] && report.missing == ["words-values"])
    #expect(report.mismatched == ["words-keys"])
    #expect(table.text == nil)
  }

  static let placements: [RestoreOptions.Placement] = [
    .transactional, .replacing, .inPlace, .mapped(),
  ]

  @Test(arguments: placements)
  func `a group that refuses is unchanged`(placement: RestoreOptions.Placement) throws {
    let values: KeyValuePairs<String, any TensorVariable> = [
      "words-keys": Variable(["cat"]), "words-values": Variable<Int64>([1, 2]),
    ]
    let path = try Saver(values).save(to: directory.path("m"))
    let table = Table()
    let error = failure {
      _ = try Saver([:], groups: ["words": table])
        .restore(from: path, options: RestoreOptions(placement: placement))
    }
    #expect(error?.code == .mismatch)
    #expect(table.text == nil)
  }

  @Test func `a group has its values back if another variable refuses`() throws {
    let values: KeyValuePairs<String, any TensorVariable> = [
      "a": Variable<Float>(1), "words-keys": Variable(["new"]),
      "words-values": Variable<Int64>([9]), "z": Variable<Float>(1),
    ]
    let path = try Saver(values).save(to: directory.path("m"))
    let table = Table(words)
    for allowsReshape in [false, true] {
      var options = RestoreOptions()
      options.allowsReshape = allowsReshape
      let error = failure {
        try Saver(["z": Refusing()], groups: ["words": table]).restore(from: path, options: options)
      }
      #expect(error?.description.contains("never") == true)
      #expect(table.text == "cat=7 dog=-1 日本=3")
    }
  }

  private final class Refusing: TensorVariable {
    var tensorSpec: TensorSpec { TensorSpec(.float32, .scalar) }
    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      try tensorSnapshot().withTensorBytes(body)
    }
    func tensorSnapshot() -> AnyTensor { AnyTensor(Tensor<Float>(0)) }
    func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      throw CheckpointError(.mismatch, "never")
    }
  }
}
