package import CheckpointIO
import CheckpointStore
import Foundation

// The file that a manager keeps beside its checkpoints, `ckpt.history.json`:
//
//   {
//     "crc32c" : "5e1f3a90",                 of the history, as this library writes it
//     "history" : {
//       "checkpoints" : [ { "metrics" : { "loss" : 0.25 }, "name" : "ckpt-7", "step" : 7, … } ],
//       "highest" : 8, "last_preserved" : …, "saving" : [ … ], "since" : …, "version" : 1
//     }
//   }
//
// A checkpoint stands under `saving` before its first byte is written. From then on it is provably
// ours, however the process ends; whether the save came to its end, its index tells.

/// What a manager knows of the checkpoints that it has saved, besides their files.
package struct CheckpointHistory: Sendable, Hashable, Codable {
  /// A checkpoint.
  struct Entry: Sendable, Hashable, Codable {
    /// Its name in the directory: `ckpt-7`.
    var name: String
    var step: Int?
    /// When its save began, in seconds since 1970.
    var time: Double
    var metrics: [String: Double] = [:]
    var isPinned = false
    /// Whether a period has kept it for good.
    var isPreserved = false
    /// Whether it was found to be damaged.
    var isDamaged = false

    private enum CodingKeys: String, CodingKey {
      case name, step, time, metrics
      case isPinned = "pinned"
      case isPreserved = "preserved"
      case isDamaged = "damaged"
    }
  }

  /// A checkpoint that is being saved.
  struct Pending: Sendable, Hashable, Codable {
    var entry: Entry
    /// The checksum of the index that stood there before; `nil` if there was none.
    var replacedIndex: UInt32?

    private enum CodingKeys: String, CodingKey {
      case entry
      case replacedIndex = "replaced_index"
    }
  }

  /// When the first period of a policy begins, in seconds since 1970; `nil` for the first save.
  var since: Double?
  /// What the state file was last told of the last checkpoint that is kept for good.
  var lastPreserved: Double?
  /// The largest number that was ever given to a checkpoint.
  var highest = 0
  /// In the order in which they were saved.
  var checkpoints: [Entry] = []
  /// Those that were begun, in this order.
  var saving: [Pending] = []
  private var version = 1

  private enum CodingKeys: String, CodingKey {
    case since, highest, checkpoints, saving, version
    case lastPreserved = "last_preserved"
  }

  init() {}
}

// The file's text.
extension CheckpointHistory {
  private struct Envelope: Codable {
    var crc32c: String
    var history: CheckpointHistory
  }

  private struct Version: Decodable {
    struct Content: Decodable { var version: Int }
    var history: Content
  }

  /// The text of the file.
  package func text() throws(CheckpointError) -> [UInt8] {
    try Self.encode(Envelope(crc32c: checksum(), history: self), .prettyPrinted)
  }

  /// Reads the text of a file.
  ///
  /// - Throws: `corrupt` for any other text; `unsupported` for one of a later version.
  package init(text: [UInt8]) throws(CheckpointError) {
    let data = Data(text)
    if let version = try? Self.decoder.decode(Version.self, from: data).history.version, version > 1
    {
      throw CheckpointError(
        .unsupported,
        "this history is of version \(version), this library knows 1; update the library")
    }
    guard let envelope = try? Self.decoder.decode(Envelope.self, from: data) else {
      throw CheckpointError(.corrupt, "this is no history of checkpoints")
    }
    self = envelope.history
    let checksum = try checksum()
    guard checksum == envelope.crc32c else {
      throw CheckpointError(
        .corrupt, "the checksum of the history is \(checksum), expected \(envelope.crc32c)")
    }
  }

  /// Whether a text is a history, damaged or not, or the beginning of one.
  package static func mayBe(_ text: [UInt8]) -> Bool {
    let dense = text.filter { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }  // without white space
    let beginning = "{\"crc32c\":"
    return dense.starts(with: beginning.utf8) || TornText.mayBegin(dense, with: beginning)
  }

  private func checksum() throws(CheckpointError) -> String {
    let text = try Self.encode(self, [])
    let value = unsafe CRC32C(of: text.span.bytes).value  // an array's bytes are initialized
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  private static func encode(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting)
    throws(CheckpointError) -> [UInt8]
  {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw CheckpointError(.invalidArgument, "the history cannot be written: \(error)")
    }
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}

extension CheckpointHistory {
  /// Refuses a file that is far too long for a history.
  static func checkByteCount(_ byteCount: UInt64) throws(CheckpointError) {
    guard byteCount <= mostBytes else {
      throw CheckpointError(
        .limitExceeded, "\(byteCount) bytes are too many for a history, \(mostBytes) are possible")
    }
  }

  private static let mostBytes: UInt64 = 64 << 20

  /// Whether the file of a path is a history.
  ///
  /// - Throws: What is wrong with a history that is damaged; `io` if the system refuses.
  static func isHistory(_ path: String, _ fileSystem: any FileSystem) throws(CheckpointError)
    -> Bool
  {
    guard let text = try SmallFile.read(path, fileSystem, check: checkByteCount), mayBe(text) else {
      return false
    }
    _ = try CheckpointHistory(text: text)
    return true
  }
}
