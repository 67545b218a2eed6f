import CheckpointIO

/// The elements of a payload of variable length, put together as its bytes come in.
struct ElementCollector {
  private var elements: [[UInt8]] = []
  private var lengths: [UInt64] = []
  private var missing = 0  // bytes of the last element

  /// Begins with no element of so many to come: each takes a byte of the file, or more.
  init(count: Int) { lengths.reserveCapacity(count) }

  /// Takes down the length of an element whose bytes come behind those of the ones before.
  mutating func expect(_ length: UInt64) { lengths.append(length) }

  /// Takes bytes of elements whose lengths are known: no more than those say, and than the file has.
  mutating func take(_ bytes: RawSpan) {
    let bytes = Span<UInt8>(_bytes: bytes)
    var position = 0
    while position < bytes.count {
      if missing == 0 { begin() }
      let count = min(missing, bytes.count - position)
      let part = bytes.extracting(position..<position + count)
      unsafe part.withUnsafeBufferPointer {
        unsafe elements[elements.count - 1].append(contentsOf: $0)
      }
      missing -= count
      position += count
    }
  }

  // Room for the next element: its length is known to be no more than what the payload has left.
  private mutating func begin() {
    missing = Int(lengths[elements.count])
    var element: [UInt8] = []
    element.reserveCapacity(missing)
    elements.append(element)
  }

  /// The elements, once all bytes have come.
  consuming func finish() -> [[UInt8]] {
    while elements.count < lengths.count { begin() }  // the last ones, if they are empty
    return elements
  }
}
