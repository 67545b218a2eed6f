import CheckpointGraph
public import CheckpointIO
import CheckpointMapping
import CheckpointStore
import CheckpointTensors

extension KeyMapping.Proposal {
  /// Proposes a mapping from a checkpoint to the variables of objects, by their places: `model/hidden/kernel`.
  ///
  ///     let proposal = try KeyMapping.Proposal(from: CheckpointReader("run/old"), to: checkpoint)
  ///     try checkpoint.restore(from: "run/old", mapping: proposal.mapping)
  ///
  /// The names of an object-based checkpoint are those under which a restore with a mapping sees it: full
  /// names.
  ///
  /// - Throws: `corrupt` if the checkpoint's list of tensors is damaged; what registering the objects throws.
  public init(from reader: CheckpointReader, to checkpoint: Checkpoint) throws(CheckpointError) {
    let live = try checkpoint.roots.walk()
    var wanted: [(name: TensorKey, spec: TensorSpec)] = []
    for number in live.nodes.indices {
      guard case .variable(let variable) = live.nodes[number].value,
        !checkpoint.roots.isCounter(live.nodes[number])
      else { continue }
      wanted.append((TensorKey(live.path(of: number)), variable.tensorSpec))
    }
    self.init(
      stored: try ObjectSource(reader, []).reader.entries().map { ($0.key, $0.spec) },
      wanted: wanted)
  }
}
