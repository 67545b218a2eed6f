import CheckpointBundle
import CheckpointIO
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a model directory whose removal fails is whole, or goes with the next save.
@Suite struct ModelRemovalTests {
  private let tensors = ["a", "b"].map { (key: TensorKey($0), value: Tensor<Float>([1, 2, 3])) }

  private func write(to path: String) throws {
    var writer = try SafetensorsWriter(path, .directory(fileByteCount: 64))
    for (key, value) in tensors { try writer.add(value, for: key) }
    try writer.finish()
  }

  @Test(.timeLimit(.minutes(20)), arguments: [EIO, EACCES])
  func `whatever call fails, nothing stays that belongs to nothing`(errno: Int32) throws {
    for number in 0... {
      let directory = try TemporaryDirectory("removal")
      let path = directory.path("m")
      try write(to: path)
      let system = InterceptingFileSystem.failing(at: number, errno: errno)
      var options = FileOptions()
      options.fileSystem = system
      _ = CheckpointDirectory.Files.remove(
        [CheckpointDirectory.Files(of: path, metaSuffix: "", options: options)], options: options)
      // What the next save does in the directory.
      Leftovers.removeAll(in: directory.path, fileSystem: LocalFileSystem())
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      if names.isEmpty {
        if number >= system.calls.count { return }  // none has failed
        continue
      }
      #expect(names == ["m"], "call \(number): \(system.calls.last?.description ?? "")")
      let reader = try CheckpointReader(path)
      for (key, value) in tensors { #expect(try Tensor<Float>(reader.tensor(for: key)) == value) }
    }
  }
}
