import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// What one process makes of the parts that others have written, whatever these say.
@Suite struct SharedBundleTests {
  private let system = MemoryFileSystem()

  private var options: FileOptions {
    var options = FileOptions()
    options.fileSystem = system
    return options
  }

  private func part(of bundle: SharedBundle, elements: Int) throws -> BundlePart {
    var writer = try bundle.writer(firstShard: 0, shardByteCounts: [0])
    try writer.add(Tensor<Float>(repeating: 1, shape: [elements]), for: "w")
    let part = try writer.finishPart()
    let error = #expect(throws: CheckpointError.self) { _ = try writer.finishPart() }
    #expect(error?.message.hasPrefix("this writer is finished") == true)
    return part
  }

  private func failure(_ part: BundlePart, _ bundle: SharedBundle) -> CheckpointError? {
    #expect(throws: CheckpointError.self) {
      try bundle.commit([("process 0", part)], patience: .zero)
    }
  }

  @Test(arguments: [0, -1, 100_000])
  func `refuses numbers of data files that have no names`(count: Int) {
    let error = #expect(throws: CheckpointError.self) {
      try SharedBundle("/run/m", shardCount: count, options: options)
    }
    #expect(error?.code == .invalidArgument && error?.file == "/run/m")
    #expect(error?.message == "\(count) data files; 1 to 99999 are possible")
    #expect(system.paths.isEmpty)
  }

  @Test func `refuses a part whose index is none`() throws {
    let bundle = try SharedBundle("/run/m", shardCount: 1, options: options)
    let error = failure(BundlePart(index: [1, 2, 3], byteCounts: []), bundle)
    #expect(error?.code == .truncated)
    #expect(error?.description.hasPrefix("process 0") == true)
  }

  @Test func `refuses a part whose data file is not to be seen, or is another one`() throws {
    let bundle = try SharedBundle("/run/m", shardCount: 1, options: options)
    var part = try part(of: bundle, elements: 2)
    part.byteCounts = [12]
    let other = failure(part, bundle)
    #expect(other?.code == .notFound && other?.file == "/run/m.data-00000-of-00001")
    #expect(other?.message.hasPrefix("process 0 has written 12 bytes here, and 8 are") == true)
    try system.removeFile("/run/m.data-00000-of-00001")
    #expect(failure(part, bundle)?.message.contains("and nothing is to be seen") == true)
  }

  @Test func `refuses a part that speaks of bytes which nobody has written`() throws {
    let larger = try SharedBundle("/run/other", shardCount: 1, options: options)
    let foreign = try part(of: larger, elements: 3)
    let bundle = try SharedBundle("/run/m", shardCount: 1, options: options)
    var part = try part(of: bundle, elements: 2)
    part.index = foreign.index
    let error = failure(part, bundle)
    #expect(error?.code == .corrupt && error?.key == "w")
    #expect(error?.message == "the entry is of no data file of this process")
    larger.abandon()
  }
}
