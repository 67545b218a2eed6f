import CheckpointIO
import CheckpointTensors

/// A variable that is an object of somebody else's array type.
final class ForeignVariable: TensorVariable {
  private(set) var object: any TensorStorable & AnyObject

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
