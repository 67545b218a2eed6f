import CheckpointIO
import Checkpoints

/// The options that say what becomes of names and tensors: the rules of a file, which tensors go before
/// others, and the style of names, in this order.
enum MappingOptions {
  /// For the synopsis of a command.
  static let names = [
    Synopsis.Option(
      name: "--prefer", value: "SUFFIX", help: "Take NAME+SUFFIX for NAME where there is one."),
    Synopsis.Option(name: "--names", value: "STYLE", help: "dotted, slashed or objects."),
  ]

  /// What the help says of them.
  static let details = """
    --prefer /ExponentialMovingAverage takes the moving average where there is one,
    else the variable, by the name of the variable.

    --names writes all names in one style: dotted (model.layers.0.kernel, as PyTorch
    does, MLX and Hugging Face), slashed (model/layers/0/kernel), or the keys of
    objects (model/layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE). It comes last.
    """
}

extension ArgumentScanner {
  /// The mapping of a file of rules and of the options; `nil` if nothing is asked for.
  ///
  /// - Throws: `invalidArgument` for an option that makes no sense; what reading the rules throws.
  func mapping(rules: String?) throws(CheckpointError) -> KeyMapping? {
    var mapping: KeyMapping = []
    if let rules { mapping = try KeyMapping(jsonFile: rules) }
    if let suffix = value(of: "--prefer") {
      guard !suffix.isEmpty else { throw misuse("the suffix of '--prefer' is empty") }
      mapping.rules.append(.prefer(suffix))
    }
    if let name = value(of: "--names") {
      guard let style = KeyMapping.NameStyle(rawValue: name) else {
        throw misuse("'\(name)' is no style of names: dotted, slashed or objects")
      }
      mapping.rules.append(.names(style))
    }
    return rules == nil && mapping.rules.isEmpty ? nil : mapping
  }
}
