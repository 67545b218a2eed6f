// Values that nobody asks for: later versions of the format may add some.

extension JSONScanner {
  /// Passes over a value of any kind.
  @_lifetime(self: copy self)
  package mutating func skipValue(depth: Int = 0) throws(CheckpointError) {
    guard depth < Self.deepestValue else {
      throw CheckpointError(
        .limitExceeded, "values nested more than \(Self.deepestValue) deep",
        offset: UInt64(position))
    }
    skipSpace()
    switch next.map({ Unicode.Scalar($0) }) {
    case "{": try skipObject(depth: depth)
    case "[": try skipArray(depth: depth)
    case "\"": try skipString()
    case "t": try skipWord("true")
    case "f": try skipWord("false")
    case "n": try skipWord("null")
    default: try skipNumber()
    }
    skipSpace()
  }

  @_lifetime(self: copy self)
  private mutating func skipObject(depth: Int) throws(CheckpointError) {
    try forEachMember { json throws(CheckpointError) in
      try json.skipName()
      try json.skipValue(depth: depth + 1)
    }
  }

  @_lifetime(self: copy self)
  private mutating func skipArray(depth: Int) throws(CheckpointError) {
    try expect("[")
    var isFirst = true
    while try hasNext(isFirst: isFirst, end: "]") {
      isFirst = false
      try skipValue(depth: depth + 1)
    }
  }

  /// Passes over `true`, `false` or `null`.
  @_lifetime(self: copy self)
  package mutating func skipWord(_ word: StaticString) throws(CheckpointError) {
    for scalar in String(describing: word).unicodeScalars {
      guard skip(scalar) else { throw unexpected("a value") }
    }
  }

  // A sign, digits without a zero in front, a fraction, an exponent.
  @_lifetime(self: copy self)
  private mutating func skipNumber() throws(CheckpointError) {
    _ = skip("-")
    let start = position
    try skipDigits()
    guard position - start == 1 || bytes[start] != UInt8(ascii: "0") else {
      position = start
      throw unexpected("a number in its shortest form")
    }
    if skip(".") { try skipDigits() }
    guard skip("e") || skip("E") else { return }
    if !skip("+") { _ = skip("-") }
    try skipDigits()
  }

  @_lifetime(self: copy self)
  private mutating func skipDigits() throws(CheckpointError) {
    let start = position
    while let byte = next, Self.digit(byte) != nil { position += 1 }  // a byte was there
    guard position > start else { throw unexpected("a value") }
  }

  private static let deepestValue = 32
}
