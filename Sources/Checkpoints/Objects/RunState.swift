public import CheckpointGraph
public import CheckpointIO
import Foundation

/// A value of the run that is not a tensor: an epoch, a random generator's state, a position.
///
/// Any `Codable` value will do.
///
///     let progress = RunState(Progress(epoch: 0, seed: 7))
///     let checkpoint = try Checkpoint(["model": model, "progress": progress])
///
/// The value is stored as JSON in a scalar string tensor, which TensorFlow can read and write too.
public final class RunState<Value: Codable>: StateRepresentable {
  /// The value.
  public var value: Value

  /// Holds a value.
  public init(_ value: Value) { self.value = value }

  /// The value as JSON with sorted keys, so that equal values give equal bytes.
  public func stateBytes() throws(CheckpointError) -> [UInt8] { try StateCoding.encode(value) }

  /// Takes the value from JSON.
  public func restoreState(_ bytes: [UInt8]) throws(CheckpointError) {
    value = try StateCoding.decode(Value.self, bytes)
  }
}

extension DependencyRegistrar {
  /// Registers a stored property that is not a tensor but any `Codable` value.
  ///
  /// - Parameters:
  ///   - name: What it is called in the checkpoint.
  ///   - owner: The object.
  ///   - property: Where the value is; a restore writes it.
  public mutating func state<Owner: AnyObject, Value: Codable>(
    _ name: String, of owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>
  ) {
    state(name, PropertyState(owner, property))
  }
}

/// The state of a stored property.
private final class PropertyState<Owner: AnyObject, Value: Codable>: StateRepresentable {
  private let owner: Owner
  private let property: ReferenceWritableKeyPath<Owner, Value>

  init(_ owner: Owner, _ property: ReferenceWritableKeyPath<Owner, Value>) {
    self.owner = owner
    self.property = property
  }

  func stateBytes() throws(CheckpointError) -> [UInt8] {
    try StateCoding.encode(owner[keyPath: property])
  }

  func restoreState(_ bytes: [UInt8]) throws(CheckpointError) {
    owner[keyPath: property] = try StateCoding.decode(Value.self, bytes)
  }
}

private enum StateCoding {
  static func encode(_ value: some Encodable) throws(CheckpointError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw CheckpointError(
        .unsupported, "a \(type(of: value)) cannot be written as JSON: \(error)")
    }
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(CheckpointError)
    -> Value
  {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw CheckpointError(.mismatch, "the stored state is no \(type): \(error)")
    }
  }
}
