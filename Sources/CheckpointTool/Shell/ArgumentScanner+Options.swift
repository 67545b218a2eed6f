import CheckpointIO
import CheckpointStore
import CheckpointTensors

// The values of options that several commands have.

extension ArgumentScanner {
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
      guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
        throw misuse("'\(text.shown)' is no text with a name: '--metadata format=pt'")
      }
      let name = String(text[..<sign])
      let value = String(text[text.index(after: sign)...])  // after a character that is there
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

  /// The order that `--sort` names; that of names without it.
  ///
  /// - Throws: `invalidArgument` for a word that is none.
  func order() throws(CheckpointError) -> TensorOrder {
    guard let name = value(of: "--sort") else { return .name }
    guard let order = TensorOrder(rawValue: name) else {
      throw misuse("'\(name.shown)' is no order: name, size or count")
    }
    return order
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
