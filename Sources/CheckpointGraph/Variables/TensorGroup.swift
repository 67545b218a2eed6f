public import CheckpointIO
public import CheckpointTensors

/// An object whose value is several tensors that belong together, such as the keys and the values of a
/// table: they are saved at one moment, and restored together or not at all.
///
///     final class Table: TensorGroup {
///       var counts: [String: Int64] = [:]
///
///       let attributeName: String? = "table"
///       let groupTensors = [
///         GroupTensor("-keys", .string), GroupTensor("-values", .int64),
///       ]
///       func serializeToTensors() throws(CheckpointError) -> [AnyTensor] { … }
///       func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError) { … }
///     }
///
/// In an object-based checkpoint each tensor is an attribute of the object, under the tensor's own name,
/// or all of them together are one, ``attributeName``. A ``Saver`` stores them under the name that it is
/// given for the object, followed by the tensors' own.
/// Source: tensorflow/python/trackable/base.py, `_serialize_to_tensors`;
/// tensorflow/python/ops/lookup_ops.py, `MutableHashTable`.
public protocol TensorGroup: Checkpointable {
  /// The one attribute that all tensors are stored behind, as TensorFlow's tables have `table`; `nil`, the
  /// default, if each tensor is an attribute of its own name.
  var attributeName: String? { get }

  /// The tensors, in the order in which they are saved: always the same.
  var groupTensors: [GroupTensor] { get }

  /// The values of this moment, in the order of ``groupTensors``.
  ///
  /// Asked for once a save, at its beginning, in the foreground as in the background; and before a restore
  /// that is to be taken back if something goes wrong, as it is by default.
  ///
  /// - Throws: `unsupported` if they cannot be written down now.
  func serializeToTensors() throws(CheckpointError) -> [AnyTensor]

  /// Takes the values of a checkpoint, in the order of ``groupTensors``, with these dtypes and shapes.
  ///
  /// - Throws: `mismatch` if they make no value of this object, which is unchanged then.
  func restoreFromTensors(_ tensors: [AnyTensor]) throws(CheckpointError)
}

/// What is known of a tensor of a group before it is read.
public struct GroupTensor: Sendable {
  /// What tells it from the others of the group.
  public let name: String
  /// The dtype.
  public let dtype: DType
  /// The shape; `nil` if it may have any, as the keys of a table.
  public let shape: TensorShape?

  /// Describes a tensor.
  ///
  /// - Parameters:
  ///   - name: What tells it from the others of the group: `-keys` behind the name of a table. Neither
  ///     dots nor slashes.
  ///   - dtype: The dtype.
  ///   - shape: The shape; `nil` if it may have any.
  public init(_ name: String, _ dtype: DType, shape: TensorShape? = nil) {
    (self.name, self.dtype, self.shape) = (name, dtype, shape)
  }
}

extension TensorGroup {
  /// None: each tensor is an attribute of its own.
  public var attributeName: String? { nil }
}

extension TensorGroup where Registered == Self {
  /// Registers the tensors.
  public func registerDependencies(in registrar: inout DependencyRegistrar) {}
}

extension TensorGroup {
  /// Not there for a class that can have subclasses: what they registered would not be heard.
  @available(
    *, unavailable,
    message: """
      a class that is not final has to have a method that subclasses can override: make the class \
      final, or write 'func registerDependencies(in registrar: inout DependencyRegistrar) {}'; the \
      tensors are registered all the same
      """
  )
  public func registerDependencies(in registrar: inout DependencyRegistrar) {}
}

// MARK: Members

/// One tensor of a group, as the variable that a restore fills: the group gets its values when the last
/// one has come.
package final class GroupMember: TensorVariable {
  /// The group, while its tensors come.
  fileprivate final class Collection {
    let group: any TensorGroup
    var before: [AnyTensor]?
    var collected: [AnyTensor?]

    init(_ group: any TensorGroup, count: Int) {
      self.group = group
      collected = Array(repeating: nil, count: count)
    }

    func snapshot() throws(CheckpointError) -> [AnyTensor] {
      if let before { return before }
      let tensors = try group.checkedTensors()
      before = tensors
      return tensors
    }
  }

  private let collection: Collection
  private let place: Int
  private let dtype: DType
  private var shape: TensorShape?

  fileprivate init(_ tensor: GroupTensor, _ place: Int, of collection: Collection) {
    self.collection = collection
    self.place = place
    (dtype, shape) = (tensor.dtype, tensor.shape)
  }

  /// Expects what a checkpoint has, if it may have any shape.
  package func expect(_ stored: TensorShape) { shape = shape ?? stored }

  package var tensorSpec: TensorSpec { TensorSpec(dtype, shape ?? .scalar) }

  package func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    try tensorSnapshot().withTensorBytes(body)
  }

  package func tensorSnapshot() throws(CheckpointError) -> AnyTensor {
    try collection.snapshot()[place]
  }

  package func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    collection.collected[place] = tensor
    let tensors = collection.collected.compactMap { $0 }
    guard tensors.count == collection.collected.count else { return }
    collection.collected = Array(repeating: nil, count: tensors.count)
    do throws(CheckpointError) {
      try collection.group.restoreFromTensors(tensors)
    } catch {
      throw error.adding("the tensors of \(type(of: collection.group)) were restored together")
    }
  }
}

extension NodeAttributes {
  /// The tensors of a group.
  init(_ group: any TensorGroup) {
    self.init(prefix: group.attributeName, group.members()) { () throws(CheckpointError) in
      try group.takenMembers()
    }
  }
}

extension TensorGroup {
  /// The tensors as variables to be restored, under their names.
  package func members() -> [NodeAttributes.Member] {
    let tensors = groupTensors
    let collection = GroupMember.Collection(self, count: tensors.count)
    return tensors.enumerated().map { place, tensor in
      NodeAttributes.Member(name: tensor.name, variable: GroupMember(tensor, place, of: collection))
    }
  }

  /// The tensors as variables with the values of this moment, under their names.
  ///
  /// - Throws: What the object throws; `mismatch` if its tensors are not those that it has announced.
  package func takenMembers() throws(CheckpointError) -> [NodeAttributes.Member] {
    zip(groupTensors, try checkedTensors()).map { tensor, value in
      NodeAttributes.Member(name: tensor.name, variable: TensorBox(value))
    }
  }

  fileprivate func checkedTensors() throws(CheckpointError) -> [AnyTensor] {
    let (announced, tensors) = (groupTensors, try serializeToTensors())
    guard tensors.count == announced.count else {
      throw CheckpointError(
        .mismatch,
        "\(type(of: self)) has \(tensors.count) tensors, and groupTensors announces \(announced.count)"
      )
    }
    for (tensor, known) in zip(tensors, announced) {
      let spec = tensor.spec
      guard spec.dtype != known.dtype || (known.shape ?? spec.shape) != spec.shape else { continue }
      throw CheckpointError(
        .mismatch,
        "the tensor '\(known.name)' of \(type(of: self)) is \(spec), and groupTensors announces "
          + "\(known.dtype.name)\(known.shape.map { "\($0)" } ?? "")")
    }
    return tensors
  }
}
