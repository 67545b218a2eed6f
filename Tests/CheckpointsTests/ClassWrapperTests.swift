import CheckpointGraph
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Testing

/// Proves that property wrappers that are classes, and have names of their own, and arrays that are objects
/// take part as MLX's do.
@Suite struct ClassWrapperTests {
  let directory: TemporaryDirectory
  private var path: String { directory.path("ckpt") }

  init() throws { directory = try TemporaryDirectory("wrappers") }

  /// An array that is an object.
  final class DeviceArray: TensorStorable {
    var elements: [Float]
    init(_ elements: [Float]) { self.elements = elements }

    var tensorSpec: TensorSpec { TensorSpec(.float32, [elements.count]) }

    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    {
      let elements = elements  // the array that is lent stays the same
      return try unsafe body(elements.span.bytes)
    }

    func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      elements = try Tensor<Float>(tensor).array
    }
  }

  /// A wrapper of a module, as `@ModuleInfo(key:)` is one.
  @propertyWrapper final class ModuleInfo<Value>: DependencyWrapper {
    var wrappedValue: Value
    let key: String?

    init(wrappedValue: Value, key: String? = nil) {
      (self.wrappedValue, self.key) = (wrappedValue, key)
    }

    var wrappedDependency: Any { wrappedValue }
    var dependencyName: String? { key }
  }

  final class Linear: Checkpointable {
    let weight: DeviceArray
    var bias: DeviceArray?
    init(_ value: Float, bias: Float? = nil) {
      weight = DeviceArray([value, value])
      self.bias = bias.map { DeviceArray([$0]) }
    }
  }

  final class Attention: Checkpointable {
    @ModuleInfo var query: Linear
    @ModuleInfo var key: Linear
    @ModuleInfo var layers: [Linear]
    @ModuleInfo var gone: Linear?
    init(_ value: Float) {
      _query = ModuleInfo(wrappedValue: Linear(value), key: "q_proj")
      _key = ModuleInfo(wrappedValue: Linear(value + 1, bias: value + 2))
      _layers = ModuleInfo(wrappedValue: [Linear(value + 3), Linear(value + 4)], key: "blocks")
      _gone = ModuleInfo(wrappedValue: nil, key: "gone")
    }
  }

  private func names() throws -> [String] {
    try CheckpointReader(path).entries().map(\.key.description).filter { $0.hasPrefix("model/") }
      .map { $0.replacing("/.ATTRIBUTES/VARIABLE_VALUE", with: "") }
  }

  @Test func `a wrapper's own key is the name`() throws {
    _ = try Checkpoint(["model": Attention(1)]).write(to: path)
    #expect(
      try names() == [
        "model/blocks/0/weight", "model/blocks/1/weight", "model/key/bias", "model/key/weight",
        "model/q_proj/weight",
      ])
    let restored = Attention(100)
    try Checkpoint(["model": restored]).restore(from: path).assertConsumed()
    #expect(restored.query.weight.elements == [1, 1])
    #expect(restored.key.bias?.elements == [3])
    #expect(restored.layers.map(\.weight.elements) == [[4, 4], [5, 5]])
  }

  @Test func `two properties with one key are an error that names both`() throws {
    final class Twice: Checkpointable {
      @ModuleInfo(key: "w") var one = TestModule(["a": Variable<Float>(1)])
      @ModuleInfo(key: "w") var two = TestModule(["b": Variable<Float>(2)])
    }
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(["model": Twice()]).write(to: path)
    }
    #expect(error?.description.contains("two things have the name 'w'") == true)
  }

  @Test func `a name that is given by hand counts before a wrapper's`() throws {
    final class Renamed: Checkpointable {
      @ModuleInfo(key: "q_proj") var query = Linear(1)
      func registerDependencies(in registrar: inout DependencyRegistrar) {
        registrar.track(_query, as: "query", formerly: ["q"])
      }
    }
    _ = try Checkpoint(["model": TestModule(["q": Linear(5)])]).write(to: path)
    let model = Renamed()
    try Checkpoint(["model": model]).restore(from: path).assertConsumed()
    #expect(model.query.weight.elements == [5, 5])
    _ = try Checkpoint(["model": model]).write(to: path)
    #expect(try names() == ["model/query/weight"])
  }

  /// An optimizer over arrays that are objects, whose slots are such arrays.
  final class Adam: SlotVariableHolder {
    let slots = SlotVariables(["m", "v"]) { spec in
      TensorBox(DeviceArray(Array(repeating: 0, count: spec.shape.elementCount)))
    }
  }

  @Test func `slots of arrays that are objects, of their own type`() throws {
    let (model, adam) = (Linear(1), Adam())
    adam.slots["m", of: model.weight].value.elements = [7, 8]
    _ = try Checkpoint(["model": model, "optimizer": adam]).write(to: path)

    let (other, restored) = (Linear(0), Adam())
    let status = try Checkpoint(["model": other, "optimizer": restored]).restore(from: path)
    try status.assertConsumed()
    #expect(restored.slots.existing("m", of: other.weight)?.value.elements == [7, 8])
    #expect(restored.slots.existing("v", of: other.weight) == nil)
  }

  @Test func `an array that is an object has its slots also where it is registered by hand`() throws
  {
    final class Registered: Checkpointable {
      var weight = DeviceArray([1])
      let fields = Tracked(Fields())
      var arrays: [DeviceArray] { [weight, fields.value.array] + fields.value.list }
      func registerDependencies(in registrar: inout DependencyRegistrar) {
        registrar.variable("w", of: self, \.weight)
        registrar.track(fields, as: "fields")
      }
    }
    struct Fields: CheckpointableValue {
      var array = DeviceArray([2])
      var list = [DeviceArray([3])]
      static func registerFields(in fields: inout FieldRegistrar<Self>) {
        fields.tensor("array", \.array)
        fields.tensors("list", \.list)
      }
    }
    let (model, adam) = (Registered(), Adam())
    for (number, array) in model.arrays.enumerated() {
      adam.slots["m", of: array].value.elements = [Float(number) + 7]
    }
    _ = try Checkpoint(["model": model, "optimizer": adam]).write(to: path)
    let (other, restored) = (Registered(), Adam())
    try Checkpoint(["model": other, "optimizer": restored]).restore(from: path).assertConsumed()
    let slots = other.arrays.map { restored.slots.existing("m", of: $0)?.value.elements }
    #expect(slots == [[7], [8], [9]])
  }

  /// The same as with variables: a forgotten conformance is the usual reason.
  @Test
  func `an array in an object that is not followed is an error, unless it is reached otherwise`()
    throws
  {
    final class Holder { var array: DeviceArray? = DeviceArray([1]) }
    struct Pair { var holder = Holder() }
    @propertyWrapper final class Plain {
      var wrappedValue: DeviceArray
      init(wrappedValue: DeviceArray) { self.wrappedValue = wrappedValue }
    }
    final class Wrapped: Checkpointable { @Plain var array = DeviceArray([1]) }
    let holder = Holder()
    for model: any Checkpointable in [
      TestModule(["h": holder]), TestModule(["h": [holder]]), TestModule(["h": Pair()]), Wrapped(),
    ] {
      let error = #expect(throws: CheckpointError.self) {
        try Checkpoint(["model": model]).write(to: path)
      }
      #expect(error?.description.contains("is not Checkpointable") == true, "\(model)")
    }
    let array = try #require(holder.array)
    _ = try Checkpoint(["model": TestModule(["h": holder, "array": array])]).write(to: path)
    #expect(try names() == ["model/array"])
  }
}
