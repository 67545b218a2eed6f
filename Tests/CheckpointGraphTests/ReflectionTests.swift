import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Synchronization
import Testing

/// Proves what is found in an object's stored properties, and what is refused and how.
@Suite struct ReflectionTests {
  private func places(_ object: any Checkpointable) throws -> [String] {
    try SavedObjects(object).places
  }

  private func problem(_ object: any Checkpointable) -> String? {
    let error = #expect(throws: CheckpointError.self) { try SavedObjects(object) }
    #expect(error?.code == .invalidArgument)
    return error?.message
  }

  // MARK: What is found

  private class Base: CheckpointableObject {
    let first = Variable(1.0)
    let number = 5
  }

  private class Derived: Base {
    let second = Variable(2.0)
    var text = "x"
  }

  private final class Last: Derived { let first2 = Variable(3.0) }

  @Test func `takes the properties of superclasses first`() throws {
    #expect(try places(Last()) == ["first", "second", "first2"])
  }

  private class Generic<Value>: CheckpointableObject {
    let before: Value
    let inner: Variable<Double>
    var list: [Dense] = []
    var any: Any
    init(_ before: Value, _ number: Double, any: Any) {
      (self.before, inner, self.any) = (before, Variable(number), any)
    }
  }

  private final class Specific<Value>: Generic<Value> {
    let bytes: (UInt8, Bool) = (1, true)
    let last: any Checkpointable = Variable(9.0)
    private(set) var function: () -> Int = { 1 }
  }

  @Test func `looks at each object by itself, whatever others of its class hold`() throws {
    let numbers: [Generic<Int>] = [
      Generic(1, 1, any: 1), Generic(2, 2, any: Variable(3.0)), Specific(3, 4, any: [Dense()]),
    ]
    numbers[1].list = [Dense()]
    #expect(try places(numbers[0]) == ["inner"])
    #expect(try places(numbers[1]) == ["inner", "any", "list/0/kernel", "list/0/bias"])
    #expect(try places(numbers[2]) == ["inner", "last", "any/0/kernel", "any/0/bias"])
    let wide = Specific("a string that takes two words", 5, any: Optional<Dense>.none as Any)
    #expect(try places(wide) == ["inner", "last"])
    #expect(try places(Specific(Variable(1.0), 6, any: ())) == ["before", "inner", "last"])
    for (object, number) in zip(numbers, [1.0, 2, 4]) {
      let saved = try SavedObjects(object)
      #expect(try Tensor<Double>(saved.values[0].variable.tensorSnapshot()).array == [number])
    }
  }

  private final class Shown: Checkpointable, CustomReflectable {
    let hidden = Variable(1.0)
    var customMirror: Mirror { Mirror(self, children: ["shown": Variable(2.0), "more": 3]) }
  }

