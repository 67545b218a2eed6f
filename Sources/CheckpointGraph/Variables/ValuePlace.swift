import CheckpointIO
import CheckpointTensors

/// A value within another one, which can be read and written: a stored property of an object, an
/// element of an array in it.
struct ValuePlace<Value> {
  /// Changes the value.
  typealias Change = (inout Value) throws(CheckpointError) -> Void

  let get: () -> Value
  let modify: (Change) throws(CheckpointError) -> Void

  /// A stored property of an object.
  init<Owner: AnyObject>(_ owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>) {
    get = { owner[keyPath: property] }
    modify = { change throws(CheckpointError) in try change(&owner[keyPath: property]) }
  }

  init(get: @escaping () -> Value, modify: @escaping (Change) throws(CheckpointError) -> Void) {
    self.get = get
    self.modify = modify
  }

  /// A part of the value.
  func part<Part>(_ path: WritableKeyPath<Value, Part>) -> ValuePlace<Part> {
    ValuePlace<Part>(
      get: { [get] in get()[keyPath: path] },
      modify: { [modify] change throws(CheckpointError) in
        try modify { value throws(CheckpointError) in try change(&value[keyPath: path]) }
      })
  }
}

extension ValuePlace {
  /// The value that an optional holds now; `nil` if it holds none.
  ///
  /// An optional that has become `nil` since stays so.
  func wrapped<Wrapped>() -> ValuePlace<Wrapped>? where Value == Wrapped? {
    guard get() != nil else { return nil }
    return ValuePlace<Wrapped>(
      get: { [get] in
        guard let value = get() else {
          preconditionFailure("a value has become nil while it was being saved or restored")
        }
        return value
      },
      modify: { [modify] change throws(CheckpointError) in
        try modify { value throws(CheckpointError) in
          guard var wrapped = value else { return }
          value = nil  // so that nobody else has it, and it is changed in place
          defer { value = wrapped }
          try change(&wrapped)
        }
      })
  }
}

extension ValuePlace where Value: TensorScalar {
  /// The value as a tensor without dimensions.
  var asTensor: ValuePlace<Tensor<Value>> {
    ValuePlace<Tensor<Value>>(
      get: { [get] in Tensor(get()) },
      modify: { [get, modify] change throws(CheckpointError) in
        var tensor = Tensor(get())
        try change(&tensor)
        let scalar = tensor[]
        try modify { value throws(CheckpointError) in value = scalar }
      })
  }
}
