public import CheckpointIO

/// An optimizer that keeps variables for the variables that it trains: momenta, moving averages.
///
/// Where a table of them will do, ``SlotVariableHolder`` has all this ready.
///
/// Slot variables are stored beside the variable they belong to, so that they find it again however
/// the program is arranged; they are not registered as dependencies too.
/// Source: tensorflow/python/checkpoint/util.py, `serialize_slot_variables`;
/// restore.py, `_queue_slot_variables`.
public protocol SlotVariableProvider: Checkpointable {
  /// The names of the slots, in the order in which they are stored. TensorFlow 1 sorts them.
  var slotNames: [String] { get }

  /// What slots were called in older checkpoints, by their names: `["m": ["momentum"]]`.
  ///
  /// There are none by default.
  var formerSlotNames: [String: [String]] { get }

  /// What TensorFlow 1 calls the optimizer in the names of its slot variables: `w/Adam`, `w/Adam_1`.
  ///
  /// The default is the name of the type. The slots are numbered in the order of ``slotNames``.
  var tensorFlowName: String { get }

  /// The slot variable of a variable; `nil` if there is none (yet).
  func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)?

  /// Creates a slot variable for a variable, because a checkpoint has a value for it.
  ///
  /// It is not part of the optimizer yet: ``keepSlotVariable(_:as:of:)`` follows when it has its
  /// value, and does not if the restore fails.
  ///
  /// - Returns: The new variable, of the dtype and shape that it will always have; `nil` if this
  ///   optimizer has no such slot.
  func makeSlotVariable(_ name: String, for variable: any TensorVariable) throws(CheckpointError)
    -> (any TensorVariable)?

  /// Makes a slot variable part of the optimizer: ``slotVariable(_:of:)`` returns it from now on.
  ///
  /// - Parameters:
  ///   - slot: What ``makeSlotVariable(_:for:)`` has made, with the value from the checkpoint.
  ///   - name: The name of the slot.
  ///   - variable: The variable that it is kept for.
  func keepSlotVariable(
    _ slot: any TensorVariable, as name: String, of variable: any TensorVariable)
}

extension SlotVariableProvider {
  /// No slot has another name than before.
  public var formerSlotNames: [String: [String]] { [:] }

  /// The present name of a slot that was called otherwise before; `nil` for others.
  func presentName(ofFormer saved: String) -> String? {
    guard !slotNames.contains(where: { $0.hasSameBytes(as: saved) }) else { return nil }
    return slotNames.first { name in
      formerSlotNames[name]?.contains { $0.hasSameBytes(as: saved) } == true
    }
  }

  /// The name of the type.
  public var tensorFlowName: String { String(describing: type(of: self)) }
}
