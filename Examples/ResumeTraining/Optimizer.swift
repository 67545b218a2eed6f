import Checkpoints

/// Which way to train.
enum TrainingMethod: String {
  case adam, momentum

  func makeOptimizer() -> any Optimizer {
    switch self {
    case .adam: Adam()
    case .momentum: Momentum()
    }
  }
}

/// Changes variables so that a loss falls, and keeps variables of its own for them: slot variables.
///
/// A checkpoint asks for the slot variables that exist, to save them; and to make those that it has
/// values for, if a restore comes before the first step.
protocol Optimizer: SlotVariableProvider {
  /// The slot variables that exist.
  var slots: SlotTable { get set }

  /// Changes a variable, given how steeply the loss rises with each element.
  func update(_ variable: Variable<Float>, _ slopes: Tensor<Float>)

  /// Does what is to be done once for all variables.
  func finishStep()
}

extension Optimizer {
  func finishStep() {}

  func slotVariable(_ name: String, of variable: any TensorVariable) -> (any TensorVariable)? {
    slots[name, of: variable]
  }

  func makeSlotVariable(
    _ name: String,
    for variable: any TensorVariable
  ) throws(CheckpointError) -> (any TensorVariable)? {
    slotNames.contains(name) ? slot(name, of: variable) : nil
  }

  /// A slot variable, made of zeros when it is first asked for.
  func slot(_ name: String, of variable: any TensorVariable) -> Variable<Float> {
    if let known = slots[name, of: variable] { return known }
    let slot = Variable<Float>(repeating: 0, shape: variable.tensorSpec.shape)
    slots[name, of: variable] = slot
    return slot
  }
}

/// The slot variables of an optimizer, by name and variable.
struct SlotTable {
  private var variables: [String: [ObjectIdentifier: Variable<Float>]] = [:]

  subscript(name: String, of variable: any TensorVariable) -> Variable<Float>? {
    get { variables[name]?[ObjectIdentifier(variable)] }
    set { variables[name, default: [:]][ObjectIdentifier(variable)] = newValue }
  }
}
