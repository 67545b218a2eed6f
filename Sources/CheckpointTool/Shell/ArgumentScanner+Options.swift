import CheckpointIO
import CheckpointStore
import CheckpointTensors
import Checkpoints

// The values of options that several commands have.

extension ArgumentScanner {
  /// How a checkpoint is written anew: all that `convert`, `merge` and `average` have in common.
  ///
  /// - Throws: As ``format()`` and ``metadata()``.
  func conversionOptions() throws(CheckpointError) -> CheckpointConversion.Options {
    var options = CheckpointConversion.Options()
    options.overwrites = has("--overwrite")
    options.format = try format()
    options.metadata = try metadata()
    options.dropsObjectGraph = has("--drop-objects")
    options.omitsUnsupported = has("--omit-unsupported")
    return options
  }

  /// The format that `--to` names; `nil` without it.
  ///
  /// - Throws: `invalidArgument` for a word that is none.
  func format() throws(CheckpointError) -> CheckpointFormat? {
    guard let name = value(of: "--to") else { return nil }
    guard let format = CheckpointFormat(rawValue: name) else {
      throw misuse("'\(name)' is no format: v2, v1, safetensors or model-directory")
    }
    return format
  }

  /// The texts that `--metadata NAME=TEXT` gives, as often as it is there.
  ///
  /// - Throws: `invalidArgument` for one without a name, and for two of one name.
  func metadata() throws(CheckpointError) -> [String: String] {
    var texts: [String: String] = [:]
    for text in options["--metadata"] ?? [] {
      guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")), sign > text.startIndex else {
        throw misuse("'\(text.shown)' is no text with a name: '--metadata format=pt'")
      }
      let name = String(text[..<sign])
      let value = String(text[text.utf8.index(after: sign)...])  // after a character that is there
      guard texts.updateValue(value, forKey: name) == nil else {
        throw misuse("'--metadata' gives '\(name.shown)' twice")
      }
    }
    return texts
  }

  /// The slice that `--slice` names; `nil` without it.
  ///
  /// - Throws: `invalidArgument` for a text that is none.
  func slice() throws(CheckpointError) -> TensorSlice? {
    guard let text = value(of: "--slice") else { return nil }
    guard let slice = TensorSlice(text: text) else {
      throw misuse("'\(text.shown)' is no slice: '0,2:-' is 2 from 0 on, then all")
    }
    return slice
  }

  /// How many levels of layers `--depth` asks for; any number without it.
  ///
  /// - Throws: `invalidArgument` for what is no number, or less than 1.
  func depth() throws(CheckpointError) -> Int {
    guard let text = value(of: "--depth") else { return .max }
    guard let depth = Int(text), depth > 0 else {
      throw misuse("'\(text.shown)' is no number of levels: 1 or more")
    }
    return depth
  }
}
