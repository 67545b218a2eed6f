import CheckpointIO

/// Rules that turn the names and shapes of a checkpoint into those of a program.
///
///     let mapping: KeyMapping = [
///       .prefix("bert/", to: "encoder/"),
///       .replace(#"layer_(\d+)/"#, with: "layers/$1/"),
///       .transform(.suffix("kernel"), .transpose([1, 0])),
///       .drop(.regex("Adam")),
///     ]
///     try saver.restore(from: "legacy/bert_model.ckpt", mapping: mapping)
///
/// Rules are applied in order, and each sees the names that the rules before it have made. You can
/// write rules as JSON and read them from it (``init(json:)``). You can also try them on an index
/// without reading a value (``preview(of:)``). See <doc:MappingNames>.
/// Source of the prefix rules: tensorflow/python/training/checkpoint_utils.py,
/// `init_from_checkpoint`.
public struct KeyMapping: Sendable, ExpressibleByArrayLiteral {
  /// The rules, in the order in which they are applied.
  public var rules: [Rule]

  /// Creates a mapping of rules.
  public init(_ rules: [Rule]) { self.rules = rules }

  /// Creates a mapping of rules.
  public init(arrayLiteral rules: Rule...) { self.rules = rules }

  /// A mapping of rules.
  public static func rules(_ rules: [Rule]) -> KeyMapping { KeyMapping(rules) }

  /// A mapping of single names, from stored name to new name.
  public static func names(_ names: [String: String]) -> KeyMapping {
    KeyMapping([.rename(names)])
  }

  /// This mapping, and then another one.
  public func then(_ next: KeyMapping) -> KeyMapping { KeyMapping(rules + next.rules) }

  /// Which names a rule is for.
  public enum Pattern: Sendable, Hashable {
    /// Every name.
    case all
    /// One name.
    case name(String)
    /// Names that begin with a text.
    case prefix(String)
    /// Names that end with a text.
    case suffix(String)
    /// Names that contain a match of a regular expression.
    case regex(String)
  }

  /// One step.
  public enum Rule: Sendable {
    /// Renames single tensors, from stored name to new name. A name that is not there is an error.
    case rename([String: String])
    /// Assigns names and scopes as TensorFlow's `init_from_checkpoint` does with its assignment
    /// map.
    ///
    /// An entry leads from stored name to new name, or from stored scope to new scope (`bert/` to
    /// `encoder/`; `/` is the outermost). All entries see the same names, and a name counts before
    /// a scope. Tensors without an entry are left out. It is an error if a name or scope is not
    /// there, or if a scope is assigned to a name.
    case assign([String: String])
    /// Replaces the beginning of names.
    case prefix(String, to: String)
    /// Replaces all matches of a regular expression. `$1` stands for its first group, and `${1-1}` for
    /// the number that this group is, less 1: `unit_(\d+)` with `${1-1}` counts from 0 what was counted
    /// from 1.
    case replace(String, with: String)
    /// Writes all names in one style: with dots, with slashes, or as the keys of objects.
    case names(NameStyle)
    /// Takes, where there are two, the tensor whose name has a suffix: `/ExponentialMovingAverage` has
    /// `conv/w/ExponentialMovingAverage` for `conv/w`.
    ///
    /// It gets the name without the suffix, whether there is another tensor of that name or not; the
    /// other one is left out. Source: tensorflow/python/training/moving_averages.py,
    /// `ExponentialMovingAverage.variables_to_restore`.
    case prefer(String)
    /// Leaves out the tensors that match.
    case drop(Pattern)
    /// Leaves out the tensors that do not match.
    case keep(Pattern)
    /// Changes values.
    case transform(Pattern, KeyMapping.Transform)
    /// Splits one tensor into several along a dimension, of equal length or of `lengths`.
    case split(String, axis: Int, into: [String], lengths: [Int]? = nil)
    /// Makes one tensor with a new dimension of several tensors of one shape.
    case stack([String], axis: Int, into: String)
    /// Makes several tensors of each whose name has a match of a regular expression: one for each
    /// position of a dimension, which goes. In the names, the match is replaced, and `$i` is the
    /// position.
    ///
    ///     .unstack("^model/r_w_bias$", axis: 0, into: "layer.$i.r_w_bias")
    case unstack(String, axis: Int, into: String)
    /// Makes one tensor with a new dimension of those whose names have a match of a regular expression
    /// and get one name when it is replaced. The first group is the position, from 0 on without a gap.
    ///
    ///     .stackMatches(#"^layer\.(\d+)\.r_w_bias$"#, axis: 0, into: "model/r_w_bias")
    case stackMatches(String, axis: Int, into: String)
    /// Joins several tensors along a dimension that they have.
    case concatenate([String], axis: Int, into: String)
    /// Calls a function for the new name, or `nil` to leave the tensor out. It cannot be written as
    /// JSON.
    case custom(@Sendable (String) -> String?)
  }
}

extension KeyMapping.Rule {
  /// Renames a scope: `bert` to `encoder` renames `bert/x` to `encoder/x`.
  ///
  /// An empty name, or `/`, is the outermost scope.
  public static func scope(_ scope: String, to newScope: String) -> KeyMapping.Rule {
    .prefix(prefix(ofScope: scope), to: prefix(ofScope: newScope))
  }

  private static func prefix(ofScope scope: String) -> String {
    if scope.isEmpty || scope == "/" { return "" }
    return scope.hasSuffix("/") ? scope : scope + "/"
  }
}
