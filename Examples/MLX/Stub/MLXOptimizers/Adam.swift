// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import MLX
public import MLXNN

open class Adam: Updatable {
  public var learningRate: Float
  private let betas: (Float, Float) = (0.9, 0.999)
  private var state: [String: (MLXArray, MLXArray)] = [:]

  public init(learningRate: Float) { self.learningRate = learningRate }

  public func innerState() -> [MLXArray] {
    state.sorted { $0.key < $1.key }.flatMap { [$0.value.0, $0.value.1] }
  }

  public func update(model: Module, gradients: ModuleParameters) {
    let parameters = Dictionary(uniqueKeysWithValues: model.parameters().flattened())
    var updated: [(String, MLXArray)] = []
    for (name, gradient) in gradients.flattened() {
      guard let parameter = parameters[name] else { continue }
      var (m, v) = state[name] ?? (MLXArray.zeros(like: parameter), MLXArray.zeros(like: parameter))
      m = betas.0 * m + (1 - betas.0) * gradient
      v = betas.1 * v + (1 - betas.1) * square(gradient)
      state[name] = (m, v)
      updated.append((name, decayed(parameter) - learningRate * m / (sqrt(v) + 1e-8)))
    }
    model.update(parameters: .unflattened(updated))
  }

  func decayed(_ parameter: MLXArray) -> MLXArray { parameter }
}

open class AdamW: Adam {
  public var weightDecay: Float = 0.01

  override func decayed(_ parameter: MLXArray) -> MLXArray {
    (1 - learningRate * weightDecay) * parameter
  }
}
