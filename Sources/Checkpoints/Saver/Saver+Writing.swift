public import CheckpointIO
import CheckpointPlans
public import CheckpointTensors

extension Saver {
  /// Writes the variables to a writer, and finishes it: to a format of your own, to memory.
  ///
  ///     var writer = SafetensorsBytes()
  ///     try saver.save(into: &writer)
  ///     send(writer.bytes)
  ///
  /// No state file is written, nothing is deleted, and ``lastSave`` stays. Partitioned variables are written
  /// part by part in TensorFlow's formats, and else whole: ``SaveOptions/format`` of the saver's options says
  /// which.
  ///
  /// Of the options, only the format and ``SaveOptions/omitsUnsupported`` count: how files are written is the
  /// writer's business.
  ///
  /// - Parameter writer: What to write to.
  /// - Throws: What the writer throws.
  public func save(into writer: inout some TensorWriter) throws(CheckpointError) {
    try savePlan(options.inOneFile).save(into: &writer)
  }
}
