import CFieldLayout
import CheckpointTensors

/// Objects that a checkpoint does not follow: a forgotten conformance is the usual reason for a model
/// that is not saved.
extension Reflection {
  /// Notes a problem if an object holds variables or tensors, but is not `Checkpointable`.
  ///
  /// Objects in it may be reached by another way. Plain objects behind it are not looked for, nor are
  /// its numbers: they are its own business.
  mutating func lookAtPlainObject(_ object: AnyObject) {
    let type: AnyObject.Type = Swift.type(of: object)
    if object is any Actor {
      // Its properties belong to whoever runs on it: only their types are looked at.
      if Self.declaresDependencies(type) {
        note(
          "\(type) is an actor that holds variables, which nobody else may read; hold them in a "
            + "final class that is Checkpointable, or mark the property @NoDependency")
      }
      return
    }
    var contents = PlainContents()
    contents.add(object)
    guard !contents.objects.isEmpty || contents.tensorType != nil else { return }
    let what = contents.tensorType.map { "a \($0)" } ?? "variables"
    note(
      "\(type) holds \(what), but is not Checkpointable: let it conform, or mark the property "
        + "@NoDependency", holding: contents.tensorType == nil ? contents.objects : nil)
  }

  private static func declaresDependencies(_ type: AnyObject.Type) -> Bool {
    let metadata = unsafe unsafeBitCast(type as Any.Type, to: UnsafeRawPointer.self)
    let count = unsafe ck_field_count(metadata)
    guard count > 0 else { return false }
    return (0..<count).contains { index in
      let field = unsafe ck_field_at(metadata, index)
      guard let type = unsafe field.type, unsafe field.isStrong else {
        return false
      }
      switch StoredType.of(unsafe unsafeBitCast(type, to: Any.Type.self)) {
      case .followed: return true
      case .forgotten(let values): return values.contains { $0.tensorType != nil }
      case .configuration, .lists, .open: return false
      }
    }
  }
}

/// What plain objects hold of a checkpoint's.
private struct PlainContents {
  var objects: [AnyObject] = []
  var tensorType: String?

  mutating func add(_ object: AnyObject) {
    if let known = StoredProperties.of(object) {
      let contents = known.contents(of: object)
      tensorType = contents.forgotten.lazy.compactMap(\.tensorType).first
      for value in contents.values { add(value: value) }
    } else {
      for child in Reflection.children(of: object) where child.traits.isStrong {
        add(value: child.value)
      }
    }
  }

  // Of a collection the first element tells what it holds.
  private mutating func add(value: Any) {
    if let object = value as? any Checkpointable { return objects.append(object) }
    if let array = value as? any TensorStorable & AnyObject { return objects.append(array) }
    switch StoredType.of(type(of: value)) {
    case .configuration, .lists: return
    case .forgotten(let values):
      tensorType = tensorType ?? values.lazy.compactMap(\.tensorType).first
    case .open, .followed: break
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional, .tuple, .struct, .enum:
      for child in mirror.children { add(value: child.value) }
    case .collection, .dictionary, .set:
      if let first = mirror.children.first { add(value: first.value) }
    default: break
    }
  }
}

extension ForgottenValue {
  /// The type, if it is one that is stored as a tensor.
  fileprivate var tensorType: String? {
    switch reason {
    case .tensor(let type), .fields(let type): type
    default: nil
    }
  }
}
