public import CheckpointIO
public import CheckpointTensors

/// The slot variables of an optimizer: one for each slot of each variable that it trains.
///
///     let slots = SlotVariables<Variable<Float>>("m", "v")
///     let means = slots["m", of: kernel]  // as many zeros as the kernel has elements, at first
///
/// Slot variables of another type are made by a function:
///
///     let slots = SlotVariables(["m", "v"]) { spec in TensorBox(Image(zeros: spec.shape)) }
///
/// See ``SlotVariableHolder``. Not safe for use by several threads at once.
public final class SlotVariables<Slot: TensorVariable> {
  /// The names of the slots, in the order in which they are stored.
  public let names: [String]
  /// What slots were called in older checkpoints, by their names.
  public let formerNames: [String: [String]]
  private let make: (TensorSpec) -> Slot
  private var slots: [Place: (original: AnyObject, slot: Slot)] = [:]

  private struct Place: Hashable {
    let name: String
    let variable: ObjectIdentifier
  }

  /// Creates a table without variables.
  ///
  /// - Parameters:
  ///   - names: The names of the slots. TensorFlow 1 sorts them.
  ///   - formerNames: What slots were called in older checkpoints, by their names: `["m": ["momentum"]]`.
  ///   - make: Makes a slot variable for a variable of this dtype and shape.
  /// - Precondition: The former names are those of the slots.
  public init(
    _ names: [String], formerly formerNames: [String: [String]] = [:],
    make: @escaping (TensorSpec) -> Slot
  ) {
    precondition(
      formerNames.keys.allSatisfy(names.contains), "former names of slots that are not in \(names)")
    (self.names, self.formerNames, self.make) = (names, formerNames, make)
  }

  /// Creates a table without variables, for variables of numbers.
  ///
  /// - Parameters:
  ///   - names: The names of the slots. TensorFlow 1 sorts them.
  ///   - initial: What the elements of new slot variables are: zero by default.
  ///   - formerNames: What slots were called in older checkpoints, by their names.
  /// - Precondition: The former names are those of the slots.
  public convenience init<Scalar: TensorScalar & Numeric>(
    _ names: [String], startingAt initial: Scalar = 0,
    formerly formerNames: [String: [String]] = [:]
  ) where Slot == Variable<Scalar> {
    self.init(names, formerly: formerNames) { Variable(repeating: initial, shape: $0.shape) }
  }

  /// Creates a table without variables, for variables of numbers.
  ///
  /// - Parameters: As for a list of names.
  public convenience init<Scalar: TensorScalar & Numeric>(
    _ names: String..., startingAt initial: Scalar = 0
  ) where Slot == Variable<Scalar> {
    self.init(names, startingAt: initial)
  }

  /// The slot variable of a variable, or of an array that is an object; it is made when it is first asked for.
  ///
  /// - Precondition: There is a slot of that name.
  public subscript(name: String, of variable: any TensorStorable & AnyObject) -> Slot {
    if let known = existing(name, of: variable) { return known }
    precondition(names.contains(name), "the slots are \(names), not '\(name)'")
    let slot = make(variable.tensorSpec)
    keep(slot, as: name, of: variable)
    return slot
  }

  /// The slot variable of a variable, or of an array that is an object, if there is one.
  public func existing(_ name: String, of variable: any TensorStorable & AnyObject) -> Slot? {
    slots[place(name, variable)]?.slot
  }

  /// Forgets the slot variables of a variable that is not trained any more.
  public func remove(for variable: any TensorStorable & AnyObject) {
    for name in names { slots[place(name, variable)] = nil }
  }

  fileprivate func made(for variable: any TensorVariable) -> Slot { make(variable.tensorSpec) }

  // The variable is retained as well, so that no other one can get its identity.
  fileprivate func keep(_ slot: Slot, as name: String, of variable: any TensorStorable & AnyObject)
  {
    slots[place(name, variable)] = (Self.object(variable), slot)
  }

  private func place(_ name: String, _ variable: any TensorStorable & AnyObject) -> Place {
    Place(name: name, variable: ObjectIdentifier(Self.object(variable)))
  }

  // An array object of somebody else's is known to a checkpoint by a variable that stands for it.
  private static func object(_ variable: any TensorStorable & AnyObject) -> AnyObject {
    (variable as? ForeignVariable)?.object ?? variable
  }
}

extension SlotVariables: ExcludedFromCheckpoints {}

/// An optimizer whose slot variables stand in a table.
///
///     final class Momentum: SlotVariableHolder {
///       let slots = SlotVariables<Variable<Float>>("momentum")
///       let rate = Variable<Float>(0.1)  // a property like those of other objects
///     }
///
/// A checkpoint saves those that exist, and makes those that it has values for. Other properties are
/// registered as usual.
public protocol SlotVariableHolder: SlotVariableProvider {
  /// What a slot variable is.
  associatedtype Slot: TensorVariable

  /// The slot variables.
  var slots: SlotVariables<Slot> { get }
}

extension SlotVariableHolder {
  /// The names of the table's slots.
  public var slotNames: [String] { slots.names }

  /// The former names of the table's slots.
  public var formerSlotNames: [String: [String]] { slots.formerNames }

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
    guard let slot = slot as? Slot else { return }  // made by `makeSlotVariable`
    slots.keep(slot, as: name, of: variable)
  }
}
