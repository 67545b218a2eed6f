public import CheckpointTensors

extension SlotVariables {
  /// Slot variables as an optimizer of Keras saves them: in lists, in the order of the variables.
  ///
  ///     let slots = SlotVariables<Variable<Float>>("m", "v")
  ///     let adam = SlotVariables.KerasOptimizer(
  ///       slots, of: model.trainable, lists: ["m": "_momentums", "v": "_velocities"],
  ///       iterations: step, learningRate: rate)
  ///     try Checkpoint(["model": model, "optimizer": adam]).restore(from: "keras/ckpt")
  ///
  /// It has no values of its own: it is a form in which the table and two variables are restored and saved,
  /// in place of the optimizer that they belong to. `model/optimizer` is where a model of Keras 3 has it.
  ///
  /// An optimizer that always has this form calls ``registerDependencies(in:)`` of one in its own method.
  /// Source: keras/src/optimizers/base_optimizer.py, `add_optimizer_variables`; tf_keras/src/optimizers,
  /// optimizer.py, `add_variable_from_reference`.
  public final class KerasOptimizer: Checkpointable {
    /// Whose optimizers are meant.
    public enum Version: Sendable {
      /// Those of `tf_keras`, and of TensorFlow 2.11 to 2.15; those before, and `optimizers.legacy`, have slot
      /// variables: see ``SlotVariableHolder``.
      case keras2
      /// Those of Keras 3.
      case keras3
    }

    private let slots: SlotVariables
    private let variables: [any TensorStorable & AnyObject]
    private let lists: [KeyValuePairs<String, String>]
    private let iterations: any TensorVariable
    private let learningRate: (any TensorVariable)?
    private let version: Version

    /// Creates the form.
    ///
    /// - Parameters:
    ///   - slots: The table; it gets the slot variables that it has not made yet.
    ///   - variables: The variables that are trained, in the order of `model.trainable_variables`.
    ///   - lists: By the names of slots, what the attributes of Keras's optimizer are called that hold their
    ///     lists. Slots that Keras creates together, variable by variable, stand together:
    ///     `["m": "_momentums", "v": "_velocities"]` for Adam; others one after the other:
    ///     `["v": "_velocities"], ["m": "_momentums"]` for RMSprop.
    ///   - iterations: How many steps have been taken: an `Int64`.
    ///   - learningRate: The learning rate; `nil` if a schedule gives it.
    ///   - version: Whose optimizers are meant.
    /// - Precondition: The table has all slots.
    public init(
      _ slots: SlotVariables, of variables: [any TensorStorable & AnyObject],
      lists: KeyValuePairs<String, String>..., iterations: any TensorVariable,
      learningRate: (any TensorVariable)? = nil, version: Version = .keras3
    ) {
      (self.slots, self.variables, self.lists) = (slots, variables, lists)
      (self.iterations, self.learningRate, self.version) = (iterations, learningRate, version)
      for name in lists.joined().map(\.key) { _ = list(of: name) }
    }

    /// Registers what Keras's optimizer tracks, under the same names.
    public func registerDependencies(in registrar: inout DependencyRegistrar) {
      registrar.track(all, as: "_variables")
      if version == .keras3 { registrar.track(variables, as: "_trainable_variables") }
      registrar.track(iterations, as: "_iterations")
      registrar.track(learningRate, as: "_learning_rate")
      for (slot, name) in lists.joined() { registrar.track(list(of: slot), as: name) }
    }

    private func list(of slot: String) -> [Slot] { variables.map { slots[slot, of: $0] } }

    // In the order in which Keras creates them.
    private var all: [any TensorVariable] {
      let rate = version == .keras3 ? learningRate : nil
      let slots = lists.flatMap { list in
        variables.flatMap { variable in list.map { self.slots[$0.key, of: variable] } }
      }
      return [iterations] + (rate.map { [$0] } ?? []) + slots
    }
  }
}
