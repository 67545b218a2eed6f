import CFieldLayout
import CheckpointTensors
import Testing

@testable import CheckpointGraph

/// Proves that the runtime of this toolchain tells of stored properties what `Mirror` shows of them.
///
/// In a program, disagreement costs speed only: `Mirror` does the work. So nobody would notice; here it
/// fails.
@Suite(.enabled(if: ck_asks_runtime(), "built to leave everything to Mirror"))
struct FieldLayoutTests {
  // MARK: Classes

  private class Base {
    var number = 7
    let text = "a string that is longer than two words"
  }

  private class Derived: Base {
    var pair = (1.5 as Float, true)
    fileprivate(set) lazy var later = [1, 2, 3]
  }

  private final class Last: Derived {
    @Doubled var wrapped = 4
    var any: Any = 3 as UInt8
    var drawable: any CustomStringConvertible = "x"
    var function: (Int) -> Int = { $0 + 1 }
    var type: Any.Type = Int.self
  }

  @propertyWrapper private struct Doubled {
    private var half: Int
    var wrappedValue: Int { half * 2 }
    init(wrappedValue: Int) { half = wrappedValue / 2 }
  }

  private class Generic<Value> {
    let flag = true
    var value: Value
    var optional: Value?
    init(_ value: Value) { self.value = value }
  }

  private final class Specific<Other>: Generic<[Other]> {
    var other: Other
    init(_ other: Other) {
      self.other = other
      super.init([other, other])
    }
  }

  private final class References {
    weak var weakly: Base?
    weak var drawable: (any AnyObject & CustomStringConvertible)?
    unowned var owner: Base
    unowned var other: Base?
    unowned(unsafe) var raw: Base
    unowned(unsafe) var none: Base?
    var strong: Base?
    init(_ base: Base) { unsafe (owner, raw) = (base, base) }
  }

  private final class Described: CustomStringConvertible { let description = "described" }

  private class GenericReferences<Referent: AnyObject> {
    let number: Int
    weak var referent: Referent?
    init(_ referent: Referent) { (number, self.referent) = (1, referent) }
  }

  private final class MoreReferences: GenericReferences<Base> {
    unowned let more: Base
    override init(_ referent: Base) {
      more = referent
      super.init(referent)
    }
  }

  private final class Nothing {}

  private final class Alone { let unique = Unique() }
  private struct Unique: ~Copyable { let number = 1 }

  private func traits(of object: AnyObject) throws -> [String: Reflection.PropertyTraits] {
    let children = Reflection.children(of: object)
    for child in children { _ = try #require(child.traits.place, "\(child.label)") }
    return Dictionary(uniqueKeysWithValues: children.map { ($0.label.name, $0.traits) })
  }

  @Test func `the properties of classes, of superclasses and of generic classes are where it says`()
    throws
  {
    let last = Last()
    _ = last.later
    let objects: [AnyObject] = [
      Base(), Derived(), last, Generic(1 as UInt8), Generic("text"), Generic(Base()),
      Specific(2.5), Specific((1, "x")), Nothing(),
    ]
    for object in objects {
      for child in Reflection.children(of: object) {
        let place = try #require(child.traits.place, "\(object): \(child.label.name)")
        #expect(
          "\(stored(place.type, in: object, at: place.offset))" == "\(child.value)",
          "\(object): \(child.label.name)")
        #expect(place.type == type(of: child.value) || isWider(place.type), "\(place.type)")
      }
      #expect(StoredProperties.of(object) != nil, "\(object)")
    }
  }

  private func isWider(_ type: Any.Type) -> Bool {
    type == Any.self || type == (any CustomStringConvertible).self || type == Any.Type.self
  }

  private func stored(_ type: Any.Type, in object: AnyObject, at offset: Int) -> Any {
    func read<Value>(_: Value.Type) -> Any {
      let start = unsafe UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
      defer { extendLifetime(object) }
      return unsafe (start + offset).assumingMemoryBound(to: Value.self).pointee
    }
    return _openExistential(type, do: read)
  }

  @Test func `says which properties are variable, and which hold nothing that can be copied`()
    throws
  {
    let traits = try traits(of: Base())
    #expect(traits["number"]?.isVariable == true)
    #expect(traits["text"]?.isVariable == false)
    let alone = Reflection.children(of: Alone())
    #expect(alone.map { "\(String(describing: $0.traits.place?.type))" } == ["Optional(())"])
  }

  @Test func `says of each reference that it is not strong, and reads it`() throws {
    let base = Base()
    let object = MoreReferences(base)
    let children = Reflection.children(of: object)
    #expect(children.map(\.label.name) == ["number", "referent", "more"])
    #expect(children.map(\.traits.isStrong) == [true, false, false])
    for child in children.dropFirst() {
      #expect(referent(child.position.value(in: object)) === base, "\(child.label.name)")
    }
    withExtendedLifetime(base) {}
  }

