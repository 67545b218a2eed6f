import MLX
import MLXNN

/// A layer whose weight is fixed, with two small matrices that are trained in its place.
final class LoRALinear: Linear {
  @ParameterInfo(key: "lora_a") var down: MLXArray
  @ParameterInfo(key: "lora_b") var up: MLXArray
  private let scale: Float = 2

  init(_ base: Linear, rank: Int, _ random: MLXRandom.RandomState) {
    // Before `super.init`, which looks at what the module has.
    _down.wrappedValue =
      0.1 * MLXRandom.normal([base.weight.shape[1], rank], key: random.next())
    _up.wrappedValue = MLXArray.zeros([rank, base.weight.shape[0]])
    super.init(weight: base.weight)
  }

  override func callAsFunction(_ x: MLXArray) -> MLXArray {
    super.callAsFunction(x) + scale * matmul(matmul(x, down), up)
  }

  /// How the error of an output changes with the matrices.
  func gradients(_ x: MLXArray, _ error: MLXArray) -> [(String, MLXArray)] {
    [
      ("lora_a", scale * matmul(x.T, matmul(error, up.T))),
      ("lora_b", scale * matmul(matmul(x, down).T, error)),
    ]
  }
}

/// One layer, which is what matters here.
final class Model: Module {
  @ModuleInfo(key: "q_proj") var query: LoRALinear

  init(_ query: LoRALinear) {
    _query.wrappedValue = query
    super.init()
  }

  func callAsFunction(_ x: MLXArray) -> MLXArray { query(x) }
}
