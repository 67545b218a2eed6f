import CheckpointIO
import CheckpointSafetensors
import CheckpointStore
import CheckpointTensors
import CheckpointTestSupport
import Foundation
import Testing

/// Proves that no order in which a disk keeps things can lose a model: every moment of a save to a model
/// directory, and everything that may be left then.
@Suite struct ModelPowerCutTests {
  /// How many files the models have; 0 for none.
  struct Scenario: CustomTestStringConvertible, Sendable {
    let old: Int
    let new: Int
    var testDescription: String { "\(new) files over \(old)" }
  }

  static let scenarios = [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)].map(Scenario.init)

  private let model = "/run/m"

  private func save(
    _ value: Float, files: Int, _ system: MemoryFileSystem, _ durability: FileOptions.Durability
  ) throws {
    var options = FileOptions()
    (options.fileSystem, options.durability) = (system, durability)
    let tensors = (0..<files).map { (key: TensorKey("w\($0)"), spec: TensorSpec(.float32, [4])) }
    var writer = try SafetensorsWriter(
      model, .directory(fileByteCount: 16), declaring: tensors, options: options)
    for tensor in tensors {
      try writer.add(Tensor<Float>(repeating: value, shape: [4]), for: tensor.key)
    }
    try writer.finish()
  }

  /// The value of the model; `nil` if there is none.
  private func value(_ system: MemoryFileSystem) throws -> Float? {
    guard try system.status(of: model) != nil else { return nil }
    let files = system.image.files.keys.filter { $0.hasPrefix(model + "/") }
    if files.allSatisfy({ $0.contains("swift-checkpoints") }) { return nil }
    let reader = try CheckpointReader(model, fileSystem: system)
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    #expect(values.count == 1, "a mixture of \(values)")
    return values.first
  }

  /// Everything that a power cut may leave at any moment of a save, each once, and when; at last what it may
  /// leave of a save that has returned.
  private func left(
    of scenario: Scenario, durability: FileOptions.Durability = .full
  ) throws -> [(image: MemoryFileSystem.Image, when: String)] {
    let before = MemoryFileSystem()
    if scenario.old > 0 { try save(1, files: scenario.old, before, .full) }
    let system = MemoryFileSystem(before.image)
    try save(2, files: scenario.new, system, durability)
    var cut = PowerCut(system.start)
    var images: [(MemoryFileSystem.Image, String)] = []
    for (number, event) in system.log.enumerated() {
      for image in cut.newImages(after: event) {
        images.append((image, "after call \(number), \(event): \(image.files.mapValues(\.count))"))
      }
    }
    return images + cut.images().map { ($0, "after the save") }
  }

  @Test(arguments: scenarios)
  func `has the old model or the new one, and the next save cleans up`(scenario: Scenario) throws {
    let left = try left(of: scenario)
    #expect(left.count > 10)
    for (number, (image, when)) in left.enumerated() {
      do {
        let value = try value(MemoryFileSystem(image))
        #expect(value == 2 || when != "after the save", "a save that has returned is gone")
        #expect(value != nil || scenario.old == 0, "nothing is left \(when)")
        guard number % Self.stride == 0 else { continue }
        let next = MemoryFileSystem(image)
        try save(3, files: 2, next, .full)
        #expect(try self.value(next) == 3, "\(when)")
        #expect(next.paths.count == 3, "\(when): \(next.paths)")
      } catch {
        Issue.record("\(error) \(when)")
      }
    }
  }

  private static let stride =
    ProcessInfo.processInfo.environment["CHECKPOINTS_LONG_TESTS"] == nil ? 11 : 1

  @Test func `finds what goes wrong without syncs`() throws {
    let left = try left(of: Scenario(old: 1, new: 1), durability: .none)
    #expect(left.contains { (try? value(MemoryFileSystem($0.image))) == nil })
  }
}