  @Test func `reads what references refer to, from nothing to an object that is gone`() throws {
    let (base, described) = (Base(), Described())
    let object = References(base)
    let positions = Dictionary(
      uniqueKeysWithValues: Reflection.children(of: object).map { ($0.label.name, $0.position) })
    func reads(_ name: String) throws -> AnyObject? {
      referent(try #require(positions[name]).value(in: object))
    }
    for name in ["weakly", "drawable", "other", "none"] { #expect(try reads(name) == nil) }
    for name in ["owner", "raw"] { #expect(try reads(name) === base) }
    (object.weakly, object.drawable, object.other) = (base, described, base)
    unsafe object.none = base
    for name in ["weakly", "other", "none"] { #expect(try reads(name) === base, "\(name)") }
    #expect(try reads("drawable") === described)
    do {
      let mortal = Base()
      object.weakly = mortal
      #expect(try reads("weakly") === mortal)
    }
    #expect(try reads("weakly") == nil)
    withExtendedLifetime((base, described)) {}
  }

  private func referent(_ value: Any) -> AnyObject? {
    if type(of: value) is AnyObject.Type { return value as AnyObject }
    return Mirror(reflecting: value).children.first.map { $0.value as AnyObject }  // an optional
  }

  /// What is not known here is asked of `Mirror` for every object again.
  @Test func `a class with weak and unowned properties is known like any other`() {
    let (base, nothing) = (Base(), Nothing())
    #expect(StoredProperties.of(References(base)) != nil)
    #expect(StoredProperties.of(GenericReferences(base)) != nil)
    #expect(StoredProperties.of(GenericReferences(nothing)) != nil)
    #expect(StoredProperties.of(MoreReferences(base)) != nil)
    withExtendedLifetime((base, nothing)) {}
  }

  // MARK: Structs, tuples, enumerations

  private struct Fields {
    var small: UInt8 = 1
    let text = "x"
    var large: Int64 = 2
    var list: [Double?] = []
    weak var weakly: Base?
  }

  private struct GenericFields<Value> {
    var flag = false
    var value: Value
  }

  private struct Field: Equatable {
    let name: String
    let type: String
    let offset: Int
  }

  private func fields(of type: Any.Type) -> [Field]? {
    let metadata = unsafe unsafeBitCast(type, to: UnsafeRawPointer.self)
    let count = unsafe ck_field_count(metadata)
    guard count >= 0 else { return nil }
    return (0..<count).map { index in
      let field = unsafe ck_field_at(metadata, index)
      return unsafe Field(
        name: field.name.map { unsafe String(cString: $0) } ?? "nil",
        type: field.type.map { "\(unsafe unsafeBitCast($0, to: Any.Type.self))" } ?? "nil",
        offset: field.offset)
    }
  }

  @Test func `the fields of structs are where it says`() {
    let expected = [
      Field(name: "small", type: "UInt8", offset: 0),
      Field(name: "text", type: "String", offset: 8),
      Field(
        name: "large", type: "Int64", offset: MemoryLayout<Fields>.offset(of: \.large) ?? -1),
      Field(
        name: "list", type: "Array<Optional<Double>>",
        offset: MemoryLayout<Fields>.offset(of: \.list) ?? -1),
    ]
    #expect(fields(of: Fields.self)?.dropLast() == expected[...])
    #expect(fields(of: Fields.self)?.last?.type == "Optional<Base>")
    #expect(
      fields(of: GenericFields<Int16>.self) == [
        Field(name: "flag", type: "Bool", offset: 0),
        Field(name: "value", type: "Int16", offset: 2),
      ])
    #expect(
      Mirror(reflecting: Fields()).children.map(\.label) == fields(of: Fields.self)?.map(\.name))
  }

  @Test func `the elements of tuples are where it says, and other types have no fields`() {
    let found = fields(of: (Int8, label: Int32, String).self)
    #expect(found?.map(\.type) == ["Int8", "Int32", "String"])
    #expect(found?.map(\.offset) == [0, 4, 8])
    for type in [Int?.self, (any Error).self, (() -> Void).self, Cases<Int>.self] as [Any.Type] {
      #expect(fields(of: type) == nil, "\(type)")
    }
  }

  private enum Cases<Value> {
    case one(Value)
    case two(Value, [String])
    case three
    indirect case four(Cases)
  }

  @Test func `enumerations carry what it says`() {
    let metadata = unsafe unsafeBitCast(Cases<UInt8>.self as Any.Type, to: UnsafeRawPointer.self)
    let cases = (0..<max(0, unsafe ck_case_count(metadata))).map { index in
      let found = unsafe ck_case_at(metadata, index)
      let name = unsafe found.name.map { unsafe String(cString: $0) } ?? "nil"
      let type = unsafe found.type.map { "\(unsafe unsafeBitCast($0, to: Any.Type.self))" } ?? "nil"
      return unsafe "\(name) \(found.hasPayload) \(type)"
    }
    #expect(
      cases == [
        "one true UInt8", "two true (UInt8, Array<String>)", "four true Cases<UInt8>",
        "three false nil",
      ])
  }
}

/// Proves what is left of it without the runtime's help.
@Suite(.enabled(if: !ck_asks_runtime(), "built to ask the runtime"))
struct NoFieldLayoutTests {
  private final class Model { let number = 1 }

  @Test func `nothing is asked of the runtime, and Mirror does the work`() {
    let metadata = unsafe unsafeBitCast(Model.self as Any.Type, to: UnsafeRawPointer.self)
    #expect(unsafe ck_field_count(metadata) == -1)
    #expect(unsafe ck_case_count(metadata) == -1)
    #expect(StoredProperties.of(Model()) == nil)
    #expect(Reflection.children(of: Model()).map(\.label.name) == ["number"])
  }
}
