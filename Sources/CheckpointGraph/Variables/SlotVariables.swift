public import CheckpointIO
public import CheckpointTensors

/// The slot variables of an optimizer: a ``Variable`` for each slot of each variable that it trains.
///
///     let slots = SlotVariables<Float>("m", "v")
///     let means = slots["m", of: kernel]  // as many zeros as the kernel has elements, at first
///
/// See ``SlotVariableHolder``. Not safe for use by several threads at once.
public final class SlotVariables<Scalar: TensorScalar & Numeric> {
  /// The names of the slots, in the order in which they are stored.
  public let names: [String]
  private let initial: Scalar
  private var slots: [Place: (original: any TensorVariable, slot: Variable<Scalar>)] = [:]

  private struct Place: Hashable {
    let name: String
    let variable: ObjectIdentifier
  }

  /// Creates a table without variables.
  ///
  /// - Parameters:
  ///   - names: The names of the slots. TensorFlow 1 sorts them.
  ///   - initial: What the elements of new slot variables are: zero by default.
  public init(_ names: [String], startingAt initial: Scalar = 0) {
    self.names = names
    self.initial = initial
  }

  /// Creates a table without variables.
  public convenience init(_ names: String..., startingAt initial: Scalar = 0) {
    self.init(names, startingAt: initial)
  }

  /// The slot variable of a variable, of the same shape; it is made when it is first asked for.
  ///
  /// - Precondition: There is a slot of that name.
  public subscript(name: String, of variable: any TensorVariable) -> Variable<Scalar> {
    if let known = existing(name, of: variable) { return known }
    precondition(names.contains(name), "the slots are \(names), not '\(name)'")
    let slot = made(for: variable)
    keep(slot, as: name, of: variable)
    return slot
  }

  /// The slot variable of a variable, if there is one.
  public func existing(_ name: String, of variable: any TensorVariable) -> Variable<Scalar>? {
    slots[Place(name: name, variable: ObjectIdentifier(variable))]?.slot
  }

  /// Forgets the slot variables of a variable that is not trained any more.
  public func remove(for variable: any TensorVariable) {
    for name in names { slots[Place(name: name, variable: ObjectIdentifier(variable))] = nil }
  }

  fileprivate func made(for variable: any TensorVariable) -> Variable<Scalar> {
    Variable(repeating: initial, shape: variable.tensorSpec.shape)
  }

  // The variable is held too: as long as it lives, no other one has its identity.
  fileprivate func keep(_ slot: Variable<Scalar>, as name: String, of variable: any TensorVariable)
  {
    slots[Place(name: name, variable: ObjectIdentifier(variable))] = (variable, slot)
  }
}

extension SlotVariables: ExcludedFromCheckpoints {}

/// An optimizer whose slot variables stand in a table.
///
///     final class Momentum: SlotVariableHolder {
///       let slots = SlotVariables<Float>("momentum")
///       let rate = Variable<Float>(0.1)  // a property like those of other objects
///     }
///
/// A checkpoint saves those that exist, and makes those that it has values for. Other properties are
/// registered as usual.
public protocol SlotVariableHolder: SlotVariableProvider {
  /// What the elements of the slot variables are.
  associatedtype SlotScalar: TensorScalar & Numeric

  /// The slot variables.
  var slots: SlotVariables<SlotScalar> { get }
}

extension SlotVariableHolder {
  /// The names of the table's slots.
  public var slotNames: [String] { slots.names }

  /// The table's slot variable.
  public func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)?
  {
    slots.existing(name, of: variable)
  }

  /// A new slot variable, if the table has such a slot.
  public func makeSlotVariable(_ name: String, for variable: any TensorVariable)
    throws(CheckpointError) -> (any TensorVariable)?
  {
    slots.names.contains(name) ? slots.made(for: variable) : nil
  }

  /// Puts the slot variable into the table.
  public func keepSlotVariable(
    _ slot: any TensorVariable, as name: String, of variable: any TensorVariable
  ) {
    guard let slot = slot as? Variable<SlotScalar> else { return }  // made by `makeSlotVariable`
    slots.keep(slot, as: name, of: variable)
  }
}
