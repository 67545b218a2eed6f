public import CheckpointGraph
public import CheckpointIO
public import CheckpointPlans
import Foundation

/// A state that differs from process to process, of those that save one checkpoint together: a position in the
/// data, the state of a random generator.
///
///     let position = RunState(Position(shard: group.rank, offset: 0))
///     let checkpoint = try Checkpoint(
///       ["model": model, "position": PerProcess(position, of: group)],
///       options: SaveOptions(processes: group))
///
/// A checkpoint has the states of all processes. Each process gets its own back if there are as many processes
/// as have saved it; otherwise each keeps the state that it has, since none of the saved ones is its own.
///
/// They are stored as JSON in one scalar string tensor: the number of processes, and the bytes of each as Base64.
public final class PerProcess: StateRepresentable, ProcessStateRepresentable {
  /// The state of this process.
  public let state: any StateRepresentable
  private let rank: Int
  private let count: Int

  /// Creates it for one process.
  ///
  /// - Parameters:
  ///   - state: The state of this process.
  ///   - processes: The processes.
  public init(_ state: any StateRepresentable, of processes: any ProcessGroup) {
    self.state = state
    (rank, count) = (processes.rank, processes.count)
  }

  /// The state of this process, as one of several.
  public func stateBytes() throws(CheckpointError) -> [UInt8] {
    try ProcessStates(count: count, states: [String(rank): Data(state.stateBytes())]).bytes
  }

  /// Takes the state of this process out of those of all.
  ///
  /// - Throws: `mismatch` if the bytes are none of such states, and what the state itself throws.
  public func restoreState(_ bytes: [UInt8]) throws(CheckpointError) {
    let all = try ProcessStates(bytes)
    guard all.count == count else { return }
    guard let own = all.states[String(rank)] else {
      throw CheckpointError(.mismatch, "the state of process \(rank) of \(count) was not saved")
    }
    try state.restoreState(Array(own))
  }
}

/// The states of some processes.
struct ProcessStates: Codable {
  /// How many processes there are.
  var count: Int
  /// What each has, by its rank.
  var states: [String: Data]

  init(count: Int, states: [String: Data]) { (self.count, self.states) = (count, states) }

  /// Reads them.
  init(_ bytes: [UInt8]) throws(CheckpointError) {
    do {
      self = try JSONDecoder().decode(ProcessStates.self, from: Data(bytes))
    } catch {
      throw CheckpointError(.mismatch, "the stored state is not one of several processes: \(error)")
    }
  }

  /// Puts those of all processes together.
  static func joined(_ all: [[UInt8]]) throws(CheckpointError) -> [UInt8] {
    var joined = ProcessStates(count: all.count, states: [:])
    for bytes in all { joined.states.merge(try ProcessStates(bytes).states) { $1 } }
    return joined.bytes
  }

  /// The text, the same for the same states.
  var bytes: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let text = try? encoder.encode(self) else {
      preconditionFailure("a number and bytes by names can be written as JSON")
    }
    return Array(text)
  }
}
