package import CheckpointIO

/// What processes tell each other: numbers and texts one after the other, as both sides know them.
package struct ProcessMessage {
  /// The bytes.
  package var bytes: [UInt8] { writer.bytes }
  private var writer = ByteWriter()

  package init() {}

  /// Appends a number.
  package mutating func write(_ number: Int) { writer.write(UInt64(bitPattern: Int64(number))) }

  /// Appends a number.
  package mutating func write(_ number: UInt64) { writer.write(number) }

  /// Appends a number.
  package mutating func write(_ number: Double) { writer.write(number.bitPattern) }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) {
    write(bytes.count)
    writer.write(bytes)
  }

  /// Appends a text.
  package mutating func write(_ text: String) { write(Array(text.utf8)) }

  /// Appends what may be missing.
  package mutating func write<Value>(
    _ value: Value?, _ body: (inout ProcessMessage, Value) -> Void
  ) {
    write(value == nil ? 0 : 1)
    if let value { body(&self, value) }
  }

  /// Appends several of a kind.
  package mutating func write<Value>(
    _ values: [Value], _ body: (inout ProcessMessage, Value) -> Void
  ) {
    write(values.count)
    for value in values { body(&self, value) }
  }

  /// Appends an error, with all that it is about.
  package mutating func write(_ error: CheckpointError) {
    write(error.code.description)
    write(error.message)
    write(error.file) { $0.write($1) }
    write(error.key) { $0.write($1) }
    write(error.offset) { $0.write($1) }
    write(error.systemError) { $0.write(Int($1)) }
    write(error.problems) { $0.write($1) }
  }
}

/// Reads a ``ProcessMessage``: what comes from another process is not trusted more than a file.
package struct ProcessMessageReader {
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package mutating func readNumber() throws(CheckpointError) -> UInt64 {
    guard bytes.count - position >= 8 else { throw Self.malformed }
    defer { position += 8 }
    return bytes[position..<position + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  package mutating func readInt() throws(CheckpointError) -> Int {
    Int(truncatingIfNeeded: Int64(bitPattern: try readNumber()))
  }

  package mutating func readDouble() throws(CheckpointError) -> Double {
    Double(bitPattern: try readNumber())
  }

  package mutating func readBytes() throws(CheckpointError) -> [UInt8] {
    let count = try readInt()
    guard (0...bytes.count - position).contains(count) else { throw Self.malformed }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  package mutating func readText() throws(CheckpointError) -> String {
    String(decoding: try readBytes(), as: UTF8.self)
  }

  package mutating func readOptional<Value>(
    _ body: (inout ProcessMessageReader) throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value? {
    try readInt() == 0 ? nil : try body(&self)
  }

  package mutating func readArray<Value>(
    _ body: (inout ProcessMessageReader) throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> [Value] {
    let count = try readInt()
    guard (0...bytes.count - position).contains(count) else { throw Self.malformed }
    var values: [Value] = []
    for _ in 0..<count { values.append(try body(&self)) }
    return values
  }

  package mutating func readError() throws(CheckpointError) -> CheckpointError {
    try readError(depth: 0)
  }

  private mutating func readError(depth: Int) throws(CheckpointError) -> CheckpointError {
    guard depth < 8 else { throw Self.malformed }
    let code = CheckpointError.Code(named: try readText()) ?? .several
    var error = CheckpointError(code, try readText())
    error.file = try readOptional { reader throws(CheckpointError) in try reader.readText() }
    error.key = try readOptional { reader throws(CheckpointError) in try reader.readText() }
    error.offset = try readOptional { reader throws(CheckpointError) in try reader.readNumber() }
    error.systemError = try readOptional { reader throws(CheckpointError) in
      Int32(truncatingIfNeeded: try reader.readInt())
    }
    error.problems = try readArray { reader throws(CheckpointError) in
      try reader.readError(depth: depth + 1)
    }
    return error
  }

  private static var malformed: CheckpointError {
    CheckpointError(
      .mismatch,
      "another process says what this one does not understand; all need the same program, at the same save"
    )
  }
}
