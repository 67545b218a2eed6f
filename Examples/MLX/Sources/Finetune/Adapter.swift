// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Checkpoints
import Foundation
import MLX
import MLXNN
import MLXOptimizers

// All that Checkpoints has to know of MLX.

extension MLXArray: @retroactive TensorStorable {
  public var tensorSpec: TensorSpec {
    // Both call them the same.
    TensorSpec(Checkpoints.DType(named: "\(dtype)") ?? .float32, TensorShape(shape))
  }

  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    let data = asData(access: .copy).data  // in row-major order, however the array lies in memory
    return try body(data.bytes)
  }

  public func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    let shape = tensor.tensorSpec.shape.dimensions
    if dtype == .bfloat16 {
      let values = try Tensor<BFloat16>(tensor).array.map { Float($0) }
      return _updateInternal(MLXArray(values, shape).asType(.bfloat16))
    }
    let types: [any HasDType.Type] = [
      Bool.self, UInt8.self, UInt16.self, UInt32.self, UInt64.self, Int8.self, Int16.self,
      Int32.self,
      Int64.self, Float16.self, Float.self,
    ]
    guard let type = types.first(where: { $0.dtype == dtype }) else {
      throw CheckpointError(.unsupported, "MLX makes no array of \(dtype) from bytes")
    }
    let data = try tensor.withTensorBytes { $0.withUnsafeBytes { Data($0) } }
    func array<T: HasDType>(_: T.Type) -> MLXArray { MLXArray(data, shape, type: T.self) }
    _updateInternal(array(type))
  }
}

/// What is trained: the parameters of a module by their names, and the state of an optimizer, which has one
/// once it has been used.
final class Training: Checkpointable {
  let model: Module
  let optimizer: Adam
  let random: MLXRandom.RandomState

  init(_ model: Module, _ optimizer: Adam, _ random: MLXRandom.RandomState) {
    (self.model, self.optimizer, self.random) = (model, optimizer, random)
    let trained = model.trainableParameters().flattened()
    optimizer.update(
      model: model, gradients: .unflattened(trained.map { ($0, MLXArray.zeros(like: $1)) }))
    model.update(parameters: .unflattened(trained))  // weight decay would have changed them
  }

  func registerDependencies(in registrar: inout DependencyRegistrar) {
    registrar.track(
      Dictionary(uniqueKeysWithValues: model.trainableParameters().flattened()), as: "model")
    registrar.track(optimizer.innerState(), as: "optimizer")
    registrar.track(random.innerState(), as: "random")
  }
}

/// The parameters as variables of a saver, by the names that MLX gives them.
func variables(_ parameters: ModuleParameters) -> [String: TensorBox<MLXArray>] {
  Dictionary(uniqueKeysWithValues: parameters.flattened().map { ($0, TensorBox($1)) })
}
