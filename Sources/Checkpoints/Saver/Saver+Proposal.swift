import CheckpointStore
import CheckpointMapping
public import CheckpointIO
import CheckpointTensors

extension KeyMapping.Proposal {
  /// Proposes a mapping from a checkpoint to the variables of a saver.
  ///
  /// The names of an object-based checkpoint are those under which a saver sees it: full names.
  ///
  /// - Throws: `corrupt` if the checkpoint's list of tensors is damaged.
  public init(from checkpoint: CheckpointReader, to saver: Saver) throws(CheckpointError) {
    var reader: any TensorReader = checkpoint
    if let graph = try checkpoint.savedGraph() { reader = FullNameReader(checkpoint, graph) }
    self.init(
      stored: try reader.entries().map { ($0.key, $0.spec) },
      wanted: saver.variables.map { (TensorKey($0.name), $0.variable.tensorSpec) })
  }
}
