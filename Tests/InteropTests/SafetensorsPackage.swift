import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// The `safetensors` Python package, the judge of what is written in its format.
///
/// It is looked for with the same Python as TensorFlow.
enum SafetensorsPackage {
  static let isInstalled: Bool = {
    let find = "import safetensors as s, sys; sys.exit(not hasattr(s, 'TensorSpec'))"
    let process = python(["-c", find])
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// What it reads from a file.
  static func dump(_ path: String) throws -> (tensors: [TensorSummary], metadata: [String: String])
  {
    let answer = try ask(["dump", path], input: nil)
    let tensors = try #require(answer["tensors"] as? [[String: Any]])
    let metadata = try #require(answer["metadata"] as? [String: String])
    return (try tensors.map(TensorSummary.init(json:)), metadata)
  }

  /// Lets it write tensors; it chooses their order.
  static func write(_ tensors: [NamedTensor], metadata: [String: String] = [:], to path: String)
    throws
  {
    var request: [String: Any] = ["tensors": tensors.map(\.json)]
    if !metadata.isEmpty { request["metadata"] = metadata }
    _ = try ask(["write", path], input: JSONSerialization.data(withJSONObject: request))
  }

  private static func python(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [TensorFlow.python, "-B"] + arguments
    return process
  }

  private static func ask(_ arguments: [String], input: Data?) throws -> [String: Any] {
    let directory = try TemporaryDirectory("safetensors")
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("safetensors_reader.py").path
    let process = python([script] + arguments)
    try directory.write(input ?? Data(), to: "input")
    process.standardInput = try FileHandle(
      forReadingFrom: URL(fileURLWithPath: directory.path("input")))
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let answer = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw TensorFlow.Failure(text: "safetensors failed")
    }
    return try #require(try JSONSerialization.jsonObject(with: answer) as? [String: Any])
  }
}
