import CheckpointTensors
import Foundation
import Testing

/// A checkpoint that TensorFlow wrote, or that TensorFlow was seen to read, with what it read.
struct Fixture: Decodable, CustomTestStringConvertible {
  struct Value: Decodable {
    let name: String?
    let name_base64: String?
    let dtype: String
    let shape: [Int]
    let sha256: String
    let slice: String?

    var key: TensorKey {
      if let name { return TensorKey(name) }
      return TensorKey(bytes: Array(Data(base64Encoded: name_base64 ?? "") ?? Data()))
    }
  }

  let prefix: String
  let count: Int
  let combined_sha256: String
  let tensors: [Value]
  let slices: [Value]?

  var path: String { "\(Self.folder)/\(prefix)" }
  var testDescription: String { prefix }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"

  /// All of V2, as the manifest lists them.
  static let all = list("manifest.json")

  /// What a manifest lists.
  static func list(_ manifest: String) -> [Fixture] {
    do {
      let url = URL(fileURLWithPath: "\(folder)/\(manifest)")
      return try JSONDecoder().decode([Fixture].self, from: Data(contentsOf: url))
    } catch {
      preconditionFailure("\(manifest) of the fixtures cannot be read: \(error)")
    }
  }
}
