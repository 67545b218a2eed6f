import CheckpointPlans
import CheckpointStore
import CheckpointBundle
import CheckpointIO
import CheckpointTensors
import CheckpointTestSupport
import Checkpoints
import Foundation
import Testing

/// Proves that a conversion that cannot come to its end leaves what stood at the destination, or the
/// new checkpoint, whole; and the source in any case.
@Suite struct FailingConversionTests {
  typealias Format = CheckpointFormat

  private static let source = "/run/source"
  private static let destination = "/run/m"

  private static func options(_ system: any FileSystem, _ format: Format)
    -> CheckpointConversion.Options
  {
    var options = CheckpointConversion.Options()
    options.format = format
    options.overwrites = true
    options.fileSystem = system
    return options
  }

  private static func convert(_ source: String, _ system: any FileSystem, _ format: Format)
    throws(CheckpointError)
  {
    let conversion = try CheckpointConversion(
      from: source, to: destination, options: options(system, format))
    try conversion.run()
  }

  private static func write(_ value: Float, to prefix: String, _ system: MemoryFileSystem) throws {
    var options = SaveOptions()
    options.fileSystem = system
    var writer = try BundleWriter(prefix: prefix, shardByteCounts: [0], options: options.files)
    try writer.add(Tensor<Float>(repeating: value, shape: [100_000]), for: "large")
    try writer.add(Tensor<Float>(repeating: value, shape: [3]), for: "small")
    try writer.finish()
  }

  // An older checkpoint of the format at the destination, if there is to be one.
  private static func prepared(_ format: Format, replaces: Bool) throws -> MemoryFileSystem.Image {
    let system = MemoryFileSystem()
    try write(1, to: "/run/old", system)
    try write(2, to: source, system)
    if replaces { try convert("/run/old", system, format) }
    return system.image
  }

  private static func value(_ path: String, _ system: MemoryFileSystem) throws -> Float? {
    guard try CheckpointFormat(at: path, system) != nil else { return nil }
    let reader = try CheckpointReader(path, fileSystem: system)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "a mixture of \(values)")
    return values.first
  }

  @Test(.timeLimit(.minutes(20)), arguments: Format.allCases, [false, true])
  func `says so, whatever fails, and leaves nothing behind`(format: Format, replaces: Bool) throws {
    let before = try Self.prepared(format, replaces: replaces)
    let counting = InterceptingFileSystem(MemoryFileSystem(before))
    try Self.convert(Self.source, counting, format)
    for number in TestCases.every(5, of: counting.calls.indices) {
      for errno in TestCases.areAll ? [ENOSPC, EIO] : [number % 2 == 0 ? ENOSPC : EIO] {
        let what = "\(counting.calls[number]) fails with errno \(errno)"
        try convert(format, before, replaces, at: number, errno, what)
      }
    }
  }

  private func convert(
    _ format: Format, _ before: MemoryFileSystem.Image, _ replaces: Bool, at number: Int,
    _ errno: Int32, _ what: String
  ) throws {
    let system = MemoryFileSystem(before)
    let failing = InterceptingFileSystem.failing(system, at: number, errno: errno)
    var error: CheckpointError?
    do throws(CheckpointError) {
      try Self.convert(Self.source, failing, format)
    } catch let problem {
      error = problem
    }
    let value = try Self.value(Self.destination, system)
    let isNew = value == 2
    #expect(isNew || value == (replaces ? 1 : nil), "\(what)")
    #expect(error != nil || isNew, "\(what), and nobody says so")
    #expect(try Self.value(Self.source, system) == 2, "\(what)")
    if !isNew { #expect(system.paths == before.files.keys.sorted(), "\(what)") }
  }

  @Test(arguments: Format.allCases, Format.allCases)
  func `nothing appears if the source is damaged`(from: Format, to: Format) throws {
    guard from.isTensorFlow else { return }  // the others have no checksums to be wrong
    let before = try Self.prepared(from, replaces: true)
    var image = before
    // In the values of the first tensor, behind a piece that is right.
    let data = from == .v2 ? "/run/m.data-00000-of-00001" : "/run/m"
    image.files[data]?[350_000] ^= 1
    let broken = MemoryFileSystem(image)
    var options = Self.options(broken, to)
    options.overwrites = false
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointConversion(from: "/run/m", to: "/run/new", options: options).run()
    }
    #expect(error?.code == .corrupt)
    #expect(broken.paths == image.files.keys.sorted())
  }

  // MARK: Real processes

  @Test(.timeLimit(.minutes(20)), arguments: ["v2", "v1", "safetensors"])
  func `a process killed at any moment leaves the old one or the new one`(format: String) throws {
    let others = try SavingProcess()
    let count = try #require(Int(run(format, others, killedAt: .max).output.dropLast()))
    #expect(count > 10)
    for call in TestCases.every(5, of: 0..<count) {
      let outcome = try run(format, others, killedAt: call)
      #expect(outcome.wasKilled, "call \(call) of \(count)")
    }
  }

  private func run(_ format: String, _ others: SavingProcess, killedAt call: Int) throws
    -> ChildProcess.Outcome
  {
    let directory = try TemporaryDirectory("crash")
    let (path, mode) = (directory.path("m"), "convert-\(format)")
    try others.save(1, "bundle", to: path + ".source")
    try others.save(1, mode, to: path)
    try others.save(2, "bundle", to: path + ".source")
    let outcome = try ChildProcess.run("crashing-saver", [path, "2", "1", mode, "\(call)"])
    #expect(outcome.wasKilled || outcome.status == 0, "\(outcome.errors)")
    let reader = try CheckpointReader(directory.path("m"))
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "call \(call): a mixture of \(values)")
    #expect(outcome.wasKilled || values == [2])
    // The next one finds nothing in its way, and clears up.
    try others.save(2, mode, to: path)
    let litter = directory.names.filter { !$0.hasPrefix("m") }
    #expect(litter.isEmpty, "call \(call): \(litter)")
    return outcome
  }
}
