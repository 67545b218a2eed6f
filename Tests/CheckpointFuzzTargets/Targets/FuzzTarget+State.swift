import CheckpointIO
import CheckpointStore
import CheckpointTestSupport

extension FuzzTarget {
  /// The state file: what it says is written again.
  package static let stateFile = FuzzTarget("state", mostBytes: 2048, seeds: FuzzSeeds.states) {
    bytes in
    let message = try CheckpointStateMessage(text: bytes.span)
    let text = message.text
    let copy = try promised("a written state is read") {
      try CheckpointStateMessage(text: text.span)
    }
    try promise(copy.text == text, "a state is read as another one")
    var image = MemoryFileSystem.Image()
    image.files["/run/checkpoint"] = bytes
    let file = try StateFile(in: "/run", fileSystem: MemoryFileSystem(image))
    guard let state = try file.read() else { throw BrokenPromise("the state file is not seen") }
    _ = try file.readNewest()
    try checkCopy(of: state, file)
  }

  private static func checkCopy(of state: CheckpointDirectory.State, _ file: StateFile) throws {
    do throws(CheckpointError) {
      try file.write(state, paths: .asGiven, durability: .none)
    } catch {
      return  // it may name what nobody can save to
    }
    let copy = try promised("a replaced state file is read") { try file.read() }
    let paths = [copy?.latest ?? ""] + (copy?.all ?? [])
    try promise(
      paths.count == state.all.count + 1,
      "\(state.all.count) checkpoints are written, \(paths.count - 1) are read")
  }
}
