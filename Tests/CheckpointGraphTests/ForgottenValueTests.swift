import CheckpointGraph
import CheckpointIO
import CheckpointTensors
import Foundation
import Testing

/// Proves, row by row, which values in stored properties are an error because they would be forgotten,
/// and which are settings.
@Suite struct ForgottenValueTests {
  private func message(_ object: any Checkpointable) -> String? {
    let error = #expect(throws: CheckpointError.self) { try SavedObjects(object) }
    #expect(error?.code == .invalidArgument)
    return error?.message
  }

  // MARK: What is refused

  static let numbers = [
    Row([1.5, 2] as [Float]), Row([] as [Double]), Row([1] as [Int64]), Row([1] as [UInt8]),
    Row([] as [UInt32]), Row([] as [BFloat16]), Row([] as [Complex64]), Row([] as [CGFloat]),
    Row([[1]] as [[Float]]), Row([] as [[UInt16]]), Row([nil, 1] as [Double?]),
    Row(([1, 2, 3] as [Float])[1...]), Row([1] as ContiguousArray<Float>),
    Row([1, 2, 3] as InlineArray<3, Float>), Row([] as InlineArray<0, UInt8>),
    Row([:] as [String: Float]), Row(["a": 1] as [String: UInt32]), Row([:] as [Int: [Double]]),
    Row(["a": 1] as KeyValuePairs<String, Float>), Row([1] as Set<UInt8>), Row([] as Set<Double>),
    Row(nil as Float?), Row(1 as Int32?), Row(nil as [Float]?), Row([1] as [Float]??),
    Row(Data()), Row(Data([1])), Row(nil as Data?), Row([] as [Data]), Row(["a": Data()]),
    Row(SIMD4<Float>()), Row(SIMD2<Int>()), Row(nil as SIMD3<Double>?), Row([] as [SIMD2<Float>]),
    Row(([1, 2] as [Float]).reversed()), Row(repeatElement(1 as Double, count: 2)),
    Row(CollectionOfOne(1 as Float)), Row(([1, 2] as [Int]).lazy.map { Float($0) }),
  ]

