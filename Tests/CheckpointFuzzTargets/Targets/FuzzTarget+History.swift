import CheckpointIO
import CheckpointStore
import Checkpoints

extension FuzzTarget {
  /// The history of a manager: what it says, whatever its checksum, is written and read again.
  package static let history = FuzzTarget("history", mostBytes: 2048, seeds: FuzzSeeds.histories) {
    bytes in
    if let history = try? CheckpointHistory.unchecked(text: bytes).history {
      let text = history.text
      let copy = try promised("a written history is read") { try CheckpointHistory(text: text) }
      try promise(copy.text == text, "a history is read as another one")
      try promise(CheckpointHistory.mayBe(text), "a history is taken for something else")
    }
    _ = CheckpointHistory.mayBe(bytes)
    _ = try CheckpointHistory(text: bytes)
  }
}
