import CheckpointIO
import Checkpoints

/// The options that say what becomes of names and tensors: which tensors go before others, rules, and the
/// style of names, in this order.
enum MappingOptions {
  /// For the synopsis of a command.
  static let names = [
    Synopsis.Option(
      name: "--prefer", value: "SUFFIX", help: "Take NAME+SUFFIX for NAME where there is one."),
    Synopsis.Option(name: "--names", value: "STYLE", help: "dotted, slashed or objects."),
  ]

  /// What the help says of them.
  static let details = """
    RULES is a file of JSON, or a pipe such as /dev/stdin, or a rule set of the
    library: 'checkpoint rules' lists them. A file that is called like a rule set is
    written ./NAME.

    --prefer /ExponentialMovingAverage takes the moving average where there is one,
    else the variable, by the name of the variable. It comes first.

    --names writes all names in one style: dotted (model.layers.0.kernel, as PyTorch
    does, MLX and Hugging Face), slashed (model/layers/0/kernel), or the keys of
    objects (model/layers/0/kernel/.ATTRIBUTES/VARIABLE_VALUE). It comes last.
    """
}

extension ArgumentScanner {
  /// The mapping of rules, by file or by name, and of the options; `nil` if nothing is asked for.
  ///
  /// - Throws: `invalidArgument` for an option that makes no sense; what reading the rules throws.
  func mapping(rules: String?) throws(CheckpointError) -> KeyMapping? {
    var mapping: KeyMapping = []
    if let suffix = value(of: "--prefer") {
      guard !suffix.isEmpty else { throw misuse("the suffix of '--prefer' is empty") }
      mapping.rules.append(.prefer(suffix))
    }
    if let rules { mapping = mapping.then(try Self.rules(rules)) }
    if let name = value(of: "--names") {
      guard let style = KeyMapping.NameStyle(rawValue: name) else {
        throw misuse("'\(name)' is no style of names: dotted, slashed or objects")
      }
      mapping.rules.append(.names(style))
    }
    return rules == nil && mapping.rules.isEmpty ? nil : mapping
  }

  // A name goes before a file, so that no file in the working directory changes what a name means.
  private static func rules(_ text: String) throws(CheckpointError) -> KeyMapping {
    guard !KeyMapping.RuleSet.all.contains(where: { $0.name == text }) else {
      return try KeyMapping(named: text)
    }
    do throws(CheckpointError) {
      return try KeyMapping(jsonInput: text)
    } catch {
      guard error.code == .notFound else { throw error }
      var error = error
      error.message += "; it is no rule set either: 'checkpoint rules' lists them"
      throw error
    }
  }
}
