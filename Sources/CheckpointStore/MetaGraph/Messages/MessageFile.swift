import CheckpointIO
import CheckpointWire

/// The fields of a message in a file, which is not read into memory: what nobody asks for is passed
/// over by its length.
///
///     try file.forEachField(of: file.whole) { number, value throws(CheckpointError) in … }
///
/// Reads go through a window of the file, so that small fields cost no system call of their own.
final class MessageFile {
  /// A field's value.
  enum Value: Hashable {
    case varint(UInt64)
    case bytes(ByteRange)
    case fixed32(UInt32)
    case fixed64(UInt64)
  }

  /// The place of the message that the file is.
  let whole: ByteRange
  private let file: (any ReadableFile)?  // none if the window has everything
  private var window: [UInt8] = []
  private var windowStart: UInt64 = 0

  init(_ file: any ReadableFile) {
    self.file = file
    whole = ByteRange(offset: 0, count: file.byteCount)
  }

  /// Takes a message that is in memory.
  init(_ message: [UInt8]) {
    file = nil
    whole = ByteRange(offset: 0, count: UInt64(message.count))
    window = message
  }

  /// Calls `body` with the number and the value of each field of the message at `place`.
  ///
  /// - Throws: `corrupt` or `truncated`, with the offset, if the bytes there are no message; what
  ///   `body` throws.
  func forEachField(
    of place: ByteRange, _ body: (UInt32, Value) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var position = place.offset
    let end = place.offset + place.count  // within the file: `bytes` values are checked
    while position < end {
      let start = position
      let tag = try WireTag(rawValue: readVarint32(&position, end))
      guard tag.number != 0 else { throw Self.noField(tag, at: start) }
      switch tag.wireType {
      case .varint: try body(tag.number, .varint(readVarint(&position, end)))
      case .bytes:
        let count = try readVarint(&position, end)
        let range = ByteRange(offset: position, count: count)
        guard count <= end - position else {
          throw CheckpointError(
            .truncated, "\(count) bytes promised, \(end - position) left", offset: position)
        }
        position += count  // at most `end`
        try body(tag.number, .bytes(range))
      case .fixed32:
        try body(tag.number, .fixed32(UInt32(truncatingIfNeeded: readFixed(4, &position, end))))
      case .fixed64: try body(tag.number, .fixed64(readFixed(8, &position, end)))
      case .startGroup, .endGroup, nil: throw Self.noField(tag, at: start)
      }
    }
  }

  /// The bytes at a place.
  ///
  /// - Throws: `limitExceeded` if there are more than `limit`.
  func bytes(_ place: ByteRange, limit: UInt64, what: String) throws(CheckpointError)
    -> [UInt8]
  {
    guard place.count <= limit else {
      throw CheckpointError(
        .limitExceeded, "\(what) takes \(place.count) bytes, at most \(limit) are read",
        offset: place.offset)
    }
    if let range = inWindow(place) { return Array(window[range]) }
    // Without a file, nothing is outside of the window.
    return try file?.bytes(at: place.offset, count: Int(place.count)) ?? []
  }

  /// The text at a place.
  ///
  /// - Throws: `corrupt` if it is not UTF-8; `limitExceeded` if it is longer than 64 KB.
  func string(_ place: ByteRange) throws(CheckpointError) -> String {
    let bytes = try bytes(place, limit: Self.mostTextBytes, what: "a text")
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw CheckpointError(.corrupt, "a text field is not UTF-8", offset: place.offset)
    }
    return string
  }

  // MARK: Reading numbers

  private func readVarint32(_ position: inout UInt64, _ end: UInt64) throws(CheckpointError)
    -> UInt32
  {
    let start = position
    guard let value = UInt32(exactly: try readVarint(&position, end)) else {
      throw CheckpointError(.corrupt, "a varint of more than 32 bits", offset: start)
    }
    return value
  }

  private func readVarint(_ position: inout UInt64, _ end: UInt64) throws(CheckpointError) -> UInt64
  {
    let range = try load(ByteRange(offset: position, count: min(10, end - position)))
    let bytes = window
    var reader = ByteReader(bytes.span.extracting(range))
    do throws(CheckpointError) {
      let value = try reader.readVarint()
      position += UInt64(reader.offset)  // at most `end`
      return value
    } catch {
      throw error.shifted(by: position)
    }
  }

  private func readFixed(_ count: UInt64, _ position: inout UInt64, _ end: UInt64)
    throws(CheckpointError) -> UInt64
  {
    let range = try load(ByteRange(offset: position, count: min(count, end - position)))
    let bytes = window
    var reader = ByteReader(bytes.span.extracting(range))
    do throws(CheckpointError) {
      let value = count == 4 ? UInt64(try reader.readUInt32()) : try reader.readUInt64()
      position += count  // at most `end`
      return value
    } catch {
      throw error.shifted(by: position)
    }
  }

  // MARK: The window

  private func inWindow(_ place: ByteRange) -> Range<Int>? {
    guard place.offset >= windowStart else { return nil }
    let start = place.offset - windowStart
    guard start + place.count <= UInt64(window.count) else { return nil }
    return Int(start)..<Int(start + place.count)
  }

  private func load(_ place: ByteRange) throws(CheckpointError) -> Range<Int> {
    if let range = inWindow(place) { return range }
    // The place is within the file, and so is what follows it.
    let count = min(UInt64(Self.windowByteCount), whole.count - place.offset)
    // Without a file, nothing is outside of the window.
    window = try file?.bytes(at: place.offset, count: Int(count)) ?? []
    windowStart = place.offset
    return 0..<Int(place.count)
  }

  private static func noField(_ tag: WireTag, at offset: UInt64) -> CheckpointError {
    CheckpointError(.corrupt, "no protobuf field has the tag \(tag.rawValue)", offset: offset)
  }

  private static let mostTextBytes: UInt64 = 1 << 16
  private static let windowByteCount = 64 << 10
}
