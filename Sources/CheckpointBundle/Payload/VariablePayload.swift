import CheckpointIO
import CheckpointTensors

/// A payload of strings or variants, taken apart and checked piece by piece, however large it is.
///
/// The layout, and what the checksums cover, is described at `StringTensorEncoder`.
struct VariablePayload {
  /// What the next byte belongs to.
  private enum Phase { case length, stored, elements, end }

  private let payload: StoredPayload
  private let isBigEndian: Bool
  private var phase = Phase.length
  private var checksum = CRC32C()
  private var consumed: UInt64 = 0
  private var elementsLeft: Int  // whose lengths have not been read
  private var bytesLeft: UInt64 = 0  // of elements whose lengths have been read
  private var number: UInt64 = 0  // a length, or a stored checksum, as far as it has been read
  private var numberBytes: UInt64 = 0
  private var collector: ElementCollector?

  private var isVariant: Bool { payload.dtype == .variant }

  /// Begins with the first byte.
  ///
  /// - Parameters:
  ///   - payload: What the index says of it; the file has as many bytes.
  ///   - isBigEndian: Whether lengths count as numbers of a big-endian machine.
  ///   - keepsElements: Whether somebody wants to have the elements.
  /// - Throws: `unsupported` for what no TensorFlow has written.
  init(_ payload: StoredPayload, isBigEndian: Bool, keepsElements: Bool) throws(CheckpointError) {
    self.payload = payload
    self.isBigEndian = isBigEndian
    elementsLeft = payload.elementCount
    guard !(isVariant && isBigEndian) else {
      throw CheckpointError(.unsupported, "variant tensors of big-endian files cannot be read")
    }
    if elementsLeft == 0 { phase = isVariant ? .end : .stored }
    if keepsElements { collector = ElementCollector(count: elementsLeft) }
  }

  /// Continues with the next bytes of the payload.
  ///
  /// - Throws: `corrupt` or `truncated`, with the offset in the file.
  mutating func update(_ bytes: RawSpan) throws(CheckpointError) {
    var position = 0
    while position < bytes.byteCount {
      switch phase {
      case .length:
        try readLength(bytes.byte(at: position))
        position += 1
      case .stored:
        try readStored(bytes.byte(at: position))
        position += 1
      case .elements:
        let count = Int(min(UInt64(bytes.byteCount - position), bytesLeft))  // fits: the smaller
        try readElements(bytes.extracting(position..<position + count))
        position += count
      case .end:
        throw damage("\(rest) bytes follow the last \(isVariant ? "variant" : "string")")
      }
    }
  }

  /// Checks that the payload was complete, and compares its checksum with the entry's.
  ///
  /// - Returns: The elements, if they were to be kept.
  /// - Throws: `corrupt` or `truncated`, with the offset in the file.
  consuming func finish() throws(CheckpointError) -> [[UInt8]] {
    if payload.range.count == 0, !isVariant { return [] }  // no elements: TensorFlow accepts it
    guard phase == .end else {
      let wanted = phase == .stored ? 4 : max(1, bytesLeft)
      throw truncated(wanted, left: numberBytes)
    }
    guard checksum.masked == payload.maskedCRC else {
      throw PayloadReader.damaged(checksum, payload)  // whoever knows the file adds it
    }
    return collector.take()?.finish() ?? []
  }

  // MARK: Lengths

  private mutating func readLength(_ byte: UInt8) throws(CheckpointError) {
    guard numberBytes < 9 || byte <= 1 else {
      throw damage("varint of more than 64 bits", before: numberBytes)
    }
    number |= UInt64(byte & 0x7F) << (7 * numberBytes)
    numberBytes += 1
    consumed += 1
    guard byte < 0x80 else { return }
    checksum.update(lengthOfElement: number, isVariant: isVariant, isBigEndian: isBigEndian)
    try addElement(byteCount: number)
    (number, numberBytes) = (0, 0)
  }

  private mutating func addElement(byteCount: UInt64) throws(CheckpointError) {
    elementsLeft -= 1
    collector?.expect(byteCount)
    bytesLeft = bytesLeft.adding(byteCount) ?? .max
    if isVariant {
      guard bytesLeft <= rest else { throw truncated(bytesLeft, left: rest) }
      phase = bytesLeft > 0 ? .elements : .stored
    } else if elementsLeft == 0 {
      phase = .stored
    }
  }

  // MARK: Checksums

  private mutating func readStored(_ byte: UInt8) throws(CheckpointError) {
    number |= UInt64(byte) << (8 * numberBytes)
    numberBytes += 1
    consumed += 1
    guard numberBytes == 4 else { return }
    let word = UInt32(truncatingIfNeeded: number)
    let expected = CRC32C(unmasking: isBigEndian ? word.byteSwapped : word)
    guard checksum == expected else {
      throw damage(
        "the checksum of \(isVariant ? "an element" : "lengths") is 0x\(checksum.value.hexadecimal), "
          + "expected 0x\(expected.value.hexadecimal); the file is damaged, restore another checkpoint",
        before: numberBytes)
    }
    checksum.update(fixed: word.littleEndian)
    (number, numberBytes) = (0, 0)
    try goOnAfterStored()
  }

  private mutating func goOnAfterStored() throws(CheckpointError) {
    guard !isVariant else {
      phase = elementsLeft > 0 ? .length : .end
      return
    }
    guard bytesLeft == rest else {
      throw damage("the strings' lengths add up to \(bytesLeft) bytes, there are \(rest)")
    }
    phase = bytesLeft > 0 ? .elements : .end
  }

  // MARK: Elements

  private mutating func readElements(_ bytes: RawSpan) throws(CheckpointError) {
    checksum.update(bytes)
    collector?.take(bytes)
    bytesLeft -= UInt64(bytes.byteCount)  // at most `bytesLeft`, see `update`
    consumed += UInt64(bytes.byteCount)
    guard bytesLeft == 0 else { return }
    phase = isVariant ? .stored : .end
  }

  // MARK: Errors

  // What has not been read: no more comes than the entry says.
  private var rest: UInt64 { payload.range.count - consumed }

  private func damage(_ finding: String, before count: UInt64 = 0) -> CheckpointError {
    CheckpointError(.corrupt, finding, offset: payload.range.offset &+ consumed &- count)
  }

  private func truncated(_ count: UInt64, left: UInt64) -> CheckpointError {
    CheckpointError(
      .truncated, "\(count) bytes promised, \(left) left",
      offset: payload.range.offset &+ consumed &- numberBytes)
  }
}
