import CFieldLayout
import CheckpointIO
import Synchronization

/// A field that is neither registered nor left out, or a name that is no field's.
struct FieldProblem {
  let path: [String]
  let reason: String
}

/// Finds fields of a struct that hold values, and that it has neither registered nor left out.
struct FieldCheck<Root> {
  private let registrar: FieldRegistrar<Root>
  private var problems: [FieldProblem] = []
  private var names: Set<String> = []

  private init(_ registrar: FieldRegistrar<Root>) { self.registrar = registrar }

  /// What is wrong with the fields that a struct has registered.
  static func problems(of registrar: FieldRegistrar<Root>) -> [FieldProblem] {
    let type = ObjectIdentifier(Root.self)
    guard !soundTypes.withLock({ $0.contains(type) }) else { return [] }
    var check = FieldCheck(registrar)
    check.look(at: Root.self, from: 0, [])
    check.lookAtNames()
    if check.problems.isEmpty { soundTypes.withLock { _ = $0.insert(type) } }
    return check.problems
  }

  private mutating func lookAtNames() {
    guard !names.isEmpty else { return }  // else nobody knows them
    for name in registrar.excluded.subtracting(names).sorted() {
      problems.append(FieldProblem(path: [name], reason: "there is no such field to be left out"))
    }
  }

  private mutating func note(_ path: [String], _ type: String) {
    problems.append(
      FieldProblem(
        path: path,
        reason: "it holds \(type), which would be forgotten: register it, or leave it out by "
          + "fields.exclude(\"\(path[0])\")"))
  }

  // A field is told by its place: the registered name is another one, as often as not.
  private mutating func look(at type: Any.Type, from start: Int, _ path: [String]) {
    // A type that is not known at compile time is one pointer, to the metadata.
    let metadata = unsafe unsafeBitCast(type, to: UnsafeRawPointer.self)
    for index in 0..<max(0, unsafe ck_field_count(metadata)) {
      let field = unsafe ck_field_at(metadata, index)
      guard let name = unsafe field.name, let type = unsafe field.type else { continue }
      let label = unsafe PropertyLabel(String(cString: name))
      if path.isEmpty { names.formUnion(label.possibleNames) }
      // The names that are left out, or registered without a place, are those of the struct itself.
      let isKnown = path.isEmpty && label.isAny(of: registrar.excluded.union(registrar.unplaced))
      guard !isKnown else { continue }
      // The other way round: the metadata of a type that can be copied, as the struct can.
      let declared = unsafe unsafeBitCast(type, to: Any.Type.self)
      let offset = unsafe start + Int(field.offset)
      look(at: label, declared, offset..<(offset + size(of: declared)), path)
    }
  }

  private mutating func look(
    at label: PropertyLabel, _ type: Any.Type, _ place: Range<Int>, _ path: [String]
  ) {
    guard !registrar.bytes.contains(where: { $0.contains(place) }) else { return }
    let path = path + [label.wrappedName ?? label.name]
    if !place.isEmpty, registrar.bytes.contains(where: { place.contains($0) }) {
      return look(at: type, from: place.lowerBound, path)  // a part of it is registered
    }
    switch StoredType.of(label.declaredType(type)) {
    case .configuration, .lists, .open: break
    case .followed: note(path, "\(type)")
    case .forgotten(let values): for value in values { note(path + value.path, value.typeName) }
    }
  }

  private func size<Value>(of _: Value.Type) -> Int { MemoryLayout<Value>.size }
}

extension DependencyRegistrar {
  /// Notes what is wrong with a field of a struct.
  mutating func note(_ problem: FieldProblem, of type: Any.Type) {
    let place = problem.path.joined(separator: "/")
    let error = CheckpointError(.invalidArgument, "\(type), field '\(place)': \(problem.reason)")
    note(Problem(path: problem.path, error: error, objects: nil))
  }
}

private let soundTypes = Mutex<Set<ObjectIdentifier>>([])