  @Test(arguments: numbers)
  func `refuses numbers that would be forgotten, whether there are any or not`(row: Row) {
    #expect(
      message(row.object())
        == "\(row.owner), property 'value': the values in it, \(row.type), would be forgotten; hold "
        + "numbers in a Variable, a table in a TensorGroup, anything Codable in a RunState; or register "
        + "it by registrar.state, mark it @NoDependency, name it in trackProperties(of:except:), or let "
        + "a type conform to ExcludedFromCheckpoints")
  }

  /// As an ordered dictionary may be: no collection, with a mirror that shows its entries.
  private struct Ordered<Value>: CustomReflectable {
    var keys: [String]
    var values: ContiguousArray<Value>
    var customMirror: Mirror {
      Mirror(self, unlabeledChildren: Array(values), displayStyle: .dictionary)
    }
  }

  private final class Hiding: Checkpointable {
    let w = Variable<Float>(1)
    let none: Variable<Float>? = nil
    let layers: Ordered<Variable<Float>>
    init(_ values: [Variable<Float>]) {
      layers = Ordered(keys: [], values: ContiguousArray(values))
    }
  }

  @Test func `refuses what a mirror of the type's own hides`() {
    for values in [[], [Variable<Float>(2)]] {
      let error = #expect(throws: CheckpointError.self) { try SavedObjects(Hiding(values)) }
      #expect(error?.message.contains("property 'layers'") == true)
      #expect(error?.message.contains("cannot be read") == true)
    }
  }

  @Test func `refuses memory, too`() {
    let bytes = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let numbers = unsafe UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    let pointer = unsafe Optional<UnsafeMutablePointer<Double>>.none
    let rows = unsafe [Row(bytes), Row(numbers), Row(pointer)]
    for row in rows {
      #expect(message(row.object())?.contains("the values in it, ") == true, "\(row.type)")
    }
  }

  private struct Settings {
    var rate: Float = 1
    var weights: [Float] = []
    var layer = Dense()
    var nested = Nested()
    struct Nested { var bytes: Data? }
  }

  private enum Choice {
    case none
    case rate(Float)
    indirect case weights([Float], Choice)
  }

  private final class Composite: Checkpointable {
    var settings = Settings()
    var maybe: Settings?
    var list: [Settings] = []
    var pair: (Int, b: [Double]) = (1, [])
    var choice = Choice.none
    var any: Any = [1] as [Float]
    var anys: [Any] = [1, "x", [2.5]]
    lazy var later: [Float] = [1]
  }

  @Test func `names every place in structs, tuples, enumerations and collections`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["a": Module(["b": Composite()])]))
    }
    #expect(error?.message == "11 properties cannot be part of a checkpoint")
    #expect(
      error?.problems.map(\.key)
        == [
          "settings/weights", "settings/nested/bytes", "maybe/weights", "maybe/nested/bytes",
          "list/*/weights", "list/*/nested/bytes", "pair/1", "choice/weights/0", "any", "anys/2",
          "later",
        ].map { "a/b/" + $0 })
    #expect(
      error?.problems[1].message.hasPrefix(
        "Composite, property 'settings/nested/bytes': the values in it, Optional<Data>, would be")
        == true)
  }

  private final class Wrapped: Checkpointable {
    @Logged var weights: [Float] = [1]
    @Logged var rate: Float = 1
    @Logged var layer = Dense()
  }

  @propertyWrapper private struct Logged<Value> {
    var wrappedValue: Value
    var count = 0
    init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
  }

  @Test func `calls a wrapped property by its name`() {
    #expect(message(Wrapped())?.hasPrefix("Wrapped, property 'weights': the values in it") == true)
  }

  static let tensors = [
    Row(nil as Tensor<Float>?, "Tensor<Float>"), Row([] as [Tensor<Int32>], "Tensor<Int32>"),
    Row([:] as [String: Tensor<Float>], "Tensor<Float>"), Row(nil as AnyTensor?, "AnyTensor"),
  ]

  @Test(arguments: tensors) func `refuses tensors that are not there yet`(row: Row) {
    let message = message(row.object())
    #expect(message?.contains("a \(row.type) is a value that could not be written back") == true)
  }

  private struct Fields: CheckpointableValue {
    static func registerFields(in fields: inout FieldRegistrar<Self>) {}
  }

  @Test func `refuses structs with fields that are not there yet`() {
    for row in [Row(nil as Fields?), Row([] as [Fields])] {
      #expect(message(row.object())?.contains("hold it in Tracked") == true)
    }
  }

  @Test func `refuses collections that could not be named, before they hold anything`() {
    #expect(message(Holder([] as Set<Named>))?.contains("a Set<Named> has no order") == true)
    #expect(message(Holder(nil as Set<Named>?))?.contains("a Set<Named> has no order") == true)
    #expect(message(Holder([:] as [Int: Dense]))?.contains("only a dictionary with string") == true)
  }

  private struct Bag: Collection {
    private var storage: Storage
    private final class Storage { var layers: [Dense] = [] }
    init(_ layers: [Dense]) {
      storage = Storage()
      storage.layers = layers
    }
    var startIndex: Int { 0 }
    var endIndex: Int { storage.layers.count }
    func index(after index: Int) -> Int { index + 1 }
    subscript(index: Int) -> Dense { storage.layers[index] }
  }

  @Test func `refuses a collection that may have no order, or makes its elements anew`() {
    #expect(message(Holder(Bag([Dense()])))?.contains("a Bag has no order") == true)
    let made = [1, 2].lazy.map { Dense(Float($0)) }
    #expect(message(Holder(made))?.contains("may make its elements anew at every look") == true)
  }

  private final class Plain { var image = Tensor<Float>([1]) }
  private final class PlainNumbers { var numbers: [Float] = [1] }
  private struct Box { let plain = ForgottenLayer() }
  private final class ForgottenLayer { let w = Variable(1.0) }

  @Test func `refuses an object with tensors, but does not mind its numbers`() throws {
    #expect(
      message(Holder(Plain()))
        == "Holder<Plain>, property 'value': Plain holds a Tensor<Float>, but is not Checkpointable: let "
        + "it conform, or mark the property @NoDependency")
    #expect(message(Holder([Plain()]))?.contains("Plain holds a Tensor<Float>") == true)
    #expect(message(Holder(Box()))?.contains("'value/plain': ForgottenLayer holds var") == true)
    #expect(try SavedObjects(Holder(PlainNumbers())).places == [])
  }

  private actor Worker { var layer: Dense? }
  private actor Counter { var count = 1 }

  @Test func `refuses an actor that holds variables, without looking at them`() throws {
    #expect(message(Holder(Worker()))?.contains("Worker is an actor that holds variables") == true)
    #expect(try SavedObjects(Holder(Counter())).places == [])
  }

  private actor Nonisolated: Checkpointable {
    nonisolated func registerDependencies(in registrar: inout DependencyRegistrar) {}
  }

  @Test func `refuses an actor that registers from outside of it`() {
    let error = #expect(throws: CheckpointError.self) {
      try SavedObjects(Module(["actor": Nonisolated()]))
    }
    #expect(error?.key == "actor")
    #expect(error?.message.hasPrefix("Nonisolated is an actor") == true)
  }

  @Test func `refuses a dictionary whose keys are objects that nothing else leads to`() throws {
    let named = Named(Dense())
    #expect(message(Holder([named: 1]))?.contains("the keys of a dictionary") == true)
    let both = Module(["names": [named: 1], "layers": [named]])
    #expect(try SavedObjects(both).places == ["layers/0/layer/kernel", "layers/0/layer/bias"])
  }

  // MARK: What is not

  private struct Point { var (x, y): (Float, Double) = (1, 2) }
  private enum Activation {
    case linear
    case leaky(Float)
    case clipped(from: Float, to: Float)
  }
  private struct Loop { var children: [Loop] = [] }

  static let settings = [
    Row(1), Row(1.5 as Float), Row(1 as UInt8), Row(true), Row("x"), Row("x" as Character),
    Row("xyz".dropFirst()), Row("x".utf8), Row([1, 2]), Row([1] as [UInt]), Row([true]), Row(["x"]),
    Row([[1]]), Row(nil as Int?), Row("x" as String?), Row(nil as [Int]?), Row(["a": 1]),
    Row(["a": "b"]), Row([1: [2]]), Row(["a": Date()]), Row(["a": true]), Row(Set([1])),
    Row(Set(["x"])), Row(1.5..<2), Row((1 as UInt8)...2), Row((1 as Int32)..<3),
    Row((2 as Float)...),
    Row(stride(from: 0.0, to: 1, by: 0.5)), Row(Date()), Row([Date()]), Row(URL(filePath: "/")),
    Row(UUID()), Row(Decimal(1)), Row(Duration.seconds(1)), Row(Locale.current), Row(TimeZone.gmt),
    Row(Calendar.current), Row(IndexSet(1...3)), Row(IndexPath(indexes: [1])),
    Row(CharacterSet.letters), Row(URLComponents()), Row(ContinuousClock.now), Row({ 1 as Float }),
    Row(Float.self), Row(\Point.x), Row((1 as Float, 2 as Double)),
    Row([(step: 1, rate: 0.5 as Float)]), Row(Point()), Row([Point()]), Row(nil as Point?),
    Row(Activation.leaky(0.5)), Row([Activation.linear]), Row(nil as Activation?),
    Row(Result<Float, CheckpointError>.success(1)), Row(Loop()), Row(()),
    Row(1.5 as Any), Row([1.5, "x"] as [Any]), Row(["rate": 0.5] as [String: Any]),
    Row(AnyHashable(1)), Row(NSLock()), Row(JSONEncoder()), Row(SystemRandomNumberGenerator()),
  ]

  @Test(arguments: settings) func `takes settings for nothing to save`(row: Row) throws {
    #expect(try SavedObjects(row.object()).places == [])
  }

  private struct Curve: ExcludedFromCheckpoints { var numbers: [Float] = [1] }
  private final class Statistics: ExcludedFromCheckpoints { var last = Tensor<Float>([1]) }
  private struct Mark: Equatable, Sendable { var number: Float = 1 }
  private struct Marks: Collection, ExcludedFromCheckpoints {
    var marks: [Float] = []
    var startIndex: Int { 0 }
    var endIndex: Int { marks.count }
    func index(after index: Int) -> Int { index + 1 }
    subscript(index: Int) -> Float { marks[index] }
  }

  private final class Excluding: Checkpointable {
    let w = Variable(1.0)
    var curve = Curve()
    var curves: [Curve] = [Curve()]
    var table: [String: Curve?] = ["a": nil]
    var statistics: Statistics? = Statistics()
    var marks = Marks()
    @NoDependency var image = Tensor<Float>([1])
    @NoDependency var numbers: [Float] = []
  }

  @Test func `leaves out what a type or a property says is none of a checkpoint's`() throws {
    #expect(try SavedObjects(Excluding()).places == ["w"])
  }

  private class Common: CheckpointableObject {
    var weights: [Float] = [1]
    var bytes = Data([1])
    let w = Variable(1.0)
  }

  private final class Named2: Common {
    override func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.trackProperties(of: self, except: ["weights", "bytes"])
    }
  }

  private final class Registering: Common {
    override func registerDependencies(in registrar: inout DependencyRegistrar) {
      super.registerDependencies(in: &registrar)
      registrar.variable("bytes", of: self, \.tensor)
      registrar.track(w, as: "weights")
    }
    var tensor: Tensor<UInt8> {
      get { Tensor(Array(bytes)) }
      set { bytes = Data(newValue.array) }
    }
  }

  @Test func `leaves out what is excepted, or registered under the same name`() throws {
    #expect(try SavedObjects(Named2()).places == ["w"])
    #expect(try SavedObjects(Registering()).places == ["w", "bytes"])
    #expect(message(Common())?.hasPrefix("2 properties cannot") == true)
  }

  private class Foreign {
    var weights: [Float] = [1]
    var image: Tensor<Float>? = Tensor([1])
    var data = Data([1])
    var layers: Set<Named> = [Named(Dense())]
    var plain: ForgottenLayer? = ForgottenLayer()
    let w = Variable(1.0)
    var dense = [Dense()]
    var settings = Settings()
  }

  private final class Below: Foreign, Checkpointable { let v = Variable(2.0) }
  private final class Further: Foreign, Checkpointable { var own: [Float] = [] }

  @Test func `follows what a superclass outside of it has, and refuses nothing there`() throws {
    #expect(
      Set(try SavedObjects(Below()).places) == [
        "w", "v", "dense/0/kernel", "dense/0/bias", "settings/layer/kernel", "settings/layer/bias",
      ])
    #expect(message(Further())?.hasPrefix("Further, property 'own': the values in it") == true)
  }

  private final class Referring: Checkpointable {
    weak var weakly: Plain?
    unowned let owner: Plain
    init(_ owner: Plain) { (self.owner, weakly) = (owner, owner) }
  }

  @Test func `does not mind what is only referred to`() throws {
    let plain = Plain()
    #expect(try SavedObjects(Referring(plain)).places == [])
  }

  @Test func `judges what is registered as a value, too`() {
    #expect(
      message(Module(["x": [1.5]]))?.hasPrefix("Module, property 'x': the values in it, Array<Dou")
        == true)
  }
}

/// An object with one property of a type.
final class Holder<Value>: Checkpointable {
  var value: Value
  init(_ value: Value) { self.value = value }
}

/// An object with a value, and what is expected of it.
struct Row: CustomTestStringConvertible, @unchecked Sendable {
  let object: () -> any Checkpointable
  /// What the message calls the object and the type.
  let owner: String
  let type: String
  var testDescription: String { owner }

  // Sendable: nobody changes the value.
  init<Value>(_ value: Value, _ type: String? = nil) {
    object = { Holder(value) }
    owner = "Holder<\(Value.self)>"
    self.type = type ?? "\(Value.self)"
  }
}

private final class Named: Checkpointable, Hashable {
  let layer: Dense
  init(_ layer: Dense) { self.layer = layer }
  static func == (left: Named, right: Named) -> Bool { left === right }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
