public import CheckpointIO
public import CheckpointTensors

/// A variable made of any storable value: an array type of another library, an ``AnyTensor``.
public final class TensorBox<Value: TensorStorable>: TensorVariable {
  /// The value.
  public var value: Value
  /// The variable's own name.
  public let name: String?
  /// The label of the device that it belongs to, such as `gpu:0`; any text will do.
  public var device: String?
  /// Whether it holds a copy of the state of one of several processes.
  package var isCopyOfProcessState = false

  /// Creates a variable that holds `value`.
  public init(_ value: Value, name: String? = nil) {
    self.value = value
    self.name = name
  }

  /// The dtype and the shape of the value.
  public var tensorSpec: TensorSpec { value.tensorSpec }

  /// Calls `body` with the elements of fixed width.
  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try value.withTensorBytes(body)
  }

  /// Hands the bytes to the value.
  public func fillTensorBytes(_ fill: (inout MutableRawSpan) throws(CheckpointError) -> Void)
    throws(CheckpointError) -> Bool
  {
    try value.fillTensorBytes(fill)
  }

  /// Hands the tensor to the value.
  public func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    try value.setTensor(tensor)
  }

  /// The value as it is now.
  public func tensorSnapshot() throws(CheckpointError) -> AnyTensor { try value.tensorSnapshot() }
}
