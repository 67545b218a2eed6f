import Checkpoints

/// Adam, with the names that TensorFlow 1's has in checkpoints.
///
/// Source: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015.
final class Adam: Optimizer {
  let slots = SlotVariables<Variable<Float>>("m", "v")
  private let rate: Float = 0.002
  private let beta1: Float = 0.9
  private let beta2: Float = 0.999
  /// The betas to the power of the next step.
  private let beta1Power = Variable<Float>(0.9)
  private let beta2Power = Variable<Float>(0.999)

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(beta1Power, as: "beta1_power")
    registrar.track(beta2Power, as: "beta2_power")
  }

  func update(_ variable: Variable<Float>, _ slopes: Tensor<Float>) {
    let scale = rate * (1 - beta2Power.scalar).squareRoot() / (1 - beta1Power.scalar)
    let (means, squares) = (slots["m", of: variable], slots["v", of: variable])
    slopes.withScalars { slopes in
      variable.withMutableScalars { weights in
        means.withMutableScalars { means in
          squares.withMutableScalars { squares in
            for index in slopes.indices {
              let slope = slopes[index]
              means[index] += (1 - beta1) * (slope - means[index])
              squares[index] += (1 - beta2) * (slope * slope - squares[index])
              weights[index] -= scale * means[index] / (squares[index].squareRoot() + 1e-8)
            }
          }
        }
      }
    }
  }

  func finishStep() {
    beta1Power.scalar *= beta1
    beta2Power.scalar *= beta2
  }
}