  @Test func `takes the mirror that an object makes of itself`() throws {
    for _ in 0..<2 { #expect(try places(Shown()) == ["shown"]) }
  }

  private struct Unique: ~Copyable { let number = 1 }

  private final class Owner: Checkpointable {
    let unique = Unique()
    let lock = Mutex<[Float]>([1])
    let w = Variable(1.0)
  }

  @Test func `passes over what cannot be copied`() throws {
    for _ in 0..<2 { #expect(try places(Owner()) == ["w"]) }
  }

  private final class Weak: Checkpointable {
    weak var other: Dense?
    unowned(unsafe) var owner: Weak?
    let w = Variable(1.0)
  }

  @Test func `finds what stands beside weak and unowned properties`() throws {
    let (one, two) = (Weak(), Weak())
    let dense = Dense()
    two.other = dense
    #expect(try places(one) == ["w"])
    #expect(try places(two) == ["w", "other/kernel", "other/bias"])
    withExtendedLifetime(dense) {}
  }

  private final class Optionals: Checkpointable {
    var none: Dense?
    var some: Variable<Double>? = Variable(1.0)
    var nested: Variable<Double>?? = Variable(2.0)
    var existential: (any Checkpointable)? = Variable(3.0)
    var list: [Variable<Double>?] = [nil, Variable(4.0)]
  }

  @Test func `looks into optionals`() throws {
    #expect(try places(Optionals()) == ["some", "nested", "existential", "list/1"])
  }

  private final class Collections: Checkpointable {
    let array = [[Variable(1.0)], [Variable(2.0)]]
    let contiguous = ContiguousArray([Variable(3.0)])
    let table = ["b": [Variable(4.0)], "a": []]
    let pairs: KeyValuePairs = ["z": Variable(5.0), "y": Variable(6.0)]
    let pair = (Variable(7.0), 2, inner: (Variable(8.0), 3))
    let mixed: [Any] = [1, Variable(9.0), "x", ["k": Variable(10.0)]]
    let numbers = [1, 2, 3]
    let strings = ["a": "b"]
    let set: Set = [1, 2]
    let slice = 1..<5
  }

  @Test func `looks into collections, and keeps the index`() throws {
    let saved = try SavedObjects(Collections())
    #expect(
      Set(saved.places) == [
        "array/0/0", "array/1/0", "contiguous/0", "table/b/0", "pairs/z", "pairs/y", "pair/0",
        "pair/inner/0", "mixed/1", "mixed/3/k",
      ])
    // A list of numbers is a node, as in TensorFlow; a tuple, a set or a range of them is not.
    #expect(
      saved.graph.nodes[0].children.map(\.name) == [
        "array", "contiguous", "table", "pairs", "pair", "mixed", "numbers", "strings",
      ])
    #expect(
      saved.graph.nodes[saved.graph.node(at: "table") ?? 0].children.map(\.name) == ["a", "b"])
    #expect(
      saved.graph.nodes[saved.graph.node(at: "pair") ?? 0].children.map(\.name) == [
        "inner", "0", "2",
      ])
  }

  private struct Queue: RandomAccessCollection {
    private let storage: Storage
    private final class Storage { var layers: [Variable<Double>] = [] }
    init(_ layers: [Variable<Double>]) {
      storage = Storage()
      storage.layers = layers
    }
    var startIndex: Int { 0 }
    var endIndex: Int { storage.layers.count }
    subscript(index: Int) -> Variable<Double> { storage.layers[index] }
  }

  private struct Stack: RandomAccessCollection {
    var layers: [Variable<Double>]
    var startIndex: Int { 0 }
    var endIndex: Int { layers.count }
    subscript(index: Int) -> Variable<Double> { layers[index] }
  }

  private final class OtherCollections: Checkpointable {
    let slice = [Variable(0.0), Variable(1.0), Variable(2.0)][1...]
    let inline: InlineArray<2, Variable<Double>?> = [nil, Variable(3.0)]
    let reversed = [Variable(4.0), Variable(5.0)].reversed()
    let one = CollectionOfOne(Variable(6.0))
    let queue: Queue? = Queue([Variable(7.0)])
    let stack = Stack(layers: [Variable(8.0)])
    let none: ArraySlice<Dense> = []
  }

  @Test func `follows every collection that has an order, by the place in it`() throws {
    let saved = try SavedObjects(OtherCollections())
    let numbers = try saved.values.map { value in
      try Tensor<Double>(value.variable.tensorSnapshot()).array[0]
    }
    #expect(
      zip(saved.places, numbers).map { "\($0) \(Int($1))" } == [
        "slice/0 1", "slice/1 2", "inline/1 3", "one/0 6", "queue/0 7", "reversed/_base/0 4",
        "reversed/_base/1 5", "stack/layers/0 8",
      ])
  }

  private struct Settings {
    var rate = 0.5
    var layer = Dense()
    var sizes = [1, 2]
  }

  private enum Choice {
    case none
    case some(Dense)
  }

  private final class Structs: Checkpointable {
    let settings = Settings()
    let choice = Choice.some(Dense())
    let otherChoice = Choice.none
    let plain = (rate: 1, name: "x")
  }

  @Test func `looks into structs and enumerations that hold objects`() throws {
    #expect(
      Set(try places(Structs())) == [
        "settings/layer/kernel", "settings/layer/bias", "choice/some/kernel", "choice/some/bias",
      ])
  }

  @propertyWrapper private struct Logged<Value> {
    var wrappedValue: Value
    var count = 0
    init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
  }

  private final class Wrapped: Checkpointable {
    @Logged var layer = Dense()
    @Logged var _hidden = Variable(1.0)
    @NoDependency var cache = Dense()
    @NoDependency var owner: Wrapped?
    let _variables = [Variable(2.0)]
    let _plain = Variable(3.0)
  }

  @Test func `names a wrapped property without the underscore of its storage, and no other`() throws
  {
    #expect(
      try places(Wrapped()) == ["_hidden", "_plain", "layer/kernel", "layer/bias", "_variables/0"])
  }

  private final class Lazy: Checkpointable {
    lazy var layer = Variable(1.0)
  }

  @Test func `finds a lazy property once it exists`() throws {
    let object = Lazy()
    #expect(try places(object) == [])
    _ = object.layer
    #expect(try places(object) == ["layer"])
  }

  private final class Computed: Checkpointable {
    var computed: Variable<Double> { Variable(1.0) }
    unowned let owner: Dense
    weak var parent: Dense?
    let body: () -> Void = {}
    init(_ owner: Dense) { (self.owner, parent) = (owner, owner) }
  }

  @Test func `passes over what is not stored, and follows weak references`() throws {
    let owner = Dense()
    let names = try SavedObjects(Computed(owner)).graph.nodes[0].children.map(\.name)
    #expect(names.contains("parent") && !names.contains("computed") && !names.contains("body"))
  }

  private final class Foreign: TensorStorable {
    var numbers: [Float] = [1, 2]
    var tensorSpec: TensorSpec { TensorSpec(.float32, [numbers.count]) }
    func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
      throws(CheckpointError) -> Result
    { try Tensor(numbers).withTensorBytes(body) }
    func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
      numbers = try Tensor<Float>(tensor).array
    }
  }

  private final class Holder: Checkpointable {
    let array = Foreign()
    let again: Foreign
    let more = [Foreign()]
    init() { again = array }
  }

  @Test func `takes objects of somebody else's array type for variables`() throws {
    let holder = Holder()
    let saved = try SavedObjects(holder)
    #expect(saved.places == ["array", "more/0"])
    #expect(saved.edges[0] == "0: array 1, again 1, more 2")
    try saved.values[0].set(AnyTensor(Tensor<Float>([5])))
    #expect(holder.again.numbers == [5])
  }

  // MARK: What is refused

  private final class Plain: Checkpointable { var image = Tensor<Float>([1]) }

  @Test func `refuses a tensor that could not be written back`() {
    #expect(
      problem(Plain())
        == "Plain, property 'image': a Tensor<Float> is a value that could not be written back; hold "
        + "it in a Variable or TensorBox, register it with registrar.variable, or mark it "
        + "@NoDependency")
  }

  private struct Fields: CheckpointableValue {
    var w = Tensor<Float>(1)
    static func registerFields(in fields: inout FieldRegistrar<Self>) { fields.tensor("w", \.w) }
  }

  private final class Untracked: Checkpointable { var fields = Fields() }

  @Test func `refuses a struct with fields outside of Tracked`() {
    #expect(
      problem(Untracked())
        == "Untracked, property 'fields': a Fields is a value whose fields could not be written "
        + "back; hold it in Tracked")
  }

  private final class Forgotten { let w = Variable(1.0) }
  private final class Forgetful: Checkpointable { let layer = Forgotten() }

  @Test func `refuses an object with variables that forgot to conform`() {
    #expect(
      problem(Forgetful())
        == "Forgetful, property 'layer': Forgotten holds variables, but is not Checkpointable: let "
        + "it conform, or mark the property @NoDependency")
  }

  private class ForgottenBase { let w = Variable(1.0) }
  private final class ForgottenDerived: ForgottenBase {}
  private final class ForgottenList { let layers = [Dense()] }
  private final class ForgottenOptional { let layer: Dense? = Dense() }

  @Test func `finds forgotten variables in superclasses, lists and optionals too`() {
    for object in [ForgottenDerived(), ForgottenList(), ForgottenOptional()] as [AnyObject] {
      #expect(problem(Module(["x": object]))?.contains("holds variables") == true, "\(object)")
    }
  }

  private final class Logger {
    weak var model: Model?
    init(_ model: Model) { self.model = model }
  }

  private final class Model: Checkpointable {
    let w = Variable(1.0)
    private(set) var logger: Logger?
    init() { logger = Logger(self) }
  }

  @Test func `does not mind a plain object that refers to an object of the graph`() throws {
    #expect(try places(Module(["model": Model()])) == ["model/w"])
  }

  private final class Cyclic {
    var next: Cyclic?
    var owner: (any Checkpointable)?
  }

  @Test func `does not follow a cycle of plain objects`() throws {
    let (one, two) = (Cyclic(), Cyclic())
    (one.next, two.next) = (two, one)
    #expect(try places(Module(["x": one])) == [])
    one.next = nil
  }

  @Test func `refuses sets, and dictionaries without string keys`() {
    let layer = Dense()
    #expect(
      problem(Module(["layers": Set([Named(layer)])]))
        == "Module, property 'layers': a Set<Named> has no order to name its elements by; use an array "
        + "or a dictionary")
    #expect(
      problem(Module(["layers": [1: layer]]))
        == "Module, property 'layers': only a dictionary with string keys can hold variables: keys "
        + "are names; mark it @NoDependency if they are an optimizer's slot variables")
  }

  @Test func `takes sets and dictionaries of plain values for nothing to save`() throws {
    #expect(try places(Module(["a": Set([1, 2]), "b": [1: 2], "c": [[1: "x"]]])) == [])
  }

  @Test(arguments: [".ATTRIBUTES", "x.ATTRIBUTES", "\u{600}.ATTRIBUTES"])
  func `refuses names that TensorFlow could not restore`(name: String) {
    #expect(
      problem(Module([name: Dense()]))
        == "Module, property '\(name)': a name that ends in '.ATTRIBUTES' cannot be restored by "
        + "TensorFlow; choose another")
  }

  @Test func `reports all problems at once`() {
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["a": Plain(), "b": Forgetful(), "c": Dense()]))
    }
    #expect(error?.message == "2 properties cannot be part of a checkpoint")
    #expect(error?.problems.count == 2)
  }
}

private final class Named: Checkpointable, Hashable {
  let layer: Dense
  init(_ layer: Dense) { self.layer = layer }
  static func == (left: Named, right: Named) -> Bool { left === right }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
