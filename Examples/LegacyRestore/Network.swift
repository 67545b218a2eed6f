import Checkpoints

/// A fully connected layer.
struct Layer {
  let kernel: Variable<Float>  // shape [inputs, outputs]
  let bias: Variable<Float>  // shape [outputs]

  init(_ inputs: Int, _ outputs: Int) {
    kernel = Variable(repeating: 0, shape: [inputs, outputs])
    bias = Variable(repeating: 0, shape: [outputs])
  }

  func callAsFunction(_ input: [Float]) -> [Float] {
    bias.value.array.enumerated().map { output, bias in
      input.indices.reduce(bias) { $0 + input[$1] * kernel.value[$1, output] }
    }
  }
}

/// Two layers with a relu between them, and the number of steps they were trained for.
struct Network {
  let hidden = Layer(4, 6)
  let output = Layer(6, 3)
  let step = Variable<Int64>(0)

  func callAsFunction(_ input: [Float]) -> [Float] { output(hidden(input).map { max(0, $0) }) }

  /// The variables by the names that programs for TensorFlow have given them.
  var variables: [String: any TensorVariable] {
    [
      "hidden/kernel": hidden.kernel, "hidden/bias": hidden.bias,
      "output/kernel": output.kernel, "output/bias": output.bias,
      "global_step": step,
    ]
  }
}

/// A network over words, with the slot variables of the Adam optimizer that trains it.
struct Ranker {
  let embedding = Variable<Float>(repeating: 0, shape: [10, 4])
  let network = Network()
  let momentOfEmbedding = Variable<Float>(repeating: 0, shape: [10, 4])
  let powers = [Variable<Float>(1), Variable<Float>(1)]

  func callAsFunction(word: Int) -> [Float] {
    network((0..<4).map { embedding.value[word, $0] })
  }

  /// The variables by this program's own names; of the optimizer's, some, to keep it short.
  var variables: [String: any TensorVariable] {
    var variables: [String: any TensorVariable] = [
      "model/embedding": embedding, "model/embedding/Adam": momentOfEmbedding,
      "beta1_power": powers[0], "beta2_power": powers[1],
    ]
    for (name, variable) in network.variables {
      variables[name == "global_step" ? name : "model/\(name)"] = variable
    }
    return variables
  }
}
