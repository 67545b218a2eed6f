import CheckpointPlans
import CheckpointTensors
import CheckpointStore
import CheckpointIO
import CheckpointGraph
import CheckpointTestSupport
import Checkpoints
import Foundation
import Synchronization
import Testing

/// Proves that a check of a checkpoint is followed, and stopped, by Foundation's `Progress`.
@Suite struct VerificationProgressTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func save(_ format: CheckpointFormat) throws -> String {
    var options = SaveOptions()
    options.format = format
    let variables = (0..<4).map { Variable<Float>(repeating: Float($0), shape: [1 << 20]) }
    let saver = try Saver(
      ["a": variables[0], "b": variables[1], "c": variables[2], "d": variables[3]], options: options
    )
    return try saver.save(to: directory.path("m"))
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `is a part of the progress that the thread is at`(format: CheckpointFormat) throws {
    let path = try save(format)
    let whole = Foundation.Progress(totalUnitCount: 2)
    let told = Mutex<[(UInt64, UInt64)]>([])
    whole.becomeCurrent(withPendingUnitCount: 1)
    let verification = try Verification(of: path) { checked, total in
      told.withLock { $0.append((checked, total)) }
    }
    whole.resignCurrent()
    #expect(verification.isIntact)
    #expect(whole.fractionCompleted == 0.5)
    #expect(told.withLock { $0.last.map { $0.0 == $0.1 } } == true, "the callback is told too")
  }

  @Test(arguments: [CheckpointFormat.v2, .v1])
  func `stops when the progress is cancelled, and calls nothing damaged`(format: CheckpointFormat)
    throws
  {
    let path = try save(format)
    let whole = Foundation.Progress(totalUnitCount: 1)
    whole.cancel()
    whole.becomeCurrent(withPendingUnitCount: 1)
    defer { whole.resignCurrent() }
    let error = #expect(throws: CheckpointError.self) { try Verification(of: path) }
    #expect(error?.code == .cancelled)
  }
}
