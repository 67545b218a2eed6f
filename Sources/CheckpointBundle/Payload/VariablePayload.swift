import CheckpointIO
import CheckpointTensors

/// Checks a payload of strings or variants piece by piece, however large it is.
///
/// The layout, and what the checksums cover, is described in `StringTensorCoding`.
struct VariablePayloadCheck {
  /// What the next byte belongs to.
  private enum Phase { case length, stored, elements, end }

  private let entry: BundleEntry
  private let isBigEndian: Bool
  private var phase = Phase.length
  private var checksum = CRC32C()
  private var consumed: UInt64 = 0
  private var elementsLeft: Int  // whose lengths have not been read
  private var bytesLeft: UInt64 = 0  // of elements whose lengths have been read
  private var number: UInt64 = 0  // a length, or a stored checksum, as far as it has been read
  private var numberBytes: UInt64 = 0

  init(_ entry: BundleEntry, isBigEndian: Bool) throws(CheckpointError) {
    guard !(isVariant(entry) && isBigEndian) else {
      throw CheckpointError(.unsupported, "variant tensors of big-endian files cannot be read")
    }
    self.entry = entry
    self.isBigEndian = isBigEndian
    elementsLeft = entry.spec.shape.elementCount
    if elementsLeft == 0 { phase = isVariant(entry) ? .end : .stored }
  }

  /// Continues with the next bytes of the payload.
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
        let rest = entry.range.count - consumed
        throw damage("\(rest) bytes follow the last element")
      }
    }
  }

  /// Checks that the payload was complete, and compares its checksum with the entry's.
  func finish() throws(CheckpointError) {
    if entry.range.count == 0, !isVariant(entry) { return }  // no elements: TensorFlow accepts it
    guard phase == .end else {
      throw damage("the payload ends before its last element does")
    }
    guard checksum.masked == entry.maskedCRC else {
      var error = PayloadReader.damaged(checksum, entry, file: "")
      error.file = nil
      throw error
    }
  }

  private mutating func readLength(_ byte: UInt8) throws(CheckpointError) {
    guard numberBytes < 9 || byte <= 1 else { throw damage("varint of more than 64 bits") }
    number |= UInt64(byte & 0x7F) << (7 * numberBytes)
    numberBytes += 1
    consumed += 1
    guard byte < 0x80 else { return }
    checksum.update(lengthOfElement: number, isVariant: isVariant(entry), isBigEndian: isBigEndian)
    try addElement(byteCount: number)
    (number, numberBytes) = (0, 0)
  }

  private mutating func addElement(byteCount: UInt64) throws(CheckpointError) {
    elementsLeft -= 1
    guard let sum = bytesLeft.adding(byteCount), sum <= entry.range.count - consumed else {
      throw damage("an element of \(byteCount) bytes leaves the \(entry.range.count) of the tensor")
    }
    bytesLeft = sum
    if isVariant(entry) {
      phase = bytesLeft > 0 ? .elements : .stored
    } else if elementsLeft == 0 {
      phase = .stored
    }
  }

  private mutating func readStored(_ byte: UInt8) throws(CheckpointError) {
    number |= UInt64(byte) << (8 * numberBytes)
    numberBytes += 1
    consumed += 1
    guard numberBytes == 4 else { return }
    let word = UInt32(truncatingIfNeeded: number)
    let expected = CRC32C(unmasking: isBigEndian ? word.byteSwapped : word)
    guard checksum == expected else {
      let what = isVariant(entry) ? "an element" : "lengths"
      throw damage(
        "the checksum of \(what) is 0x\(checksum.value.hexadecimal), "
          + "expected 0x\(expected.value.hexadecimal)")
    }
    checksum.update(fixed: word.littleEndian)
    (number, numberBytes) = (0, 0)
    try goOnAfterStored()
  }

  private mutating func goOnAfterStored() throws(CheckpointError) {
    guard !isVariant(entry) else {
      phase = elementsLeft > 0 ? .length : .end
      return
    }
    guard bytesLeft == entry.range.count - consumed else {
      throw damage(
        "the strings' lengths add up to \(bytesLeft) bytes, there are "
          + "\(entry.range.count - consumed)")
    }
    phase = bytesLeft > 0 ? .elements : .end
  }

  private mutating func readElements(_ bytes: RawSpan) throws(CheckpointError) {
    checksum.update(bytes)
    bytesLeft -= UInt64(bytes.byteCount)  // at most `bytesLeft`, see `update`
    consumed += UInt64(bytes.byteCount)
    guard bytesLeft == 0 else { return }
    phase = isVariant(entry) ? .stored : .end
  }

  private func damage(_ finding: String) -> CheckpointError {
    CheckpointError(
      .corrupt, "\(finding); the file is damaged, restore another checkpoint",
      offset: entry.range.offset &+ consumed)
  }
}

private func isVariant(_ entry: BundleEntry) -> Bool { entry.spec.dtype == .variant }

extension CRC32C {
  // Lengths count as numbers of the machine that wrote the file; those of variants have 8 bytes.
  fileprivate mutating func update(
    lengthOfElement length: UInt64, isVariant: Bool, isBigEndian: Bool
  ) {
    if !isVariant, let short = UInt32(exactly: length) {
      update(fixed: isBigEndian ? short.bigEndian : short.littleEndian)
    } else {
      update(fixed: isBigEndian ? length.bigEndian : length.littleEndian)
    }
  }

  // The bytes of a number, as they lie in memory.
  fileprivate mutating func update<Number: FixedWidthInteger & BitwiseCopyable>(fixed: Number) {
    let number = CollectionOfOne(fixed)
    let bytes = unsafe number.span.bytes  // an integer has no padding
    update(bytes)
  }
}
