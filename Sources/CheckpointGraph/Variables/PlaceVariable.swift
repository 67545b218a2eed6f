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
