public import CheckpointGraph
public import CheckpointIO
import CheckpointPlans
public import CheckpointStore
import CheckpointTensors

// Graphs of TensorFlow's first generation: what there is here in their place.

extension Saver {
  /// Writes no graph: there are none in Swift.
  ///
  /// A checkpoint is restored without; TensorFlow needs a `.meta` file only to run the graph again.
  ///
  /// - Parameter path: Where TensorFlow would write to.
  /// - Throws: `unsupported`, always.
  public func exportMetaGraph(to path: String) throws(CheckpointError) {
    throw CheckpointError(
      .unsupported,
      "graphs are not written; a checkpoint is restored without one, and Saver.definition has the "
        + "saver's own part of it", file: path)
  }

  /// Makes no saver of a graph: it cannot be run here.
  ///
  /// ``MetaGraphSummary`` reads which variables the graph's saver has written, and
  /// ``MetaGraphSummary/makeSaver(_:)`` makes a saver of those of a program.
  ///
  /// - Parameter path: The `.meta` file.
  /// - Returns: Nothing, ever.
  /// - Throws: `unsupported`, always.
  public static func importMetaGraph(_ path: String) throws(CheckpointError) -> Saver {
    throw CheckpointError(
      .unsupported,
      "a graph cannot be run here; MetaGraphSummary(contentsOf:) says what it saves, and its "
        + "makeSaver(_:) makes a saver of the program's own variables", file: path)
  }
}

extension MetaGraphSummary {
  /// Makes the saver that the graph had, of the program's variables.
  ///
  ///     let summary = try MetaGraphSummary(contentsOf: "run/model-1000.meta")
  ///     let saver = try summary.makeSaver(["dense/kernel": kernel, "dense/bias": bias])
  ///     try saver?.restore(from: "run/model-1000")
  ///
  /// It keeps as many checkpoints, in the same format, as the graph's saver did. If there was none, it
  /// is one of all variables of the graph.
  /// Source: tensorflow/python/training/saver.py, `_create_saver_from_imported_meta_graph`.
  ///
  /// - Parameter variables: A variable for each key that the graph's saver has written.
  /// - Returns: The saver; `nil` if the graph has neither a saver nor variables.
  /// - Throws: One error with every problem: `notFound` for keys without a variable; `invalidArgument`
  ///   for variables that the graph does not save; `mismatch` for dtypes and shapes, as far as the
  ///   graph knows them; what ``Saver/Settings/init(_:)`` throws.
  public func makeSaver(_ variables: [String: any TensorVariable]) throws(CheckpointError) -> Saver?
  {
    let wanted = savedSpecs
    guard !wanted.isEmpty || saverDefinition != nil else { return nil }
    var problems: [CheckpointError] = []
    for (key, spec) in wanted.sorted(by: { $0.key < $1.key }) {
      let variable = variables[key.description]?.tensorSpec
      if let problem = Self.problem(key, spec, variable) { problems.append(problem) }
    }
    for name in variables.keys.sorted() where wanted[TensorKey(name)] == nil {
      problems.append(
        CheckpointError(.invalidArgument, "the graph's saver does not write this", key: name))
    }
    let error = CheckpointError.combining(problems, file: path) {
      "these are not the variables of the graph's saver, for \($0) reasons"
    }
    if let error { throw error }
    let definition = saverDefinition ?? SaverDefinition()
    return try Saver(
      variables, settings: Saver.Settings(definition), options: SaveOptions(definition))
  }

  // What is saved under each key, as far as it is known.
  private var savedSpecs: [TensorKey: TensorSpec?] {
    var specs: [TensorKey: TensorSpec?] = [:]
    for tensor in savedTensors { specs[tensor.key] = .some(specs[tensor.key] ?? tensor.spec) }
    if saverDefinition == nil {
      for variable in variables { specs[TensorKey(variable.fullName)] = .some(nil) }
    }
    return specs
  }

  private static func problem(_ key: TensorKey, _ spec: TensorSpec?, _ variable: TensorSpec?)
    -> CheckpointError?
  {
    guard let variable else {
      let what = spec.map { ", \($0)," } ?? ""
      return CheckpointError(
        .notFound, "the graph's saver writes this\(what) and there is no variable for it",
        key: key.description)
    }
    guard let spec, spec != variable else { return nil }
    return CheckpointError(
      .mismatch, "the graph saves \(spec), the variable is \(variable)", key: key.description)
  }
}
