import CheckpointIO
import CheckpointTable
import CheckpointTensors
import CheckpointWire

/// Whose payloads the entries of an index are, by their numbers: of tensors, or of parts of them.
struct PayloadOwners: Sendable {
  private var keys = KeyList()
  // Entries that may be parts of a tensor, which none has listed yet.
  private var unclaimed: [Int: TensorSpec] = [:]

  /// How many there are.
  var count: Int { keys.count }

  /// Adds the entry with the next number; they come in the order of their keys.
  mutating func append(_ key: Span<UInt8>, _ spec: TensorSpec) {
    if Self.mayBePart(key) { unclaimed[count] = spec }
    keys.append(key)
  }

  /// Takes an entry for the part that a tensor lists.
  ///
  /// - Returns: What is stored; `nil` if there is no such entry.
  mutating func claim(_ slice: TensorSlice, of key: TensorKey) -> TensorSpec? {
    let wanted = key.sliceKey(slice).bytes
    let number = keys.firstIndex(notBelow: wanted.span)
    guard number < count, keys[number].matches(wanted.span) else { return nil }
    return unclaimed.removeValue(forKey: number)
  }

  /// Says of an error whose payload it is about.
  func naming(_ error: CheckpointError, _ number: Int) -> CheckpointError {
    let key = TensorKey(copying: keys[number])
    guard Self.mayBePart(keys[number]), unclaimed[number] == nil, let part = key.asSliceKey else {
      return error.located(key: key.description)
    }
    var error = error.located(key: part.name.description)
    error.message = "slice \(part.slice): \(error.message)"
    return error
  }

  private static func mayBePart(_ key: Span<UInt8>) -> Bool { !key.isEmpty && key[0] == 0 }
}
