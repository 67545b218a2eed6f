// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Checkpoints
import Foundation
import MLX
import MLXNN
import MLXOptimizers

// All that Checkpoints has to know of MLX.

extension MLXArray: @retroactive TensorStorable {
  public var tensorSpec: TensorSpec {
    guard let stored = Checkpoints.DType(named: "\(dtype)") else {  // both call them the same
      preconditionFailure("TensorFlow has no \(dtype)")
    }
    return TensorSpec(stored, TensorShape(shape))
  }

  public func withTensorBytes<Result>(_ body: (RawSpan) throws(CheckpointError) -> Result)
    throws(CheckpointError) -> Result
  {
    _ = try scalarType  // what could not be restored is not saved
    let data = asData(access: .copy).data  // in row-major order, however the array lies in memory
    return try body(data.bytes)
  }

  public func setTensor(_ tensor: AnyTensor) throws(CheckpointError) {
    let shape = tensor.tensorSpec.shape.dimensions
    if dtype == .bfloat16 {
      let values = try Tensor<BFloat16>(tensor).array.map { Float($0) }
      return _updateInternal(MLXArray(values, shape).asType(.bfloat16))
    }
    let (type, data) = (
      try scalarType, try tensor.withTensorBytes { $0.withUnsafeBytes { Data($0) } }
    )
    func array<T: HasDType>(_: T.Type) -> MLXArray { MLXArray(data, shape, type: T.self) }
    if !data.isEmpty { _updateInternal(array(type)) }
  }

  private var scalarType: any HasDType.Type {
    get throws(CheckpointError) {
      let types: [any HasDType.Type] = [
        Bool.self, UInt8.self, UInt16.self, UInt32.self, UInt64.self, Int8.self, Int16.self,
        Int32.self, Int64.self, Float16.self, Float.self, Double.self,
      ]
      let known = types.first { $0.dtype == (dtype == .bfloat16 ? .uint16 : dtype) }
      guard let known else {
        throw CheckpointError(.unsupported, "MLX makes no array of \(dtype) from bytes")
      }
      return known
    }
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
    let before = model.trainableParameters().flattened().map { ($0, $1 + 0) }  // copies
    optimizer.update(
      model: model, gradients: .unflattened(before.map { ($0, MLXArray.zeros(like: $1)) }))
    model.update(parameters: .unflattened(before))  // weight decay has changed them
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
