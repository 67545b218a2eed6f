import Foundation

/// Others that take part, from Python.
enum Peer: String, CaseIterable {
  /// `tf.train.Checkpoint`.
  case tensorFlowCheckpoint = "TensorFlow Checkpoint"
  /// The operations `SaveV2`, `RestoreV2` and `MergeV2Checkpoints`, without anything around them.
  case tensorFlowOperation = "TensorFlow operation"
  /// `tf.train.load_checkpoint`.
  case tensorFlowReader = "TensorFlow reader"
  /// `safetensors.numpy`.
  case safetensors

  /// Those that can do an operation of a workload.
  static func all(for operation: Operation, of workload: Workload) -> [Peer] {
    guard workload.moduleCount == 0 else { return [.tensorFlowCheckpoint] }
    return switch operation {
    case .save, .saveDurable, .restore, .restoreInPlace, .restoreCold:
      [.tensorFlowCheckpoint, .tensorFlowOperation, .safetensors]
    case .restoreMapped, .restoreMappedChecked: []
    case .holdUp: [.tensorFlowCheckpoint]
    case .merge, .mergeDurable: [.tensorFlowOperation]
    case .list, .one, .oneSmall: [.tensorFlowReader, .safetensors]
    }
  }

  private static var python: String {
    ProcessInfo.processInfo.environment["CHECKPOINTS_PYTHON"] ?? "python3"
  }

  /// The command that starts the process; what it has to do follows as JSON.
  func command(_ workload: Workload, _ operation: Operation, folder: String) throws -> [String] {
    guard let program = Bundle.module.path(forResource: "peers", ofType: "py") else {
      throw BenchmarkError("peers.py is missing beside the program")
    }
    let files = CheckpointFiles(workload, folder: folder)
    let parts = (0..<(workload.parts?.count ?? 0)).map { files.part($0) }
    let order: [String: Any] = [
      "peer": rawValue, "operation": operation.rawValue, "ready": Child.ready,
      "names": workload.tensors.map(\.name), "shapes": workload.tensors.map(\.shape),
      "modules": workload.moduleCount, "single": workload.single[operation] ?? "",
      "fixture": files.fixture, "output": files.output, "parts": parts,
    ]
    let json = try JSONSerialization.data(withJSONObject: order)
    let path = "\(files.output)-\(rawValue).json"
    try json.write(to: URL(fileURLWithPath: path))
    return [Self.python, program, path]
  }
}
