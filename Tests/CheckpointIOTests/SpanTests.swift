import CheckpointIO
import CheckpointTestSupport
import Testing

@Suite struct SpanTests {
  @Test func `lends the elements of an array in place`() {
    let numbers = [3, 1, 2]
    let address = unsafe numbers.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    let lent = unsafe numbers.span.withUnsafeBufferPointer {
      (address: UInt(bitPattern: $0.baseAddress), numbers: unsafe Array($0))
    }
    #expect(lent.address == address)
    #expect(lent.numbers == numbers)
    let emptyCount = [String]().span.count
    #expect(emptyCount == 0)
  }

  @Test func `writes to an array, and not to its copies`() {
    var numbers = [3, 1, 2]
    let copy = numbers
    var span = numbers.mutableSpan
    for index in span.indices { span[index] *= 2 }
    #expect(numbers == [6, 2, 4])
    #expect(copy == [3, 1, 2])
  }

  @Test func `lends the bytes of a text, however it is kept`() {
    let long = String(repeating: "größer ", count: 100)
    for text in ["", "w", "dense/kernel", "é", long, String(long.dropFirst(3)), String(7)] {
      #expect(text.utf8.withSpan { Array(copying: $0) } == Array(text.utf8))
      let isSame = text.utf8.matches(Array(text.utf8).span)
      let isLonger = text.utf8.matches(Array((text + "x").utf8).span)
      #expect(isSame && !isLonger)
    }
  }

  /// The beginnings of all sequences, right and wrong, at all places where a text can end.
  static let texts: [[UInt8]] = {
    let parts: [[UInt8]] = [
      [], [0], [0x41], [0x7F], [0xC3, 0xA9], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98, 0x80],
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE2, 0x82], [0xE0, 0x80, 0x80],
      [0xED, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
    ]
    return parts.flatMap { first in parts.flatMap { second in parts.map { first + second + $0 } } }
  }()

  /// What Apple's older systems do, which have no `UTF8Span`.
  @Test func `finds what is not UTF-8 at the same place in two ways`() {
    for text in Self.texts {
      let (place, same) = (text.span.firstInvalidText, text.span.firstInvalidScalar)
      #expect(place == same, "\(text)")
      let string = String(validating: text.span)
      #expect((string == nil) == (place != nil), "\(text)")
    }
    let places = [[0x41, 0xC3, 0xA9, 0xC3], [0x80], Array("größer".utf8)].map { (text: [UInt8]) in
      text.span.firstInvalidText
    }
    #expect(places == [3, 0, nil])
  }
}
