import CheckpointIO

/// How the names and shapes of a checkpoint become those of a program: rules, applied in order.
///
///     let mapping: KeyMapping = [
///       .prefix("bert/", to: "encoder/"),
///       .replace(#"layer_(\d+)/"#, with: "layers/$1/"),
///       .transform(.suffix("kernel"), .transpose([1, 0])),
///       .drop(.regex("Adam")),
///     ]
///     try saver.restore(from: "legacy/bert_model.ckpt", mapping: mapping)
///
/// Each rule sees the names that the rules before it have made. Rules are data: they can be written
/// as JSON and read from it (``init(json:)``), and tried on an index without reading a value
/// (``preview(of:)``); <doc:MappingNames> has the whole of it.
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

  /// A mapping of single names: stored name to new name.
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
    /// Names that begin so.
    case prefix(String)
    /// Names that end so.
    case suffix(String)
    /// Names in which a regular expression is found.
    case regex(String)
  }

  /// One step.
  public enum Rule: Sendable {
    /// Single names: stored name to new name. A name that is not there is an error.
    case rename([String: String])
    /// What TensorFlow's `init_from_checkpoint` calls an assignment map: stored name to new name,
    /// and stored scope to new scope (`bert/` to `encoder/`; `/` is the outermost). All entries see
    /// the same names, a name counts before a scope, and what no entry is for is left out. A name or
    /// scope that is not there is an error, and so is a scope that is assigned to a name.
    case assign([String: String])
    /// Names that begin with one text begin with another one instead.
    case prefix(String, to: String)
    /// A regular expression is replaced wherever it is found; `$1` stands for its first group.
    case replace(String, with: String)
    /// Tensors are left out.
    case drop(Pattern)
    /// All others are left out.
    case keep(Pattern)
    /// Values are changed.
    case transform(Pattern, KeyMapping.Transform)
    /// One tensor becomes several along a dimension, of equal length or of `lengths`.
    case split(String, axis: Int, into: [String], lengths: [Int]? = nil)
    /// Several tensors of one shape become one with a new dimension.
    case stack([String], axis: Int, into: String)
    /// Several tensors become one along a dimension that they have.
    case concatenate([String], axis: Int, into: String)
    /// A function gives the new name, or `nil` to leave the tensor out. It cannot be written as JSON.
    case custom(@Sendable (String) -> String?)
  }
}

extension KeyMapping.Rule {
  /// A scope becomes another one: `bert` to `encoder` renames `bert/x` to `encoder/x`.
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
