extension JSONScanner {
  /// Reads an integer that may be negative.
  @_lifetime(self: copy self)
  package mutating func readSignedInteger() throws(CheckpointError) -> Int {
    let start = position
    let isNegative = skip("-")
    let magnitude = try readInteger()
    guard let value = Int(exactly: magnitude) else {
      throw CheckpointError(.corrupt, "a number of more than 63 bits", offset: UInt64(start))
    }
    return isNegative ? -value : value  // -Int.max is an Int
  }
}
