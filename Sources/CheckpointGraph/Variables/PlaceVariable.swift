import CheckpointIO
import CheckpointTensors

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

extension ValuePlace where Value: TensorStorable {
  /// The variable that the value is, and what tells it from others: an object is a place by itself.
  var variable: DependencyRegistrar.Found {
    let value = get()
    if let variable = value as? any TensorVariable { return (variable, .object) }
    if let array = value as? any TensorStorable & AnyObject {
      return (ForeignVariable(array), .foreign(array))
    }
    return (PlaceVariable(self), .place)
  }
}
