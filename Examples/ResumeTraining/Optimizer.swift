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
/// A checkpoint saves those that exist; and it makes those that it has values for, if a restore comes
/// before the first step.
protocol Optimizer: SlotVariableHolder where Slot == Variable<Float> {
  /// Changes a variable, given how steeply the loss rises with each element.
  func update(_ variable: Variable<Float>, _ slopes: Tensor<Float>)

  /// Does what is to be done once for all variables.
  func finishStep()
}

extension Optimizer {
  func finishStep() {}
}
