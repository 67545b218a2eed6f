package import CheckpointIO
import CheckpointSafetensors

/// What the name of a file in a directory of checkpoints says.
///
///     CheckpointFileName("ckpt-7.index")                    // .index(prefix: "ckpt-7")
///     CheckpointFileName("ckpt-7.data-00000-of-00001")      // .data(…)
///     CheckpointFileName("m-3-00000-of-00002")              // .part(…), of m-3-?????-of-00002
///     CheckpointFileName("model.safetensors.index.json")    // .modelIndex(stem: "model")
///     CheckpointFileName("ckpt-7.meta")                     // .graph(prefix: "ckpt-7")
///     CheckpointFileName("ckpt-7.swift-checkpoints-lock")   // .lock(target: "ckpt-7")
///     CheckpointFileName("model.ckpt")                      // .single
///
/// A name proves nothing: what is in the file, ``DirectoryListing`` looks at where names do not suffice.
package enum CheckpointFileName: Hashable, Sendable {
  /// The index of a V2 checkpoint.
  case index(prefix: String)
  /// A data file of a V2 checkpoint.
  case data(DataFileName)
  /// One of several files of a V1 checkpoint, or of a safetensors model.
  case part(PartsName)
  /// The index of a model in several safetensors files.
  case modelIndex(stem: String)
  /// The graph beside a checkpoint.
  case graph(prefix: String)
  /// The lock file of those who save to a prefix or file.
  case lock(target: String)
  /// What is being written, and will get another name.
  case temporary(target: String)
  /// The state file that TensorFlow calls `checkpoint`.
  case state
  /// What a manager knows of its checkpoints.
  case history(stem: String)
  /// What a save of TensorFlow's has left that did not come to its end.
  case tensorFlowTemporary
  /// Any other name: a V1 or safetensors file, or something else.
  case single

  /// Takes a name apart.
  package init(_ name: String) {
    if name == Self.stateFile {
      self = .state
    } else if let prefix = name.removing(suffix: ".index") {
      self = .index(prefix: prefix)
    } else if let stem = name.removing(suffix: ModelIndex.ending) {
      self = .modelIndex(stem: stem)
    } else if let data = DataFileName(name) {
      self = .data(data)
    } else if let target = TemporaryName.target(ofLock: name) {
      self = .lock(target: target)
    } else if let target = TemporaryName.target(ofTemporary: name) {
      self = .temporary(target: target)
    } else if let parts = PartsName(part: name) {
      self = .part(parts)
    } else if let prefix = name.removing(suffix: ".meta") {
      self = .graph(prefix: prefix)
    } else if let stem = name.removing(suffix: Self.historySuffix) {
      self = .history(stem: stem)
    } else {
      self = Self.isTensorFlowTemporary(name) ? .tensorFlowTemporary : .single
    }
  }

  /// The name of the state file, unless savers that share a directory have chosen others.
  package static let stateFile = "checkpoint"

  /// What the name of a manager's history ends in, behind the name of its checkpoints.
  package static let historySuffix = ".history.json"

  /// The name of the checkpoint that a file is of, or is written for: its prefix, the pattern of its parts,
  /// or the file itself.
  ///
  /// - Parameter name: The file's name, which this was made of.
  /// - Returns: `nil` for files beside checkpoints.
  package func checkpoint(ofFile name: String) -> String? {
    switch self {
    case .index(let prefix), .graph(let prefix): prefix
    case .data(let data): data.prefix
    case .part(let parts): parts.pattern
    case .lock(let target): target
    case .temporary(let target): CheckpointFileName(target).checkpoint(ofFile: target)
    case .single, .modelIndex: name
    case .state, .history, .tensorFlowTemporary: nil
    }
  }

  /// The name of the checkpoint that somebody means who gives a checkpoint's name, or that of one of its
  /// files.
  static func checkpoint(meantBy name: String) -> String {
    CheckpointFileName(name).checkpoint(ofFile: name) ?? name
  }

  // `model.ckpt-7.data-00000-of-00001.tempstate1234567890`, `checkpoint.tmp0123456789abcdef`.
  private static func isTensorFlowTemporary(_ name: String) -> Bool {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    let ending = name.utf8[dot...]
    let isOfState = ending.starts(with: ".tmp".utf8) && name[..<dot].hasSuffix("checkpoint")
    guard isOfState || ending.starts(with: ".tempstate".utf8) else { return false }
    let digits = ending.dropFirst(isOfState ? ".tmp".utf8.count : ".tempstate".utf8.count)
    return !digits.isEmpty && digits.allSatisfy(\.isHexadecimal)
  }

  /// Whether a directory's name is that of one in which TensorFlow assembles a checkpoint:
  /// `model.ckpt-7_temp`, `ckpt-7_temp_0a1b2c`.
  package static func isTensorFlowDirectory(_ name: String) -> Bool {
    let parts = name.split(separator: "_temp", omittingEmptySubsequences: false)
    guard parts.count > 1, parts[0].isEmpty == false, let end = parts.last?.utf8 else {
      return false
    }
    return end.isEmpty
      || end.first == UInt8(ascii: "_") && end.dropFirst().allSatisfy(\.isHexadecimal)
  }
}

extension UInt8 {
  fileprivate var isHexadecimal: Bool {
    (0x30...0x39).contains(self) || (0x61...0x66).contains(self)
  }
}
