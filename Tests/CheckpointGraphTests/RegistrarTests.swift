import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Testing

/// Proves that what is registered by hand is saved under its names, and written back.
@Suite struct RegistrarTests {
  private final class Attention: Checkpointable {
    var query = Dense()
    var scale: Float = 0.5
    var table = Tensor<Int32>([1, 2])
    var name = "x"
    let notes = ["a", "b"]

    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(query, as: "q")
      registrar.variable("scale", of: self, \.scale)
      registrar.variable("table", of: self, \.table)
      registrar.variable("name", of: self, \.name)
    }
  }

  /// Puts a tensor under a place.
  private func set(_ object: any Checkpointable, _ place: String, _ tensor: AnyTensor) throws {
    let saved = try SavedObjects(object)
    let index = try #require(saved.places.firstIndex(of: place))
    try saved.values[index].set(tensor)
  }

  @Test func `registers objects and properties under the names given`() throws {
    let attention = Attention()
    let saved = try SavedObjects(attention)
    #expect(saved.places == ["scale", "table", "name", "q/kernel", "q/bias"])
    #expect(saved.values[0].variable.tensorSpec == TensorSpec(.float32, .scalar))
    try set(attention, "scale", AnyTensor(Tensor<Float>(2)))
    try set(attention, "table", AnyTensor(Tensor<Int32>([7, 8, 9])))
    try set(attention, "name", AnyTensor(Tensor("y")))
    #expect(attention.scale == 2)
    #expect(attention.table.array == [7, 8, 9])
    #expect(attention.name == "y")
  }

  private final class Excluding: Checkpointable {
    let a = Variable(1.0)
    let b = Variable(2.0)
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self, except: ["b"])
      registrar.track(b, as: "c")
      registrar.track(nil as Dense?, as: "none")
      registrar.track([b], as: "list")
    }
  }

  @Test func `adds to the stored properties, or leaves some out`() throws {
    #expect(try SavedObjects(Excluding()).edges == ["0: a 1, c 2, list 3", "1: ", "2: ", "3: 0 2"])
  }

  private final class Mislabelled: Checkpointable {
    let a = Variable(1.0)
    let rate = 0.5
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self, except: ["aa", "rate"])
    }
  }

  @Test func `refuses to leave out a property that there is not`() {
    let error = #expect(throws: CheckpointError.self) { try SavedObjects(Mislabelled()) }
    #expect(
      error?.message
        == "Mislabelled, property 'aa': there is no such property to be left out; give its label, not its "
        + "key in the checkpoint")
  }

  private class Common: CheckpointableObject { let w = Variable<Float>([1, 2]) }
  private final class Scaled: Common {
    var scale: Float = 3
    override func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(w, as: "kernel")
      registrar.variable("scale", of: self, \.scale)
    }
  }
  private final class Automatic: Common { let b = Variable<Float>(3) }

  @Test func `hears a subclass that registers by hand, and finds the properties of others`() throws
  {
    #expect(try SavedObjects(Scaled()).places == ["kernel", "scale"])
    #expect(try SavedObjects(Module(["l": Scaled()])).places == ["l/kernel", "l/scale"])
    #expect(try SavedObjects(Automatic()).places == ["w", "b"])
  }

  private class Foreign { let hidden = Variable<Float>(1) }
  private class Below: Foreign, Checkpointable {
    func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self)
    }
  }
  private final class More: Below {
    var scale: Float = 3
    override func registerDependencies(in registrar: inout DependencyRegistrar) {
      super.registerDependencies(in: &registrar)
      registrar.variable("scale", of: self, \.scale)
    }
  }

  private class Base: CheckpointableObject {
    let w = Variable<Float>(1)

    override func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(w, as: "w")  // no super: what subclasses hold is not heard of
    }
  }

  private final class Unheard: Base {
    let bias = Variable<Float>(2)
    let scale: Float = 1
  }

  private final class Heard: Base {
    let bias = Variable<Float>(2)
    @NoDependency var cache = Variable<Float>(3)
    weak var parent: Base?

    override func registerDependencies(in registrar: inout DependencyRegistrar) {
      super.registerDependencies(in: &registrar)
      registrar.track(bias, as: "bias")
    }
  }

  private final class Plain: Base {
    @NoDependency var cache = Variable<Float>(3)
    weak var parent: Base?
    var size = 3
  }

  @Test func `refuses a subclass whose superclass registers by hand and knows nothing of it`()
    throws
  {
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["layer": Unheard()]))
    }
    #expect(error?.key == "layer/bias")
    #expect(error?.message.contains("nothing that Unheard itself holds is registered") == true)
    let heard = Heard()
    heard.parent = heard
    #expect(try SavedObjects(heard).places == ["w", "bias"])
    let plain = Plain()
    plain.parent = heard
    #expect(try SavedObjects(plain).places == ["w"])
  }

  @Test func `hears subclasses below a superclass that knows nothing of checkpoints`() throws {
    #expect(try SavedObjects(More()).places == ["hidden", "scale"])
  }

  private final class Counter: Common, StateRepresentable {
    var count: UInt8 = 7
    func stateBytes() throws(CheckpointError) -> [UInt8] { [count] }
    func restoreState(_ bytes: [UInt8]) throws(CheckpointError) { count = bytes[0] }
  }

  private class Box: CheckpointableObject, TensorVariable {
    var tensor = Tensor<Float>([1])
    var tensorSpec: TensorSpec { tensor.tensorSpec }
    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    { try tensor.withTensorBytes(body) }
    func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      try self.tensor.setTensor(tensor)
    }
    override func registerDependencies(in registrar: inout DependencyRegistrar) {}
  }

  @Test func `saves the value of a state or a variable whose superclass registers`() throws {
    let counter = Counter()
    let saved = try SavedObjects(Module(["counter": counter, "box": Box()]))
    #expect(Set(saved.places) == ["counter", "counter/w", "box"])
    let state = try #require(saved.values.first { $0.key.description.hasSuffix("py_state") })
    try state.set(AnyTensor(TensorSpec(.string, .scalar), .strings([[9]])))
    #expect(counter.count == 9)
  }

  private struct Layer: CheckpointableValue {
    var weight: Tensor<Float>
    var biases: [Tensor<Float>] = [Tensor([0]), Tensor([0])]
    var rate: Double = 0

    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("weight", \.weight)
      fields.tensors("biases", \.biases)
      fields.scalar("rate", \.rate)
    }
  }

  private struct Perceptron: CheckpointableValue {
    var input = Layer(weight: Tensor([1]))
    var layers = [Layer(weight: Tensor([2])), Layer(weight: Tensor([3]))]
    var groups: [Group] = [Group()]

    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.value("input", \.input)
      fields.values("layers", \.layers)
      fields.values("groups", \.groups)
    }
  }

  private struct Group: CheckpointableValue {
    var layers = [Layer(weight: Tensor([4]))]
    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.values("layers", \.layers)
    }
  }

  @Test func `reads and writes the fields of nested structs and arrays`() throws {
    let model = Tracked(Perceptron())
    let saved = try SavedObjects(model)
    #expect(
      Set(saved.places) == [
        "input/weight", "input/biases/0", "input/biases/1", "input/rate", "layers/0/weight",
        "layers/0/biases/0", "layers/0/biases/1", "layers/0/rate", "layers/1/weight",
        "layers/1/biases/0", "layers/1/biases/1", "layers/1/rate", "groups/0/layers/0/weight",
        "groups/0/layers/0/biases/0", "groups/0/layers/0/biases/1", "groups/0/layers/0/rate",
      ])
    for (number, value) in saved.values.enumerated() {
      let isRate = value.key.description.contains("rate")
      let tensor =
        isRate
        ? AnyTensor(Tensor(Double(number)))
        : AnyTensor(Tensor(Array(repeating: Float(number), count: 1)))
      try value.set(tensor)
    }
    for (number, value) in saved.values.enumerated() {
      let tensor = try value.variable.tensorSnapshot()
      if value.key.description.contains("rate") {
        #expect(try Tensor<Double>(tensor).array == [Double(number)], "\(value.key)")
      } else {
        #expect(try Tensor<Float>(tensor).array == [Float(number)], "\(value.key)")
      }
    }
    #expect(model.value.groups[0].layers[0].rate != 0)
    #expect(model.value.layers[1].biases[1].array != [0])
  }

  private struct Forgetful: CheckpointableValue {
    var weight = Tensor<Float>([1])
    var bias: Tensor<Float>?
    var other = Group()
    var numbers: [Float] = []
    var rate: Float = 1
    var inner = Inner()
    var layer = Dense()
    var scratch = Tensor<Float>([2])
    @NoDependency var cache = Tensor<Float>([3])
    var watched = Tensor<Float>([4]) { didSet {} }

    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("w", \.weight)
      fields.tensor("part", \.inner.a)
      fields.tensor("watched", \.watched)
      fields.exclude("scratch")
    }
  }

  private struct Inner {
    var size = 1
    var a = Tensor<Float>([1])
    var b = Tensor<Float>([2])
  }

  @Test func `refuses fields with values that are neither registered nor left out`() {
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["model": Tracked(Forgetful())]))
    }
    #expect(
      error?.problems.map(\.key)
        == ["bias", "other", "numbers", "inner/b", "layer"].map {
          "model/\($0)"
        })
    #expect(
      error?.problems.map(\.message).first
        == "Forgetful, field 'bias': it holds Tensor<Float>, which would be forgotten: register it, or "
        + "leave it out by fields.exclude(\"bias\")")
  }

  private struct Sound: CheckpointableValue {
    var weight = Tensor<Float>([1])
    var layer = Dense()
    var scratch: [Float] = []
    var size = (1, 2)
    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("weight", \.weight)
      fields.object("layer", \.layer)
      fields.exclude("scratch")
    }
  }

  @Test func `takes objects in structs, and leaves out what is excluded`() throws {
    let model = Tracked(Sound())
    let saved = try SavedObjects(Module(["model": model, "layer": model.value.layer]))
    #expect(saved.edges.first == "0: model 1, layer 2")
    #expect(saved.places == ["model/weight", "layer/kernel", "layer/bias"])
  }

  private struct Nested: CheckpointableValue {
    var inner = Inner()
    var b = Tensor<Float>([3])
    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("a", \.inner.a)
      fields.exclude("b")
    }
  }

  @Test func `leaves out the struct's own field, and none of that name within another`() {
    let error = #expect(throws: CheckpointError.self) { try SavedObjects(Tracked(Nested())) }
    #expect(error?.message.contains("field 'inner/b'") == true)
  }

  private struct Mistaken: CheckpointableValue {
    var weight = Tensor<Float>([1])
    static func registerFields(in fields: inout FieldRegistrar<Self>) {
      fields.tensor("weight", \.weight)
      fields.exclude("wieght")
    }
  }

  @Test func `refuses to leave out a field that there is not`() {
    let error = #expect(throws: CheckpointError.self) { try SavedObjects(Tracked(Mistaken())) }
    #expect(error?.message == "Mistaken, field 'wieght': there is no such field to be left out")
  }

  @Test func `tells two structs of one type apart`() throws {
    let object = Module(["a": Tracked(Group()), "b": Tracked(Group())])
    #expect(try SavedObjects(object).values.count == 8)
  }

  @Test func `gives a place the same identity in every walk`() throws {
    let model = Tracked(Perceptron())
    let (one, two) = (try LiveGraph(root: model), try LiveGraph(root: model))
    #expect(one.nodes.indices.map(one.identity) == two.nodes.indices.map(two.identity))
    #expect(Set(one.nodes.indices.map(one.identity)).count == one.nodes.count)
  }

  @Test func `tells places apart by the bytes of their names`() throws {
    let live = try LiveGraph(root: Module(["é": [Dense()], "e\u{301}": [Dense()]]))
    #expect(Set(live.nodes.indices.map(live.identity)).count == live.nodes.count)
  }
}
