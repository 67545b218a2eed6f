import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Synchronization
import Testing

/// Real TensorFlow, in processes of its own: the judge of what is written here.
///
/// It is looked for with the Python that `CHECKPOINTS_PYTHON` names, else with `python3`. Tests that
/// need it are skipped where it is not installed, unless `CHECKPOINTS_REQUIRE_TENSORFLOW` is set.
final class TensorFlow: Sendable {
  /// Whom all tests ask.
  static let shared = TensorFlow()

  // Loading TensorFlow takes seconds and half a gigabyte, so there are few of them, and they stay.
  private let places = DispatchSemaphore(
    value: min(ProcessInfo.processInfo.activeProcessorCount, 4))
  private let idle = Mutex<[Server]>([])

  static let python = ProcessInfo.processInfo.environment["CHECKPOINTS_PYTHON"] ?? "python3"
  static let isRequired =
    ProcessInfo.processInfo.environment["CHECKPOINTS_REQUIRE_TENSORFLOW"] != nil

  static let isInstalled: Bool = {
    let find = "import importlib.util as u, sys; sys.exit(u.find_spec('tensorflow') is None)"
    let process = python(["-c", find])
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  private static func python(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-B"] + arguments
    return process
  }

  /// Asks for one thing, and gives the answer.
  func ask(_ command: [String: Any]) throws -> [String: Any] {
    let line = try JSONSerialization.data(withJSONObject: command) + Data("\n".utf8)
    places.wait()
    defer { places.signal() }
    // One that fails to answer has died of the question: it does not come back.
    let server = try idle.withLock { $0.popLast() } ?? Self.start()
    let answer = try server.answer(line)
    idle.withLock { $0.append(server) }
    let object = try JSONSerialization.jsonObject(with: answer)
    let fields = try #require(object as? [String: Any])
    if let error = fields["error"] { throw Failure(text: "TensorFlow says: \(error)") }
    return fields
  }

  struct Failure: Error { let text: String }

  private static func start() throws -> Server {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("tensorflow_reader.py").path
    let process = python([script, "serve"])
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return Server(
      process: process, commands: input.fileHandleForWriting, answers: output.fileHandleForReading)
  }

  /// A process that answers one question after the other.
  private struct Server: Sendable {
    let process: Process
    let commands: FileHandle
    let answers: FileHandle

    // A question has one line for an answer, and nothing follows it.
    func answer(_ question: Data) throws -> Data {
      try commands.write(contentsOf: question)
      var line = Data()
      while line.last != UInt8(ascii: "\n") {
        let more = answers.availableData
        guard !more.isEmpty else { throw Failure(text: "TensorFlow ended without an answer") }
        line.append(more)
      }
      return line.dropLast()
    }
  }
}

/// A tensor by what is known of its values: their digest.
struct TensorSummary: Hashable {
  let key: TensorKey
  let spec: String
  let sha256: String

  init(_ key: TensorKey, _ tensor: AnyTensor) {
    self.key = key
    spec = tensor.spec.description
    sha256 = tensor.sha256
  }

  /// What TensorFlow says.
  init(json: [String: Any]) throws {
    if let name = json["name"] as? String {
      key = TensorKey(name)
    } else {
      let name = try #require(json["name_base64"] as? String)
      key = TensorKey(bytes: Array(try #require(Data(base64Encoded: name))))
    }
    let shape = try #require(json["shape"] as? [Int])
    spec = "\(json["dtype"] ?? "?")\(TensorShape(shape))"
    sha256 = json["sha256"] as? String ?? "\(json["error"] ?? "no digest")"
  }
}

extension TensorFlow {
  /// The tensors that it reads from a checkpoint, in byte order of the names.
  func dump(_ prefix: String) throws -> [TensorSummary] {
    let answer = try ask(["cmd": "dump", "prefix": prefix])
    return try #require(answer["tensors"] as? [[String: Any]]).map(TensorSummary.init(json:))
  }

  /// Lets it write tensors, in order.
  func write(_ tensors: [NamedTensor], to prefix: String) throws {
    _ = try ask(["cmd": "write", "prefix": prefix, "tensors": tensors.map(\.json)])
  }
}

/// A tensor to be written by both.
struct NamedTensor {
  var key: TensorKey
  var tensor: AnyTensor
  var part: TensorSlice.Part?

  var json: [String: Any] {
    var fields: [String: Any] = [
      "dtype": tensor.spec.dtype.name, "shape": tensor.spec.shape.dimensions,
    ]
    fields[key.string == nil ? "name_base64" : "name"] =
      key.string ?? Data(key.bytes).base64EncodedString()
    if let part { fields["slice"] = part.description }
    if let strings = tensor.strings {
      fields["strings_hex"] = strings.map(Self.hexadecimal)
    } else {
      fields["hex"] = Self.hexadecimal(tensor.plainBytes)
    }
    return fields
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
