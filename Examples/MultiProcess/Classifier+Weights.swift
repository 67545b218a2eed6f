import Checkpoints
import DigitsModel

extension Classifier {
  private var variables: [Variable<Float>] {
    [hidden.kernel, hidden.bias, output.kernel, output.bias]
  }

  /// All weights, one behind the other.
  var weights: [Float] {
    get { variables.flatMap(\.value.array) }
    set {
      var start = 0
      for variable in variables {
        let count = variable.value.shape.elementCount
        variable.value = Tensor(
          shape: variable.value.shape, scalars: Array(newValue[start..<start + count]))
        start += count
      }
    }
  }

  /// The slopes of the loss by all weights, of which nothing is known yet.
  func slopes() -> Slopes { Slopes(of: self) }
}

/// The slopes of the loss by all weights.
struct Slopes {
  private var hidden: (kernel: Tensor<Float>, bias: Tensor<Float>)
  private var output: (kernel: Tensor<Float>, bias: Tensor<Float>)
  private let model: Classifier

  init(of model: Classifier) {
    func zeros(_ variable: Variable<Float>) -> Tensor<Float> {
      Tensor(repeating: 0, shape: variable.value.shape)
    }
    self.model = model
    hidden = (zeros(model.hidden.kernel), zeros(model.hidden.bias))
    output = (zeros(model.output.kernel), zeros(model.output.bias))
  }

  /// Adds what there is to learn from one digit.
  mutating func add(_ lesson: Lesson, scale: Float) {
    if lesson.layer === model.hidden {
      lesson.addKernelSlopes(to: &hidden.kernel, scale: scale)
      lesson.addBiasSlopes(to: &hidden.bias, scale: scale)
    } else {
      lesson.addKernelSlopes(to: &output.kernel, scale: scale)
      lesson.addBiasSlopes(to: &output.bias, scale: scale)
    }
  }

  /// All of them, in the order of the weights.
  var flat: [Float] {
    hidden.kernel.array + hidden.bias.array + output.kernel.array + output.bias.array
  }
}
