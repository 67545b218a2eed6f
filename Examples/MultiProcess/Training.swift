import Checkpoints
import DigitsModel
import Foundation

/// One process's side of a training by all.
///
/// Every process has the whole model, looks at its share of each batch, and updates its part of the weights:
/// only it has the velocities of that part. So the model is what all have, and the velocities are a tensor of
/// which each process has a part.
///
/// Source: S. Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", 2020.
final class Training {
  private let group: LaunchedProcesses
  private let digits: Digits
  private let model = Classifier(seed: 7)
  private let part: Range<Int>
  private let velocity: Variable<Float>
  private let manager: CheckpointManager

  var step: Int { Int(model.step.scalar) }

  init(_ group: LaunchedProcesses, _ directory: String) throws(CheckpointError) {
    self.group = group
    do { digits = try Digits() } catch {
      throw CheckpointError(.io, "the digits cannot be read: \(error)")
    }
    let count = model.weights.count
    part = count * group.rank / group.count..<count * (group.rank + 1) / group.count
    velocity = Variable(repeating: 0, shape: [part.count])
    let velocities = try PartitionedVariable(
      [(TensorSlice(starts: [part.lowerBound], shape: [part.count]), velocity)], shape: [count],
      allowsGaps: true)
    let checkpoint = try Checkpoint(["model": model, "velocity": velocities])
    manager = try CheckpointManager(
      checkpoint, directory: directory, retention: .latest(2),
      options: SaveOptions(processes: group, processTimeout: .seconds(5)))
  }

  /// Goes on from the newest checkpoint, if there is one.
  func resume() throws(CheckpointError) {
    guard let restored = try manager.restoreOrInitialize() else { return }
    if group.rank == 0 { say("restored \(name(of: restored.path)), at step \(step)") }
  }

  /// Learns from a batch: each process from its share of it.
  func learn() throws(CheckpointError) {
    var generator = SplitMix(state: UInt64(step))
    let batch = (0..<64).map { _ in Int.random(in: digits.training.indices, using: &generator) }
    var slopes = model.slopes()
    for index in stride(from: group.rank, to: batch.count, by: group.count) {
      for lesson in model.lessons(from: digits.training[batch[index]]) {
        slopes.add(lesson, scale: 1 / Float(batch.count))
      }
    }
    let mean = try sum(slopes.flat)
    var weights = Array(model.weights[part])
    velocity.withMutableScalars { velocity in
      for (place, slope) in mean[part].enumerated() {
        velocity[place] = 0.9 * velocity[place] + slope
        weights[place] -= 0.2 * velocity[place]
      }
    }
    model.weights = try join(weights)
    model.step.scalar += 1
  }

  /// Saves, and tells what this process has written.
  func save() throws(CheckpointError) {
    let start = ContinuousClock.now
    guard let saved = try manager.save() else { return }
    let time = (ContinuousClock.now - start) / .milliseconds(1)
    let file = "\(saved.path).data-0000\(group.rank)-of-0000\(group.count)"
    let size = (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int ?? 0
    say("\(size) bytes in a data file, \(Int(time)) ms for all; saved \(name(of: saved.path))")
  }

  func finish() { if group.rank == 0 { say("\(model.score(on: digits.test))") } }

  // MARK: What the processes tell each other

  private static let patience = Duration.seconds(3)

  // Numbers of all processes, added up.
  private func sum(_ numbers: [Float]) throws(CheckpointError) -> [Float] {
    let all = try group.gather(bytes(numbers), timeout: Self.patience)
    var sum: [Float]?
    for other in all ?? [] {
      let other = floats(other)
      guard var added = sum else {
        sum = other
        continue
      }
      for index in added.indices { added[index] += other[index] }
      sum = added
    }
    return floats(try group.broadcast(sum.map(bytes), timeout: Self.patience * 3))
  }

  // The parts of all processes, one behind the other.
  private func join(_ part: [Float]) throws(CheckpointError) -> [Float] {
    let all = try group.gather(bytes(part), timeout: Self.patience)
    return floats(
      try group.broadcast(all.map { Array($0.joined()) }, timeout: Self.patience * 3))
  }

  private func bytes(_ numbers: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * numbers.count)
    for number in numbers {
      for place in 0..<4 {
        bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * place)))
      }
    }
    return bytes
  }

  private func floats(_ bytes: [UInt8]) -> [Float] {
    var numbers: [Float] = []
    numbers.reserveCapacity(bytes.count / 4)
    for start in stride(from: 0, to: bytes.count, by: 4) {
      var pattern: UInt32 = 0
      for place in 0..<4 { pattern |= UInt32(bytes[start + place]) << UInt32(8 * place) }
      numbers.append(Float(bitPattern: pattern))
    }
    return numbers
  }

  // In one piece, so that lines of different processes do not mix.
  private func say(_ text: String) {
    let line = "  process \(group.rank) of \(group.count): \(text)\n"
    FileHandle.standardOutput.write(Data(line.utf8))
  }

  private func name(of path: String) -> Substring { path.split(separator: "/").last ?? "" }
}
