import Checkpoints

// What several pages have.

final class Dense: Checkpointable {
  let kernel: Variable<Float>  // shape [inputs, outputs]
  let bias: Variable<Float>  // shape [outputs]

  init(_ inputs: Int, _ outputs: Int) {
    kernel = Variable(repeating: 0, shape: [inputs, outputs])
    bias = Variable(repeating: 0, shape: [outputs])
  }
}

final class Classifier: Checkpointable {
  let hidden = Dense(64, 128)
  let heads = [Dense(128, 10), Dense(128, 2)]  // heads/0, heads/1
  var extra: Dense? = nil  // extra, once it is there
}

final class Momentum: SlotVariableHolder {
  let slots = SlotVariables<Variable<Float>>("momentum")
  let rate = Variable<Float>(0.1)

  func update(_ weight: Variable<Float>, slopes: Tensor<Float>) {
    let velocity = slots["momentum", of: weight]  // zeros, when it is first asked for
    let rate = rate.scalar
    velocity.withMutableScalars { velocities in
      weight.withMutableScalars { weights in
        for index in weights.indices {
          velocities[index] = 0.9 * velocities[index] + slopes.scalars[index]
          weights[index] -= rate * velocities[index]
        }
      }
    }
  }
}

/// A step of a training, as the pages mean it; it returns a loss.
@discardableResult func train() -> Double { 0.5 }

/// The part of its answers that are right, as the pages mean it.
func evaluate(_ model: Classifier) -> Double { 0.5 }
