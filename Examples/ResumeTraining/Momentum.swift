import Checkpoints

/// Gradient descent that keeps a part of its speed.
final class Momentum: Optimizer {
  let slots = SlotVariables<Variable<Float>>("momentum")
  private let rate: Float = 0.05
  private let momentum: Float = 0.9

  func update(_ variable: Variable<Float>, _ slopes: Tensor<Float>) {
    let speeds = slots["momentum", of: variable]
    slopes.withScalars { slopes in
      variable.withMutableScalars { weights in
        speeds.withMutableScalars { speeds in
          for index in slopes.indices {
            speeds[index] = momentum * speeds[index] + slopes[index]
            weights[index] -= rate * speeds[index]
          }
        }
      }
    }
  }
}
