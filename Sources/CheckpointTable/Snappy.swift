package import CheckpointIO

// The Snappy raw format: a varint32 with the length of the output, then elements. The low two bits
// of an element's first byte t say what it is:
//
//     0  literal  t >> 2 is its length - 1, or 60...63: 1...4 bytes hold that number
//     1  copy     length 4 + (t >> 2 & 7), distance (t >> 5) * 256 + the next byte
//     2  copy     length 1 + (t >> 2), distance in 2 bytes
//     3  copy     length 1 + (t >> 2), distance in 4 bytes
//
// A copy repeats what was put out `distance` bytes before, and may overlap what it produces.
// Source: google/snappy, format_description.txt.

/// The decoder of compressed blocks.
///
/// TensorFlow of today writes none, but reads them; some older releases did write them.
package enum Snappy {
  /// Decompresses a whole stream.
  ///
  /// - Parameters:
  ///   - input: The stream, with nothing after it.
  ///   - limit: The most bytes that the output may have.
  /// - Returns: As many bytes as the stream declares.
  /// - Throws: `corrupt` or `truncated`, with the offset in the input, for a stream that TensorFlow
  ///   refuses too; `limitExceeded` for more output than `limit`.
  package static func decode(_ input: Span<UInt8>, limit: Int = .max) throws(CheckpointError)
    -> [UInt8]
  {
    var reader = ByteReader(input)
    let count = try outputCount(&reader, inputCount: input.count, limit: limit)
    var output = [UInt8](repeating: 0, count: count)
    var filled = 0  // in 0...count, always
    while !reader.isAtEnd {
      let start = reader.offset
      let element = try Element(from: &reader)
      guard element.count <= count &- filled else {
        throw mismatch("gives more than the \(count) bytes it declares", at: start)
      }
      if element.distance == 0 {
        append(try reader.readBytes(UInt64(element.count)), to: &output, at: filled)
      } else {
        guard element.distance <= filled else {
          throw mismatch("copies from \(element.distance) bytes back, after \(filled)", at: start)
        }
        repeatBytes(of: &output, at: filled, element)
      }
      filled &+= element.count
    }
    guard filled == count else {
      throw mismatch("gives \(filled) bytes, but declares \(count)", at: input.count)
    }
    return output
  }

  /// Reads the declared length, and refuses one that the input cannot have.
  private static func outputCount(_ reader: inout ByteReader, inputCount: Int, limit: Int)
    throws(CheckpointError) -> Int
  {
    let count = UInt64(try reader.readVarint32())
    // The densest element puts out 64 bytes for 3; the rest is room for rounding.
    let most = UInt64(inputCount).multipliedReportingOverflow(by: 22).partialValue &+ 64
    guard count <= most else {
      throw mismatch("of \(inputCount) bytes declares \(count), no stream expands so far", at: 0)
    }
    guard count <= UInt64(limit) else {
      throw CheckpointError(
        .limitExceeded, "Snappy stream declares \(count) bytes, the limit is \(limit)", offset: 0)
    }
    return Int(count)  // at most `limit`
  }

  private static func append(_ literal: Span<UInt8>, to output: inout [UInt8], at filled: Int) {
    unsafe output.withUnsafeMutableBufferPointer { buffer in
      // The caller has checked that `literal.count` bytes are left from `filled` on.
      let rest = buffer.extracting(filled...)
      unsafe literal.withUnsafeBufferPointer { _ = unsafe rest.update(fromContentsOf: $0) }
    }
  }

  private static func repeatBytes(of output: inout [UInt8], at filled: Int, _ element: Element) {
    unsafe output.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      // The caller has checked: `filled + count` is at most the size, `distance` in 1...filled.
      let (start, source) = unsafe (base + filled, base + (filled &- element.distance))
      var done = 0
      while done < element.count {
        // What has been repeated already repeats as well: each round can copy twice as much, and
        // source and target never overlap.
        let part = min(element.distance &+ done, element.count &- done)
        unsafe (start + done).update(from: source, count: part)
        done &+= part
      }
    }
  }

  @inline(never)  // the message is built only when something is wrong
  private static func mismatch(_ finding: String, at offset: Int) -> CheckpointError {
    CheckpointError(.corrupt, "Snappy stream \(finding)", offset: UInt64(offset))
  }
}
