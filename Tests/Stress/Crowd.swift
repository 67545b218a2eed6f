import Checkpoints
import Foundation
import Synchronization

// Who is in one directory at once:
//
//   two managers      one saves in the background while its program goes on, one in the foreground
//   a saver           overwrites one prefix
//   readers           read the newest of either manager, or the prefix, by five ways

/// Those who save, and those who read beside them.
final class Crowd: Sendable {
  private let directory: String
  private let readerCount: Int
  private let tally = Tally()
  private let isOver = Atomic(false)

  init(_ directory: String, readers: Int) { (self.directory, readerCount) = (directory, readers) }

  func live(for seconds: Double) throws -> Bool {
    let threads = DispatchGroup()
    start(threads, "saves in the background") { try $0.saveInBackground() }
    start(threads, "saves in the foreground") { try $0.saveInForeground() }
    start(threads, "overwrites") { try $0.overwrite() }
    for number in 0..<readerCount {
      start(threads, "reads") { try $0.read(number) }
    }
    Thread.sleep(forTimeInterval: seconds)
    isOver.store(true, ordering: .relaxed)
    threads.wait()
    return tally.report(expecting: [
      "managed saves", "overwrites", "reads", "saves begun in the background", "verifications",
    ])
  }

  private func start(
    _ group: DispatchGroup, _ what: String, _ body: @escaping @Sendable (Crowd) throws -> Void
  ) {
    group.enter()
    Thread.detachNewThread { [self] in
      do {
        try body(self)
      } catch {
        tally.fail("\(what): \(error)")
        isOver.store(true, ordering: .relaxed)
      }
      group.leave()
    }
  }

  // MARK: Those who save

  private func saveInBackground() throws {
    let model = Model()
    let manager = try CheckpointManager(
      try Checkpoint(["model": model]), directory: directory, name: "back", retention: .latest(2))
    var value: Float = 0
    while !isOver.load(ordering: .relaxed) {
      value += 1
      model.fill(value)
      try manager.saveInBackground(whenBusy: .coalesce)
      model.fill(-1)  // while the save is under way
      tally.count("saves begun in the background")
      if Int(value).isMultiple(of: 8) { try manager.waitUntilFinished() }
    }
    try manager.waitUntilFinished()
  }

  private func saveInForeground() throws {
    let model = Model()
    let manager = try CheckpointManager(
      try Checkpoint(["model": model]), directory: directory, name: "fore",
      retention: .latest(3).or(.everySteps(50)))
    var value: Float = 0
    while !isOver.load(ordering: .relaxed) {
      value += 1
      model.fill(value)
      try manager.save(step: Int(value))
      tally.count("managed saves")
    }
  }

  private func overwrite() throws {
    let model = Model()
    let saver = try Saver(model.named)
    var value: Float = 0
    while !isOver.load(ordering: .relaxed) {
      value += 1
      model.fill(value)
      try saver.save(to: "\(directory)/model")
      tally.count("overwrites")
    }
  }

  // MARK: Those who read

  private func read(_ number: Int) throws {
    let model = Model()
    let checkpoint = try Checkpoint(["model": model])
    let saver = try Saver(model.named)
    var turn = number
    while !isOver.load(ordering: .relaxed) {
      turn += 1
      model.fill(0)
      do {
        switch turn % 5 {
        case 0: try checkpoint.restore(from: directory).assertConsumed()
        case 1: try saver.restore(from: "\(directory)/model")
        case 2: try check(CheckpointReader("\(directory)/model"))
        case 3:
          if let path = try CheckpointDirectory(directory).latest() { try verify(path) }
          continue
        default:
          try verify("\(directory)/model")
          continue
        }
        if !model.isUniform { tally.fail("values of two checkpoints: \(model.values)") }
        tally.count("reads")
      } catch let error as CheckpointError {
        try note(error)
      }
    }
  }

  private func check(_ reader: CheckpointReader) throws {
    var values: Set<Float> = []
    for entry in try reader.entries() {
      values.formUnion(try Tensor<Float>(reader.tensor(for: entry.key)).array)
    }
    if values.count != 1 { tally.fail("read values of two checkpoints: \(values)") }
  }

  private func verify(_ path: String) throws {
    let verification = try Verification(of: path)
    if verification.problemCount > 0 {
      tally.fail("\(path) is not valid: \(verification.problems)")
    }
    tally.count("verifications")
  }

  // There is none yet; or it is gone, as happens to whoever has named one; or too much happens at once.
  private func note(_ error: CheckpointError) throws {
    let expected: [CheckpointError.Code] = [.notACheckpoint, .notFound, .busy]
    guard expected.contains(error.code) else { throw error }
    tally.count("answers '\(error.code)'")
  }
}

/// Three variables, one of them larger than the others.
private final class Model: Checkpointable {
  let weights = Variable<Float>(repeating: 0, shape: [64, 128])
  let bias = Variable<Float>(repeating: 0, shape: [128])
  let scale = Variable<Float>(repeating: 0, shape: [])

  var named: [String: any TensorVariable] { ["weights": weights, "bias": bias, "scale": scale] }

  func fill(_ value: Float) {
    for variable in [weights, bias, scale] {
      variable.value = Tensor(repeating: value, shape: variable.shape)
    }
  }

  var values: Set<Float> {
    Set([weights, bias, scale].flatMap(\.value.array))
  }

  var isUniform: Bool { values.count == 1 }
}
