public import CheckpointGraph
public import CheckpointIO
import CheckpointTensors

/// Saves and restores variables by name, as TensorFlow's `tf.compat.v1.train.Saver` does.
///
///     let saver = try Saver(["dense/kernel": kernel, "dense/bias": bias])
///     let path = try saver.save(to: "run/model", step: 1000)  // run/model-1000
///     try saver.restore(from: path)
///
/// The files are TensorFlow's. TensorFlow restores what a saver saves, and a saver restores what
/// TensorFlow saved. ``SaveOptions`` say how files are written, ``Settings`` how many checkpoints stay.
/// <doc:SaverBehaviour> compares a saver with TensorFlow's class.
///
/// Only one thread may use a saver at a time.
/// Source: tensorflow/python/training/saver.py, `Saver`.
public final class Saver {
  /// The variables in byte order of their names: the order in which they are stored.
  public var variables: [(name: String, variable: any TensorVariable)] { content.named }
  /// The objects of several tensors, in byte order of their names.
  public var groups: [(name: String, group: any TensorGroup)] { content.groups }
  /// How the files are written.
  public let options: SaveOptions
  /// What it does beside that.
  public let settings: Settings
  /// What the last save has written; `nil` before the first, and for a saver without variables.
  public internal(set) var lastSave: Saver.Saved?
  let content: SaverVariables
  var history: SaverHistory

  /// Creates a saver of variables under the given names.
  ///
  /// - Parameters:
  ///   - variables: The variables; a ``PartitionedVariable`` is saved in its parts.
  ///   - groups: Objects of several tensors: the group `words` is saved as `words-keys` and
  ///     `words-values`, if its tensors are called so.
  ///   - settings: What it does beside writing files: how many checkpoints stay.
  ///   - options: How the files are written.
  /// - Throws: One error with every problem: `duplicateName` for a name, or a variable, that occurs
  ///   twice; `invalidArgument` for an empty name, if there are no variables, and for settings that
  ///   make no sense; `unsupported` for safetensors files.
  public convenience init(
    _ variables: KeyValuePairs<String, any TensorVariable>,
    groups: KeyValuePairs<String, any TensorGroup> = [:], settings: Settings = Settings(),
    options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    let variables = variables.map { ($0.key, $0.value) }
    try self.init(
      SaverVariables(variables, groups: Self.named(groups), allowsEmpty: settings.allowsEmpty),
      settings, options)
  }

  /// Creates a saver of variables under the given names.
  ///
  /// - Throws: As ``init(_:groups:settings:options:)-(KeyValuePairs<String,TensorVariable>,_,_,_)``.
  @_disfavoredOverload  // literals are pairs, so that a name that occurs twice is an error
  public convenience init(
    _ variables: [String: any TensorVariable], groups: KeyValuePairs<String, any TensorGroup> = [:],
    settings: Settings = Settings(),
    options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    let variables = variables.map { ($0.key, $0.value) }
    try self.init(
      SaverVariables(variables, groups: Self.named(groups), allowsEmpty: settings.allowsEmpty),
      settings, options)
  }

  /// Creates a saver of variables under their own names.
  ///
  /// - Throws: As for given names; `invalidArgument` for a variable without a name.
  public convenience init(
    _ variables: [any TensorVariable], groups: KeyValuePairs<String, any TensorGroup> = [:],
    settings: Settings = Settings(),
    options: SaveOptions = SaveOptions()
  ) throws(CheckpointError) {
    try self.init(
      SaverVariables(variables, groups: Self.named(groups), allowsEmpty: settings.allowsEmpty),
      settings, options)
  }

  private static func named(_ groups: KeyValuePairs<String, any TensorGroup>) -> [SaverVariables
    .NamedGroup]
  {
    groups.map { ($0.key, $0.value) }
  }

  init(_ variables: SaverVariables, _ settings: Settings, _ options: SaveOptions)
    throws(CheckpointError)
  {
    try settings.check()
    content = variables
    self.settings = settings
    self.options = options
    history = SaverHistory(since: settings.now())
  }
}
