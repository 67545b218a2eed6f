import CheckpointIO
import CheckpointStore

// The file that a manager keeps beside its checkpoints, `ckpt.history.json`. A checkpoint stands under `saving`
// before its first byte is written. From then on it is provably ours, however the process ends; whether the save came
// to its end, its index tells.

/// What a manager knows of the checkpoints that it has saved, besides their files.
package struct CheckpointHistory: Sendable, Hashable, Decodable {
  /// A checkpoint.
  struct Entry: Sendable, Hashable, Decodable {
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
  struct Pending: Sendable, Hashable, Decodable {
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
  /// That of the file.
  private(set) var version = Self.currentVersion

  /// The version of the files that are written.
  static let currentVersion = 1

  private enum CodingKeys: String, CodingKey {
    case since, highest, checkpoints, saving, version
    case lastPreserved = "last_preserved"
  }

  init() {}
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
