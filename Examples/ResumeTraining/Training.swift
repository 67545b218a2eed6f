import Checkpoints
import DigitsModel

/// Everything that a training depends on; what changes is in the checkpoint.
final class Training {
  /// The end: three times through the digits.
  static let lastStep = 270
  private static let batchSize = 16

  /// What saves and restores it all.
  let checkpoint: Checkpoint
  private let model = Classifier(seed: 7)
  private let optimizer: any Optimizer
  private let order: RunState<DataOrder>
  private let digits: Digits

  /// Prepares a training from the beginning.
  init(_ method: TrainingMethod) throws(CheckpointError) {
    do {
      digits = try Digits()
    } catch {
      throw CheckpointError(.io, "the digits cannot be read: \(error)")
    }
    order = RunState(DataOrder(count: digits.training.count, seed: 11))
    optimizer = method.makeOptimizer()
    checkpoint = try Checkpoint(["model": model, "optimizer": optimizer, "order": order])
  }

  /// How many batches it has learnt from.
  var step: Int { Int(model.step.scalar) }

  /// How good the model is.
  var score: Score { model.score(on: digits.test) }

  /// Learns from batches until it has been so many.
  func run(to lastStep: Int) {
    while step < lastStep {
      let batch = order.value.nextBatch(Self.batchSize).map { digits.training[$0] }
      for (variable, slopes) in model.slopes(over: batch) { optimizer.update(variable, slopes) }
      optimizer.finishStep()
      model.step.scalar += 1
    }
  }
}

extension Classifier {
  /// The variables, and how steeply the mean loss of some digits rises with each element.
  fileprivate func slopes(over batch: [Digit]) -> [(Variable<Float>, Tensor<Float>)] {
    let layers = [output, hidden]
    var kernels = layers.map { Tensor<Float>(repeating: 0, shape: $0.kernel.shape) }
    var biases = layers.map { Tensor<Float>(repeating: 0, shape: $0.bias.shape) }
    for digit in batch {
      for (index, lesson) in lessons(from: digit).enumerated() {
        lesson.addKernelSlopes(to: &kernels[index], scale: 1 / Float(batch.count))
        lesson.addBiasSlopes(to: &biases[index], scale: 1 / Float(batch.count))
      }
    }
    return Array(zip(layers.map(\.kernel), kernels)) + Array(zip(layers.map(\.bias), biases))
  }
}
