import CheckpointBundle
import CheckpointIO
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves what is called damage before an older checkpoint is taken in its place.
@Suite struct IntactCheckTests {
  private let system = MemoryFileSystem()
  private let prefix = "/run/ckpt-7"

  init() throws {
    var options = FileOptions()
    options.fileSystem = system
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [40, 40], options: options)
    for shard in 0..<2 {
      let tensor = Tensor<Float>(repeating: 1, shape: [10])
      try writer.add(tensor, for: TensorKey("w\(shard)"), part: nil, shard: shard)
    }
    try writer.finish()
  }

  private func data(_ shard: Int) -> String { "\(prefix).data-0000\(shard)-of-00002" }

  private func damage(_ path: String) throws {
    var bytes = try system.openFile(path).bytes(at: 0, count: 40)
    bytes[7] ^= 1
    try system.removeFile(path)
    try unsafe system.createFile(path).write(bytes.span.bytes, at: 0)
  }

  private func problem(refusing path: String? = nil) -> CheckpointError? {
    let system = InterceptingFileSystem(system) { _, call throws(CheckpointError) in
      guard call.kind == .read, call.path == path else { return }
      throw .system("injected", errno: EIO, file: call.path)
    }
    return #expect(throws: CheckpointError.self) {
      try IntactCheck(system).check(prefix, .everything)
    }
  }

  @Test func `a wrong value is damage`() throws {
    try IntactCheck(system).check(prefix, .everything)
    try damage(data(0))
    let error = problem()
    #expect(error?.code == .corrupt && error?.file == data(0) && error?.key == "w0")
  }

  @Test func `an error that tells of damage and of a refusal is no damage`() {
    let (damage, refusal) = (CheckpointError(.corrupt, "bytes"), CheckpointError(.io, "disk"))
    for problems in [[damage, refusal], [refusal, damage]] {
      #expect(CheckpointError.combining(problems) { "\($0)" }?.isDamage == false)
    }
    #expect(CheckpointError.combining([damage, damage]) { "\($0)" }?.isDamage == true)
    #expect(!refusal.isDamage)
  }

  // Whoever takes an older checkpoint for damage would lose a whole one, once the disk is well again.
  @Test(arguments: [0, 1])
  func `damage beside what the system refuses to read is a refusal`(damaged: Int) throws {
    try damage(data(damaged))
    let error = problem(refusing: data(1 - damaged))
    #expect(error?.code == .io && error?.file == prefix)
    #expect(error?.problems.map(\.code) == (damaged == 0 ? [.corrupt, .io] : [.io, .corrupt]))
  }
}
