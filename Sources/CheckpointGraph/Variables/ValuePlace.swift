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

/// A variable that is a place: its values are read from there, and written there.
final class PlaceVariable<Value: TensorStorable>: TensorVariable {
  private let place: ValuePlace<Value>

  init(_ place: ValuePlace<Value>) { self.place = place }

  var tensorSpec: TensorSpec { place.get().tensorSpec }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try place.get().withTensorBytes(body)
  }

  func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    try place.modify { value throws(CheckpointError) in try value.setTensor(tensor) }
  }

  func tensorSnapshot() throws(CheckpointError) -> AnyTensor { try place.get().tensorSnapshot() }
}

/// A variable that is an object of somebody else's array type.
final class ForeignVariable: TensorVariable {
  private var object: any TensorStorable & AnyObject

  init(_ object: any TensorStorable & AnyObject) { self.object = object }

  var tensorSpec: TensorSpec { object.tensorSpec }

  func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try object.withTensorBytes(body)
  }

  func fillTensorBytes(_ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError) -> Bool
  {
    try object.fillTensorBytes(fill)
  }

  func setTensor(_ tensor: AnyTensor) throws(CheckpointError) { try object.setTensor(tensor) }

  func tensorSnapshot() throws(CheckpointError) -> AnyTensor { try object.tensorSnapshot() }
}
