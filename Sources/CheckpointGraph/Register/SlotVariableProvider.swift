public import CheckpointIO

/// An optimizer that keeps variables for the variables that it trains: momenta, moving averages.
///
///     final class Momentum: SlotVariableProvider {
///       private var velocities: [ObjectIdentifier: Variable<Float>] = [:]
///       let slotNames = ["momentum"]
///       func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)? {
///         velocities[ObjectIdentifier(variable)]
///       }
///       func makeSlotVariable(
///         _ name: String, for variable: any TensorVariable
///       ) throws(CheckpointError) -> (any TensorVariable)? {
///         let velocity = Variable<Float>(repeating: 0, shape: variable.tensorSpec.shape)
///         velocities[ObjectIdentifier(variable)] = velocity
///         return velocity
///       }
///       func registerDependencies(in registrar: inout DependencyRegistrar) {}
///     }
///
/// Slot variables are stored beside the variable they belong to, so that they find it again however
/// the program is arranged; they are not registered as dependencies too.
/// Source: tensorflow/python/checkpoint/util.py, `serialize_slot_variables`;
/// restore.py, `_queue_slot_variables`.
public protocol SlotVariableProvider: Checkpointable {
  /// The names of the slots, in the order in which they are stored. TensorFlow 1 sorts them.
  var slotNames: [String] { get }

  /// What TensorFlow 1 calls the optimizer in the names of its slot variables: `w/Adam`, `w/Adam_1`.
  ///
  /// The default is the name of the type. The slots are numbered in the order of ``slotNames``.
  var tensorFlowName: String { get }

  /// The slot variable of a variable; `nil` if there is none (yet).
  func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)?

  /// Creates the slot variable of a variable, because a checkpoint has a value for it.
  ///
  /// - Returns: The new variable, of the dtype and shape that it will always have; `nil` if this
  ///   optimizer has no such slot.
  func makeSlotVariable(
    _ name: String,
    for variable: any TensorVariable
  ) throws(CheckpointError) -> (any TensorVariable)?
}

extension SlotVariableProvider {
  /// The name of the type.
  public var tensorFlowName: String { String(describing: type(of: self)) }
}
