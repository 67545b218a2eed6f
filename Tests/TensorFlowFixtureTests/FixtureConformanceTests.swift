import CheckpointBundle
import CheckpointIO
import CheckpointSlices
import CheckpointTensors
import CheckpointTestSupport
import Testing

/// Proves that what TensorFlow has written is read in every way as it is read as a whole.
///
/// That the whole is what TensorFlow reads, `FixtureTests` and `V1FixtureTests` prove.
@Suite struct FixtureConformanceTests {
  // Of five thousand tensors, others are read in the same way.
  private static let bundles = Fixture.all.filter { $0.count < 1000 }

  private func model(_ reader: some TensorReader) throws -> TensorModel {
    var tensors: [TensorKey: AnyTensor] = [:]
    for entry in try reader.entries() { tensors[entry.key] = try reader.tensor(for: entry.key) }
    return TensorModel(tensors)
  }

  @Test(arguments: TestCases.every(6, of: bundles))
  func `V2 checkpoints are read as they are promised`(fixture: Fixture) throws {
    let reader = try BundleReader(prefix: fixture.path)
    #expect(checkTensorReader(reader, against: try model(reader)) == [])
  }

  @Test(arguments: TestCases.every(5, of: V1FixtureTests.all))
  func `V1 checkpoints are read as they are promised`(fixture: Fixture) throws {
    let reader = try SlicesReader(path: fixture.path)
    #expect(checkTensorReader(reader, against: try model(reader)) == [])
  }
}
