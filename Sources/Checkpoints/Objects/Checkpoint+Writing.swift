public import CheckpointIO
import CheckpointPlans
public import CheckpointTensors

extension Checkpoint {
  /// Writes the objects to a writer, and finishes it: to a format of your own, to memory.
  ///
  /// With options for one of TensorFlow's formats, that is every value under its key, and the object graph, a
  /// string; with options for safetensors, every value under its name. The save counter does not count it.
  ///
  /// Of the options, only the format and ``SaveOptions/omitsUnsupported`` count: how files are written is the
  /// writer's business.
  ///
  /// - Parameter writer: What to write to.
  /// - Throws: What registering the objects throws, and what the writer throws.
  public func save(into writer: inout some TensorWriter) throws(CheckpointError) {
    try savePlan(options.inOneFile).save(into: &writer)
  }
}
