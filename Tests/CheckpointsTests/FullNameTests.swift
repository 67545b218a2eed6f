import CheckpointStore
import CheckpointSlices
import CheckpointSafetensors
import CheckpointPlans
import CheckpointMapping
import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Object-based checkpoints restored by name.
@Suite struct FullNameTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func save(_ name: String, _ objects: KeyValuePairs<String, any Checkpointable>) throws
    -> String
  {
    try Checkpoint(objects).write(to: directory.path(name))
  }

  private func key(_ path: String) -> String { "\(path)/.ATTRIBUTES/VARIABLE_VALUE" }

  @Test func `Saver row 78: finds variables by key and by full name, also mixed`() throws {
    let path = try save(
      "m", ["a": Variable<Float>(1, name: "x"), "b": Variable<Float>(2, name: "y")])
    let (a, y) = (Variable<Float>(0), Variable<Float>(0))
    let report = try Saver([key("a"): a, "y": y]).restore(from: path)
    #expect(a.value.scalar == 1 && y.value.scalar == 2)
    #expect(report.mode == .objectBased)
    #expect(try report.unused().contains(TensorKey(key("a"))) == false)
    #expect(try report.unused().contains("x") == false)
    let direct = try Saver([key("a"): a]).restore(from: path)
    #expect(direct.mode == .nameBased)
    let partial = try Saver([key("a"): a, "z": Variable<Float>(0)])
      .restore(from: path, options: RestoreOptions(.partial))
    #expect(partial.mode == .nameBased)
  }

  @Test func `Saver row 79: reads structures one after the other with one saver`() throws {
    let first = try save("first", ["a": Variable<Float>(1, name: "w")])
    let second = try save("second", ["b": TestHolder(Variable<Float>(2, name: "w"))])
    let w = Variable<Float>(0)
    let saver = try Saver(["w": w])
    for (path, value) in [(first, 1), (second, 2), (first, 1)] as [(String, Float)] {
      try saver.restore(from: path)
      #expect(w.value.scalar == value)
    }
  }

  @Test func `Saver row 80: refuses a name that several variables have, if it is asked for`() throws
  {
    let path = try save(
      "m",
      [
        "a": Variable<Float>(1, name: "Variable"), "b": Variable<Float>(2, name: "Variable"),
        "c": Variable<Float>(3, name: "c"),
      ])
    try Saver(["c": Variable<Float>(0)]).restore(from: path)
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["Variable": Variable<Float>(0)]).restore(from: path)
    }
    #expect(error?.code == .ambiguousName)
    #expect(error?.message.contains("'\(key("a"))', '\(key("b"))'") == true)
  }

  @Test func `Saver row 80: takes a name of several variables with equal contents for the first`()
    throws
  {
    let weights = { Variable<Float>([1, .nan], name: "w") }
    let path = try save(
      "m", ["a": weights(), "b": weights(), "c": Variable<Float>(3, name: "c"), "d": weights()])
    let w = Variable<Float>([0, 0])
    try Saver(["w": w]).restore(from: path)
    #expect(w.value.array[0] == 1 && w.value.array[1].isNaN)
    let mapped = try Saver(["new": Variable<Float>([0, 0]), "c": Variable<Float>(0)])
      .restore(from: path, mapping: [.rename(["w": "new"])])
    #expect(try mapped.unused().contains(TensorKey(key("d"))) == false)
    let objects = try Checkpoint(["w": w, "c": Variable<Float>(0)])
    try objects.restore(from: path, mapping: []).assertConsumed()
    let copy = Variable<Float>([0, 0])
    try Saver(["w": w, key("d"): copy]).restore(from: path)
    #expect(copy.value.array[0] == 1)
    #expect(try CheckpointReader(path).key(named: "w").description == key("a"))
  }

  @Test(arguments: [
    (Tensor<Float>([0]), Tensor<Float>([-0.0])),
    (Tensor<Float>([1, 2]), Tensor<Float>(shape: [2, 1], scalars: [1, 2])),
    (Tensor<Float>([1]), Tensor<Float>([1, 1])),
  ])
  func `refuses a name of variables that differ in bytes or shape`(
    values: (Tensor<Float>, Tensor<Float>)
  ) throws {
    let (one, other) = (Variable(values.0, name: "w"), Variable(values.1, name: "w"))
    let path = try save("m", ["a": one, "b": other])
    let error = #expect(throws: CheckpointError.self) {
      try Saver(["w": Variable<Float>(0)]).restore(from: path)
    }
    #expect(error?.code == .ambiguousName)
  }

  @Test(arguments: [nil, 0, 5_000_003] as [Int?])
  func `compares what is too large for one part to its end`(difference: Int?) throws {
    var values = [Float](repeating: 1, count: 5_000_004)
    let one = Variable<Float>(Tensor(shape: [2_500_002, 2], scalars: values), name: "w")
    if let difference { values[difference] = 2 }
    let other = Variable<Float>(Tensor(shape: [2_500_002, 2], scalars: values), name: "w")
    let reader = try CheckpointReader(save("m", ["a": one, "b": other]))
    if difference == nil {
      #expect(try reader.key(named: "w").description == key("a"))
    } else {
      #expect(throws: CheckpointError.self) { try reader.key(named: "w") }
    }
  }

  @Test func `says what is damaged of variables that have one name`() throws {
    let weights = { Variable<Float>([1, 2, 3], name: "w") }
    let path = try save("m", ["a": weights(), "b": weights()])
    var bytes = try directory.bytes("m.data-00000-of-00001")
    bytes[0] ^= 1
    try directory.write(bytes, to: "m.data-00000-of-00001")
    let (saver, w) = (try Saver(["w": Variable<Float>([0, 0, 0])]), Variable<Float>([0, 0, 0]))
    let errors = [
      #expect(throws: CheckpointError.self) { try saver.restore(from: path) },
      #expect(throws: CheckpointError.self) { try saver.restore(from: path, mapping: []) },
      #expect(throws: CheckpointError.self) {
        try Checkpoint(["w": w]).restore(from: path, mapping: []).expectPartial()
      },
    ]
    #expect(errors.map { $0?.code } == [.corrupt, .corrupt, .corrupt])
    #expect(w.value.array == [0, 0, 0])
  }

  @Test func `takes a key before a full name, also through a mapping`() throws {
    let path = try save(
      "m", ["a": Variable<Float>(1, name: key("b")), "b": Variable<Float>([2, 3])])
    let b = Variable<Float>([0, 0])
    try Saver([key("b"): b]).restore(from: path)
    #expect(b.value.array == [2, 3])
    let a = Variable<Float>(0)
    try Saver(["new": a]).restore(from: path, mapping: .names([key("a"): "new"]))
    #expect(a.value.scalar == 1)
  }

  @Test func `restores through a mapping from any format`() throws {
    let value = AnyTensor(Tensor<Float>(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6]))
    var slices = try SlicesWriter(path: directory.path("v1"))
    try slices.add(value, for: "old/w")
    try slices.finish()
    var safetensors = try SafetensorsWriter(directory.path("w.safetensors"))
    try safetensors.add(value, for: "old/w")
    try safetensors.finish()
    try Saver(["old/w": Variable(Tensor<Float>(value))]).save(to: directory.path("v2"))
    let formats =
      [("v1", .v1), ("v2", .v2), ("w.safetensors", .safetensors)]
      as [(String, CheckpointFormat)]
    for (name, format) in formats {
      let path = directory.path(name)
      #expect(try CheckpointReader.format(at: path) == format)
      #expect(try CheckpointReader(path).format == format)
      #expect(try CheckpointReader(path).entries().map(\.key) == ["old/w"])
      #expect(try CheckpointReader(path).objectGraph() == nil)
      for placement in [.transactional, .replacing, .inPlace, .mapped()]
        as [RestoreOptions.Placement]
      {
        let w = Variable<Double>(repeating: 0, shape: [3, 2])
        let mapping: KeyMapping = [
          .prefix("old/", to: "new/"), .transform(.suffix("w"), .transpose([1, 0])),
          .transform(.all, .convert(to: .float64)),
        ]
        let report = try Saver(["new/w": w])
          .restore(from: path, mapping: mapping, options: RestoreOptions(placement: placement))
        #expect(w.value.array == [1, 4, 2, 5, 3, 6])
        #expect(report.mode == .nameBased)
      }
    }
  }

  @Test(arguments: ["nothing", "", "folder"])
  func `says so where there is no checkpoint`(name: String) throws {
    try LocalFileSystem().createDirectory(directory.path("folder"))
    #expect(try CheckpointReader.format(at: directory.path(name)) == nil)
    let error = #expect(throws: CheckpointError.self) { try CheckpointReader(directory.path(name)) }
    #expect(error?.code == .notACheckpoint)
  }
}

private final class TestHolder: Checkpointable {
  let inner: Variable<Float>
  init(_ inner: Variable<Float>) { self.inner = inner }
}
